package natbox

import (
	"net/netip"
	"testing"

	"github.com/seed282dab8e/servent/nat"
)

// street is two homes behind one carrier's router, a firewalled firm, and a server.
type street struct {
	net                     *Net
	carrier, one, two, firm *Box
}

var (
	home      = Home()
	neighbour = ap("192.168.1.9:6346")
	clerk     = ap("198.51.100.106:6346")
)

// newStreet has the same private address in both homes.
func newStreet(carrier Kind) *street {
	s := &street{
		net: NewNet(), carrier: New(carrier, outside), one: New(home, netip.MustParseAddr("100.64.0.11")),
		two: New(home, netip.MustParseAddr("100.64.0.12")), firm: New(Kind{Filtering: nat.FilteringPort, Rejects: true}, netip.Addr{}),
	}
	s.net.Put(s.carrier, nil)
	s.net.Put(s.one, s.carrier)
	s.net.Put(s.two, s.carrier)
	s.net.Put(s.firm, nil)
	s.net.Host(inside, s.one)
	s.net.Host(neighbour, s.one)
	s.net.Host(inside, s.two)
	s.net.Host(clerk, s.firm)
	s.net.Host(server, nil)
	return s
}

// sent takes a packet all the way; from is what the receiver sees.
func (s *street) sent(behind *Box, from, to netip.AddrPort) (seen, at netip.AddrPort, fate Fate) {
	lan, seen, ok := s.net.Out(0, behind, from, to)
	if !ok {
		return seen, at, Dropped
	}
	at, fate = s.net.In(0, lan, seen, to)
	return seen, at, fate
}

// TestTwoLayers: what a host behind two routers sends has the outer one's address, and
// the answer finds the way back, to that host and to none with the same inside address.
func TestTwoLayers(t *testing.T) {
	s := newStreet(home)
	one, at, fate := s.sent(s.one, inside, server)
	if fate != Arrived || at != server || one.Addr() != outside {
		t.Fatalf("%v, from %v at %v", fate, one, at)
	}
	two, _, _ := s.sent(s.two, inside, server)
	if one == two {
		t.Errorf("both homes are %v", one)
	}
	for _, from := range []netip.AddrPort{server, port2} {
		if to, fate := s.net.In(0, nil, from, one); (fate == Arrived) != (from == server) || fate == Arrived && to != inside {
			t.Errorf("back from %v: %v at %v", from, fate, to)
		}
	}
	if s.one.Outermost() != outside || s.carrier.Outermost() != outside {
		t.Errorf("the public network sees %v", s.one.Outermost())
	}
}

// TestNear: within a home, and within the carrier's network, nothing is between; by the
// carrier's outside address two homes meet only if it turns packets round.
func TestNear(t *testing.T) {
	for _, hairpin := range []bool{false, true} {
		kind := home
		kind.Hairpin = hairpin
		s := newStreet(kind)
		if seen, at, fate := s.sent(s.one, inside, neighbour); fate != Arrived || at != neighbour || seen != inside {
			t.Errorf("at home: %v, from %v", fate, seen)
		}
		one, _, _ := s.sent(s.one, inside, server)
		two, _, _ := s.sent(s.two, inside, server)
		s.sent(s.one, inside, two)
		seen, at, fate := s.sent(s.two, inside, one)
		if (fate == Arrived) != hairpin || fate == Arrived && (seen != two || at != inside) {
			t.Errorf("hairpin %v: %v, from %v at %v", hairpin, fate, seen, at)
		}
	}
}

// TestRefusal: one router says that it lets nobody in, another keeps silent, and nobody
// is at all where there is no host.
func TestRefusal(t *testing.T) {
	s := newStreet(home)
	one, _, _ := s.sent(s.one, inside, server)
	for to, want := range map[netip.AddrPort]Fate{clerk: Refused, one: Dropped, host2: Dropped, server: Arrived, inside: Dropped} {
		if _, got := s.net.In(0, nil, port2, to); got != want {
			t.Errorf("to %v: %v, want %v", to, got, want)
		}
	}
	s.sent(s.firm, clerk, server)
	if at, fate := s.net.In(0, nil, server, clerk); fate != Arrived || at != clerk {
		t.Errorf("the answer to a firewalled host: %v at %v", fate, at)
	}
}

// TestReset: who refuses a connection closes the hole for it, and only that; a mapping
// that was for it alone is gone. Nobody else can.
func TestReset(t *testing.T) {
	s := newStreet(home)
	seen, _, _ := s.sent(s.one, inside, server)
	s.sent(s.one, inside, port2)
	if _, fate := s.net.Reset(0, nil, host2, seen); fate != Dropped {
		t.Errorf("of a stranger: %v", fate)
	}
	if at, fate := s.net.Reset(0, nil, server, seen); fate != Arrived || at != inside {
		t.Errorf("%v at %v", fate, at)
	}
	if _, fate := s.net.In(0, nil, server, seen); fate != Dropped {
		t.Errorf("after a reset: %v", fate)
	}
	if _, fate := s.net.In(0, nil, port2, seen); fate != Arrived {
		t.Errorf("from another: %v", fate)
	}
	if again, _, _ := s.sent(s.one, inside, server); again != seen {
		t.Errorf("%v, then %v", seen, again)
	}
	s = newStreet(Kind{Mapping: nat.MappingPort, Filtering: nat.FilteringPort})
	seen, _, _ = s.sent(s.one, inside, server)
	s.net.Reset(0, nil, server, seen)
	if again, _, _ := s.sent(s.one, inside, server); again == seen {
		t.Errorf("symmetric: %v again after a reset", again)
	}
}
