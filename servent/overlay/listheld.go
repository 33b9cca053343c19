package overlay

import (
	"net/netip"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/search"
)

// rateOffers is how often a leaf may offer a list.
var rateOffers = Rate{1. / 2, 5}

// holding is what a supernode knows of a leaf that gives it its list
// (docs/protocol.md 11). The files themselves are its owner's.
type holding struct {
	stands  bool // this node answers for the leaf
	asked   bool // the owner was asked about an offer
	ended   bool // for good: it sends a route table instead
	refused bool
	credit  int            // parts that may come
	files   uint32         // in the list that was offered
	offers  bucket         // that the leaf may make
	addr    netip.AddrPort // what hits of the leaf's say
	trailer []byte
}

// held says whether this node answers for the peer of l.
func (l *link) held() bool { return l.holding != nil && l.holding.stands }

// listed says whether hits may name files of the leaf on l. The owner tells of words
// that can be found before the leaf hears that its list is held.
func (l *link) listed() bool {
	h := l.holding
	return h != nil && (h.stands || !h.ended && !h.refused)
}

// onListOffer asks the owner whether it knows a leaf's list.
func (n *Node) onListOffer(l *link, h protocol.Header, v protocol.Vendor, out []Action) []Action {
	o, err := v.ListOffer()
	switch {
	case err != nil:
		return n.malformed(l, h.Kind, out)
	case n.role != RoleSupernode || l.peer.Role != RoleLeaf || !l.peer.Servent || l.peer.GUID == (protocol.GUID{}):
		return n.dropped(h.Kind, DropRole, out)
	}
	if _, ok := (protocol.QueryHit{Trailer: o.Trailer}).QHD(); !ok {
		return n.malformed(l, h.Kind, out)
	}
	if l.holding == nil {
		l.holding = &holding{}
	}
	held := l.holding
	if held.ended || held.asked || held.credit > 0 || !held.offers.allow(n.now, rateOffers) {
		out = n.dropped(h.Kind, DropList, out)
		return n.offend(l, protocol.ByeProtocol, "Too many list offers", out)
	}
	held.asked, held.files = true, o.Files
	held.addr, held.trailer = leafAddr(l, o.Addr), append([]byte(nil), o.Trailer...)
	return append(out, Action{Op: OpListOffer, Link: l.id, ID: l.peer.GUID, Msg: v.Data[:len(o.Digest)], Index: o.Files, Firewalled: l.leafFirewalled()})
}

// leafAddr is what hits say of a leaf: the port is believed, the address is where
// the link comes from, unless that is a neighbour's.
func leafAddr(l *link, said netip.AddrPort) netip.AddrPort {
	switch ip := l.peer.Addr.Addr().Unmap(); {
	case ip.IsLoopback() || ip.IsPrivate(): // a neighbour, who may have an address outside
		return said
	case ip.Is4():
		return netip.AddrPortFrom(ip, said.Port())
	}
	return netip.AddrPortFrom(netip.IPv4Unspecified(), said.Port())
}

// endHolding ends that this node answers for a leaf, which sends a route table. The
// owner hears of it, lest the files take the places of those that count.
func (l *link) endHolding(out []Action) []Action {
	held := l.holding
	if held == nil || held.ended {
		return out
	}
	held.stands, held.credit, held.ended = false, 0, true
	return append(out, Action{Op: OpListGone, Link: l.id})
}

// onListTaken gives the owner a part of a leaf's list.
func (n *Node) onListTaken(l *link, h protocol.Header, v protocol.Vendor, out []Action) []Action {
	if l.holding == nil || l.holding.credit == 0 {
		out = n.dropped(h.Kind, DropList, out)
		return n.offend(l, protocol.ByeProtocol, "List parts that nobody asked for", out)
	}
	if _, err := v.ListPart(); err != nil {
		l.holding.refused = true
		out = n.malformed(l, h.Kind, l.endHolding(out))
		return n.answerList(l, protocol.ListAnswer{Verdict: protocol.ListRefused, Reason: err.Error()}, out)
	}
	l.holding.credit--
	return append(out, Action{Op: OpListPart, Link: l.id, Msg: v.Data})
}

