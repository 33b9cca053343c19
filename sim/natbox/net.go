package natbox

import (
	"net/netip"
	"time"
)

// Net is routers, one behind another, and who is behind them: one transport of a
// network. It is for one goroutine; times are since the simulation began.
type Net struct{ at map[spot]*Box }

// spot is an address in the network that is behind a router; nil is the public one.
// That of a router has port 0.
type spot struct {
	behind *Box
	addr   netip.AddrPort
}

// NewNet makes a network with nobody in it.
func NewNet() *Net { return &Net{at: map[spot]*Box{}} }

// Put puts a router behind another, or before the public network: nil.
func (n *Net) Put(b, behind *Box) {
	b.up = behind
	if b.translates() {
		n.place(netip.AddrPortFrom(b.outside, 0), b, behind)
	}
}

// Host puts a host behind a router, or on the public network: nil.
func (n *Net) Host(addr netip.AddrPort, behind *Box) { n.place(addr, nil, behind) }

// place has an address found from a network, and from those outside that no router
// hides it from.
func (n *Net) place(addr netip.AddrPort, b, behind *Box) {
	n.at[spot{behind, addr}] = b
	if behind != nil && !behind.translates() {
		n.place(addr, behind, behind.up)
	}
}

// find returns the router to which what is sent to an address goes, from the network
// behind a router; nil when the host is in that network, and false when nobody is there.
func (n *Net) find(behind *Box, to netip.AddrPort) (*Box, bool) {
	b, ok := n.at[spot{behind, to}]
	if !ok {
		b, ok = n.at[spot{behind, netip.AddrPortFrom(to.Addr(), 0)}]
	}
	return b, ok
}

// Has says whether somebody, or a router, has an address in the network behind a router.
func (n *Net) Has(behind *Box, to netip.AddrPort) bool {
	_, ok := n.find(behind, to)
	return ok
}

// Out passes a packet from behind a router towards the outside until it is in a
// network where its destination is found, or in the public one. It returns the router
// that it is behind then, and what it comes from there; false when it does not pass.
func (n *Net) Out(now time.Duration, behind *Box, from, to netip.AddrPort) (*Box, netip.AddrPort, bool) {
	for b := behind; ; b = b.up {
		if b == nil || n.Has(b, to) {
			return b, from, true
		}
		ok := !b.translates() || to.Addr() != b.outside || b.Turns(to)
		if ok {
			from, ok = b.Out(now, from, to)
		}
		if !ok {
			return nil, netip.AddrPort{}, false
		}
	}
}

// Fate is what becomes of a packet on its way in.
type Fate int

// The fates of a packet.
const (
	Dropped Fate = iota // nobody is told
	Refused             // the router says so to who sent it
	Arrived
)

// In passes a packet from the network behind a router to its destination, through
// those that this is behind, and returns its address in the end.
func (n *Net) In(now time.Duration, behind *Box, from, to netip.AddrPort) (netip.AddrPort, Fate) {
	for {
		b, ok := n.find(behind, to)
		switch {
		case !ok:
			return netip.AddrPort{}, Dropped
		case b == nil:
			return to, Arrived
		}
		if to, ok = b.In(now, from, to); !ok {
			return netip.AddrPort{}, b.refusal()
		}
		behind = b
	}
}

// Reset is In for what ends a connection (a segment with RST): the routers on its way
// forget that something was sent there.
func (n *Net) Reset(now time.Duration, behind *Box, from, to netip.AddrPort) (netip.AddrPort, Fate) {
	for {
		b, ok := n.find(behind, to)
		if !ok || b == nil {
			return n.In(now, behind, from, to)
		}
		m := b.leading(to)
		if to, ok = b.In(now, from, to); !ok {
			return netip.AddrPort{}, Dropped // nobody answers a reset
		}
		b.forget(m, from)
		behind = b
	}
}
