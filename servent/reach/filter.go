//go:build linux || darwin || freebsd

package reach

import (
	"errors"
	"net"

	"golang.org/x/net/ipv4"
)

// readBatch is how many datagrams are read at once.
const readBatch = 8

// filter is the socket as QUIC sees it: what is not QUIC never gets there. quic-go
// reads all datagrams through it, in a goroutine of its own.
type filter struct {
	*net.UDPConn
	s       *Socket
	batch   *ipv4.PacketConn
	in      []ipv4.Message
	pending []ipv4.Message // of in, not looked at yet
}

func newFilter(c *net.UDPConn, s *Socket) *filter {
	f := &filter{UDPConn: c, s: s, batch: ipv4.NewPacketConn(c), in: make([]ipv4.Message, readBatch)}
	for i := range f.in {
		// One more byte than a message may have, to tell what was longer.
		f.in[i] = ipv4.Message{Buffers: [][]byte{make([]byte, MaxMessage+1)}, OOB: make([]byte, 128)}
	}
	return f
}

// ReadBatch reads datagrams that may be QUIC, and hands on the others.
func (f *filter) ReadBatch(ms []ipv4.Message, flags int) (int, error) {
	for {
		if n := f.pick(ms); n > 0 {
			return n, nil
		}
		n, err := f.batch.ReadBatch(f.in, flags)
		switch {
		case errors.Is(err, net.ErrClosed):
			return 0, err
		case err != nil && !f.s.rest():
			return 0, net.ErrClosed
		case err == nil:
			f.pending = f.in[:n]
		}
	}
}

// pick copies what may be QUIC to ms, as much as there is room for.
func (f *filter) pick(ms []ipv4.Message) (n int) {
	for len(f.pending) > 0 && n < len(ms) {
		m := &f.pending[0]
		f.pending = f.pending[1:]
		from, ok := m.Addr.(*net.UDPAddr)
		if !ok || !f.s.leaves(m.Buffers[0][:m.N], plain(from.AddrPort())) || m.N > len(ms[n].Buffers[0]) {
			continue
		}
		ms[n].N, ms[n].NN = copy(ms[n].Buffers[0], m.Buffers[0][:m.N]), copy(ms[n].OOB, m.OOB[:m.NN])
		ms[n].Addr, ms[n].Flags = m.Addr, m.Flags
		n++
	}
	return n
}
