package servent

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/seed282dab8e/servent/nat"
	"github.com/seed282dab8e/servent/servent/overlay"
)

// secondEvery is how often it is looked whether the machine has other addresses.
const secondEvery = 10 * time.Second

// serveElsewhere has supernodes answer STUN requests from a second port, and from a second
// address where the machine has one, so that others can find out what their routers let
// in. Behind a router that would tell them nothing: it would have the answer come from
// yet another port.
func (s *Servent) serveElsewhere(ctx context.Context) {
	tick := time.NewTicker(secondEvery)
	defer tick.Stop()
	for {
		if own, second := s.publicAddrs(); own.IsValid() {
			s.serveAt(ctx, tick.C, own, second)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// serveAt does so for as long as the machine has these addresses.
func (s *Servent) serveAt(ctx context.Context, tick <-chan time.Time, own, second netip.Addr) {
	port, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(own, 0)))
	if err != nil {
		s.log.WithField("component", "stun").WithError(err).Debug("no second port")
		return
	}
	var address *net.UDPConn
	if second.IsValid() {
		number := port.LocalAddr().(*net.UDPAddr).AddrPort().Port()
		address, err = net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(second, number)))
		if err != nil { // somebody else has that port there
			s.log.WithField("component", "stun").WithError(err).Debug("no second address")
		}
	}
	ended := make(chan struct{})
	s.wg.Go(func() {
		defer close(ended)
		s.udp.ServeElsewhere(port, address)
	})
	for {
		select {
		case <-tick:
			if o, n := s.publicAddrs(); o == own && n == second {
				continue
			}
		case <-ctx.Done():
		case <-ended:
			return
		}
		_ = port.Close() // which ends it
		<-ended
		return
	}
}

// publicAddrs returns the address that others see this servent at, if the machine itself
// has it, and another one of the kind. It is for who answers STUN requests.
func (s *Servent) publicAddrs() (own, second netip.Addr) {
	s.call(func(l *loop) {
		if l.node.Role() != overlay.RoleLeaf {
			own = l.node.Addr().Addr().Unmap()
		}
	})
	return ownAndSecond(own, machineAddrs())
}

// ownAndSecond is publicAddrs of a machine that has some addresses.
func ownAndSecond(own netip.Addr, machine []netip.Addr) (_, second netip.Addr) {
	if !slices.Contains(machine, own) {
		return netip.Addr{}, second
	}
	for _, a := range machine {
		if a != own && a.Is4() == own.Is4() && nat.ScopeOf(a) == nat.ScopeOf(own) {
			return own, a
		}
	}
	return own, second
}

func machineAddrs() (all []netip.Addr) {
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return nil
	}
	for _, a := range addrs {
		if p, err := netip.ParsePrefix(a.String()); err == nil {
			all = append(all, p.Addr().Unmap())
		}
	}
	return all
}
