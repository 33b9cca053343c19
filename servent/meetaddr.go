package servent

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/seed282dab8e/servent/nat"
	"github.com/seed282dab8e/servent/protocol"
	"github.com/sirupsen/logrus"
)

const (
	// staleAfter is how long what is known of the outside addresses serves for a
	// meeting: routers forget who is silent for half a minute, and choose another port.
	staleAfter = 20 * time.Second
	// refreshTime is how long a meeting waits for that to be found out again.
	refreshTime = 500 * time.Millisecond
	// maxRelays is how many supernodes that relay one side names.
	maxRelays = 2
)

// tellAddrs adds where this servent may be met by one with those push proxies, and
// how the routers before it behave.
func (s *Servent) tellAddrs(ctx context.Context, m *protocol.Meet, proxies []netip.AddrPort) {
	s.refresh(ctx)
	facts := nat.Facts{Local: s.localAddrs(proxies), Mapped: s.mappedAddrs()}
	facts.Behaviour[nat.UDP], facts.Behaviour[nat.TCP] = s.udp.Behaviour(), s.port.Behaviour()
	for _, r := range s.relaysNear() {
		m.Addrs = append(m.Addrs, protocol.MeetAddr{TCP: true, Kind: protocol.MeetRelay, Addr: r})
	}
	for _, c := range nat.Gather(facts) {
		m.Addrs = append(m.Addrs, protocol.MeetAddr{TCP: c.Transport == nat.TCP, Kind: uint8(c.Kind), Addr: c.Addr})
	}
	for t, b := range facts.Behaviour {
		m.Routers[t] = protocol.MeetRouters{Mapping: uint8(b.Mapping), Filtering: uint8(b.Filtering), Blocked: b.Blocked == nat.Yes}
	}
}

// refresh finds out where routers have the two sides of the port now.
func (s *Servent) refresh(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, refreshTime)
	defer cancel()
	if !s.udp.Behaviour().Outside.IsValid() && !s.port.Behaviour().Outside.IsValid() {
		s.firstLook(ctx)
		return
	}
	asked := make(chan struct{})
	s.wg.Go(func() {
		s.port.Refresh(ctx, staleAfter)
		close(asked)
	})
	if err := s.udp.Refresh(ctx, staleAfter, s.localTo); err != nil {
		s.log.WithField("component", "meet").WithError(err).Debug("outside address not asked for again")
	}
	<-asked
}

// firstLook has servers tell for the first time where they see the port, and waits until
// ctx ends or both sides are known; what else they can tell comes later.
func (s *Servent) firstLook(ctx context.Context) {
	servers := s.stunServers()
	if len(servers) == 0 {
		return
	}
	s.wg.Go(func() {
		if local, err := s.localTo(servers[0]); err == nil {
			s.probe(s.life, local, servers)
		}
	})
	for ctx.Err() == nil && !(s.udp.Behaviour().Outside.IsValid() && s.port.Behaviour().Outside.IsValid()) {
		wait(ctx, refreshTime/50)
	}
}

// localAddrs are the addresses from which datagrams to some others leave this machine.
func (s *Servent) localAddrs(to []netip.AddrPort) (own []netip.AddrPort) {
	for _, a := range to {
		if local, err := s.localTo(a); err == nil && !slices.Contains(own, local) {
			own = append(own, local)
		}
	}
	return own
}

// relaysNear are the supernodes linked that relay.
func (s *Servent) relaysNear() (relays []netip.AddrPort) {
	s.call(func(l *loop) {
		for _, link := range l.node.Links() {
			if p := link.Peer; p.Relay && p.Listen.Port() != 0 && len(relays) < maxRelays {
				relays = append(relays, netip.AddrPortFrom(p.Addr.Addr().Unmap(), p.Listen.Port()))
			}
		}
	})
	return relays
}

// relaysOf are those that either side of a meeting names, in an order that both know.
func relaysOf(asking, asked *protocol.Meet) (relays []netip.AddrPort) {
	for _, m := range []*protocol.Meet{asking, asked} {
		for _, a := range m.Addrs {
			if a.Kind == protocol.MeetRelay && !slices.Contains(relays, a.Addr) && len(relays) < 2*maxRelays {
				relays = append(relays, a.Addr)
			}
		}
	}
	return relays
}

