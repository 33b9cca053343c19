package sim

import (
	"fmt"
	"math"
	"time"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/servent/overlay"
	"github.com/seed282dab8e/servent/sim/graph"
)

// Flooded is a World of flat nodes, one for each node of a graph, that are linked
// as its edges say. It floods queries one after another.
type Flooded struct {
	w     *World
	again int // copies that nodes have dropped so far because they had one
	last  *Flood
}

// FloodGraph makes real nodes of a graph. All messages take the same time, and
// no limit of a node's, on links, rates or TTL, is in the way of a flood. An
// error says which two nodes could not be linked.
func FloodGraph(g *graph.Graph, seed uint64) (*Flooded, error) {
	w := New(Config{Seed: seed, Role: overlay.RoleFlat})
	for v := range g.Len() {
		w.Add(NodeConfig{Overlay: floodNode(g.Degree(v))})
	}
	for e := range g.Edges() {
		if err := w.Link(NodeID(e.A), NodeID(e.B)); err != nil {
			return nil, fmt.Errorf("flood a graph: %w", err)
		}
	}
	w.RunUntilIdle()
	return &Flooded{w: w}, nil
}

// floodNode is a flat node that does nothing but flood over its links.
func floodNode(degree int) overlay.Config {
	const never = 1000 * time.Hour
	return overlay.Config{
		ConnectOnly: true,
		MaxLinks:    max(degree, 1),
		Rate:        overlay.Rate{PerSecond: math.MaxInt32, Burst: math.MaxInt32},
		MaxRoutes:   256, // one query runs at a time
		KeepAlive:   never, AliveTimeout: 2 * never,
	}
}

// Flood has a node search with a TTL, and counts copies of the query until none is
// under way. It is what [graph.Graph.Flood] counts, but Duplicates is what the
// nodes themselves have dropped as such. A ttl over [overlay.HardTTL] is an
// error, since no node starts such a query.
func (f *Flooded) Flood(source, ttl int) (graph.Flood, error) {
	switch {
	case source < 0 || source >= f.w.Len():
		return graph.Flood{}, fmt.Errorf("flood: no node has the number %d: there are %d", source, f.w.Len())
	case ttl > overlay.HardTTL:
		return graph.Flood{}, fmt.Errorf("flood: a TTL of %d is more than nodes send: use 1 to %d", ttl, overlay.HardTTL)
	case ttl <= 0:
		f.last = nil
		return graph.Flood{}, nil
	}
	q := f.w.Query(NodeID(source), "blue danube", uint8(ttl))
	f.w.RunUntilIdle()
	f.w.EndQuery(q)
	f.last = q
	before := f.again
	f.again = f.duplicates()
	r := graph.Flood{
		Messages: q.Messages, Reached: q.Reached, Duplicates: f.again - before,
		SentAt: q.SentAt, ReachedAt: q.ReachedAt,
	}
	for len(r.ReachedAt) < len(r.SentAt) { // the last copies have reached nobody new
		r.ReachedAt = append(r.ReachedAt, 0)
	}
	return r, nil
}

func (f *Flooded) duplicates() (count int) {
	for _, m := range f.w.nodes {
		st := m.node.Stats()
		count += int(st.Of(protocol.KindQuery).Duplicate)
	}
	return count
}

// Reached says whether the last flood came to a node, or began there.
func (f *Flooded) Reached(node int) bool {
	return f.last != nil && f.last.has(NodeID(node))
}
