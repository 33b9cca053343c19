package swarm

import (
	"iter"
	"math/bits"
)

// members yields the pieces of a set, ascending.
func members(set []uint64) iter.Seq[int] {
	return func(yield func(int) bool) {
		for i, w := range set {
			for ; w != 0; w &= w - 1 {
				if !yield(i*64 + bits.TrailingZeros64(w)) {
					return
				}
			}
		}
	}
}

// pick returns the piece that v asks w for next over half h; -1: none.
func (e *engine) pick(v, w, h int32) int32 {
	told, have, asked := e.set(e.told, w), e.set(e.have, v), e.set(e.asked, v)
	switch e.Order {
	case InOrder:
		for i := range told {
			if c := told[i] &^ have[i] &^ asked[i]; c != 0 {
				return int32(i*64 + bits.TrailingZeros64(c))
			}
		}
	case Random:
		if n := lacking(told, have, asked); n > 0 {
			return nth(told, have, asked, e.r.Int32N(int32(n)))
		}
	default:
		if p := e.rarest(v, told, have, asked); p >= 0 {
			return p
		}
	}
	if int(e.peers[v].missing) <= e.Endgame {
		return e.again(v, h, told, have)
	}
	return -1
}

// lacking counts what may be asked for.
func lacking(told, have, asked []uint64) int {
	n := 0
	for i := range told {
		n += bits.OnesCount64(told[i] &^ have[i] &^ asked[i])
	}
	return n
}

// nth is the n-th piece, from 0, that may be asked for.
func nth(told, have, asked []uint64, n int32) int32 {
	for i := range told {
		c := told[i] &^ have[i] &^ asked[i]
		if k := int32(bits.OnesCount64(c)); n >= k {
			n -= k
			continue
		}
		for ; n > 0; n-- {
			c &= c - 1
		}
		return int32(i*64 + bits.TrailingZeros64(c))
	}
	return -1
}

// rarest is one of the pieces that the fewest neighbours of v have, of those
// that may be asked for; -1: there are none.
func (e *engine) rarest(v int32, told, have, asked []uint64) int32 {
	rare := e.rare[int(v)*e.pieces:][:e.pieces]
	least, ties := uint16(1<<16-1), int32(0)
	for i := range told {
		for c := told[i] &^ have[i] &^ asked[i]; c != 0; c &= c - 1 {
			switch n := rare[i*64+bits.TrailingZeros64(c)]; {
			case n < least:
				least, ties = n, 1
			case n == least:
				ties++
			}
		}
	}
	if ties == 0 {
		return -1
	}
	ties = e.r.Int32N(ties)
	for i := range told {
		for c := told[i] &^ have[i] &^ asked[i]; c != 0; c &= c - 1 {
			p := i*64 + bits.TrailingZeros64(c)
			if rare[p] != least {
				continue
			}
			if ties == 0 {
				return int32(p)
			}
			ties--
		}
	}
	return -1
}

// again is a piece that v has asked others for, but not over this half: the
// endgame. One that fewer neighbours have does not go first: all are asked.
func (e *engine) again(v, h int32, told, have []uint64) int32 {
	for i := range told {
		for c := told[i] &^ have[i]; c != 0; c &= c - 1 {
			p := int32(i*64 + bits.TrailingZeros64(c))
			if !e.asksFor(h, p) {
				e.peers[v].loose = true
				return p
			}
		}
	}
	return -1
}
