package overlay

import "github.com/seed282dab8e/servent/protocol"

// enoughKept in a BEAR/12 ends a question.
const enoughKept = 0xffff

// onStatusRequest tells an ultrapeer how many hits of a search the user has
// (BEAR/11, 12: leaf guidance). One that has ended needs no more.
func (n *Node) onStatusRequest(l *link, h protocol.Header, out []Action) []Action {
	kept := uint16(enoughKept)
	if own := n.ownQuery(&h.ID); own != nil {
		kept = uint16(len(own.hits)) // maxCounted at most
	}
	return n.sendVendorAs(l, h.ID, protocol.NewQueryStatus(kept), out)
}

// askStatus asks the leaf that d is for how much has arrived, where it tells.
func (n *Node) askStatus(d *dynamic, out []Action) []Action {
	l := n.byID[d.from]
	if l == nil || !l.supports.has(protocol.VendorStatusRequest) || d.policy.Hits() == 0 {
		return out
	}
	return n.sendVendorAs(l, d.id, protocol.NewStatusRequest(), out)
}

// onQueryStatus hears from a leaf how many hits it has kept of a question that is
// asked for it.
func (n *Node) onQueryStatus(l *link, h protocol.Header, v protocol.Vendor, out []Action) []Action {
	kept, err := v.QueryStatus()
	if err != nil {
		return n.malformed(l, h.Kind, out)
	}
	d := n.dynamic(&h.ID)
	switch {
	case d == nil || d.from != l.id:
		return n.dropped(h.Kind, DropEnded, out)
	case kept == enoughKept:
		n.endDynamic(func(other *dynamic) bool { return other == d })
	default:
		d.policy.Kept(int(kept))
	}
	return out
}
