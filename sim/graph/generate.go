package graph

import (
	"fmt"
	"math/rand/v2"
	"slices"
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

// Grid joins each of width times height nodes to those beside, above and below
// it; node x+y*width stands at column x of row y. On a torus each row and column
// is a ring; else the nodes at the rim have fewer neighbours.
func Grid(width, height int, torus bool) *Graph {
	edges := make([]Edge, 0, 2*width*height)
	join := func(x, y, x2, y2 int) {
		if torus || x2 < width && y2 < height {
			edges = append(edges, Edge{int32(x + y*width), int32(x2%width + y2%height*width)})
		}
	}
	for y := range height {
		for x := range width {
			join(x, y, x+1, y)
			join(x, y, x, y+1)
		}
	}
	return New(width*height, edges)
}

// TwoTier is a network of supernodes and leaves: nodes 0 to supers-1 are a
// [Random] graph of the given mean degree, and each of the leaves that follow
// hangs on as many supernodes as parents says, drawn evenly. Leaves are not joined
// to each other. More parents than supernodes, or a mean that they do not fit,
// panic.
func TwoTier(r *rand.Rand, supers int, mean float64, leaves, parents int) *Graph {
	if leaves > 0 && parents > supers {
		panic(fmt.Sprintf("graph: %d parents among %d supernodes", parents, supers))
	}
	core := Random(r, supers, int(float64(mean*float64(supers)/2)+0.5))
	edges := make([]Edge, 0, core.Size()+leaves*parents)
	for e := range core.Edges() {
		edges = append(edges, e)
	}
	for leaf := supers; leaf < supers+leaves; leaf++ {
		first := len(edges)
		for len(edges) < first+parents {
			e := Edge{r.Int32N(int32(supers)), int32(leaf)}
			if !slices.Contains(edges[first:], e) {
				edges = append(edges, e)
			}
		}
	}
	return New(supers+leaves, edges)
}
