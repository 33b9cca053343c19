package graph

import "math/bits"

// BFS floods one graph, again and again, when every message takes the same
// time. One goroutine owns it.
type BFS struct {
	g           *Graph
	seen        []uint64 // bit set of nodes
	front, next []int32
	at          []hopCount
}

// NewBFS returns a BFS of g. It takes a bit a node, and up to 8 bytes for each
// that a flood reaches.
func NewBFS(g *Graph) *BFS {
	return &BFS{g: g, seen: make([]uint64, (g.Len()+63)/64), front: make([]int32, 1)}
}

// Flood does what [Graph.Flood] does.
//
// The copies that go out are known from the degrees of those that have just
// been reached. Whom they reach can be found from either side, and is found
// from the one that has fewer edges to look at (Beamer, Asanovic, Patterson,
// SC 2012).
func (b *BFS) Flood(source, ttl int) Flood {
	clear(b.seen)
	b.at = b.at[:0]
	b.seen[source>>6] |= 1 << (source & 63)
	b.front[0] = int32(source)
	width := 1
	left := len(b.g.to) // edges out of nodes not seen
	for hop := 0; width > 0; hop++ {
		c := hopCount{width, b.g.degrees(b.front[:width])}
		b.at = append(b.at, c)
		left -= c.degrees
		if hop >= ttl || c.sent(hop) == 0 {
			break
		}
		if room := min(c.sent(hop), b.g.Len()) + 1; room > len(b.next) {
			b.next = make([]int32, room+room/4)
		}
		if c.degrees > left {
			width = b.pull()
		} else {
			width = b.push(width)
		}
		b.front, b.next = b.next, b.front
	}
	return flood(b.at, ttl)
}

// degrees adds up the degrees of nodes.
func (g *Graph) degrees(nodes []int32) int {
	sum := 0
	for _, v := range nodes {
		sum += g.Degree(int(v))
	}
	return sum
}

// push finds the next nodes among the neighbours of the first width of front,
// and returns how many there are. It has no branch that depends on whether a
// node is new: it would often be foretold wrongly.
func (b *BFS) push(width int) int {
	n := 0
	for _, v := range b.front[:width] {
		for _, w := range b.g.Neighbours(int(v)) {
			word := b.seen[w>>6]
			b.next[n] = w
			n += int(^word >> (w & 63) & 1)
			b.seen[w>>6] = word | 1<<(w&63)
		}
	}
	return n
}

// pull finds the next nodes among those that were not seen: a node that has a
// neighbour that was seen gets a copy now, for else it had got one before.
func (b *BFS) pull() int {
	n := 0
	for i, word := range b.seen {
		for unseen := ^word; unseen != 0; unseen &= unseen - 1 {
			v := i<<6 + bits.TrailingZeros64(unseen)
			if v >= b.g.Len() {
				break
			}
			if b.touches(v) {
				b.next[n] = int32(v)
				n++
			}
		}
	}
	for _, v := range b.next[:n] {
		b.seen[v>>6] |= 1 << (v & 63)
	}
	return n
}

// touches says whether a neighbour of v was seen.
func (b *BFS) touches(v int) bool {
	for _, w := range b.g.Neighbours(v) {
		if b.seen[w>>6]>>(w&63)&1 != 0 {
			return true
		}
	}
	return false
}
