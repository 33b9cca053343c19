package overlay

import (
	"slices"
	"time"

	"github.com/seed282dab8e/servent/protocol"
)

// neighboursEvery is the least time between two lists of neighbours that go out.
const neighboursEvery = 2 * time.Second

// neighboursChanged notes that a link to another than a leaf has come or gone.
func (n *Node) neighboursChanged() {
	n.judgeWithin()
	if n.role == RoleSupernode {
		n.plan(&n.nearDue, neighboursEvery)
	}
}

// sendNeighbours tells other supernodes of our kind whom this one is linked with.
func (n *Node) sendNeighbours(out []Action) []Action {
	if !n.due(&n.nearDue) {
		return out
	}
	for _, l := range n.links {
		out = n.tellNeighbours(l, out)
	}
	return out
}

// tellNeighbours does so for one link. Who is told does not count.
func (n *Node) tellNeighbours(to *link, out []Action) []Action {
	if n.role != RoleSupernode || to.peer.Role != RoleSupernode || to.strange || !to.supports.has(protocol.VendorNeighbours) {
		return out
	}
	ids := make([]protocol.GUID, 0, n.peers())
	for _, l := range n.links {
		if l != to && l.peer.Role != RoleLeaf && !l.strange {
			ids = append(ids, l.peer.GUID)
		}
	}
	return n.sendVendor(to, protocol.NewNeighbours(ids), out)
}

// onNeighbours hears from a supernode whom it is linked with.
func (n *Node) onNeighbours(l *link, h protocol.Header, v protocol.Vendor, out []Action) []Action {
	ids, err := v.Neighbours()
	switch {
	case err != nil:
		return n.malformed(l, h.Kind, out)
	case l.peer.Role != RoleSupernode || !l.peer.Servent:
		return n.dropped(h.Kind, DropRole, out)
	}
	l.neighbours = ids
	n.judgeWithin()
	return out
}

// judgeWithin finds out which supernodes lead to nobody that this one is not linked
// with itself: it knows from their tables, and from those of their neighbours, what
// a question would find there.
func (n *Node) judgeWithin() {
	if n.role != RoleSupernode {
		return
	}
	ours := make(map[protocol.GUID]bool, n.peers())
	for _, l := range n.links {
		if l.peer.Role != RoleLeaf && !l.strange && l.peer.GUID != (protocol.GUID{}) {
			ours[l.peer.GUID] = true
		}
	}
	for _, l := range n.links {
		l.within = l.neighbours != nil && !slices.ContainsFunc(l.neighbours, func(id protocol.GUID) bool { return !ours[id] })
	}
}
