package graph

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sort"
)

// Regular is a random graph in which each of n nodes has d neighbours. It is
// connected almost always when d is 3 or more. A pair that no such graph
// exists for (d not under n, or n*d odd) panics.
func Regular(r *rand.Rand, n, d int) *Graph {
	if d < 0 || d >= n || n*d%2 != 0 {
		panic(fmt.Sprintf("graph: no %d-regular graph has %d nodes", d, n))
	}
	if 2*d >= n {
		return complement(Regular(r, n, n-1-d))
	}
	degrees := slices.Repeat([]int32{int32(d)}, n)
	for {
		if g := Configuration(r, degrees); g.Size() == n*d/2 {
			return g
		}
	}
}

// complement joins the nodes that are not joined in g.
func complement(g *Graph) *Graph {
	var edges []Edge
	for v := range g.Len() {
		for w := range v {
			if _, ok := slices.BinarySearch(g.Neighbours(v), int32(w)); !ok {
				edges = append(edges, Edge{int32(w), int32(v)})
			}
		}
	}
	return New(g.Len(), edges)
}

// Configuration is a random graph whose nodes have the given degrees. The free
// ends of all nodes are joined in random pairs; those that make loops and double
// edges then swap ends with random other edges until all are simple. Where that
// does not come to an end, because degrees are too large for any simple graph
// or nearly so, the rest is left out. An odd sum of degrees, or one over
// 2*[MaxEdges], panics.
func Configuration(r *rand.Rand, degrees []int32) *Graph {
	g := assemble(len(degrees), pairing(r, degrees))
	g.repair(r)
	g.compact()
	return g
}

// pairing joins the free ends of all nodes in random pairs.
func pairing(r *rand.Rand, degrees []int32) []Edge {
	sum := 0
	for _, d := range degrees {
		sum += int(d)
	}
	if sum%2 != 0 || sum > 2*MaxEdges {
		panic(fmt.Sprintf("graph: degrees add up to %d; it must be even and at most %d", sum, 2*MaxEdges))
	}
	edges := make([]Edge, sum/2)
	end := func(i int) *int32 {
		if i%2 == 0 {
			return &edges[i/2].A
		}
		return &edges[i/2].B
	}
	i := 0
	for v, d := range degrees {
		for range d {
			*end(i) = int32(v)
			i++
		}
	}
	r.Shuffle(sum, func(i, j int) {
		a, b := end(i), end(j)
		*a, *b = *b, *a
	})
	return edges
}

// swapTries is how often an edge that is not simple looks for another to swap
// ends with.
const swapTries = 1000

// repair makes g simple by swaps: edges a-b and c-d become a-c and b-d. A swap
// keeps all degrees, so it changes the lists in place.
func (g *Graph) repair(r *rand.Rand) {
	for _, e := range g.unfit() {
		for range swapTries {
			if g.fits(e) {
				break // another has swapped with it
			}
			slot := r.IntN(len(g.to))
			c, d := g.owner(slot), g.to[slot]
			if g.joinable(e.A, c) && g.joinable(e.B, d) && (e.A != e.B || c != d) {
				g.swap(e, Edge{c, d})
			}
		}
	}
}

// unfit returns the edges that New would drop: loops, and all but one of equal
// ones.
func (g *Graph) unfit() []Edge {
	var edges []Edge
	for v := range g.Len() {
		loops := 0
		for i, w := range g.slots(v) {
			switch {
			case int(w) == v:
				loops++ // each fills two slots
				if loops%2 == 0 {
					edges = append(edges, Edge{w, w})
				}
			case int(w) > v && i > 0 && g.slots(v)[i-1] == w:
				edges = append(edges, Edge{int32(v), w})
			}
		}
	}
	return edges
}

// fits says whether all edges that are equal to e are simple.
func (g *Graph) fits(e Edge) bool {
	list := g.slots(int(e.A))
	i, found := slices.BinarySearch(list, e.B)
	return !found || e.A != e.B && (i+1 == len(list) || list[i+1] != e.B)
}

// owner returns the node whose neighbour stands in slot.
func (g *Graph) owner(slot int) int32 {
	return int32(sort.Search(g.Len(), func(v int) bool { return int(g.start[v+1]) > slot }))
}

// joinable says whether a new edge from a to b would be simple.
func (g *Graph) joinable(a, b int32) bool {
	_, joined := slices.BinarySearch(g.slots(int(a)), b)
	return a != b && !joined
}

// swap makes a-c and b-d of the edges a-b and c-d.
func (g *Graph) swap(ab, cd Edge) {
	g.replace(ab.A, ab.B, cd.A)
	g.replace(ab.B, ab.A, cd.B)
	g.replace(cd.A, cd.B, ab.A)
	g.replace(cd.B, cd.A, ab.B)
}

// replace makes one of v's edges to old one to new.
func (g *Graph) replace(v, old, new int32) {
	list := g.slots(int(v))
	i, _ := slices.BinarySearch(list, old)
	list[i] = new
	slices.Sort(list)
}
