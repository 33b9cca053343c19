package graph

import "slices"

// Digraph is a directed graph as [Read] finds it: its nodes are numbered from 0
// in the order of the ids they have in the file. It never changes.
type Digraph struct {
	ids   []uint64 // ascending
	start []int32
	to    []int32 // ascending for each node, each once, no loops

	// Loops and Doubles are how many edges were left out: from a node to itself,
	// and given before in the same direction.
	Loops, Doubles int
}

// Len returns the number of nodes.
func (d *Digraph) Len() int { return len(d.ids) }

// Size returns the number of directed edges. a-b and b-a are two.
func (d *Digraph) Size() int { return len(d.to) }

// ID returns the id that node v has in the file.
func (d *Digraph) ID(v int) uint64 { return d.ids[v] }

// Node returns the node that has an id in the file.
func (d *Digraph) Node(id uint64) (int, bool) { return slices.BinarySearch(d.ids, id) }

// Next returns the nodes that v has an edge to, ascending. They must not be
// changed.
func (d *Digraph) Next(v int) []int32 { return d.to[d.start[v]:d.start[v+1]:d.start[v+1]] }

// Undirected returns the graph that joins two nodes when there is an edge
// between them either way. Its nodes have the same numbers.
func (d *Digraph) Undirected() *Graph {
	b := newBuilder(d.Len())
	d.each(b.count)
	b.counted()
	d.each(b.place)
	g := b.graph()
	g.compact()
	return g
}

func (d *Digraph) each(do func(Edge)) {
	for v := range d.Len() {
		for _, w := range d.Next(v) {
			do(Edge{int32(v), w})
		}
	}
}

// newDigraph numbers the nodes by id. It sorts edges.
func newDigraph(edges [][2]uint64) *Digraph {
	d := &Digraph{ids: make([]uint64, 0, 2*len(edges))}
	for _, e := range edges {
		d.ids = append(d.ids, e[0], e[1])
	}
	slices.Sort(d.ids)
	d.ids = slices.Clip(slices.Compact(d.ids))
	d.start = make([]int32, d.Len()+1)
	number := make([]uint64, 0, len(edges))
	for _, e := range edges {
		a, _ := d.Node(e[0])
		b, _ := d.Node(e[1])
		if a == b {
			d.Loops++
			continue
		}
		number = append(number, uint64(a)<<32|uint64(b))
	}
	slices.Sort(number)
	given := len(number)
	number = slices.Compact(number)
	d.Doubles = given - len(number)
	d.to = make([]int32, len(number))
	for i, e := range number {
		d.to[i] = int32(uint32(e))
		d.start[e>>32+1]++
	}
	for v := range d.ids {
		d.start[v+1] += d.start[v]
	}
	return d
}
