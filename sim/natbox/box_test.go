package natbox

import (
	"net/netip"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/nat"
)

func ap(s string) netip.AddrPort { return netip.MustParseAddrPort(s) }

var (
	outside = netip.MustParseAddr("203.0.113.105")
	inside  = ap("192.168.1.2:6346")
	other   = ap("192.168.1.3:6346")
	server  = ap("203.0.113.11:3478")
	port2   = ap("203.0.113.11:3479")
	host2   = ap("203.0.113.21:3478")
)

// TestMappings: what servers see of one socket, and of another behind the same router.
func TestMappings(t *testing.T) {
	for _, tt := range []struct {
		name                string
		kind                Kind
		sameHost, otherHost bool // see the same as the first server
		keeps               bool
	}{
		{"endpoint-independent", Kind{Mapping: nat.MappingEndpoint}, true, true, false},
		{"that keeps ports", Kind{Mapping: nat.MappingEndpoint, KeepsPort: true}, true, true, true},
		{"address-dependent", Kind{Mapping: nat.MappingAddress}, true, false, false},
		{"symmetric", Kind{Mapping: nat.MappingPort}, false, false, false},
		{"no translation", Kind{Filtering: nat.FilteringPort}, true, true, true},
	} {
		b := New(tt.kind, outside)
		see := func(from, to netip.AddrPort) netip.AddrPort {
			seen, ok := b.Out(0, from, to)
			if !ok {
				t.Fatalf("%s: nothing passes", tt.name)
			}
			return seen
		}
		first := see(inside, server)
		if again := see(inside, server); again != first {
			t.Errorf("%s: %v, then %v", tt.name, first, again)
		}
		if got := see(inside, port2) == first; got != tt.sameHost {
			t.Errorf("%s: another port of the server sees the same: %v", tt.name, got)
		}
		if got := see(inside, host2) == first; got != tt.otherHost {
			t.Errorf("%s: another server sees the same: %v", tt.name, got)
		}
		if got := first.Port() == inside.Port(); got != tt.keeps {
			t.Errorf("%s: comes from %v", tt.name, first)
		}
		if want := tt.kind.Mapping > nat.MappingNone; want != (first.Addr() == outside) {
			t.Errorf("%s: comes from %v", tt.name, first)
		}
		if second := see(other, server); second == first {
			t.Errorf("%s: two behind it have %v", tt.name, first)
		}
	}
}

// TestFilters: who gets in, of those that were sent to and of those that were not.
func TestFilters(t *testing.T) {
	for _, tt := range []struct {
		filtering     nat.Filtering
		port, address bool // of the server's other port, another host
	}{
		{nat.FilteringEndpoint, true, true}, {nat.FilteringAddress, true, false}, {nat.FilteringPort, false, false},
	} {
		for _, m := range []nat.Mapping{nat.MappingNone, nat.MappingEndpoint, nat.MappingPort} {
			b := New(Kind{Mapping: m, Filtering: tt.filtering}, outside)
			if _, ok := b.In(0, server, netip.AddrPortFrom(outside, firstPort)); ok {
				t.Errorf("%v, %v: in before anything is out", m, tt.filtering)
			}
			seen, _ := b.Out(0, inside, server)
			for from, want := range map[netip.AddrPort]bool{server: true, port2: tt.port, host2: tt.address} {
				if to, ok := b.In(0, from, seen); ok != want || ok && to != inside {
					t.Errorf("%v, %v: from %v %v, to %v", m, tt.filtering, from, ok, to)
				}
			}
			if _, ok := b.In(Idle, server, seen); ok {
				t.Errorf("%v, %v: in after a long silence", m, tt.filtering)
			}
			if _, ok := b.In(0, server, netip.AddrPortFrom(host2.Addr(), seen.Port())); ok && b.translates() {
				t.Errorf("%v, %v: what is for another host comes in", m, tt.filtering)
			}
		}
	}
}

