package overlay

import (
	"bytes"
	"time"

	"github.com/seed282dab8e/servent/protocol"
)

const (
	// listPatience is how long a supernode may take to say something about a list;
	// then it gets a route table.
	listPatience = 2 * time.Minute
	// partialWait is how long a link waits for a list that is not whole yet. A
	// supernode that knows it would otherwise be sent a part, and then the rest.
	partialWait = time.Minute
	// maxListSends is how often a list is cut anew for one offer.
	maxListSends = 3
	// listWindow is how many parts of a list may be on their way.
	listWindow = 2
)

// listStage is how far a leaf has come with giving a supernode its list.
type listStage uint8

const (
	listNone    listStage = iota // nothing was offered
	listOffered                  // an answer is awaited
	listSending
	listStands  // the supernode answers for this leaf
	listRefused // it gets a route table
)

var listStages = [...]string{"", "offered", "sending", "given", "refused"}

// list tells how it is with the list that one end gives the other.
func (l *link) list() ListState {
	switch {
	case l.held():
		return ListState{State: "held", Files: int(l.holding.files)}
	case l.holding != nil && l.holding.refused:
		return ListState{State: "refused"}
	case l.holding != nil && !l.holding.ended:
		return ListState{State: "coming"}
	}
	return ListState{State: listStages[l.giving.stage], Reason: l.giving.reason}
}

// giving is what a leaf knows of its list at a supernode (docs/protocol.md 11).
type giving struct {
	stage   listStage
	offered protocol.ListDigest // the list that the supernode knows of, or will
	said    []byte              // of the last offer: what hits say of this leaf
	credit  int                 // parts that may be sent
	cutting bool                // a part is asked for and has not come
	sends   int                 // how often it was asked for since the offer
	until   time.Duration       // then patience ends; 0 when nothing is awaited
	reason  string              // of a refusal
}

// givesList says whether the peer of l gets this leaf's list and not its table:
// it may, as long as it has not refused.
func (n *Node) givesList(l *link) bool {
	if n.role != RoleLeaf || n.cfg.TableOnly || l.peer.Role != RoleSupernode || !l.peer.Servent || !l.peer.Vendor {
		return false
	}
	return l.giving.stage != listRefused && (l.supports == 0 || l.supports.has(protocol.VendorListOffer))
}

// offerList tells a supernode which list this leaf has, unless it knows.
func (n *Node) offerList(l *link, out []Action) []Action {
	g := &l.giving
	if l.supports == 0 { // it will say so, or have a table
		g.await(n)
		return out
	}
	if g.stage == listOffered || g.stage == listSending {
		return out // again once that is done
	}
	if n.shared.Partial && n.now < l.since+partialWait {
		n.plan(&n.tableDue, l.since+partialWait-n.now)
		return out
	}
	o := protocol.ListOffer{Digest: n.shared.List, Files: uint32(n.shared.Files), Addr: n.addrFor(l), Trailer: n.trailer(nil)}
	said := protocol.ListOffer{Addr: o.Addr, Trailer: o.Trailer}.Vendor().Data
	if g.stage == listStands && g.offered == o.Digest && bytes.Equal(g.said, said) {
		return out
	}
	*g = giving{stage: listOffered, offered: o.Digest, said: said, cutting: g.cutting}
	g.await(n)
	return n.sendVendor(l, o.Vendor(), out)
}

func (g *giving) await(n *Node) {
	g.until = n.now + listPatience
	n.arm(g.until)
}

// onListAnswer hears what a supernode says of this leaf's list.
func (n *Node) onListAnswer(l *link, h protocol.Header, v protocol.Vendor, out []Action) []Action {
	a, err := v.ListAnswer()
	g := &l.giving
	switch {
	case err != nil:
		return n.malformed(l, h.Kind, out)
	case g.stage == listStands && a.Verdict == protocol.ListRefused: // there is no room for it any more
	case g.stage != listOffered && g.stage != listSending:
		return n.dropped(h.Kind, DropList, out)
	}
	g.until = 0
	switch a.Verdict {
	case protocol.ListHeld:
		g.stage = listStands
		if n.shared.List != g.offered {
			n.plan(&n.tableDue, tableEvery)
		}
	case protocol.ListSend:
		if g.sends++; g.sends > maxListSends || g.cutting {
			out = n.dropped(h.Kind, DropList, out)
			return n.refuseList(l, "it is asked for again and again", out)
		}
		g.stage, g.credit, g.cutting = listSending, listWindow, true
		g.await(n)
		return append(out, Action{Op: OpListCut, Link: l.id, Msg: a.Digest[:]})
	case protocol.ListMore:
		g.credit = min(g.credit+1, listWindow)
		return n.cutList(l, out)
	case protocol.ListRefused:
		return n.refuseList(l, a.Reason, out)
	}
	return out
}

// cutList asks for the next part, where one may be sent.
func (n *Node) cutList(l *link, out []Action) []Action {
	g := &l.giving
	g.await(n)
	if g.stage != listSending || g.cutting || g.credit == 0 {
		return out
	}
	g.cutting = true
	return append(out, Action{Op: OpListCut, Link: l.id})
}

// onListPart sends a part that was cut.
func (n *Node) onListPart(ev ListPart, out []Action) []Action {
	l := n.byID[ev.Link]
	if l == nil || !l.giving.cutting {
		return out
	}
	g := &l.giving
	if g.cutting = false; g.stage != listSending { // it was of an offer before
		return out
	}
	v := ev.Part.Vendor()
	if !n.room(l, protocol.KindVendor, protocol.HeaderSize+len(v.Data)+8) { // a part missing is a fault
		return n.refuseList(l, "the link is too slow", out)
	}
	g.credit--
	out = n.sendVendor(l, v, out)
	if ev.Part.Last {
		g.stage, g.offered = listOffered, ev.Part.Digest
		g.await(n)
		return out
	}
	return n.cutList(l, out)
}

// refuseList has the supernode get a table.
func (n *Node) refuseList(l *link, reason string, out []Action) []Action {
	l.giving = giving{stage: listRefused, reason: reason}
	return n.sendTable(l, out)
}

// expireGiving ends the patience with a supernode that says nothing.
func (n *Node) expireGiving(l *link, out []Action) []Action {
	g := &l.giving
	switch {
	case g.until == 0:
		return out
	case g.until > n.now:
		n.arm(g.until)
		return out
	}
	return n.refuseList(l, "no answer", out)
}
