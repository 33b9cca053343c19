package graph

import "math/bits"

// laneCount is how many floods a batch runs at once: half of what fits a cache
// line. As many as fit take as long where caches are shared with other work.
const laneCount = 256

// lanes has a bit for each flood of a batch.
type lanes [laneCount / 64]uint64

// upTo returns the first n lanes.
func upTo(n int) lanes {
	var l lanes
	for i := range n {
		l[i/64] |= 1 << (i % 64)
	}
	return l
}

// laneCounter counts, lane by lane, in how many sets of lanes each is. It adds
// eight sets at a time by carry-save adders (Harley and Seal; see Warren, Hacker's
// Delight, 5-1), so a set costs some five operations a word.
type laneCounter struct {
	waiting [8]lanes // the first n are to be added
	n       int
	low     [3]lanes  // bits 0 to 2 of each lane's count
	high    [29]lanes // bits 3 to 31
	used    int       // how many of high are not 0
}

// next returns where the next set is to be put; it counts once keep is called.
func (c *laneCounter) next() *lanes {
	if c.n == len(c.waiting) {
		c.fold()
	}
	return &c.waiting[c.n]
}

func (c *laneCounter) keep() { c.n++ }

// fold adds what is waiting.
func (c *laneCounter) fold() {
	clear(c.waiting[c.n:])
	c.n = 0
	w := &c.waiting
	for i := range len(lanes{}) {
		ones, a := carrySave(c.low[0][i], w[0][i], w[1][i])
		ones, b := carrySave(ones, w[2][i], w[3][i])
		twos, x := carrySave(c.low[1][i], a, b)
		ones, a = carrySave(ones, w[4][i], w[5][i])
		ones, b = carrySave(ones, w[6][i], w[7][i])
		twos, y := carrySave(twos, a, b)
		fours, carry := carrySave(c.low[2][i], x, y)
		c.low[0][i], c.low[1][i], c.low[2][i] = ones, twos, fours
		for k := 0; carry != 0; k++ {
			c.used = max(c.used, k+1)
			c.high[k][i], carry = c.high[k][i]^carry, c.high[k][i]&carry
		}
	}
}

// carrySave adds three bits in each place: the sum's low and high bit.
func carrySave(a, b, c uint64) (low, high uint64) {
	both := a ^ b
	return both ^ c, a&b | both&c
}

// take adds each lane's count, times weight, to counts, and counts from 0 again.
func (c *laneCounter) take(weight hopCount, counts *[laneCount]hopCount) {
	c.fold()
	for k := range c.low {
		spread(&c.low[k], weight.times(1<<k), counts)
	}
	for k := range c.high[:c.used] {
		spread(&c.high[k], weight.times(8<<k), counts)
	}
	c.used = 0
}

// spread adds to the counts of each lane in the set, and empties it.
func spread(set *lanes, weight hopCount, counts *[laneCount]hopCount) {
	for i, word := range set {
		for ; word != 0; word &= word - 1 {
			c := &counts[i*64+bits.TrailingZeros64(word)]
			c.reached += weight.reached
			c.degrees += weight.degrees
		}
		set[i] = 0
	}
}

func (c hopCount) times(n int) hopCount { return hopCount{n * c.reached, n * c.degrees} }
