// Package pick says which block of a file is asked of which source next. It is
// pure: what it is asked about and the randomness are arguments, and it keeps
// nothing. The download engine and the simulator's swarms run the same code.
//
// A source is best asked, in this order, for a block that is Started, for one
// that is Rarest, and, when nothing else is left, for one of the Endgame. While
// a loader has no block at all, a Random one gives it sooner something that
// others want: the rarest have few sources.
package pick

import (
	"math/bits"
	"math/rand/v2"
)

// View is what a loader knows when it turns to one source. A block is open when
// the source offers it, and the loader neither has it nor asks for it. View
// copies none of its sets, and its methods change none and allocate nothing.
type View struct {
	Offered Set // what the source has, as far as is known
	Have    Set // what the loader has
	Asked   Set // what the loader waits for, of this source or of another

	// Copies counts, for each block of the file, the sources that offer it, and
	// those that said that they wait for it: so many loaders ask one seed for
	// different blocks. Only Rarest and Run look at it.
	Copies []uint16
}

// open is the i-th word of the set of open blocks.
func (v *View) open(i int) uint64 {
	return v.Offered[i] &^ v.Have[i] &^ v.Asked[i]
}

// Count tells how many blocks are open.
func (v *View) Count() int {
	n := 0
	for i := range v.Offered {
		n += bits.OnesCount64(v.open(i))
	}
	return n
}

// First returns the first open block; -1: none.
func (v *View) First() int {
	for i := range v.Offered {
		if c := v.open(i); c != 0 {
			return i*64 + bits.TrailingZeros64(c)
		}
	}
	return -1
}

// Started returns the first open block that is in started; -1: none. One of
// which some bytes are there goes before all others (strict priority): its
// bytes count for nothing until it is whole.
func (v *View) Started(started Set) int {
	for i, s := range started {
		if c := v.open(i) & s; c != 0 {
			return i*64 + bits.TrailingZeros64(c)
		}
	}
	return -1
}

// Random returns an open block, each with equal chance; -1: none. It draws once
// when there is one.
func (v *View) Random(r *rand.Rand) int {
	open := v.Count()
	if open == 0 {
		return -1
	}
	n := int(r.Int32N(int32(open)))
	for i := range v.Offered {
		c := v.open(i)
		if k := bits.OnesCount64(c); n >= k {
			n -= k
			continue
		}
		return i*64 + nth(c, n)
	}
	panic("unreachable: fewer blocks than were counted")
}

// nth is the place of the n-th bit of w, from 0, that is set.
func nth(w uint64, n int) int {
	for ; n > 0; n-- {
		w &= w - 1
	}
	return bits.TrailingZeros64(w)
}

// Rarest returns one of the open blocks with the fewest copies, each with equal
// chance; -1: none is open. It draws once when there is one.
func (v *View) Rarest(r *rand.Rand) int {
	offered, copies := v.Offered, v.Copies
	have, asked := v.Have[:len(offered)], v.Asked[:len(offered)]
	least, ties, from := uint16(1<<16-1), int32(0), 0
	for i := range offered { // the loop that costs: what open does, but with one check of lengths
		for c := offered[i] &^ have[i] &^ asked[i]; c != 0; c &= c - 1 {
			switch n := copies[i*64+bits.TrailingZeros64(c)]; {
			case n < least:
				least, ties, from = n, 1, i
			case n == least:
				ties++
			}
		}
	}
	if ties == 0 {
		return -1
	}
	n := r.Int32N(ties)
	for i := from; ; i++ {
		for c := v.open(i); c != 0; c &= c - 1 {
			b := i*64 + bits.TrailingZeros64(c)
			if copies[b] != least {
				continue
			}
			if n == 0 {
				return b
			}
			n--
		}
	}
}

// Run returns how many blocks from first on, most at most, one request may ask
// for: all are open, and none is less rare than first, so that a large request
// keeps the order in which blocks would be asked for one by one. It is 0 when
// first is not open or not a block.
func (v *View) Run(first, most int) int {
	if first < 0 {
		return 0
	}
	n := 0
	for b := first; n < most && b < len(v.Copies); b++ {
		if v.open(b/64)>>(b%64)&1 == 0 || v.Copies[b] > v.Copies[first] {
			break
		}
		n++
	}
	return n
}

// Endgame returns a block that the source offers and the loader lacks, which it
// waits for from others but not from this source; -1: none. Of these it is the
// first that the fewest are asked for, so that the sources that come free are
// spread over what is missing. mine is what this source is asked for, and
// askers counts for each block the sources that are.
func (v *View) Endgame(mine Set, askers []uint8) int {
	best, least := -1, uint8(0)
	for i := range v.Offered {
		for c := v.Offered[i] &^ v.Have[i] &^ mine[i] & v.Asked[i]; c != 0; c &= c - 1 {
			b := i*64 + bits.TrailingZeros64(c)
			if best < 0 || askers[b] < least {
				best, least = b, askers[b]
			}
		}
	}
	return best
}

// Copies tells how many copies of the file are in sight, all sources together:
// the count of the rarest block, and as a fraction the share of the blocks that
// more have. With no block it is 0.
func Copies(copies []uint16) float64 {
	if len(copies) == 0 {
		return 0
	}
	least, more := copies[0], 0
	for i, n := range copies {
		switch {
		case n < least:
			least, more = n, i
		case n > least:
			more++
		}
	}
	return float64(least) + float64(more)/float64(len(copies))
}
