// Package natbox is a router that translates addresses, for simulated networks: what
// is behind it has its outside address for all others, and hears only what its
// filter lets in. The terms are those of RFC 4787.
package natbox

import (
	"maps"
	"net/netip"
	"slices"
	"time"

	"github.com/seed282dab8e/servent/nat"
)

// Kind is how a router behaves. The zero value is none at all.
type Kind struct {
	Mapping   nat.Mapping   // MappingNone or unknown: it translates nothing
	Filtering nat.Filtering // FilteringUnknown: it lets all in
	KeepsPort bool          // the outside port is the inside one, while nobody else has it
	Hairpin   bool          // those behind it reach each other by outside addresses
	Blocked   bool          // no datagram passes, either way, as in firms that let out only TCP
	Rejects   bool          // who is not let in is told (RST, ICMP), not left without an answer
}

// Valid says whether there is such a kind.
func (k Kind) Valid() bool {
	return k.Mapping >= nat.MappingUnknown && k.Mapping <= nat.MappingPort && k.Filtering >= nat.FilteringUnknown && k.Filtering <= nat.FilteringPort
}

// Idle is how long a mapping, and a hole in a filter, lasts without traffic from
// inside (RFC 4787 wants two minutes at least; many have one).
const Idle = time.Minute

// firstPort is where outside ports begin that are not kept.
const firstPort = 20_000

// Box is one router, for one transport. It is for one goroutine; times are since the simulation began.
type Box struct {
	kind    Kind
	outside netip.Addr
	up      *Box              // that it is behind, in a Net
	open    map[flow]*mapping // by what the mapping depends on
	ports   map[uint16]*mapping
	next    uint16
	room    int // of open, before what is idle is swept out
}

// flow is what a mapping depends on: the inside address, and of the other side as
// much as the kind looks at.
type flow struct{ inside, to netip.AddrPort }

// mapping is an outside port that leads to an inside address.
type mapping struct {
	flow
	port uint16
	used time.Duration
	sent map[netip.AddrPort]time.Duration // to whom, and when last
	room int                              // of sent, before what is old is swept out
}

// New makes a router with that outside address, which a firewall that translates
// nothing does without.
func New(kind Kind, outside netip.Addr) *Box {
	return &Box{kind: kind, outside: outside, open: map[flow]*mapping{}, ports: map[uint16]*mapping{}, next: firstPort}
}

// Outside returns the outside address.
func (b *Box) Outside() netip.Addr { return b.outside }

// Outermost returns what the public network sees of it: the outside address of the
// last router that it is behind.
func (b *Box) Outermost() netip.Addr {
	for b.up != nil {
		b = b.up
	}
	return b.outside
}

// translates says whether inside addresses are not seen outside.
func (b *Box) translates() bool { return b.kind.Mapping > nat.MappingNone }

// Out passes a packet on its way to the outside, and returns what it comes from
// there; false when it does not pass.
func (b *Box) Out(now time.Duration, inside, to netip.AddrPort) (netip.AddrPort, bool) {
	if b.kind.Blocked {
		return netip.AddrPort{}, false
	}
	m := b.mapping(now, inside, to)
	if m == nil {
		return netip.AddrPort{}, false
	}
	m.note(now, to)
	if !b.translates() {
		return inside, true
	}
	return netip.AddrPortFrom(b.outside, m.port), true
}

// mapping returns the one that a packet takes, made if need be; nil when no port is
// left.
func (b *Box) mapping(now time.Duration, inside, to netip.AddrPort) *mapping {
	f := flow{inside: inside}
	switch b.kind.Mapping {
	case nat.MappingAddress:
		f.to = netip.AddrPortFrom(to.Addr(), 0)
	case nat.MappingPort:
		f.to = to
	}
	if m := b.open[f]; m != nil && now-m.used < Idle {
		return m
	}
	m := &mapping{flow: f, used: now, sent: map[netip.AddrPort]time.Duration{}}
	if b.translates() {
		port, ok := b.port(now, inside)
		if !ok {
			return nil
		}
		m.port, b.ports[port] = port, m
	}
	b.open[f] = m
	if len(b.open) > b.room {
		maps.DeleteFunc(b.open, func(_ flow, m *mapping) bool { return now-m.used >= Idle })
		b.room = 2*len(b.open) + 16 // ports of what is gone are free by their age
	}
	return m
}

