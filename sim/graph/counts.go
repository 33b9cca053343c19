package graph

import "math"

// Counts is what the SNAP collection says of a graph.
type Counts struct {
	Nodes, Edges          int // edges are directed
	Weak, LargestWeak     int // components, and nodes of the largest; edges count either way
	Strong, LargestStrong int // the same; edges count as they point
	Triangles             int // of edges that count either way
}

// Counts counts.
func (d *Digraph) Counts() Counts {
	g := d.Undirected()
	c := Counts{Nodes: d.Len(), Edges: d.Size(), Triangles: g.Triangles()}
	c.Weak, c.LargestWeak = countMax(g.Components())
	c.Strong, c.LargestStrong = countMax(d.StrongComponents())
	return c
}

func countMax(sizes []int) (n, largest int) {
	for _, size := range sizes {
		largest = max(largest, size)
	}
	return len(sizes), largest
}

// Triangles returns how many sets of three nodes are all joined. Of each
// triangle only the edges to the node of higher degree are looked at, so hubs
// cost little.
func (g *Graph) Triangles() int {
	higher := func(v, w int32) bool {
		a, b := g.Degree(int(v)), g.Degree(int(w))
		return b > a || b == a && w > v
	}
	n := 0
	mark := make([]int32, g.Len()) // one more than the node whose higher neighbours are marked
	for v := range int32(g.Len()) {
		for _, w := range g.Neighbours(int(v)) {
			if higher(v, w) {
				mark[w] = v + 1
			}
		}
		for _, w := range g.Neighbours(int(v)) {
			if !higher(v, w) {
				continue
			}
			for _, x := range g.Neighbours(int(w)) {
				if mark[x] == v+1 && higher(w, x) {
					n++
				}
			}
		}
	}
	return n
}

// StrongComponents returns the sizes of the strongly connected components, in
// the order in which Tarjan's algorithm (SIAM Journal on Computing 1(2), 1972)
// ends them.
func (d *Digraph) StrongComponents() []int {
	t := tarjan{d: d, low: make([]int32, d.Len()), at: make([]int32, d.Len())}
	for v := range int32(d.Len()) {
		if t.low[v] == 0 {
			t.from(v)
		}
	}
	return t.sizes
}

// tarjan is Tarjan's algorithm with a stack of its own: a graph may be a line
// of millions.
type tarjan struct {
	d *Digraph
	// low is, by node, the lowest number of a node known to be reachable whose
	// component has not ended; numbers are given from 1 on at the first visit. 0:
	// not visited; ended: the component has.
	low   []int32
	at    []int32 // how many edges of a node have been followed
	calls []call  // the way to the node that is being visited
	open  []int32 // nodes visited whose component has not ended
	count int32
	sizes []int
}

const ended = math.MaxInt32

// call is a node whose edges are being followed, and its number.
type call struct{ v, number int32 }

// from visits all that can be reached from v.
func (t *tarjan) from(v int32) {
	t.visit(v)
	for len(t.calls) > 0 {
		top := t.calls[len(t.calls)-1]
		next := t.d.Next(int(top.v))
		if int(t.at[top.v]) == len(next) {
			t.leave(top)
			continue
		}
		w := next[t.at[top.v]]
		t.at[top.v]++
		if t.low[w] == 0 {
			t.visit(w)
		} else {
			t.low[top.v] = min(t.low[top.v], t.low[w])
		}
	}
}

func (t *tarjan) visit(v int32) {
	t.count++
	t.low[v] = t.count
	t.calls = append(t.calls, call{v, t.count})
	t.open = append(t.open, v)
}

// leave ends the visit of a node, and its component if none before it can be
// reached.
func (t *tarjan) leave(c call) {
	t.calls = t.calls[:len(t.calls)-1]
	low := t.low[c.v]
	if low == c.number {
		for size := 1; ; size++ {
			w := t.open[len(t.open)-1]
			t.open = t.open[:len(t.open)-1]
			t.low[w] = ended
			if w == c.v {
				t.sizes = append(t.sizes, size)
				break
			}
		}
	}
	if len(t.calls) > 0 {
		above := t.calls[len(t.calls)-1].v
		t.low[above] = min(t.low[above], low)
	}
}
