//go:build !linux && !darwin && !freebsd

package reach

import (
	"errors"
	"net"
)

// filter is the socket as QUIC sees it: what is not QUIC never gets there. quic-go
// reads all datagrams through it, in a goroutine of its own.
type filter struct {
	net.PacketConn // not the connection itself, which quic-go would read past us
	c              *net.UDPConn
	s              *Socket
	buf            []byte
}

func newFilter(c *net.UDPConn, s *Socket) *filter {
	// One more byte than a message may have, to tell what was longer.
	return &filter{PacketConn: c, c: c, s: s, buf: make([]byte, MaxMessage+1)}
}

// ReadFrom reads a datagram that may be QUIC, and hands on the others.
func (f *filter) ReadFrom(b []byte) (int, net.Addr, error) {
	for {
		n, from, err := f.c.ReadFromUDPAddrPort(f.buf)
		switch {
		case errors.Is(err, net.ErrClosed):
			return 0, nil, err
		case err != nil && !f.s.rest():
			return 0, nil, net.ErrClosed
		case err == nil && f.s.leaves(f.buf[:n], plain(from)) && n <= len(b):
			return copy(b, f.buf[:n]), net.UDPAddrFromAddrPort(from), nil
		}
	}
}
