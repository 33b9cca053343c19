package gia

import (
	"math/rand/v2"
	"slices"
	"time"

	"github.com/seed282dab8e/servent/sim/exact"
	"github.com/seed282dab8e/servent/sim/graph"
)

// Overlay is a topology that adapts itself. It starts without links: a peer
// with fewer than Rules.MinNeighbours is not satisfied at all, and links come
// from that. A peer finds others in a host cache, which here is a uniform
// sample of all. Handshakes take no time, and nobody leaves.
type Overlay struct {
	rules    Rules
	class    []uint8
	capacity []int32
	nbrs     [][]int32
	r        *rand.Rand

	now     int64
	due     []int64             // when each peer adapts next
	agenda  exact.Agenda[int32] // which peer adapts
	changes int
}

// NewOverlay makes one of len(class) peers; class are indices of [Classes].
func NewOverlay(r *rand.Rand, rules Rules, class []uint8) *Overlay {
	o := &Overlay{
		rules: rules, class: class, r: r,
		capacity: make([]int32, len(class)),
		nbrs:     make([][]int32, len(class)),
		due:      make([]int64, len(class)),
	}
	levels := Classes()
	for v, c := range class {
		o.capacity[v] = levels[c].Capacity
		o.plan(int32(v), r.Int64N(int64(rules.Interval)))
	}
	return o
}

// Adapt lets time pass until the given one.
func (o *Overlay) Adapt(until time.Duration) {
	for {
		if next, any := o.agenda.Next(); !any || next > until {
			break
		}
		at, v := o.agenda.Pop()
		if o.due[v] != int64(at) {
			continue // was moved
		}
		o.now = int64(at)
		if o.Satisfaction(v) < 1 {
			o.improve(v)
		}
		o.plan(v, o.now+o.rules.wait(o.Satisfaction(v)))
	}
	o.now = int64(until)
}

func (o *Overlay) plan(v int32, at int64) {
	o.due[v] = at
	o.agenda.Push(time.Duration(at), v)
}

// Changes returns how many links were made and dropped so far.
func (o *Overlay) Changes() int { return o.changes }

// Satisfaction is the paper's algorithm 2: how much capacity the neighbours of
// v have to spare for each of theirs, in parts of what v has; from 0 to 1.
func (o *Overlay) Satisfaction(v int32) float64 {
	switch n := len(o.nbrs[v]); {
	case n < o.rules.MinNeighbours:
		return 0
	case n >= o.rules.bound(o.capacity[v]):
		return 1
	}
	total := 0.0
	for _, w := range o.nbrs[v] {
		total += float64(o.capacity[w]) / float64(len(o.nbrs[w]))
	}
	return min(1, total/float64(o.capacity[v]))
}

// improve asks one candidate to be a neighbour of v.
func (o *Overlay) improve(v int32) {
	w := o.candidate(v)
	if w < 0 {
		return
	}
	mine, ok := o.decide(v, w)
	if !ok {
		return
	}
	theirs, ok := o.decide(w, v)
	if !ok {
		return
	}
	o.drop(v, mine)
	o.drop(w, theirs)
	o.nbrs[v] = append(o.nbrs[v], w)
	o.nbrs[w] = append(o.nbrs[w], v)
	o.changes++
}

// candidate returns whom v asks: of some peers out of its host cache the one
// with the highest capacity, when that is above its own, or else any. It is
// negative when all that it drew are neighbours.
func (o *Overlay) candidate(v int32) int32 {
	best, other, seen := int32(-1), int32(-1), 0
	for range o.rules.Candidates {
		w := o.r.Int32N(int32(len(o.nbrs)))
		if w == v || slices.Contains(o.nbrs[v], w) {
			continue
		}
		seen++
		if o.r.IntN(seen) == 0 {
			other = w
		}
		if o.capacity[w] > o.capacity[v] && (best < 0 || o.capacity[w] > o.capacity[best]) {
			best = w
		}
	}
	if best >= 0 {
		return best
	}
	return other
}

// decide is the paper's algorithm 1, pick_neighbor_to_drop: whether x takes y,
// and which neighbour goes for it; none when that is negative.
func (o *Overlay) decide(x, y int32) (drop int32, ok bool) {
	if len(o.nbrs[x]) < o.rules.bound(o.capacity[x]) {
		return -1, true
	}
	z, highest := int32(-1), int32(0)
	for _, w := range o.nbrs[x] {
		highest = max(highest, o.capacity[w])
		if o.capacity[w] <= o.capacity[y] && (z < 0 || len(o.nbrs[w]) > len(o.nbrs[z])) {
			z = w
		}
	}
	if z < 0 {
		return -1, false
	}
	above := o.capacity[y] > highest
	fewer := len(o.nbrs[z]) > len(o.nbrs[y])+o.rules.Hysteresis
	return z, above || fewer
}

// drop ends the link of v and w. Who lost a neighbour looks for another as soon
// as it is now as dissatisfied as to do so.
func (o *Overlay) drop(v, w int32) {
	if w < 0 || !slices.Contains(o.nbrs[v], w) {
		return // both ends dropped the same link
	}
	o.remove(v, w)
	o.remove(w, v)
	o.changes++
	if at := o.now + o.rules.wait(o.Satisfaction(w)); at < o.due[w] {
		o.plan(w, at)
	}
}

func (o *Overlay) remove(v, w int32) {
	list := o.nbrs[v]
	i := slices.Index(list, w)
	list[i] = list[len(list)-1]
	o.nbrs[v] = list[:len(list)-1]
}

// Graph returns the topology as it is now.
func (o *Overlay) Graph() *graph.Graph {
	var edges []graph.Edge
	for v, list := range o.nbrs {
		for _, w := range list {
			if int(w) > v {
				edges = append(edges, graph.Edge{A: int32(v), B: w})
			}
		}
	}
	return graph.New(len(o.nbrs), edges)
}
