package overlay

import (
	"net/netip"
	"slices"

	"github.com/seed282dab8e/servent/protocol"
)

// onPush obeys a Push that is for this node and relays any other towards its
// servent, by the way the servent's hits came.
func (n *Node) onPush(l *link, h protocol.Header, m Received, out []Action) []Action {
	p, err := protocol.ParsePush(m.Msg[protocol.HeaderSize:])
	if err != nil {
		return n.malformed(l, h.Kind, out)
	}
	if p.Servent == n.cfg.ID {
		p.Addr = protocol.FullAddr(p.Addr, p.Ext)
		return n.pushed(l, p, out)
	}
	if client := n.proxied(p.Servent); client != nil && client != l && h.TTL > 1 {
		return n.send(client, m.Msg, 1, min(h.Hops, HardTTL-2)+1, out)
	}
	r := n.servers.find(&p.Servent)
	if r == nil {
		return n.dropped(h.Kind, DropNoRoute, out)
	}
	return n.back(r.link, l, h, m, out)
}

// pushed obeys a Push: it connects to who asks, and where it can be met half way, does
// that at the same time. An answer asks for no connection.
func (n *Node) pushed(l *link, p protocol.Push, out []Action) []Action {
	m, ok, err := protocol.FindMeet(p.Ext)
	switch {
	case p.Index == protocol.PushFWT: // who asks waits for datagrams, not for a connection
		return n.dropped(protocol.KindPush, DropRUDP, out)
	case err != nil:
		return n.dropped(protocol.KindPush, DropMalformed, out)
	case !ok:
		return n.dialBack(l, p, out)
	case n.lastMeets.seen(m):
		return out
	case !m.Answer:
		out = n.dialBack(l, p, out)
	}
	return n.halfWay(l, m, out)
}

// seenMeets are the last meetings that were asked for, or answered: the same comes by
// each push proxy.
type seenMeets []meetKey

const maxSeenMeets = 8

type meetKey struct {
	token  [16]byte
	answer bool
}

// seen says whether m has come before, and notes it.
func (s *seenMeets) seen(m *protocol.Meet) bool {
	key := meetKey{m.Token, m.Answer}
	if slices.Contains(*s, key) {
		return true
	}
	if len(*s) == maxSeenMeets {
		*s = slices.Delete(*s, 0, 1)
	}
	*s = append(*s, key)
	return false
}

// halfWay hands on who wants to be met, with the addresses that this node may send to:
// they are a stranger's, and what is sent there nobody may have asked for. So it is
// limited in rate, too; but answers are not, which lead to nothing where this node has not
// asked, and which strangers who ask shall not keep away.
func (n *Node) halfWay(l *link, m *protocol.Meet, out []Action) []Action {
	neighbour := n.behindSame(m) // whose private addresses are of our own network
	may := func(a netip.Addr) bool {
		near := neighbour && a.IsPrivate() && !n.blocked(a)
		return (near || n.mayDialBack(l, a)) && (!n.cfg.ConnectOnly || n.toldOf(a, l.peer.Addr.Addr().IsLoopback()))
	}
	m.Addrs = slices.DeleteFunc(m.Addrs, func(a protocol.MeetAddr) bool { return !may(a.Addr.Addr()) })
	m.Proxies = slices.DeleteFunc(m.Proxies, func(a netip.AddrPort) bool { return !may(a.Addr()) })
	if m.From == n.cfg.ID || len(m.Addrs) == 0 || !m.Answer && !n.meets.allow(n.now, n.cfg.Meets) {
		return n.dropped(protocol.KindPush, DropDialBack, out)
	}
	return append(out, Action{Op: OpMeet, Meet: m})
}

// behindSame says whether somebody is behind the router that this node is behind, as far
// as both say the truth of where others see them.
func (n *Node) behindSame(m *protocol.Meet) bool {
	return slices.ContainsFunc(m.Addrs, func(a protocol.MeetAddr) bool {
		ip := a.Addr.Addr()
		return !ip.IsPrivate() && (ip == n.Addr().Addr() || ip == n.Outside().Addr())
	})
}

// pushItems are the extensions of a Push of ours.
func (n *Node) pushItems(ev *UserPush) []protocol.GGEP {
	items := n.ownItems()
	if ev.Meet != nil {
		items = append(items, ev.Meet.Item())
	}
	return items
}

// dialBack connects to where a Push says. That is a stranger's address, so it
// is limited: in rate, to the network that this node is on, and with ConnectOnly
// to whom the user told it of.
func (n *Node) dialBack(l *link, p protocol.Push, out []Action) []Action {
	if p.Addr.Port() == 0 || !n.mayDialBack(l, p.Addr.Addr()) {
		return n.dropped(protocol.KindPush, DropDialBack, out)
	}
	if n.cfg.ConnectOnly && !n.toldOf(p.Addr.Addr(), l.peer.Addr.Addr().IsLoopback()) {
		return n.dropped(protocol.KindPush, DropConnectOnly, out)
	}
	if !n.dialBacks.allow(n.now, n.cfg.DialBacks) {
		return n.dropped(protocol.KindPush, DropDialBack, out)
	}
	return append(out, Action{Op: OpDialBack, Addr: p.Addr, Index: p.Index, Link: l.id})
}

// mayDialBack says whether a Push that came over l may make this node connect
// to a. A private network's user may well ask to be called at a public address.
// On the public network only a peer that has this node's own outside address,
// a neighbour behind one NAT, may name a private one.
func (n *Node) mayDialBack(l *link, a netip.Addr) bool {
	peer := l.peer.Addr.Addr().Unmap()
	switch {
	case n.mayDial(a, peer.IsLoopback()):
		return true
	case !isHost(a) || a.IsLoopback() || n.blocked(a):
		return false
	}
	return !n.cfg.Public || peer == n.Addr().Addr() && !peer.IsUnspecified()
}

func (n *Node) onUserPush(ev UserPush, out []Action) []Action {
	sent := len(out)
	out = n.pushByProxies(ev, out)
	r := n.servers.find(&ev.Servent)
	if r == nil || n.byID[r.link] == nil {
		if len(out) > sent {
			return out
		}
		return append(out, Action{Op: OpPushFailed, ID: ev.Servent})
	}
	l := n.byID[r.link]
	h := protocol.Header{ID: n.newID(), Kind: protocol.KindPush, TTL: min(r.hops+2, HardTTL)}
	return n.sendNew(l, h, protocol.Push{
		Servent: ev.Servent, Index: ev.Index, Addr: n.addrFor(l), Ext: protocol.AppendGGEP(nil, n.pushItems(&ev)...),
	}, out)
}
