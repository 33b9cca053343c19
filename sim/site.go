package sim

import (
	"fmt"
	"net/netip"

	"github.com/seed282dab8e/servent/nat"
	"github.com/seed282dab8e/servent/sim/natbox"
)

// site is what is behind one router.
type site struct {
	kind natbox.Kind
	box  *natbox.Box
}

// translates says whether nodes of the site have another address for all others.
func (s *site) translates() bool { return s.kind.Mapping > nat.MappingNone }

// settle puts a node behind its router, if it has one.
func (w *World) settle(m *member) error {
	kind := m.cfg.Router
	if kind == (natbox.Kind{}) && (m.cfg.Firewalled || m.cfg.Filtered) {
		kind.Filtering = nat.FilteringPort
	}
	if m.site = w.sites[m.cfg.Site]; m.site != nil {
		return nil
	}
	if kind == (natbox.Kind{}) {
		if m.cfg.Site != 0 {
			return fmt.Errorf("node %d: the first of site %d has no Router", m.id, m.cfg.Site)
		}
		return nil
	}
	number := uint32(len(w.routers)) + 1
	outside := netip.AddrFrom4([4]byte{11, byte(number >> 16), byte(number >> 8), byte(number)})
	m.site = &site{kind: kind, box: natbox.New(kind, outside)}
	w.routers[outside] = m.site
	if m.cfg.Site != 0 {
		w.sites[m.cfg.Site] = m.site
	}
	return nil
}

// shut says whether a node cannot be connected to by another.
func (m *member) shut(by *member) bool { return m.site != nil && m.site != by.site }

// source is the address that a connection of the node to another comes from.
func (m *member) source(to *member) netip.Addr {
	if m.site == nil || !m.site.translates() || to != nil && to.site == m.site {
		return m.addr.Addr()
	}
	return m.site.box.Outside()
}

// outward takes a datagram through the router of who sends it, and returns what it
// comes from on the other side; false when it does not pass. What stays within a
// site passes none.
func (w *World) outward(m *member, from, to netip.AddrPort) (netip.AddrPort, bool) {
	if target := w.byAddr[to]; m.site == nil || target != nil && target.site == m.site {
		return from, true
	}
	return m.site.box.Out(w.now, from, to)
}

// known says whether there is a node or a router at an address.
func (w *World) known(a netip.AddrPort) bool { return w.byAddr[a] != nil || w.routers[a.Addr()] != nil }

// receiver returns the node that a datagram of m comes to, through the router of its
// site; nil when that drops it.
func (w *World) receiver(m *member, from, to netip.AddrPort) *member {
	if s := w.routers[to.Addr()]; s != nil && s.translates() {
		if s == m.site && !s.box.Turns(to) {
			return nil
		}
		inside, ok := s.box.In(w.now, from, to)
		if !ok {
			return nil
		}
		return w.byAddr[inside]
	}
	target := w.byAddr[to]
	if target == nil || target.site == nil || target.site == m.site {
		return target
	}
	if _, ok := target.site.box.In(w.now, from, to); !ok {
		return nil
	}
	return target
}
