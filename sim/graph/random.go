package graph

import (
	"fmt"
	"math/rand/v2"
	"slices"
)

// Random is an Erdős–Rényi graph: m of all possible edges, each set equally
// likely. It need not be connected. An m that does not fit panics.
func Random(r *rand.Rand, n, m int) *Graph {
	pairs := int64(n) * int64(n-1) / 2
	if m < 0 || int64(m) > pairs {
		panic(fmt.Sprintf("graph: %d edges do not fit %d nodes", m, n))
	}
	if int64(m) > pairs/8 {
		return randomDense(r, n, m)
	}
	edges := make([]uint64, 0, m)
	for len(edges) < m {
		for range m - len(edges) {
			edges = append(edges, pair(r, n))
		}
		slices.Sort(edges)
		edges = slices.Compact(edges)
	}
	return fromPairs(n, edges)
}

// pair draws an edge: its lower node in the upper half of the number.
func pair(r *rand.Rand, n int) uint64 {
	a, b := r.Uint64N(uint64(n)), r.Uint64N(uint64(n-1))
	if b >= a {
		b++
	}
	return min(a, b)<<32 | max(a, b)
}

// fromPairs makes the graph of edges as pair draws them.
func fromPairs(n int, edges []uint64) *Graph {
	edge := func(e uint64) Edge { return Edge{int32(e >> 32), int32(uint32(e))} }
	b := newBuilder(n)
	for _, e := range edges {
		b.count(edge(e))
	}
	b.counted()
	for _, e := range edges {
		b.place(edge(e))
	}
	return b.graph()
}

// randomDense goes through all pairs, and takes each as probably as there are
// still edges to take among those left (Knuth, volume 2, 3.4.2, algorithm S).
func randomDense(r *rand.Rand, n, m int) *Graph {
	edges := make([]Edge, 0, m)
	left := uint64(n) * uint64(n-1) / 2
	for v := range n {
		for w := range v {
			if r.Uint64N(left) < uint64(m-len(edges)) {
				edges = append(edges, Edge{int32(w), int32(v)})
			}
			left--
		}
	}
	return New(n, edges)
}
