package sim

import (
	"fmt"
	"net/netip"

	"github.com/seed282dab8e/servent/nat"
	"github.com/seed282dab8e/servent/sim/natbox"
)

// site is what is behind one router, which keeps apart the transports.
type site struct {
	kind natbox.Kind
	box  [2]*natbox.Box // by nat.Transport
}

// translates says whether nodes of the site have another address for all others.
func (s *site) translates() bool { return s.kind.Mapping > nat.MappingNone }

// settle puts a node behind its routers, if it has any.
func (w *World) settle(m *member) error {
	kind := m.cfg.Router
	if kind == (natbox.Kind{}) && (m.cfg.Firewalled || m.cfg.Filtered) {
		kind.Filtering = nat.FilteringPort
	}
	var err error
	if m.site, err = w.siteOf(m, kind); err != nil {
		return err
	}
	for t, net := range w.nets {
		net.Host(m.addr, m.behind(nat.Transport(t)))
	}
	return nil
}

// siteOf finds or makes the site of a node; nil when it needs none.
func (w *World) siteOf(m *member, kind natbox.Kind) (*site, error) {
	if s := w.sites[m.cfg.Site]; s != nil {
		return s, nil
	}
	if kind == (natbox.Kind{}) {
		if m.cfg.Site != 0 {
			return nil, fmt.Errorf("node %d: the first of site %d has no Router", m.id, m.cfg.Site)
		}
		return nil, nil
	}
	carrier, err := w.carrierOf(m)
	if err != nil {
		return nil, err
	}
	s := w.newSite(kind, carrier)
	if m.cfg.Site != 0 {
		w.sites[m.cfg.Site] = s
	}
	return s, nil
}

// carrierOf finds or makes the site that the router of a node's site is in.
func (w *World) carrierOf(m *member) (*site, error) {
	s := w.carriers[m.cfg.CarrierSite]
	switch {
	case s != nil || m.cfg.CarrierSite == 0 && m.cfg.Carrier == (natbox.Kind{}):
		return s, nil
	case m.cfg.Carrier == (natbox.Kind{}):
		return nil, fmt.Errorf("node %d: the first of carrier site %d has no Carrier", m.id, m.cfg.CarrierSite)
	}
	s = w.newSite(m.cfg.Carrier, nil)
	if m.cfg.CarrierSite != 0 {
		w.carriers[m.cfg.CarrierSite] = s
	}
	return s, nil
}

// newSite makes a site whose router is before the public network, or that of a carrier.
func (w *World) newSite(kind natbox.Kind, carrier *site) *site {
	s := &site{kind: kind}
	w.routers++
	outside := netip.AddrFrom4([4]byte{11, byte(w.routers >> 16), byte(w.routers >> 8), byte(w.routers)})
	if carrier != nil {
		outside = netip.AddrFrom4([4]byte{100, 64 | byte(w.routers>>16), byte(w.routers >> 8), byte(w.routers)})
	}
	for t, net := range w.nets {
		if nat.Transport(t) == nat.TCP {
			kind.Blocked = false
		}
		s.box[t] = natbox.New(kind, outside)
		net.Put(s.box[t], carrier.router(nat.Transport(t)))
	}
	return s
}

// router returns the router of a site; nil: there is none.
func (s *site) router(t nat.Transport) *natbox.Box {
	if s == nil {
		return nil
	}
	return s.box[t]
}

func (m *member) behind(t nat.Transport) *natbox.Box { return m.site.router(t) }

// shut says whether a node cannot be connected to by another.
func (m *member) shut(by *member) bool { return m.site != nil && m.site != by.site }

// source is the address that a connection of the node to another comes from.
func (m *member) source(to *member) netip.Addr {
	if m.site == nil || !m.site.translates() || to != nil && to.site == m.site {
		return m.addr.Addr()
	}
	return m.behind(nat.TCP).Outermost()
}
