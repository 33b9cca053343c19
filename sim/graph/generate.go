package graph

import (
	"fmt"
	"math/rand/v2"
)

// Line joins each of n nodes to the next.
func Line(n int) *Graph {
	edges := make([]Edge, 0, n)
	for v := 1; v < n; v++ {
		edges = append(edges, Edge{int32(v - 1), int32(v)})
	}
	return New(n, edges)
}

// Ring is a Line whose ends are joined.
func Ring(n int) *Graph {
	edges := make([]Edge, 0, n)
	for v := range n {
		edges = append(edges, Edge{int32(v), int32((v + 1) % n)})
	}
	return New(n, edges)
}

// Clique joins each of n nodes to every other.
func Clique(n int) *Graph {
	edges := make([]Edge, 0, n*(n-1)/2)
	for v := range n {
		for w := range v {
			edges = append(edges, Edge{int32(w), int32(v)})
		}
	}
	return New(n, edges)
}

// Random is an Erdős–Rényi graph: m of all possible edges, each set equally
// likely. It need not be connected. An m that does not fit panics.
func Random(r *rand.Rand, n, m int) *Graph {
	if most := n * (n - 1) / 2; m < 0 || m > most {
		panic(fmt.Sprintf("graph: %d edges do not fit %d nodes", m, n))
	}
	have := make(map[Edge]bool, m)
	edges := make([]Edge, 0, m)
	for len(edges) < m {
		a, b := r.Int32N(int32(n)), r.Int32N(int32(n))
		e := Edge{min(a, b), max(a, b)}
		if a == b || have[e] {
			continue
		}
		have[e] = true
		edges = append(edges, e)
	}
	return New(n, edges)
}

// Regular is a random graph in which each of n nodes has d neighbours. It is
// connected almost always when d is 3 or more. A pair that no such graph
// exists for (d not under n, or n*d odd) panics.
func Regular(r *rand.Rand, n, d int) *Graph {
	if d < 0 || d >= n || n*d%2 != 0 {
		panic(fmt.Sprintf("graph: no %d-regular graph has %d nodes", d, n))
	}
	for {
		if edges, ok := pairing(r, n, d); ok {
			return New(n, edges)
		}
	}
}

// pairing joins the free ends of all nodes in random pairs, again and again
// for those pairs that would be loops or double edges, until none is left; it
// gives up when the rest cannot be paired.
func pairing(r *rand.Rand, n, d int) ([]Edge, bool) {
	ends := make([]int32, 0, n*d)
	for v := range n {
		for range d {
			ends = append(ends, int32(v))
		}
	}
	have := make(map[Edge]bool, n*d/2)
	edges := make([]Edge, 0, n*d/2)
	for len(ends) > 0 {
		r.Shuffle(len(ends), func(i, j int) { ends[i], ends[j] = ends[j], ends[i] })
		left := ends[:0]
		for i := 0; i < len(ends); i += 2 {
			a, b := ends[i], ends[i+1]
			e := Edge{min(a, b), max(a, b)}
			if a == b || have[e] {
				left = append(left, a, b)
				continue
			}
			have[e] = true
			edges = append(edges, e)
		}
		if len(left) == len(ends) && !pairable(left, have) {
			return nil, false
		}
		ends = left
	}
	return edges, true
}

// pairable says whether some two of the free ends may still be joined.
func pairable(ends []int32, have map[Edge]bool) bool {
	for i, a := range ends {
		for _, b := range ends[:i] {
			if a != b && !have[Edge{min(a, b), max(a, b)}] {
				return true
			}
		}
	}
	return false
}
