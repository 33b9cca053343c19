package sim

import (
	"time"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/servent/overlay"
)

// Flood is a query of a user's and what has become of it so far.
type Flood struct {
	ID      protocol.GUID
	From    NodeID
	Started time.Duration

	Messages  int   // copies sent, duplicates included
	Reached   int   // nodes that got one, without From
	SentAt    []int // copies sent with hops 0, 1, ...
	ReachedAt []int // nodes whose first copy had hops 0, 1, ...
	Hits      []Hit // in the order in which they came back

	seen []uint64 // nodes that got a copy, one bit each
}

// Hit is one QueryHit that came back to who asked.
type Hit struct {
	At    time.Duration
	Node  NodeID // that shares the files; -1 when no node has its GUID
	Hops  uint8
	Files []protocol.FileRecord
}

// Query has a node search for text. A ttl of 0 leaves it to the node.
func (w *World) Query(id NodeID, text string, ttl uint8) *Flood {
	return w.Search(id, overlay.UserQuery{Text: text, TTL: ttl})
}

// Search has a node search as q says. Its ID is made up where it is zero.
func (w *World) Search(id NodeID, q overlay.UserQuery) *Flood {
	w.record.event(id, q)
	if q.ID == (protocol.GUID{}) {
		q.ID = newGUID(w.rand)
	}
	f := &Flood{ID: q.ID, From: id, Started: w.now, seen: make([]uint64, len(w.nodes)/64+1)}
	f.first(id)
	w.floods[f.ID] = f
	w.tell(id, q)
	return f
}

// EndQuery ends a search: its node takes no more hits, and f counts no more.
func (w *World) EndQuery(f *Flood) {
	w.Step(f.From, overlay.UserQueryEnd{ID: f.ID})
	delete(w.floods, f.ID)
}

// first says whether the node sees the flood for the first time.
func (f *Flood) first(id NodeID) bool {
	for int(id)/64 >= len(f.seen) { // it has joined since
		f.seen = append(f.seen, 0)
	}
	word, bit := &f.seen[id/64], uint64(1)<<(id%64)
	if *word&bit != 0 {
		return false
	}
	*word |= bit
	return true
}

// has says whether the node has seen the flood.
func (f *Flood) has(id NodeID) bool {
	return int(id)/64 < len(f.seen) && f.seen[id/64]>>(id%64)&1 != 0
}

// flood returns the flood that msg is a copy of.
func (w *World) flood(msg []byte) (*Flood, protocol.Header) {
	h, err := protocol.ParseHeader(msg)
	if err != nil || h.Kind != protocol.KindQuery {
		return nil, h
	}
	return w.floods[h.ID], h
}

func (w *World) countSent(msg []byte) {
	if f, h := w.flood(msg); f != nil {
		f.Messages++
		f.SentAt = countAt(f.SentAt, h.Hops)
	}
}

func (w *World) countReached(id NodeID, msg []byte) {
	if f, h := w.flood(msg); f != nil && f.first(id) {
		f.Reached++
		f.ReachedAt = countAt(f.ReachedAt, h.Hops)
	}
}

func countAt(counts []int, hops uint8) []int {
	for int(hops) >= len(counts) {
		counts = append(counts, 0)
	}
	counts[hops]++
	return counts
}

func (w *World) hit(m *member, a *overlay.Action) {
	q, err := protocol.ParseQueryHit(a.Msg[protocol.HeaderSize:])
	if err != nil {
		panic("sim: a node hands over a hit that cannot be read")
	}
	h := Hit{At: w.now, Node: -1, Hops: a.Hops}
	if node, ok := w.byGUID[q.Servent]; ok {
		h.Node = node
	}
	for r := range q.Files() {
		h.Files = append(h.Files, r.File())
	}
	w.note(traceHit, m.id, func() string { return w.hitLine(m, &h, q.Servent) })
	if f := w.floods[a.ID]; f != nil {
		f.Hits = append(f.Hits, h)
	}
}
