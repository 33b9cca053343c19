package dht

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/seed282dab8e/servent/sim/exact"
)

// Churn says how a [Chord] is to run while nodes come and go. Each that leaves
// does so without a word, and a new one joins at once through any other.
type Churn struct {
	Nodes      int
	Successors int           // in a list
	Period     time.Duration // mean time between two stabilisations of a node, from half to one and a half of it
	AllFingers bool          // renew all fingers each time, not one
	Session    func(*rand.Rand) time.Duration
	Lookups    int // of random keys, spread evenly over the second half of Length
	Length     time.Duration
}

// Churned is what a run under churn gave, without its first half, in which the
// network gets into its stride.
type Churned struct {
	Lookups, Found, Hops, Timeouts int // Found: at the node that owns the key at that moment
	Joins                          int
	Second                         Rates // of each node
}

// Rates are messages that a node sends in a second, by what they are for.
type Rates struct{ Stabilise, Fingers, Join, Lookup float64 }

// Total is the upkeep: all but lookups.
func (r Rates) Total() float64 { return r.Stabilise + r.Fingers + r.Join }

// node is one Chord node as it sees the ring.
type node struct {
	id      ID
	before  int32   // its predecessor; -1 when not known
	list    []int32 // successors, nearest first
	fingers []int32 // by power of two; those that the successor serves for are left out
	fix     int     // power of the finger that is renewed next
}

// ringing is a Chord under churn: sections 4.4 and 5 of the paper.
type ringing struct {
	cfg   Churn
	r     *rand.Rand
	nodes []node
	down  Dead
	live  []int32 // those that are up, by identifier
	queue exact.Agenda[event]
	now   time.Duration
	path  Path
	sent  [4]int // messages, in the order of Rates
	out   Churned
}

// Run runs a Chord under churn. Equal r, equal result. It tells going how much is
// done, from 0 to 1, and ends early when that says no.
func (c Churn) Run(r *rand.Rand, going func(done float64) bool) Churned {
	g := &ringing{cfg: c, r: r}
	g.begin()
	every := c.Length / time.Duration(2*max(1, c.Lookups))
	for next, half := time.Duration(0), false; g.now < c.Length; {
		if !half && g.now >= c.Length/2 {
			half = true
			g.out, g.sent = Churned{}, [4]int{}
		}
		if first, any := g.queue.Next(); !any || next <= first {
			g.now = next
			next += every
			g.measure()
			if !going(g.now.Seconds() / c.Length.Seconds()) {
				break
			}
			continue
		}
		at, e := g.queue.Pop()
		g.now = at
		g.happen(e)
	}
	per := 1 / (float64(c.Nodes) * (c.Length / 2).Seconds())
	g.out.Second = Rates{float64(g.sent[0]) * per, float64(g.sent[1]) * per, float64(g.sent[2]) * per, float64(g.sent[3]) * per}
	return g.out
}

// begin has a ring in order. Its nodes are as old as nodes are that one meets
// at any moment: each is what came of ten mean sessions of a row of nodes.
func (g *ringing) begin() {
	ring := RandomRing(g.r, g.cfg.Nodes)
	chord := NewChord(ring, g.cfg.Successors)
	for v := range int32(ring.Len()) {
		n := node{id: ring.ID(v), before: ring.step(v, -1)}
		for i := range chord.successors {
			n.list = append(n.list, ring.step(v, i+1))
		}
		for i := range 64 {
			n.fingers = append(n.fingers, ring.step(v, chord.finger(v, i)))
		}
		g.nodes = append(g.nodes, n)
		g.live = append(g.live, v)
	}
	g.down = make(Dead, ring.Len())
	var sum time.Duration
	for range 1000 {
		sum += g.cfg.Session(g.r) / 1000
	}
	for v := range g.live {
		at := -10 * sum
		for at <= 0 {
			at += g.cfg.Session(g.r)
		}
		g.queue.Push(at, event{int32(v), true})
		g.queue.Push(time.Duration(g.r.Int64N(int64(g.cfg.Period))), event{int32(v), false})
	}
}

// event is what happens to a node at some time: it stabilises, or leaves.
type event struct {
	node   int32
	leaves bool
}

func (g *ringing) happen(e event) {
	switch {
	case g.down[e.node]:
	case e.leaves:
		g.down[e.node] = true
		i, _ := g.place(g.nodes[e.node].id)
		g.live = slices.Delete(g.live, i, i+1)
		g.join()
	default:
		g.stabilise(e.node)
		g.queue.Push(g.now+g.cfg.Period/2+time.Duration(g.r.Int64N(int64(g.cfg.Period))), event{e.node, false})
	}
}

// place returns where id is or would be in live.
func (g *ringing) place(id ID) (int, bool) {
	return slices.BinarySearchFunc(g.live, id, func(v int32, id ID) int { return cmp.Compare(g.nodes[v].id, id) })
}

// measure looks up a random key from a random node.
func (g *ringing) measure() {
	key := ID(g.r.Uint64())
	got := g.lookup(g.live[g.r.IntN(len(g.live))], key, 3)
	i, _ := g.place(key)
	g.out.Lookups++
	g.out.Hops += g.path.Hops
	g.out.Timeouts += g.path.Timeouts
	if got == g.live[i%len(g.live)] {
		g.out.Found++
	}
}

// join puts a new node into the ring: it looks up its successor, takes over that
// one's fingers until it has its own, and stabilises at once.
func (g *ringing) join() {
	v := int32(len(g.nodes))
	n := node{id: ID(g.r.Uint64()), before: -1}
	g.nodes = append(g.nodes, n)
	g.down = append(g.down, false)
	if s := g.lookup(g.live[g.r.IntN(len(g.live))], n.id, 2); s >= 0 {
		n.fingers = slices.Clone(g.nodes[s].fingers)
		n.list = []int32{s}
		g.sent[2] += 2
	}
	g.nodes[v] = n
	i, _ := g.place(n.id)
	g.live = slices.Insert(g.live, i, v)
	g.out.Joins++
	g.queue.Push(g.now+g.cfg.Session(g.r), event{v, true})
	g.queue.Push(g.now, event{v, false})
}

// listOf returns the list of v when s is its successor.
func (g *ringing) listOf(v, s int32) []int32 {
	list := []int32{s}
	for _, w := range g.nodes[s].list {
		if w != v && len(list) < g.cfg.Successors {
			list = append(list, w)
		}
	}
	return list
}
