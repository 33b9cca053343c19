// Package graph holds the topologies that simulations run on, and the plain
// breadth-first counts that they are measured against. It knows nothing of
// servents: a node is a number, an edge a pair of them. It is pure.
package graph

import (
	"cmp"
	"iter"
	"slices"
)

// Graph is an undirected simple graph of the nodes 0 to Len()-1. It never
// changes, so any number of goroutines may read it. Its zero value has no
// nodes.
type Graph struct {
	start []int32 // where the neighbours of each node begin in to, and one more
	to    []int32 // ascending for each node
}

// Edge joins two nodes.
type Edge struct{ A, B int32 }

// New returns the graph of n nodes and the given edges. An edge that is given
// twice, or the other way round, counts once; one from a node to itself does
// not count. An edge to a node outside 0 to n-1 panics.
func New(n int, edges []Edge) *Graph {
	edges = simple(edges)
	g := &Graph{start: make([]int32, n+1), to: make([]int32, 2*len(edges))}
	for _, e := range edges {
		g.start[e.A+1]++
		g.start[e.B+1]++
	}
	for i := range n {
		g.start[i+1] += g.start[i]
	}
	at := slices.Clone(g.start)
	place := func(from, to int32) {
		g.to[at[from]] = to
		at[from]++
	}
	// Edges are sorted by A, then B: first what is lower than a node, then what
	// is higher, comes in ascending order.
	for _, e := range edges {
		place(e.B, e.A)
	}
	for _, e := range edges {
		place(e.A, e.B)
	}
	return g
}

// simple returns edges with A < B, sorted, each once, without loops.
func simple(edges []Edge) []Edge {
	out := make([]Edge, 0, len(edges))
	for _, e := range edges {
		if e.A != e.B {
			out = append(out, Edge{min(e.A, e.B), max(e.A, e.B)})
		}
	}
	slices.SortFunc(out, func(a, b Edge) int { return cmp.Or(cmp.Compare(a.A, b.A), cmp.Compare(a.B, b.B)) })
	return slices.Compact(out)
}

// Len returns the number of nodes.
func (g *Graph) Len() int { return max(0, len(g.start)-1) }

// Size returns the number of edges.
func (g *Graph) Size() int { return len(g.to) / 2 }

// Neighbours returns the nodes next to v, ascending. They must not be changed.
func (g *Graph) Neighbours(v int) []int32 {
	return g.to[g.start[v]:g.start[v+1]:g.start[v+1]]
}

// Degree returns how many nodes are next to v.
func (g *Graph) Degree(v int) int { return int(g.start[v+1] - g.start[v]) }

// Edges yields every edge once, A < B, ascending.
func (g *Graph) Edges() iter.Seq[Edge] {
	return func(yield func(Edge) bool) {
		for v := range g.Len() {
			for _, w := range g.Neighbours(v) {
				if int(w) > v && !yield(Edge{int32(v), w}) {
					return
				}
			}
		}
	}
}