// port finds a free one.
func (b *Box) port(now time.Duration, inside netip.AddrPort) (uint16, bool) {
	free := func(port uint16) bool {
		m := b.ports[port]
		return m == nil || now-m.used >= Idle
	}
	if b.kind.KeepsPort && free(inside.Port()) {
		return inside.Port(), true
	}
	for range 1 << 16 {
		port := b.next
		if b.next++; b.next < firstPort {
			b.next = firstPort
		}
		if port >= firstPort && free(port) {
			return port, true
		}
	}
	return 0, false
}

// note keeps when something was sent to an address, and forgets now and then what
// was sent long ago.
func (m *mapping) note(now time.Duration, to netip.AddrPort) {
	m.used, m.sent[to] = now, now
	if len(m.sent) > m.room {
		maps.DeleteFunc(m.sent, func(_ netip.AddrPort, at time.Duration) bool { return now-at >= Idle })
		m.room = 2*len(m.sent) + 16
	}
}

// In passes a packet from the outside to what is behind it, and returns where it
// goes there; false when it is dropped.
func (b *Box) In(now time.Duration, from, to netip.AddrPort) (netip.AddrPort, bool) {
	if b.kind.Blocked {
		return netip.AddrPort{}, false
	}
	m := b.leading(to)
	if !b.translates() {
		return to, b.kind.Filtering == nat.FilteringUnknown || b.letsIn(now, m, from)
	}
	if !b.letsIn(now, m, from) {
		return netip.AddrPort{}, false
	}
	return m.inside, true
}

// leading returns the mapping that leads from an outside address; nil when there is
// none.
func (b *Box) leading(to netip.AddrPort) *mapping {
	switch {
	case !b.translates():
		return b.open[flow{inside: to}]
	case to.Addr() != b.outside:
		return nil
	}
	return b.ports[to.Port()]
}

// forget closes the hole for one peer, and with it a mapping that was for nobody else.
func (b *Box) forget(m *mapping, peer netip.AddrPort) {
	if m == nil {
		return
	}
	delete(m.sent, peer)
	if m.to.IsValid() && len(m.sent) == 0 && b.open[m.flow] == m {
		delete(b.open, m.flow)
		delete(b.ports, m.port)
	}
}

// refusal is what becomes of what is not let in.
func (b *Box) refusal() Fate {
	if b.kind.Rejects {
		return Refused
	}
	return Dropped
}

// letsIn says whether the filter lets a packet from there through.
func (b *Box) letsIn(now time.Duration, m *mapping, from netip.AddrPort) bool {
	if m == nil || now-m.used >= Idle {
		return false
	}
	fresh := func(to netip.AddrPort) bool { at, ok := m.sent[to]; return ok && now-at < Idle }
	switch b.kind.Filtering {
	case nat.FilteringAddress:
		return slices.ContainsFunc(m.peers(), func(to netip.AddrPort) bool { return to.Addr() == from.Addr() && fresh(to) })
	case nat.FilteringPort:
		return fresh(from)
	}
	return true
}

// peers lists whom was sent to, in no order.
func (m *mapping) peers() []netip.AddrPort {
	all := make([]netip.AddrPort, 0, len(m.sent))
	for to := range m.sent {
		all = append(all, to)
	}
	return all
}

// Turns says whether a packet that comes from behind the router and is for its own
// outside address is turned round.
func (b *Box) Turns(to netip.AddrPort) bool {
	return b.kind.Hairpin && b.translates() && to.Addr() == b.outside
}
