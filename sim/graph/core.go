package graph

import "slices"

// core is a graph without its leaves, which are the nodes whose one neighbour
// has others: when a flood reaches them is known from that neighbour. Its nodes
// are numbered anew, by degree in the core, the highest first: so those that are
// looked at most lie together.
type core struct {
	*Graph
	whole  *Graph
	first  []int32 // of the nodes of each degree that there is, and one past the last node
	number []int32 // of each node of the whole graph; of a leaf, that of its neighbour
	leaves []int32 // how many each node had
}

func coreOf(g *Graph) *core {
	c := &core{whole: g, number: make([]int32, g.Len())}
	degrees := make([]int32, g.Len()) // in the core; of leaves -1
	for v := range degrees {
		degrees[v] = c.inner(v)
	}
	nodes := c.sort(degrees)
	c.leaves = make([]int32, len(nodes))
	c.Graph = &Graph{start: make([]int32, 1, len(nodes)+1)}
	for i, v := range nodes {
		for _, w := range g.Neighbours(int(v)) {
			if degrees[w] >= 0 {
				c.to = append(c.to, c.number[w])
				continue
			}
			c.number[w] = int32(i)
			c.leaves[i]++
		}
		c.start = append(c.start, int32(len(c.to)))
	}
	return c
}

// isLeaf says whether v is a leaf.
func (c *core) isLeaf(v int) bool {
	return c.whole.Degree(v) == 1 && c.whole.Degree(int(c.whole.Neighbours(v)[0])) > 1
}

// inner returns how many neighbours of v are in the core; -1 when v is not.
func (c *core) inner(v int) int32 {
	if c.isLeaf(v) {
		return -1
	}
	n := int32(0)
	for _, w := range c.whole.Neighbours(v) {
		if !c.isLeaf(int(w)) {
			n++
		}
	}
	return n
}

// sort numbers the nodes by their degrees, and returns them in that order.
func (c *core) sort(degrees []int32) []int32 {
	most := slices.Max(append([]int32{-1}, degrees...))
	at := make([]int32, most+1) // how many nodes of a degree, then the number of the next of them
	for _, d := range degrees {
		if d >= 0 {
			at[d]++
		}
	}
	node := int32(0)
	for d, n := range slices.Backward(at) {
		at[d] = node
		if n > 0 {
			c.first = append(c.first, node)
		}
		node += n
	}
	c.first = append(c.first, node)
	nodes := make([]int32, node)
	for v, d := range degrees {
		if d >= 0 {
			c.number[v] = at[d]
			nodes[at[d]] = int32(v)
			at[d]++
		}
	}
	return nodes
}
