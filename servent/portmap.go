package servent

import (
	"context"
	"net/netip"
	"slices"

	"github.com/seed282dab8e/servent/nat"
	"github.com/seed282dab8e/servent/nat/portmap"
	"github.com/seed282dab8e/servent/servent/overlay"
)

// portMapper is a portmap.Mapper, or a test's.
type portMapper interface {
	Run(ctx context.Context) error
	State() portmap.State
	Changes() <-chan struct{}
	Deny(t nat.Transport)
}

// maps says whether routers are asked to forward the port; if not, why. Who listens on
// loopback, or has links to peers that the user named alone, wants nobody to come, and
// nothing of a local network becomes public by accident: there, routers are asked where
// the user has named a peer beyond it.
func (s *Servent) maps() (why string, yes bool) {
	switch {
	case s.cfg.NoPortMapping:
		return "--no-port-mapping", false
	case s.cfg.ConnectOnly:
		return "--connect-only keeps to the links of --connect", false
	case s.addr.Addr().IsLoopback():
		return "the servent listens on loopback", false
	case s.cfg.Network == LAN && !slices.ContainsFunc(s.seeds, isFar):
		return "network lan, and --connect names no servent on the internet", false
	}
	return "", s.cfg.listener == nil
}

// isFar says whether an address is beyond the local network.
func isFar(a netip.AddrPort) bool { return nat.ScopeOf(a.Addr()) == nat.Global }

// newMapper makes what asks routers; nil where nothing does.
func (s *Servent) newMapper() (m portMapper, err error) {
	switch _, yes := s.maps(); {
	case s.cfg.mapper != nil:
		return s.cfg.mapper, nil
	case !yes:
		return nil, nil
	}
	return portmap.New(portmap.Config{Port: s.addr.Port(), Log: s.log.WithField("component", "portmap")})
}

// keepMapped tells the node what routers forward, until ctx ends.
func (s *Servent) keepMapped(ctx context.Context) {
	for {
		select {
		case <-s.mapper.Changes():
			st := s.mapper.State()
			s.call(func(l *loop) {
				l.step(overlay.Mapped{UDP: s.forwarded(st, nat.UDP), TCP: s.forwarded(st, nat.TCP)})
			})
		case <-ctx.Done():
			return
		}
	}
}

// forwarded is the outside address that a router forwards to this servent; zero where
// there is none, or where nobody gets through.
func (s *Servent) forwarded(st portmap.State, t nat.Transport) netip.AddrPort {
	m := st.Of(t)
	elsewhere := !s.addr.Addr().IsUnspecified() && s.addr.Addr() != st.Own
	if m.Protocol == portmap.None || !m.Confirmed || elsewhere {
		return netip.AddrPort{}
	}
	return m.Outside
}

// mappedAddrs are what routers forward, by transport.
func (s *Servent) mappedAddrs() (addrs [2][]netip.AddrPort) {
	if s.mapper == nil {
		return addrs
	}
	st := s.mapper.State()
	for _, t := range []nat.Transport{nat.UDP, nat.TCP} {
		if a := s.forwarded(st, t); a.IsValid() {
			addrs[t] = []netip.AddrPort{a}
		}
	}
	return addrs
}

// portMapping tells what is asked of routers, and what came of it.
func (s *Servent) portMapping() PortMapping {
	if s.mapper == nil {
		why, _ := s.maps()
		return PortMapping{Off: why}
	}
	st := s.mapper.State()
	info := PortMapping{UDP: s.forwarding(st.UDP), TCP: s.forwarding(st.TCP)}
	if st.Gateway.IsValid() {
		info.Router, info.Inside = st.Gateway.String(), netip.AddrPortFrom(st.Own, s.addr.Port()).String()
	}
	return info
}

func (s *Servent) forwarding(m portmap.Mapping) Forwarding {
	f := Forwarding{State: "asking", DoubleNAT: m.DoubleNAT}
	for p := portmap.UPnP; p <= portmap.PCP; p++ {
		if text := m.Errors[p]; text != "" {
			f.Errors = append(f.Errors, RouterError{p.String(), text, m.Refused[p]})
			f.State = "failed"
		}
	}
	if m.Protocol == portmap.None {
		return f
	}
	f.State, f.Protocol, f.Outside = "mapped", m.Protocol.String(), m.Outside.String()
	if !m.Confirmed {
		f.State = "denied"
	}
	return f
}
