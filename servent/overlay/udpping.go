package overlay

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/seed282dab8e/servent/nat"
	"github.com/seed282dab8e/servent/protocol"
)

const (
	hostsPerPong = 12 // that a host cache's answer names
	askCacheRest = 3  // times askAgain, between two questions to one host cache
	maxAskCaches = 16 // host caches asked at once
)

// pingExt makes the extensions of a Ping, filled up to size. What fills it has
// an id that nobody reads.
func (n *Node) pingExt(why purpose, size int) []byte {
	var items []protocol.GGEP
	if why == forHosts {
		items = append(items, protocol.NewGGEP(protocol.GGEPWish, []byte{n.wanting()}), protocol.NewGGEP(protocol.GGEPEcho, nil))
	}
	ext := protocol.AppendGGEP(nil, items...)
	const head = 5 // of a block with one item of a two-letter id and no data
	if left := size - len(ext); left >= head {
		ext = protocol.AppendGGEP(ext, protocol.NewGGEP("FI", make([]byte, left-head)))
	}
	return ext
}

// wanting is what this node looks for.
func (n *Node) wanting() byte {
	var w byte
	if n.role != RoleLeaf {
		w |= protocol.WishUltrapeer
	}
	if n.Addr6().IsValid() {
		w |= protocol.WishIPv6
	}
	return w
}

// onAskCaches pings host caches, each at most once in three minutes.
func (n *Node) onAskCaches(ev AskCaches, out []Action) []Action {
	for _, a := range ev.Addrs[:min(len(ev.Addrs), maxAskCaches)] {
		a = netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
		if n.cfg.ConnectOnly || !n.maySend(a, true) {
			out = n.dropped(protocol.KindPing, DropUDPStranger, out)
			continue
		}
		c := n.udp().contacts.at(n.now, a)
		if c.asked > 0 && n.now-c.asked < askCacheRest*askAgain {
			out = n.dropped(protocol.KindPing, DropUDPRate, out)
			continue
		}
		c.asked = n.now
		out = n.ask(a, forHosts, n.newID(), proofPing, out)
	}
	return out
}

// onUDPPing answers with a Pong: with hosts where they are asked for, with the
// asker's address where it is. A Ping that answers a GTKG/7 of ours says that
// datagrams come through.
func (n *Node) onUDPPing(from netip.AddrPort, h protocol.Header, msg []byte, out []Action) []Action {
	u := n.udp()
	if q, ok := u.asked.take(n.now, h.ID, from); ok && q.why == forReach && u.contacts.at(n.now, from).closed(n.now) {
		n.udpIn.passed(n.now)
		n.arm(n.udpIn.next)
	}
	if n.firewalled() && u.contacts.at(n.now, from).asked == 0 {
		return n.dropped(h.Kind, DropRole, out) // but whom we ask may ask back
	}
	ext := msg[protocol.HeaderSize:]
	head := protocol.Header{ID: h.ID, Kind: protocol.KindPong, TTL: 1}
	var items []protocol.GGEP
	if _, ok := protocol.FindGGEP(ext, protocol.GGEPEcho); ok {
		items = append(items, protocol.NewEcho(from))
	}
	wish, ok := protocol.FindGGEP(ext, protocol.GGEPWish)
	if ok && !n.cfg.ConnectOnly {
		items = append(items, n.hostItems(from, wish)...)
		return n.answer(from, head, n.udpPong(items), out)
	}
	// Who has not sent enough for all of it gets what it has sent enough for.
	for _, p := range []protocol.Pong{n.udpPong(items), n.udpPong(nil)} {
		if full := protocol.AppendMessage(nil, head, p); n.affords(from, len(full)) {
			return n.emit(from, full, out)
		}
	}
	return n.answer(from, head, n.udpPong(items), out)
}

func (n *Node) udpPong(items []protocol.GGEP) protocol.Pong {
	if items != nil {
		items = append(items, n.ownItems()...)
	}
	kb := protocol.PongKBytes(uint32(min(n.shared.Bytes>>10, 1<<31)), n.role != RoleLeaf)
	return protocol.Pong{Addr: n.addrTold(nat.TCP), Files: uint32(n.shared.Files), KBytes: kb, Ext: protocol.AppendGGEP(nil, items...)}
}

// hostItems names servents that an asker might link with, itself not.
func (n *Node) hostItems(to netip.AddrPort, wish protocol.GGEP) []protocol.GGEP {
	var w byte
	if data, err := wish.Data(8); err == nil && len(data) > 0 {
		w = data[0]
	}
	var hosts []netip.AddrPort
	add := func(a netip.AddrPort) {
		v4 := a.Addr().Is4() && w&protocol.WishNoIPv4 == 0
		v6 := a.Addr().Is6() && w&(protocol.WishIPv6|protocol.WishNoIPv4) != 0
		told := a == to || slices.Contains(hosts, a)
		if len(hosts) < hostsPerPong && (v4 || v6) && !told && n.mayDial(a.Addr(), to.Addr().IsLoopback()) {
			hosts = append(hosts, a)
		}
	}
	for i := range n.pongs.ring {
		if e := &n.pongs.ring[i]; n.now-e.at <= pongLife && e.message().Ultrapeer() && e.free(w&protocol.WishUltrapeer != 0) {
			add(e.addr)
		}
	}
	for _, l := range n.links {
		if l.peer.Role != RoleLeaf && n.relies(l) {
			add(l.peer.Listen)
		}
	}
	items := protocol.HostItems(protocol.GGEPHosts, hosts)
	if n.cfg.HostCache {
		items = append(items, protocol.NewGGEP(protocol.GGEPCache, nil))
	}
	return items
}

// onUDPPong takes the answer to a Ping of ours, and no other.
func (n *Node) onUDPPong(from netip.AddrPort, h protocol.Header, msg []byte, out []Action) []Action {
	p, err := protocol.ParsePong(msg[protocol.HeaderSize:])
	if err != nil {
		return n.dropped(h.Kind, DropMalformed, out)
	}
	u := n.udp()
	q, ok := u.asked.take(n.now, h.ID, from)
	if !ok || q.why == forReach || q.why == forHead {
		return n.dropped(h.Kind, DropUDPUnasked, out)
	}
	if q.why == forOthers { // its id is no secret of ours
		return out
	}
	c := u.contacts.at(n.now, from)
	c.proven, c.got, c.answered, c.unheard = n.now+provenFor, 0, 0, 0
	if a, ok := protocol.Echo(p.Ext); ok {
		n.sighted(from, a)
		out = append(out, Action{Op: OpEcho, Addr: from, Text: a.String()})
	}
	if q.why == forHosts {
		out = n.takeHosts(from, p, out)
	}
	out = n.releaseHeld(from, out)
	return n.proveOffers(from, out)
}

// takeHosts hears of the hosts in a host cache's answer.
func (n *Node) takeHosts(from netip.AddrPort, p protocol.Pong, out []Action) []Action {
	hosts := protocol.Hosts(p.Ext, protocol.GGEPHosts)
	for _, a := range hosts {
		n.hear(a, from.Addr().IsLoopback())
	}
	caches := strings.Join(protocol.Caches(p.Ext), "\n")
	out = append(out, Action{Op: OpHosts, Addr: from, Limit: len(hosts), Text: caches})
	return n.dial(out)
}