// onListAnswered tells a leaf what the owner says.
func (n *Node) onListAnswered(ev ListAnswered, out []Action) []Action {
	l := n.byID[ev.Link]
	if l == nil || l.holding == nil || l.holding.ended {
		return out
	}
	held := l.holding
	held.asked = false
	switch ev.Answer.Verdict {
	case protocol.ListHeld:
		held.stands, held.credit = true, 0
		l.table = protocol.TableReceiver{} // what it sent before it had given its list
	case protocol.ListSend:
		held.credit = listWindow
	case protocol.ListMore:
		held.credit = min(listWindow, held.credit+1)
	case protocol.ListRefused:
		held.stands, held.credit, held.refused = false, 0, true
	}
	return n.answerList(l, ev.Answer, out)
}

func (n *Node) answerList(l *link, a protocol.ListAnswer, out []Action) []Action {
	return n.sendVendor(l, a.Vendor(), out)
}

// onLeafWords takes over the words that the lists of all leaves hold. Searches of
// the user's, and questions that are asked for leaves, may find something now.
func (n *Node) onLeafWords(ev LeafWords, out []Action) []Action {
	before := n.leafWords
	n.leafWords = ev.Table
	n.leavesChanged()
	for i := range n.own {
		q := &n.own[i]
		n.hashes = search.AppendHashes(n.hashes[:0], q.query.Text)
		if n.listedSince(before, &q.query) {
			out = n.searchLists(q, out)
		}
	}
	for _, d := range n.dynamics {
		n.hashes = append(n.hashes[:0], d.hashes...)
		if d.from != self && n.listedSince(before, &d.query) {
			n.stats.Searches++
			out = append(out, Action{Op: OpSearch, Link: d.from, ID: d.id, Msg: d.msg[protocol.HeaderSize:], Limit: n.hitLimit(d.query.Flags)})
		}
	}
	return out
}

// listedSince says whether a leaf whose list is held might have what a query asks for,
// and by an earlier table none had. n.hashes holds the hashes of its words.
func (n *Node) listedSince(before *protocol.RouteTable, q *protocol.Query) bool {
	return n.mayList(q) && (before == nil || !matches(before, n.hashes, q))
}

// searchLists looks up a search of the user's in the lists of leaves.
func (n *Node) searchLists(q *ownQuery, out []Action) []Action {
	return append(out, Action{Op: OpSearch, ID: q.wire, Msg: q.query.Append(nil), Limit: n.cfg.MaxHits})
}

// mayList says whether a leaf whose list is held might have what a query asks for.
// n.hashes holds the hashes of its words.
func (n *Node) mayList(q *protocol.Query) bool {
	return n.leafWords != nil && n.leaves > 0 && matches(n.leafWords, n.hashes, q)
}

// sender is the leaf on l, whose list is held.
func (l *link) sender(token []byte) sender {
	trailer := l.holding.trailer
	if len(token) > 0 {
		trailer = withToken(trailer, token)
	}
	return sender{l.holding.addr, l.peer.GUID, trailer}
}

// withToken returns a trailer that brings a token back, too.
func withToken(trailer, token []byte) []byte {
	q, _ := protocol.QueryHit{Trailer: trailer}.QHD()
	items := []protocol.GGEP{protocol.NewGGEP(protocol.GGEPToken, token)}
	for e := range protocol.Extensions(q.Ext()) {
		if e.GGEP.ID != "" {
			items = append(items, e.GGEP)
		}
	}
	q.Open, q.Flags = nil, q.Flags|protocol.HitGGEP
	q.Private = protocol.AppendGGEP(nil, items...)
	return q.Append(nil)
}

// leafFirewalled says whether a leaf can be connected to only by a Push.
func (l *link) leafFirewalled() bool {
	q, ok := protocol.QueryHit{Trailer: l.holding.trailer}.QHD()
	return ok && q.Flags&protocol.HitPush != 0
}
