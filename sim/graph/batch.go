package graph

import "math/bits"

// batch runs up to laneCount floods at once: each node has a bit for each flood,
// which says that the flood has reached it, and a hop is one pass over all
// edges (Then et al., The more the merrier, VLDB 2014). A node that a neighbour of it
// had before the hop is one that it has after it: so nothing but these bits is
// needed. One goroutine owns it.
type batch struct {
	g          *core
	seen, next []lanes
	all        lanes
	active     []uint64 // bit set of nodes that a flood had reached before the hop
	reached    int      // how many

	count  laneCounter
	leaves []laneCounter // by bit of the number of leaves of a node
	coming [laneCount]hopCount
}

// batchBytes is what a batch takes for each node.
const batchBytes = 2 * laneCount / 8

func newBatch(g *core) *batch {
	n := g.Len()
	most := int32(0)
	for _, leaves := range g.leaves {
		most = max(most, leaves)
	}
	return &batch{
		g: g, seen: make([]lanes, n), next: make([]lanes, n),
		active: make([]uint64, (n+63)/64), leaves: make([]laneCounter, bits.Len32(uint32(most))),
	}
}

// flood sets floods to what floods from sources cost and reach.
func (b *batch) flood(sources []int32, ttl int, floods []Flood) {
	at := b.begin(sources)
	for hop, more := 0, true; hop < ttl && more; hop++ {
		counts := b.coming
		b.hop(&counts)
		more = false
		for i := range at {
			if counts[i].reached > 0 {
				at[i] = append(at[i], counts[i])
				more = true
			}
		}
	}
	for i, v := range sources {
		if b.g.isLeaf(int(v)) {
			at[i] = fromLeaf(at[i])
		}
		floods[i] = flood(at[i], ttl)
	}
}

// begin puts each flood at its source, or where that is a leaf at its
// neighbour.
func (b *batch) begin(sources []int32) [][]hopCount {
	clear(b.seen)
	clear(b.next)
	clear(b.active)
	b.reached = 0
	b.all = upTo(len(sources))
	at := make([][]hopCount, len(sources))
	for i, v := range sources {
		n := b.g.number[v]
		leaves := int(b.g.leaves[n])
		b.seen[n][i/64] |= 1 << (i % 64)
		b.coming[i] = hopCount{leaves, leaves}
		at[i] = append(at[i], hopCount{1, b.g.Degree(int(n)) + leaves})
	}
	return at
}

// fromLeaf makes of a flood from a node one from a leaf of it, which is a hop
// longer, and does not reach that leaf.
func fromLeaf(at []hopCount) []hopCount {
	at = append([]hopCount{{1, 1}}, at...)
	if len(at) > 2 {
		at[2].reached--
		at[2].degrees--
	}
	return at
}

// hop takes all floods one hop on, and adds the nodes that they reach to counts:
// those of the core, for the leaves that are reached have been counted as coming
// when their neighbours were.
func (b *batch) hop(counts *[laneCount]hopCount) {
	sparse := b.activate()
	for i, begin := range b.g.first[:len(b.g.first)-1] {
		for v := begin; v < b.g.first[i+1]; v++ {
			if !sparse || b.near(v) {
				b.gather(int(v))
			}
		}
		b.count.take(hopCount{1, b.g.Degree(int(begin))}, counts)
	}
	b.seen, b.next = b.next, b.seen
	b.coming = [laneCount]hopCount{}
	for bit := range b.leaves {
		b.leaves[bit].take(hopCount{1 << bit, 1 << bit}, &b.coming)
	}
	for i := range counts {
		counts[i].degrees += b.coming[i].degrees
	}
}

// activate notes who has been reached, and says whether that is so few that it
// pays to ask.
func (b *batch) activate() bool {
	if b.reached*2 > b.g.Len() {
		return false
	}
	b.reached = 0
	for v := range b.seen {
		if b.seen[v] != (lanes{}) {
			b.active[v>>6] |= 1 << (v & 63)
			b.reached++
		}
	}
	return true
}

// near says whether v or a neighbour of it has been reached.
func (b *batch) near(v int32) bool {
	any := b.active[v>>6] >> (v & 63)
	for _, w := range b.g.Neighbours(int(v)) {
		any |= b.active[w>>6] >> (w & 63)
	}
	return any&1 != 0
}

// gather sets next of v by its neighbours, and has it counted, and its leaves.
func (b *batch) gather(v int) {
	had, has := &b.seen[v], &b.next[v]
	if *had == b.all {
		*has = b.all
		return
	}
	b0, b1, b2, b3 := had[0], had[1], had[2], had[3]
	for _, w := range b.g.Neighbours(v) {
		s := &b.seen[w]
		b0 |= s[0]
		b1 |= s[1]
		b2 |= s[2]
		b3 |= s[3]
	}
	*has = lanes{b0, b1, b2, b3}
	got, some := b.count.next(), uint64(0)
	for i := range got {
		got[i] = has[i] &^ had[i]
		some |= got[i]
	}
	if some == 0 {
		return
	}
	b.count.keep()
	for leaves := uint32(b.g.leaves[v]); leaves != 0; leaves &= leaves - 1 {
		c := &b.leaves[bits.TrailingZeros32(leaves)]
		*c.next() = *got
		c.keep()
	}
}
