package servent

import (
	"net"
	"net/netip"
	"sync"
)

// perIP counts what is open by the address at its other end, so that no one
// host takes all the room that there is. Addresses that free names, and all
// those that exempt tells, have no limit. Any goroutine may use it.
type perIP struct {
	max  int
	free map[netip.Addr]bool

	mu   sync.Mutex
	open map[netip.Addr]int // no zeros
	over uint64             // how often take refused
}

func newPerIP(most int, free []netip.AddrPort) *perIP {
	p := &perIP{max: most, free: map[netip.Addr]bool{}, open: map[netip.Addr]int{}}
	for _, a := range free {
		p.free[hostOf(a)] = true
	}
	return p
}

// take counts one more at a; false: a has its share already. Each take that
// returns true wants one give.
func (p *perIP) take(a netip.AddrPort) bool {
	host := hostOf(a)
	if p.free[host] || exempt(host) {
		return true
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.open[host] >= p.max {
		p.over++
		return false
	}
	p.open[host]++
	return true
}

// give takes back what take counted.
func (p *perIP) give(a netip.AddrPort) {
	host := hostOf(a)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.open[host]--; p.open[host] <= 0 {
		delete(p.open, host)
	}
}

// refused is how often take has returned false.
func (p *perIP) refused() uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.over
}

// machine lists this machine's own addresses: several servents may live here,
// and those that find one another by multicast DNS do not meet on loopback.
func (s *Servent) machine() []netip.AddrPort {
	all, err := net.InterfaceAddrs()
	if err != nil {
		s.log.WithField("component", "listen").WithError(err).Debug("addresses of this machine")
	}
	var out []netip.AddrPort
	for _, a := range all {
		if prefix, err := netip.ParsePrefix(a.String()); err == nil && prefix.Addr().Unmap().Is4() {
			out = append(out, netip.AddrPortFrom(prefix.Addr(), 0)) // a /64 may hold other machines
		}
	}
	return out
}

// exempt says whether a host may open what it likes: this machine over
// loopback, and what has no IP address at all.
func exempt(host netip.Addr) bool { return !host.IsValid() || host.IsLoopback() }

// ipv6Host is how many bits of an IPv6 address tell one host from another: who
// has one address of a /64 has them all, but for those that a link gives out.
const ipv6Host = 64

func hostOf(a netip.AddrPort) netip.Addr {
	host := a.Addr().Unmap().WithZone("")
	if host.Is6() && !host.IsLoopback() && !host.IsLinkLocalUnicast() {
		prefix, _ := host.Prefix(ipv6Host) // never too long
		return prefix.Addr()
	}
	return host
}

// hostText names the machine at an address.
func hostText(a net.Addr) string { return addrPort(a).Addr().String() }
