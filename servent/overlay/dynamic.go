package overlay

import (
	"slices"
	"time"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/supernode"
)

const (
	// maxDynamic is how many dynamic queries run at once; the eldest ends for a
	// new one.
	maxDynamic = 256
)

// dynamic is a question that this supernode asks others on behalf of a leaf, or of
// its user.
type dynamic struct {
	id     protocol.GUID // on the wire
	from   LinkID        // of the leaf; self for the user's
	hops   uint8         // that the question has when it goes out
	msg    []byte        // as it goes out
	query  protocol.Query
	hashes []uint32
	policy *supernode.Querying
	due    time.Duration // 0: when there is somebody new to ask
	seen   tally
}

// begin starts a dynamic query. The message is not changed afterwards.
func (n *Node) begin(d *dynamic, target int, out []Action) []Action {
	byHash := false
	for u := range d.query.URNs() {
		byHash = byHash || u.HasSHA1
	}
	d.policy, d.seen = supernode.NewQuerying(target, byHash), tally{}
	if len(n.dynamics) == maxDynamic {
		n.dynamics = slices.Delete(n.dynamics, 0, 1)
		n.stats.Drops[DropQuestions]++
	}
	n.dynamics = append(n.dynamics, d)
	return n.advance(d, out)
}

// askFor begins a dynamic query for a leaf, in place of a flood.
func (n *Node) askFor(l *link, h *protocol.Header, m Received, out []Action) []Action {
	d := &dynamic{id: h.ID, from: l.id, hops: h.Hops + 1, msg: slices.Clone(m.Msg), hashes: slices.Clone(n.hashes)}
	q, err := protocol.ParseQuery(d.msg[protocol.HeaderSize:])
	if err != nil { // was read before
		return out
	}
	d.query = q
	return n.begin(d, supernode.LeafTarget, out)
}

// advance asks whom the policy names. A query that is over goes, but one of the
// user's waits for links to come, as long as the search lasts.
func (n *Node) advance(d *dynamic, out []Action) []Action {
	asks, again := d.policy.Next(n.now, n.cfg.Rand, n.neighbours(d))
	for _, a := range asks {
		out = n.send(n.byID[LinkID(a.ID)], d.msg, a.TTL, d.hops, out)
	}
	if d.due = again; again == 0 {
		n.endDynamic(func(other *dynamic) bool { return other == d && d.from != self })
		return out
	}
	n.arm(again)
	return n.askStatus(d, out)
}

// advanceDynamics does for all of them what is due.
func (n *Node) advanceDynamics(out []Action) []Action {
	for _, d := range slices.Clone(n.dynamics) {
		switch {
		case d.due == 0:
		case d.due <= n.now:
			out = n.advance(d, out)
		default:
			n.arm(d.due)
		}
	}
	return out
}

// wake goes on with what waits for somebody to ask.
func (n *Node) wake(out []Action) []Action {
	for _, d := range slices.Clone(n.dynamics) {
		if d.due == 0 {
			out = n.advance(d, out)
		}
	}
	return out
}

// neighbours are the supernodes that may be asked.
func (n *Node) neighbours(d *dynamic) []supernode.Neighbour {
	out := make([]supernode.Neighbour, 0, n.peers())
	for _, l := range n.links {
		if l.peer.Role != RoleSupernode || l.strange || l.id == d.from || d.hops+1 >= l.hopsFlow && l.hopsFlow < 255 {
			continue
		}
		table := l.table.Table()
		out = append(out, supernode.Neighbour{
			ID: uint32(l.id), Degree: int(l.peer.Degree), MaxTTL: n.ttlFor(l),
			Holds:  table != nil && matches(table, d.hashes, &d.query),
			Within: table != nil && l.within,
			Again:  l.peer.Again,
		})
	}
	return out
}

// dynamic returns the dynamic query of an id, nil if there is none.
func (n *Node) dynamic(id *protocol.GUID) *dynamic {
	for _, d := range n.dynamics {
		if d.id == *id {
			return d
		}
	}
	return nil
}

// count has a dynamic query, if id is one's, count hits.
func (n *Node) count(id *protocol.GUID, add func(tally)) {
	if d := n.dynamic(id); d != nil {
		before := len(d.seen)
		add(d.seen)
		d.policy.Found(len(d.seen) - before)
	}
}

// endDynamic ends those that which names.
func (n *Node) endDynamic(which func(*dynamic) bool) {
	n.dynamics = slices.DeleteFunc(n.dynamics, which)
}
