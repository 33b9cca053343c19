package servent

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/seed282dab8e/servent/nat"
	"github.com/seed282dab8e/servent/protocol"
)

// meetOf is what a servent at an outside address tells, behind such routers.
func meetOf(outside string, kind nat.Kind, udp, tcp protocol.MeetRouters) *protocol.Meet {
	return &protocol.Meet{
		Addrs:   []protocol.MeetAddr{{Kind: uint8(kind), Addr: netip.MustParseAddrPort(outside)}},
		Routers: [2]protocol.MeetRouters{nat.UDP: udp, nat.TCP: tcp},
	}
}

// TestHopeless: two whose routers let nothing through by either transport have no hope,
// unless one is reached by a forwarded port, or both are behind one router.
func TestHopeless(t *testing.T) {
	symmetric := protocol.MeetRouters{Mapping: uint8(nat.MappingPort), Filtering: uint8(nat.FilteringPort)}
	restricted := protocol.MeetRouters{Mapping: uint8(nat.MappingEndpoint), Filtering: uint8(nat.FilteringPort)}
	open := protocol.MeetRouters{Mapping: uint8(nat.MappingEndpoint), Filtering: uint8(nat.FilteringEndpoint)}
	unknown, blocked := protocol.MeetRouters{}, protocol.MeetRouters{Blocked: true}
	tcp := func(r protocol.MeetRouters) protocol.MeetRouters { r.Filtering = 0; return r } // is not tested
	const here, there = "81.2.69.5:7000", "5.9.1.1:7001"
	for _, tt := range []struct {
		what       string
		own, other *protocol.Meet
		want       bool
	}{
		{"symmetric and restricted", meetOf(here, nat.KindReflexive, symmetric, tcp(symmetric)), meetOf(there, nat.KindReflexive, restricted, tcp(restricted)), true},
		{"symmetric and open", meetOf(here, nat.KindReflexive, symmetric, tcp(symmetric)), meetOf(there, nat.KindReflexive, open, tcp(open)), false},
		{"both restricted", meetOf(here, nat.KindReflexive, restricted, tcp(restricted)), meetOf(there, nat.KindReflexive, restricted, tcp(restricted)), false},
		{"nothing known", meetOf(here, nat.KindReflexive, unknown, unknown), meetOf(there, nat.KindReflexive, unknown, unknown), false},
		{"no udp, but tcp", meetOf(here, nat.KindReflexive, blocked, tcp(restricted)), meetOf(there, nat.KindReflexive, restricted, tcp(restricted)), false},
		{"both blocked", meetOf(here, nat.KindReflexive, blocked, blocked), meetOf(there, nat.KindReflexive, open, tcp(open)), true},
		{"theirs is forwarded", meetOf(here, nat.KindReflexive, symmetric, tcp(symmetric)), meetOf(there, nat.KindMapped, restricted, tcp(restricted)), false},
		{"ours is forwarded", meetOf(here, nat.KindMapped, symmetric, tcp(symmetric)), meetOf(there, nat.KindReflexive, restricted, tcp(restricted)), false},
		{"behind one router", meetOf(here, nat.KindReflexive, symmetric, tcp(symmetric)), meetOf("81.2.69.5:9000", nat.KindReflexive, symmetric, tcp(symmetric)), false},
	} {
		if got := hopeless(tt.own, tt.other); got != tt.want {
			t.Errorf("%s: %v", tt.what, got)
		}
		if got := hopeless(tt.other, tt.own); got != tt.want {
			t.Errorf("%s, the other way: %v", tt.what, got)
		}
	}
}

// TestRelaysOf: both sides know the same relays in the same order, those of who asked
// first, each once, and not too many.
func TestRelaysOf(t *testing.T) {
	relay := func(n byte) protocol.MeetAddr {
		return protocol.MeetAddr{TCP: true, Kind: protocol.MeetRelay, Addr: netip.AddrPortFrom(netip.AddrFrom4([4]byte{5, 9, 0, n}), 6346)}
	}
	asking := &protocol.Meet{Addrs: []protocol.MeetAddr{relay(1), {Kind: 1, Addr: relay(9).Addr}, relay(2)}}
	asked := &protocol.Meet{Addrs: []protocol.MeetAddr{relay(2), relay(3), relay(4), relay(5)}}
	want := []netip.AddrPort{relay(1).Addr, relay(2).Addr, relay(3).Addr, relay(4).Addr}
	if got := relaysOf(asking, asked); !slices.Equal(got, want) || len(want) != 2*maxRelays {
		t.Errorf("%v, want %v", got, want)
	}
	if cs := candidates(asking); len(cs) != 1 {
		t.Errorf("relays are taken for the servent's own addresses: %v", cs)
	}
}
