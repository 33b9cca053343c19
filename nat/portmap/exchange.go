package portmap

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"syscall"
	"time"
)

// Limits of asking by datagram.
const (
	// maxDatagram is the largest message of NAT-PMP and PCP (RFC 6887, 7).
	maxDatagram = 1100
	// firstWait is for the first answer; it doubles with each try (RFC 6886, 3.1).
	firstWait = 250 * time.Millisecond
	// maxTries is fewer than the nine of RFC 6886: a router is one hop away, and the
	// whole is tried again later.
	maxTries = 4
)

// gate is the control port of a router, NAT-PMP's and PCP's alike.
type gate struct {
	addr netip.AddrPort
	wait time.Duration // for the first answer
}

// exchange sends a request until accept takes what came back, or the tries are
// over. accept says errOther to what does not answer the request; with any other
// error the router has spoken. The socket is connected, so the system drops what
// comes from another address or port.
func (g gate) exchange(ctx context.Context, request func(own netip.Addr) []byte, accept func([]byte) error) error {
	conn, err := net.DialUDP("udp4", nil, net.UDPAddrFromAddrPort(g.addr))
	if err != nil {
		return errNoRouter
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })()
	msg := request(localOf(conn))
	odd := false
	for try := range maxTries {
		if _, err := conn.Write(msg); err != nil {
			return spoken(ctx, err, odd)
		}
		_ = conn.SetReadDeadline(time.Now().Add(g.wait << try))
		if ctx.Err() != nil {
			return ctx.Err() // the deadline has just been set over that of AfterFunc
		}
		err := receive(conn, accept, &odd)
		if !errors.Is(err, errSilent) {
			return spoken(ctx, err, odd)
		}
	}
	return spoken(ctx, errSilent, odd)
}

// receive reads until accept has decided or the deadline is over.
func receive(conn *net.UDPConn, accept func([]byte) error, odd *bool) error {
	b := make([]byte, maxDatagram+1) // one more, so that accept sees what is too long
	for {
		n, err := conn.Read(b)
		var timeout net.Error
		switch {
		case errors.As(err, &timeout) && timeout.Timeout():
			return errSilent
		case errors.Is(err, errMessageSize):
			*odd = true
			continue
		case err != nil:
			return err
		}
		if err := accept(b[:n]); !errors.Is(err, errOther) {
			return err
		}
		*odd = true
	}
}

// errMessageSize is what Windows says of a datagram that is longer than the buffer.
const errMessageSize = syscall.Errno(10040)

// spoken turns what ended an exchange into words.
func spoken(ctx context.Context, err error, odd bool) error {
	var system *net.OpError
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &system): // its host has said that nobody is there
		return errClosed
	case errors.Is(err, errSilent) && odd:
		return errGarbled
	}
	return err
}

func localOf(conn *net.UDPConn) netip.Addr {
	a, _ := conn.LocalAddr().(*net.UDPAddr)
	return a.AddrPort().Addr().Unmap()
}
