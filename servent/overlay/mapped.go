package overlay

import (
	"net/netip"

	"github.com/seed282dab8e/servent/nat"
)

// onMapped takes what routers forward to this node. What has changed is tested soon:
// a router may say yes and do nothing.
func (n *Node) onMapped(ev Mapped) {
	for t, a := range [...]netip.AddrPort{nat.UDP: ev.UDP, nat.TCP: ev.TCP} {
		if a = netip.AddrPortFrom(a.Addr().Unmap(), a.Port()); a == n.mapped[t] {
			continue
		}
		n.mapped[t] = a
		r := n.reachBy(nat.Transport(t))
		r.ends, r.fails = 0, 0
		if r.next > 0 { // a first test has been planned
			r.next = n.now + mappedTest
			n.arm(r.next)
		}
		if n.role == RoleLeaf { // supernodes answer for it with the old address
			n.plan(&n.tableDue, tableSoon)
		}
	}
}

func (n *Node) reachBy(t nat.Transport) *reach {
	if t == nat.TCP {
		return &n.tcp
	}
	return &n.udpIn
}

// addrBy is where others reach this node by a transport, as far as it knows: where a
// router forwards to it, if that is the router that others see, else its own port at
// the address that they see.
func (n *Node) addrBy(t nat.Transport) netip.AddrPort {
	a, m := n.cfg.Listen, n.mapped[t]
	seen := n.seen
	if !seen.IsValid() && n.cfg.Public && n.mayDial(m.Addr(), false) {
		seen = m.Addr() // nobody has told yet
	}
	switch {
	case m.IsValid() && m.Addr() == seen:
		return m
	case a.Addr().IsValid() && !a.Addr().IsUnspecified():
		return a
	case seen.IsValid():
		return netip.AddrPortFrom(seen, a.Port())
	}
	return netip.AddrPortFrom(netip.IPv4Unspecified(), a.Port())
}

// portTo is the port at which the peer of l reaches this node by a transport, at the
// address that it sees. forwarded says that a router has it.
func (n *Node) portTo(l *link, t nat.Transport) (port uint16, forwarded bool) {
	if m := n.mapped[t]; m.IsValid() && m.Addr() == l.peer.Sees.Unmap() {
		return m.Port(), true
	}
	return n.cfg.Listen.Port(), false
}

// isOwn says whether a is an address of this node's.
func (n *Node) isOwn(a netip.AddrPort) bool {
	return a == n.Addr() || a == n.addrBy(nat.UDP) || a.Addr() == n.Addr6() && a.Port() == n.cfg.Listen.Port()
}
