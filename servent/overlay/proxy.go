package overlay

import (
	"net/netip"
	"slices"

	"github.com/seed282dab8e/servent/nat"
	"github.com/seed282dab8e/servent/protocol"
)

// maxProxies is how many push proxies a node asks for and its hits name.
const maxProxies = 4

// Proxies returns the push proxies that this node has found for itself.
func (n *Node) Proxies() []netip.AddrPort {
	var found []netip.AddrPort
	for _, l := range n.links {
		if l.proxy.IsValid() && len(found) < maxProxies {
			found = append(found, l.proxy)
		}
	}
	return found
}

// AwaitsProxies says whether a peer that was asked to be push proxy may yet answer.
func (n *Node) AwaitsProxies() bool {
	return slices.ContainsFunc(n.links, func(l *link) bool { return l.askedProxy && !l.proxy.IsValid() })
}

// proxied returns the link of a servent that this node is push proxy of.
func (n *Node) proxied(id protocol.GUID) *link {
	for _, l := range n.links {
		if l.client == id && id != (protocol.GUID{}) {
			return l
		}
	}
	return nil
}

// askProxies asks a few peers to be push proxies, where nobody can connect.
func (n *Node) askProxies(out []Action) []Action {
	if !n.firewalled() && (!n.wantsProxies || n.tcp.state == ReachYes) {
		return out
	}
	asked := 0
	for _, l := range n.links {
		if l.askedProxy {
			asked++
		}
	}
	for _, l := range n.links {
		if asked >= maxProxies {
			break
		}
		if l.askedProxy || l.peer.Role == RoleLeaf || !l.supports.has(protocol.VendorProxyRequest) {
			continue
		}
		l.askedProxy = true
		asked++
		out = n.sendVendorAs(l, n.cfg.ID, protocol.NewProxyRequest(), out)
	}
	return out
}

// onProxyRequest makes this node push proxy of the peer of l, whose GUID the
// message has for id.
func (n *Node) onProxyRequest(l *link, h protocol.Header, out []Action) []Action {
	a := n.addrFor(l)
	known := l.peer.GUID != (protocol.GUID{}) && l.peer.GUID != h.ID
	taken := n.proxied(h.ID)
	if known || taken != nil && taken != l || h.ID == n.cfg.ID || n.firewalled() || n.role == RoleLeaf || a.Addr().IsUnspecified() {
		return n.dropped(h.Kind, DropRole, out)
	}
	l.client = h.ID
	return n.sendVendorAs(l, h.ID, protocol.NewProxyAck(a), out)
}

// onProxyAck notes where a push proxy of ours listens. That is at its own
// address; another machine's it may not name.
func (n *Node) onProxyAck(l *link, h protocol.Header, v protocol.Vendor, out []Action) []Action {
	a, err := v.ProxyAck()
	if err != nil {
		return n.malformed(l, h.Kind, out)
	}
	if !l.askedProxy || h.ID != n.cfg.ID || a.Port() == 0 {
		return n.dropped(h.Kind, DropNoRoute, out)
	}
	if ip := l.peer.Addr.Addr().Unmap(); a.Addr() != l.peer.Listen.Addr() {
		a = netip.AddrPortFrom(ip, a.Port())
	}
	if l.proxy = a; n.role == RoleLeaf { // hits name it
		n.plan(&n.tableDue, tableSoon)
	}
	return out
}

// cancelProxies tells push proxies that they are needed no longer.
func (n *Node) cancelProxies(out []Action) []Action {
	for _, l := range n.links {
		if l.proxy.IsValid() {
			out = n.sendVendor(l, protocol.NewProxyCancel(), out)
		}
		l.proxy, l.askedProxy = netip.AddrPort{}, false
	}
	return out
}

// onProxyPush passes a Push on to a servent that this node is push proxy of.
func (n *Node) onProxyPush(ev ProxyPush, out []Action) []Action {
	l := n.proxied(ev.Servent)
	if l == nil {
		return append(out, Action{Op: OpPushFailed, ID: ev.Servent})
	}
	h := protocol.Header{ID: n.newID(), Kind: protocol.KindPush, TTL: 1}
	items := append(protocol.AddrItem(ev.Addr.Addr()), ev.Meet) // without an ID it is left out
	p := protocol.Push{Servent: ev.Servent, Index: ev.Index, Addr: ev.Addr, Ext: protocol.AppendGGEP(nil, items...)}
	return n.sendNew(l, h, p, out)
}

// onUDPPush passes a Push on to a servent that this node is push proxy of. Anybody may
// have written it, under any address: so many a servent are passed on, and none that names
// an address which is no stranger's. One that only asks to meet may name none.
func (n *Node) onUDPPush(from netip.AddrPort, h protocol.Header, msg []byte, out []Action) []Action {
	p, err := protocol.ParsePush(msg[protocol.HeaderSize:])
	if err != nil {
		return n.dropped(h.Kind, DropMalformed, out)
	}
	l := n.proxied(p.Servent)
	_, meets := protocol.FindGGEP(p.Ext, protocol.GGEPMeet)
	to := protocol.FullAddr(p.Addr, p.Ext)
	switch {
	case l == nil:
		return n.dropped(h.Kind, DropNoRoute, out)
	case !n.mayPass(to, from.Addr()) && !(meets && to.Addr().IsUnspecified()):
		return n.dropped(h.Kind, DropDialBack, out)
	case !l.passed.allow(n.now, n.cfg.PushRate):
		return n.dropped(h.Kind, DropRate, out)
	}
	return n.send(l, msg, 1, min(h.Hops, HardTTL-2)+1, out)
}

// mayPass says whether a stranger may have others connect to an address: it can be one
// host's, and on the public network it is public.
func (n *Node) mayPass(to netip.AddrPort, from netip.Addr) bool {
	a := to.Addr().Unmap()
	switch {
	case to.Port() == 0 || !isHost(a) || n.blocked(a):
		return false
	case a.IsLoopback():
		return from.IsLoopback()
	case a.IsPrivate() || a.IsLinkLocalUnicast():
		return !n.cfg.Public
	}
	return true
}

// pushByProxies sends a Push to the push proxies that a hit named: over UDP, or over the
// link to one of our own kind, where nothing gets lost.
func (n *Node) pushByProxies(ev UserPush, out []Action) []Action {
	p := protocol.Push{Servent: ev.Servent, Index: ev.Index, Addr: n.addrTold(nat.TCP), Ext: protocol.AppendGGEP(nil, n.pushItems(&ev)...)}
	if p.Addr.Addr().IsUnspecified() && ev.Meet == nil {
		return out
	}
	for _, a := range ev.Proxies[:min(len(ev.Proxies), maxProxies)] {
		a = netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
		if l := n.linkFrom(a.Addr()); l != nil && l.peer.Servent && l.peer.Listen.Port() == a.Port() {
			out = n.sendNew(l, protocol.Header{ID: n.newID(), Kind: protocol.KindPush, TTL: 2}, p, out)
			continue
		}
		if !n.mayPush(a) {
			out = n.dropped(protocol.KindPush, DropUDPStranger, out)
			continue
		}
		h := protocol.Header{ID: n.newID(), Kind: protocol.KindPush, TTL: 1}
		out = n.emit(a, protocol.AppendMessage(nil, h, p), out)
	}
	return out
}
