package servent

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/seed282dab8e/servent/nat"
	"github.com/seed282dab8e/servent/servent/overlay"
	"github.com/sirupsen/logrus"
)

// How routers treat this servent is found out once there is somebody to ask, and again
// when nat.Review says so.
const (
	outsideSoon = 2 * time.Second // between looks for somebody to ask, and at our own address
	// outsideServers is how many supernodes are asked, the servers that the user named
	// beside them.
	outsideServers = 4
)

// watchOutside finds out how routers treat the UDP socket and the TCP port, until ctx
// ends. Where too few could be asked for a verdict, it asks again as soon as there are
// more.
func (s *Servent) watchOutside(ctx context.Context) {
	w := outside{began: time.Now(), named: s.namedServers(ctx)}
	for {
		s.lookOutside(ctx, &w)
		select {
		case <-ctx.Done():
			return
		case <-time.After(outsideSoon):
		}
	}
}

// outside is what watchOutside knows.
type outside struct {
	began  time.Time
	review nat.Review
	named  []netip.AddrPort // servers
	toward netip.AddrPort   // always the same, since the way to another may be another
	asked  int
}

// lookOutside asks the servers if it is time to.
func (s *Servent) lookOutside(ctx context.Context, w *outside) {
	servers := slices.Concat(w.named, s.stunServers())
	if len(servers) == 0 {
		w.named = s.namedServers(ctx)
		return
	}
	if !w.toward.IsValid() {
		w.toward = servers[0]
	}
	local, err := s.localTo(w.toward)
	if err != nil {
		return // there is no network
	}
	due, elsewhere := w.review.Due(time.Since(w.began), time.Now(), local)
	if elsewhere {
		s.log.WithFields(logrus.Fields{"component": "stun", "addr": local}).Info("on another network, or the machine has slept")
		s.udp.Forget()
		s.port.Forget()
		s.closeStranded(machineAddrs())
	}
	b := s.udp.Behaviour()
	open := w.asked < nat.SilentServers || b.Mapping == nat.MappingUnknown && b.Blocked != nat.Yes
	if due || open && len(servers) > w.asked {
		s.call(func(l *loop) { l.step(overlay.Probed{Asked: servers}) })
		s.probe(ctx, local, servers)
		b := s.udp.Behaviour()
		s.call(func(l *loop) {
			l.step(overlay.Probed{Asked: servers, Outside: b.Outside, Filtering: b.Filtering})
		})
		w.asked = len(servers)
		w.named = s.namedServers(ctx) // they may have moved
		w.review.Done(s.udp.Behaviour().Blocked == nat.No)
	}
}

// closeStranded closes the connections from addresses that the machine does not have any
// more: nothing will come by them, and links would take half a minute to find that out.
func (s *Servent) closeStranded(machine []netip.Addr) {
	if len(machine) == 0 {
		return // it is not known
	}
	stranded := func(c net.Conn) bool {
		own := addrPort(c.LocalAddr()).Addr().WithZone("")
		return own.IsValid() && !own.IsUnspecified() && !slices.Contains(machine, own)
	}
	var gone []net.Conn
	s.mu.Lock()
	for c := range s.conns {
		if stranded(c) {
			gone = append(gone, c)
		}
	}
	for c := range s.guests {
		if stranded(c) {
			gone = append(gone, c)
		}
	}
	s.mu.Unlock()
	for _, c := range gone {
		_ = c.Close() // nothing can be lost that was not
	}
}

// namedServers are those that the user named, as far as they can be resolved.
func (s *Servent) namedServers(ctx context.Context) (servers []netip.AddrPort) {
	for _, name := range s.cfg.StunServers {
		a, err := resolveOne(ctx, name)
		if err != nil {
			s.log.WithField("component", "stun").WithError(err).Debug("not asked")
			continue
		}
		servers = append(servers, a)
	}
	return servers
}

// stunServers are peers that answer binding requests: supernodes of our own kind.
func (s *Servent) stunServers() (servers []netip.AddrPort) {
	s.call(func(l *loop) {
		for _, link := range l.node.Links() {
			if p := link.Peer; p.Servent && p.Role != overlay.RoleLeaf && p.Listen.IsValid() && len(servers) < outsideServers {
				servers = append(servers, netip.AddrPortFrom(p.Addr.Addr().Unmap(), p.Listen.Port()))
			}
		}
	})
	return servers
}

func (s *Servent) probe(ctx context.Context, local netip.AddrPort, servers []netip.AddrPort) {
	asked := make(chan struct{})
	s.wg.Go(func() {
		s.port.Probe(ctx, servers)
		close(asked)
	})
	err := s.udp.Probe(ctx, local, servers)
	<-asked
	if err != nil {
		return // it ends, or a meeting asks at this moment
	}
	b := s.udp.Behaviour()
	s.log.WithFields(logrus.Fields{
		"component": "stun", "mapping": b.Mapping, "filtering": b.Filtering, "outside": b.Outside, "blocked": b.Blocked,
	}).Debug("probed")
}

// localTo returns the address that our datagrams to somebody leave this machine from.
func (s *Servent) localTo(to netip.AddrPort) (netip.AddrPort, error) {
	c, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(to)) // sends nothing
	if err != nil {
		return netip.AddrPort{}, err
	}
	defer c.Close()
	own := c.LocalAddr().(*net.UDPAddr).AddrPort().Addr()
	return netip.AddrPortFrom(own.Unmap().WithZone(""), s.addr.Port()), nil
}

// echoed notes where a peer that is no STUN server sees the UDP socket.
func (s *Servent) echoed(by netip.AddrPort, outside string) {
	a, err := netip.ParseAddrPort(outside)
	if err != nil {
		return // it has told none
	}
	if local, err := s.localTo(by); err == nil {
		s.udp.Observe(local, by, a)
	}
}

// natInfo puts into words what is known of the routers.
func natInfo(b nat.Behaviour) NATInfo {
	info := NATInfo{
		Mapping: b.Mapping.String(), Filtering: b.Filtering.String(), Blocked: b.Blocked.String(),
		Preserved: b.Preserved.String(), Hairpin: b.Hairpin.String(),
	}
	if b.Outside.IsValid() {
		info.Local, info.Outside = b.Local.String(), b.Outside.String()
	}
	return info
}

// ownAddrs are the addresses of this machine by which others may reach it; world says
// that there is a route to the internet.
func (s *Servent) ownAddrs() (own []string, world bool) {
	own = []string{} // not null
	for _, a := range interfaceAddrs() {
		own = append(own, a.String())
	}
	for _, far := range []string{"192.0.2.1:9", "[2001:db8::1]:9"} { // nothing is sent there
		_, err := s.localTo(netip.MustParseAddrPort(far))
		world = world || err == nil
	}
	return own, world
}

// interfaceAddrs are the addresses of interfaces that are up, but for those that mean
// nothing to other machines.
func interfaceAddrs() (own []netip.Addr) {
	all, err := net.Interfaces()
	if err != nil {
		return nil
	}
	for _, i := range all {
		if i.Flags&net.FlagRunning == 0 { // down, or without a cable
			continue
		}
		addrs, _ := i.Addrs() // one that has just gone has none
		for _, a := range addrs {
			if p, err := netip.ParsePrefix(a.String()); err == nil && nat.ScopeOf(p.Addr()) > nat.Link {
				own = append(own, p.Addr().Unmap())
			}
		}
	}
	return own
}
