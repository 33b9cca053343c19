package transfer

import (
	"context"
	"net/netip"
	"time"

	"github.com/seed282dab8e/servent/protocol"
)

const (
	// maxHeaded is how many sources of one download that others have named are asked with a
	// HEAD ping (section 18) before anybody connects to them.
	maxHeaded = 16
	// headWait is how long the answer may take before a source is asked without.
	headWait = 2 * time.Second
)

// trust says on whose word a source has the file. Lower comes first.
type trust uint8

const (
	trustOwn     trust = iota // its own, or a search's
	trustHearsay              // of others
	trustBusy                 // its own, and no slot is free
)

// sound asks those that others have named whether they have the file, before anybody
// connects to them: who has not, or is not there, costs a datagram instead of a
// connection. s.mu is held.
func (s *swarm) sound(ctx context.Context) {
	if s.client.cfg.Head == nil || !s.job.URN.HasSHA1 {
		return
	}
	for _, c := range s.all {
		if c.trust != trustHearsay || c.headed || c.running || c.out || c.Push || !c.Addr.IsValid() {
			continue
		}
		c.headed = true
		if s.headed >= maxHeaded {
			s.client.headsOver.Add(1)
			continue
		}
		s.headed++
		c.notBefore = later(c.notBefore, time.Now()).Add(headWait)
		s.tenders.Go(func() { s.head(ctx, c) })
	}
}

// head asks c, and decides by the answer when it is its turn.
func (s *swarm) head(ctx context.Context, c *candidate) {
	ctx, cancel := context.WithTimeout(ctx, headWait)
	defer cancel()
	pong, err := s.client.cfg.Head(ctx, c.Addr, protocol.URN{SHA1: s.job.URN.SHA1, HasSHA1: true})
	if err != nil {
		return // it may not speak UDP: a connection tells
	}
	s.client.headsHeard.Add(1)
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.rouse()
	switch {
	case c.running:
	case !pong.Found():
		c.out, c.err = true, fault(errNotFound)
		s.client.absent.Add(1)
		s.disprove(c)
	case pong.Queue < 0:
		c.trust, c.notBefore = trustOwn, time.Now()
	default:
		c.trust = trustBusy
	}
	s.learnAlternates(c.Addr.Addr(), pong.Alternates)
	for _, n := range pong.Pushes {
		s.addAlternate(Source{Servent: n.Servent, Push: true, Proxies: n.Proxies})
	}
}

// learnAlternates takes in of whom the host at from tells that they have the file, as far as
// it may. s.mu is held.
func (s *swarm) learnAlternates(from netip.Addr, alternates []netip.AddrPort) {
	for _, a := range alternates {
		if !mayTell(from, a.Addr()) || a.Port() == 0 || s.client.cfg.IsSelf(a) {
			s.client.alternatesRefused.Add(1)
			continue
		}
		s.addAlternate(Source{Addr: a})
	}
}