// rank orders the addresses of the other by how soon they should be tried.
func (s *Servent) rank(t nat.Transport, own, other *protocol.Meet) []netip.AddrPort {
	if s.cfg.sealed[t] {
		return nil
	}
	return nat.Rank(t, candidates(own), candidates(other))
}

func candidates(m *protocol.Meet) (cs []nat.Candidate) {
	for _, a := range m.Addrs {
		if a.Kind == protocol.MeetRelay {
			continue
		}
		t := nat.UDP
		if a.TCP {
			t = nat.TCP
		}
		cs = append(cs, nat.Candidate{Transport: t, Kind: nat.Kind(a.Kind), Addr: a.Addr})
	}
	return cs
}

// behaviourOf is what a Meet says of routers.
func behaviourOf(m *protocol.Meet, t nat.Transport) nat.Behaviour {
	r := m.Routers[t]
	b := nat.Behaviour{
		Mapping:   nat.Mapping(min(r.Mapping, uint8(nat.MappingPort))),
		Filtering: nat.Filtering(min(r.Filtering, uint8(nat.FilteringPort))),
	}
	if r.Blocked {
		b.Blocked = nat.Yes
	}
	if t == nat.TCP && b.Filtering == nat.FilteringUnknown { // nobody tests that; routers hardly differ
		b.Filtering = behaviourOf(m, nat.UDP).Filtering
	}
	return b
}

// hopeless says whether neither datagrams nor connections can pass between the two,
// as far as both know their routers.
func hopeless(own, other *protocol.Meet) bool {
	if slices.ContainsFunc(candidates(other), func(c nat.Candidate) bool { return c.Kind == nat.KindMapped }) ||
		slices.ContainsFunc(candidates(own), func(c nat.Candidate) bool { return c.Kind == nat.KindMapped }) ||
		nat.Together(candidates(own), candidates(other)) {
		return false
	}
	for _, t := range []nat.Transport{nat.UDP, nat.TCP} {
		if nat.Possible(behaviourOf(own, t), behaviourOf(other, t)) {
			return false
		}
	}
	return true
}

// relayAtOnce says whether to ask a relay before all else has failed, since that is hopeless;
// the log is told why.
func (s *Servent) relayAtOnce(own, other *protocol.Meet) bool {
	if !hopeless(own, other) {
		return false
	}
	log := s.log.WithFields(logrus.Fields{"component": "meet", "servent": other.From})
	for _, t := range []nat.Transport{nat.UDP, nat.TCP} {
		x, y := behaviourOf(own, t), behaviourOf(other, t)
		log = log.WithField(t.String(), fmt.Sprintf("%v, %v; %v, %v", x.Mapping, x.Filtering, y.Mapping, y.Filtering))
	}
	log.Debug("routers let nothing through: a relay is asked at once")
	return true
}

// cannotMeetError says why two have not met.
type cannotMeetError struct {
	own, other nat.Behaviour // of UDP
	relay      error         // why the last that was asked did not relay; nil: there was none
}

func (e *cannotMeetError) Error() string {
	relay := "and no supernode of either offers to relay"
	if e.relay != nil {
		relay = fmt.Sprintf("and no supernode has relayed (%v)", e.relay)
	}
	return fmt.Sprintf("no way through the routers (ours: %s; its: %s), %s: `servent doctor` tells what to change at ours", routerWords(e.own), routerWords(e.other), relay)
}

// routerWords tells of one side's routers in few words.
func routerWords(b nat.Behaviour) string {
	switch {
	case b.Blocked == nat.Yes:
		return "UDP is blocked"
	case b.Mapping == nat.MappingUnknown:
		return "unknown"
	case !b.Mapping.Stable():
		return "symmetric"
	case b.Filtering == nat.FilteringPort:
		return "port-restricted"
	case b.Filtering == nat.FilteringAddress:
		return "address-restricted"
	}
	return "open to replies"
}
