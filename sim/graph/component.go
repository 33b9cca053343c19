package graph

import (
	"math/rand/v2"
	"slices"
)

// Components returns the sizes of the connected components, in the order of
// their lowest nodes.
func (g *Graph) Components() []int {
	_, sizes := g.components()
	return sizes
}

// components numbers the components in the order of their lowest nodes, and
// returns the number of each node's and the sizes.
func (g *Graph) components() (of []int32, sizes []int) {
	of = slices.Repeat([]int32{-1}, g.Len())
	var part []int32
	for v := range of {
		if of[v] >= 0 {
			continue
		}
		number := int32(len(sizes))
		of[v] = number
		part = append(part[:0], int32(v))
		for i := 0; i < len(part); i++ {
			for _, w := range g.Neighbours(int(part[i])) {
				if of[w] < 0 {
					of[w] = number
					part = append(part, w)
				}
			}
		}
		sizes = append(sizes, len(part))
	}
	return of, sizes
}

// Largest returns the largest connected component, the first of equal ones, as
// a graph of its own, and the node of g that each of its nodes is, ascending.
func (g *Graph) Largest() (*Graph, []int32) {
	of, sizes := g.components()
	if len(sizes) == 0 {
		return g, nil
	}
	largest := slices.Index(sizes, slices.Max(sizes))
	nodes := make([]int32, 0, sizes[largest])
	number := of // of a node in the component: reused
	for v, c := range of {
		if int(c) == largest {
			number[v] = int32(len(nodes))
			nodes = append(nodes, int32(v))
		}
	}
	part := &Graph{start: make([]int32, 1, len(nodes)+1)}
	for _, v := range nodes {
		for _, w := range g.Neighbours(int(v)) {
			part.to = append(part.to, number[w])
		}
		part.start = append(part.start, int32(len(part.to)))
	}
	return part, nodes
}

// Connected returns g with one more edge for each component beside the largest,
// from a random node of it to a random node of the largest.
func (g *Graph) Connected(r *rand.Rand) *Graph {
	of, sizes := g.components()
	if len(sizes) < 2 {
		return g
	}
	// The nodes of a component stand together in byPart.
	start := make([]int, len(sizes)+1)
	for i, size := range sizes {
		start[i+1] = start[i] + size
	}
	byPart := make([]int32, g.Len())
	at := slices.Clone(start)
	for v, c := range of {
		byPart[at[c]] = int32(v)
		at[c]++
	}
	any := func(part int) int32 { return byPart[start[part]+r.IntN(sizes[part])] }
	largest := slices.Index(sizes, slices.Max(sizes))
	edges := slices.Collect(g.Edges())
	for part := range sizes {
		if part != largest {
			edges = append(edges, Edge{any(part), any(largest)})
		}
	}
	return New(g.Len(), edges)
}