func TestIdleMappingsAreMadeAnew(t *testing.T) {
	b := New(Kind{Mapping: nat.MappingEndpoint}, outside)
	first, _ := b.Out(0, inside, server)
	kept, _ := b.Out(Idle-1, inside, server)
	if kept != first {
		t.Errorf("%v, then %v while in use", first, kept)
	}
	if again, _ := b.Out(2*Idle-2, inside, server); again != first {
		t.Errorf("%v, then %v, in use all the time", first, again)
	}
	if later, _ := b.Out(4*Idle, inside, server); later == first {
		t.Errorf("%v after a long silence, too", later)
	}
}

// TestKeptPortIsTaken: as measured on Linux, the second host with one port gets another.
func TestKeptPortIsTaken(t *testing.T) {
	b := New(Kind{Mapping: nat.MappingEndpoint, KeepsPort: true}, outside)
	first, _ := b.Out(0, inside, server)
	second, _ := b.Out(0, other, server)
	if first.Port() != 6346 || second.Port() == 6346 {
		t.Errorf("%v and %v", first, second)
	}
}

// TestHolesClose: one that was not sent to for long does not get in any more, though
// the mapping is in use.
func TestHolesClose(t *testing.T) {
	for _, filtering := range []nat.Filtering{nat.FilteringAddress, nat.FilteringPort} {
		b := New(Kind{Mapping: nat.MappingEndpoint, Filtering: filtering}, outside)
		seen, _ := b.Out(0, inside, server)
		b.Out(Idle/2, inside, host2)
		if _, ok := b.In(Idle, server, seen); ok {
			t.Errorf("%v: in through a hole that has closed", filtering)
		}
		if _, ok := b.In(Idle, host2, seen); !ok {
			t.Errorf("%v: an open hole is shut", filtering)
		}
	}
}

// TestForgets: a router does not remember for ever whom all have sent to.
func TestForgets(t *testing.T) {
	b := New(Kind{Mapping: nat.MappingPort}, outside)
	for i := range 10_000 {
		to := netip.AddrPortFrom(netip.AddrFrom4([4]byte{198, 51, byte(i >> 8), byte(i)}), 9)
		b.Out(time.Duration(i)*time.Second, inside, to)
		if len(b.open) > 300 {
			t.Fatalf("%d mappings after %d s, one a second", len(b.open), i)
		}
	}
}

func TestValid(t *testing.T) {
	last := Kind{Mapping: nat.MappingPort, Filtering: nat.FilteringPort}
	for kind, want := range map[Kind]bool{
		{}: true, last: true, {Mapping: -1}: false, {Filtering: -1}: false,
		{Mapping: last.Mapping + 1}: false, {Filtering: last.Filtering + 1}: false,
	} {
		if kind.Valid() != want {
			t.Errorf("%+v is valid: %v", kind, !want)
		}
	}
}

func TestPortsRunOut(t *testing.T) {
	b := New(Kind{Mapping: nat.MappingPort}, outside)
	to := func(i int) netip.AddrPort {
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte{198, 51, byte(i >> 8), byte(i)}), 9)
	}
	const room = 1<<16 - firstPort
	for i := range room {
		if _, ok := b.Out(0, inside, to(i)); !ok {
			t.Fatalf("full after %d of %d", i, room)
		}
	}
	if _, ok := b.Out(0, inside, to(room)); ok {
		t.Error("more mappings than ports")
	}
	if _, ok := b.Out(time.Hour, inside, to(room)); !ok {
		t.Error("full of what nobody uses")
	}
}

func TestBlockedAndHairpin(t *testing.T) {
	b := New(Kind{Mapping: nat.MappingEndpoint, Blocked: true}, outside)
	if _, ok := b.Out(0, inside, server); ok {
		t.Error("blocked, and something passes")
	}
	self := netip.AddrPortFrom(outside, 9)
	if New(Kind{Mapping: nat.MappingEndpoint}, outside).Turns(self) || !New(Kind{Mapping: nat.MappingEndpoint, Hairpin: true}, outside).Turns(self) {
		t.Error("who turns packets round is mixed up")
	}
}
