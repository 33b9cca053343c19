package overlay

import (
	"net/netip"
	"slices"

	"github.com/seed282dab8e/servent/protocol"
)

// headPing is a HEAD ping of another's whose file is looked up.
type headPing struct {
	id   protocol.GUID
	from netip.AddrPort
}

const (
	maxHeads    = 32  // HEAD pings that are looked up; the eldest are forgotten
	maxHeadPong = 512 // bytes of a HEAD pong
	maxCrawls   = 30  // neighbours that a crawler is told
	// headOverhead is what a HEAD pong has before its data.
	headOverhead = protocol.HeaderSize + protocol.VendorHead
)

// onHeadPing has the file looked up that a HEAD ping asks for.
func (n *Node) onHeadPing(from netip.AddrPort, h protocol.Header, v protocol.Vendor, out []Action) []Action {
	urn, want, err := v.HeadPing()
	if err != nil {
		return n.dropped(h.Kind, DropMalformed, out)
	}
	n.stats.HeadsIn++
	u := n.udp()
	if len(u.heads) >= maxHeads {
		u.heads = u.heads[1:]
	}
	u.heads = append(u.heads, headPing{h.ID, from})
	return append(out, Action{Op: OpHead, ID: h.ID, Addr: from, Text: urn.SHA1URN(), Index: uint32(want)})
}

// onLocalHead answers it, with as much of what was asked for as an address may get that
// has not proven itself: then the answer is no longer than the question.
func (n *Node) onLocalHead(ev LocalHead, out []Action) []Action {
	if n.dgrams == nil {
		return out
	}
	u := n.dgrams
	i := slices.IndexFunc(u.heads, func(h headPing) bool { return h.id == ev.ID })
	if i < 0 {
		return n.dropped(protocol.KindVendor, DropNoRoute, out)
	}
	to := u.heads[i].from
	u.heads = slices.Delete(u.heads, i, i+1)
	pong := ev.Pong
	pong.Firewalled, pong.Vendor = n.firewalled(), [4]byte([]byte(VendorCode))
	v := protocol.NewHeadPong(pong, min(n.allowance(to), maxHeadPong)-headOverhead)
	return n.answer(to, protocol.Header{ID: ev.ID, Kind: protocol.KindVendor, TTL: 1}, v, out)
}

// onUserHead asks a servent over UDP whether it has a file.
func (n *Node) onUserHead(ev UserHead, out []Action) []Action {
	if !n.maySend(ev.Addr, true) || !n.udp().pinged.allow(n.now, rateHeads) {
		n.stats.HeadsDenied++
		return append(out, Action{Op: OpHeadPong, ID: ev.ID})
	}
	n.stats.HeadsOut++
	n.udp().asked.add(n.now, question{ev.ID, ev.Addr, forHead, n.now + replyTimeout})
	ping := protocol.NewHeadPing(ev.URN, protocol.HeadAlternates|protocol.HeadPushes)
	return n.emit(ev.Addr, protocol.AppendMessage(nil, protocol.Header{ID: ev.ID, Kind: protocol.KindVendor, TTL: 1}, ping), out)
}

// onHeadPong takes the answer to a HEAD ping of ours, and no other.
func (n *Node) onHeadPong(from netip.AddrPort, h protocol.Header, v protocol.Vendor, out []Action) []Action {
	if _, err := v.HeadPong(); err != nil {
		return n.dropped(h.Kind, DropMalformed, out)
	}
	if q, ok := n.udp().asked.take(n.now, h.ID, from); !ok || q.why != forHead {
		return n.dropped(h.Kind, DropUDPUnasked, out)
	}
	return append(out, Action{Op: OpHeadPong, ID: h.ID, Addr: from, Msg: v.Data})
}

// onCrawl tells a crawler whom this node is linked with.
func (n *Node) onCrawl(from netip.AddrPort, h protocol.Header, v protocol.Vendor, out []Action) []Action {
	wantUp, wantLeaves, err := v.CrawlPing()
	if err != nil {
		return n.dropped(h.Kind, DropMalformed, out)
	}
	if c := n.udp().contacts.at(n.now, from); !c.pings.allow(n.now, ratePings) {
		return n.dropped(h.Kind, DropUDPRate, out)
	}
	var up, leaves []netip.AddrPort
	for _, l := range n.links {
		a := l.peer.Listen
		switch {
		case !a.Addr().Is4() || !n.mayDial(a.Addr(), from.Addr().IsLoopback()):
		case l.peer.Role != RoleLeaf && len(up) < min(int(wantUp), maxCrawls):
			up = append(up, a)
		case l.peer.Role == RoleLeaf && len(leaves) < min(int(wantLeaves), maxCrawls):
			leaves = append(leaves, a)
		}
	}
	head := protocol.Header{ID: h.ID, Kind: protocol.KindVendor, TTL: 1}
	return n.answer(from, head, protocol.NewCrawlPong(up, leaves), out)
}
