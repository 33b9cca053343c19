// Package graph holds the topologies that simulations run on, and the engines
// that flood them: [Flooder] with latency, [BFS] hop by hop, and [Floods], many at
// once on all cores. It knows nothing of servents: a node is a number, an edge a
// pair of them. It is pure, and what it returns depends on its arguments alone,
// not on the machine or the number of cores.
package graph

import "iter"

// MaxEdges is how many edges a Graph may have: its slots, two an edge, are
// numbered in 32 bits.
const MaxEdges = 1<<30 - 1

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
// not count. An edge to a node outside 0 to n-1 panics, and so do more than
// [MaxEdges].
func New(n int, edges []Edge) *Graph {
	g := assemble(n, edges)
	g.compact()
	return g
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

// MeanDegree returns how many neighbours a node has on average; 0 without nodes.
func (g *Graph) MeanDegree() float64 { return float64(len(g.to)) / float64(max(g.Len(), 1)) }

// DegreeCounts returns how many nodes have 0, 1, 2, ... neighbours, up to the
// highest degree.
func (g *Graph) DegreeCounts() []int {
	var counts []int
	for v := range g.Len() {
		d := g.Degree(v)
		for len(counts) <= d {
			counts = append(counts, 0)
		}
		counts[d]++
	}
	return counts
}
