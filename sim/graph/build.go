package graph

import (
	"fmt"
	"slices"
)

// builder makes a Graph in two passes over its edges: count each, then place
// each. So it needs no memory beside the graph's own.
type builder struct {
	start []int32 // by node plus two while counting, plus one while placing
	to    []int32
}

// assemble makes a graph of edges, loops and double ones among them.
func assemble(n int, edges []Edge) *Graph {
	b := newBuilder(n)
	for _, e := range edges {
		b.count(e)
	}
	b.counted()
	for _, e := range edges {
		b.place(e)
	}
	return b.graph()
}

func newBuilder(n int) *builder { return &builder{start: make([]int32, n+2)} }

func (b *builder) count(e Edge) {
	b.start[e.A+2]++
	b.start[e.B+2]++
}

// counted ends the first pass.
func (b *builder) counted() {
	sum := 0
	for i, n := range b.start {
		sum += int(n)
		if sum > 2*MaxEdges {
			panic(fmt.Sprintf("graph: more than %d edges", MaxEdges))
		}
		b.start[i] = int32(sum)
	}
	b.to = make([]int32, sum)
}

func (b *builder) place(e Edge) {
	b.to[b.start[e.A+1]] = e.B
	b.start[e.A+1]++
	b.to[b.start[e.B+1]] = e.A
	b.start[e.B+1]++
}

// graph ends the second pass. Loops and double edges are still in the graph.
func (b *builder) graph() *Graph {
	g := &Graph{start: b.start[: len(b.start)-1 : len(b.start)-1], to: b.to}
	for v := range g.Len() {
		slices.Sort(g.slots(v))
	}
	return g
}

// slots returns the neighbours of v, to be changed.
func (g *Graph) slots(v int) []int32 { return g.to[g.start[v]:g.start[v+1]] }

// compact drops loops and all but one of equal edges.
func (g *Graph) compact() {
	end := int32(0)
	from := int32(0)
	for v := range g.Len() {
		begin := end
		for _, w := range g.to[from:g.start[v+1]] {
			if int(w) == v || end > begin && g.to[end-1] == w {
				continue
			}
			g.to[end] = w
			end++
		}
		from = g.start[v+1]
		g.start[v+1] = end
	}
	g.to = g.to[:end:end]
}
