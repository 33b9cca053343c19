package reach

import (
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/seed282dab8e/servent/nat/stun"
)

// ServeElsewhere has the STUN server of the socket answer from second sockets too, so that
// others can test what their routers let in: port is bound to the host's address and
// another port, and address, nil where the host has but one, to another address and that
// port. They answer what comes to them. It returns once the socket, or they, are closed,
// and has closed them then.
func (s *Socket) ServeElsewhere(port, address *net.UDPConn) {
	other := port
	if address != nil {
		other = address
	}
	s.stun.second(other.LocalAddr().(*net.UDPAddr).AddrPort(), port, address)
	defer s.stun.second(netip.AddrPort{}, nil, nil)
	var wg sync.WaitGroup
	ended := make(chan struct{})
	end := sync.OnceFunc(func() { close(ended) })
	for _, c := range []*net.UDPConn{port, address} {
		if c != nil {
			wg.Go(func() {
				defer end()
				s.readSecond(c)
			})
		}
	}
	select {
	case <-s.ended:
	case <-ended:
	}
	for _, c := range []*net.UDPConn{port, address} {
		if c != nil {
			_ = c.Close() // nothing waits in it
		}
	}
	wg.Wait()
}

// second notes from where the server can answer too.
func (u *stunner) second(other netip.AddrPort, port, address *net.UDPConn) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.server.Other, u.server.PortOnly = plain(other), address == nil
	u.port, u.address = port, address
}

// readSecond answers what comes to a second socket, until that is closed.
func (s *Socket) readSecond(c *net.UDPConn) {
	buf := make([]byte, stun.MaxMessage+1)
	for {
		n, from, err := c.ReadFromUDPAddrPort(buf)
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil && !s.rest():
			return
		case err == nil:
			s.answerSecond(c, plain(from), buf[:n])
		}
	}
}

func (s *Socket) answerSecond(c *net.UDPConn, from netip.AddrPort, b []byte) {
	u := &s.stun
	u.mu.Lock()
	defer u.mu.Unlock()
	if !u.serves {
		u.unserved++
		return
	}
	if msg, ok := u.server.AnswerElsewhere(time.Now(), from, b); ok {
		u.answered++
		s.sendBy(c, from, msg)
	}
}

// reply sends an answer from where it was asked for.
func (s *Socket) reply(to netip.AddrPort, a stun.Answer) {
	switch u := &s.stun; {
	case a.FromAddress:
		s.sendBy(u.address, to, a.Msg)
	case a.FromPort:
		s.sendBy(u.port, to, a.Msg)
	default:
		s.Send(to, a.Msg)
	}
}

func (s *Socket) sendBy(c *net.UDPConn, to netip.AddrPort, msg []byte) {
	if _, err := c.WriteToUDPAddrPort(msg, to); err != nil {
		s.stats.outFailed.Add(1)
		return
	}
	s.stats.out.Add(1)
}
