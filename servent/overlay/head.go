package overlay

import (
	"net/netip"
	"slices"

	"github.com/seed282dab8e/servent/protocol"
)

// headPing is a HEAD ping whose file is looked up.
type headPing struct {
	id   protocol.GUID
	from netip.AddrPort
}

const (
	maxHeads  = 32 // HEAD pings that are looked up; the eldest are forgotten
	maxCrawls = 30 // neighbours that a crawler is told
)

// onHeadPing has the file looked up that a HEAD ping asks for.
func (n *Node) onHeadPing(from netip.AddrPort, h protocol.Header, v protocol.Vendor, out []Action) []Action {
	urn, err := v.HeadPing()
	if err != nil {
		return n.dropped(h.Kind, DropMalformed, out)
	}
	u := n.udp()
	if len(u.heads) >= maxHeads {
		u.heads = u.heads[1:]
	}
	u.heads = append(u.heads, headPing{h.ID, from})
	return append(out, Action{Op: OpHead, ID: h.ID, Addr: from, Text: urn.SHA1URN()})
}

// onLocalHead answers it. The answer is shorter than the question.
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
	pong := protocol.HeadPong{Found: ev.Have, Firewalled: n.firewalled(), Vendor: [4]byte([]byte(VendorCode)), Queue: -1}
	if ev.Busy {
		pong.Queue = protocol.QueueBusy
	}
	return n.answer(to, protocol.Header{ID: ev.ID, Kind: protocol.KindVendor, TTL: 1}, protocol.NewHeadPong(pong), out)
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
