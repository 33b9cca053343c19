package pick

import (
	"iter"
	"math/bits"
)

// Set is a set of blocks, a bit each, of those that NewSet made room for. Other
// numbers are the caller's mistake, and may panic; so do sets of different
// lengths where they are used together.
type Set []uint64

// NewSet returns an empty set of blocks from 0 to n-1.
func NewSet(n int) Set { return make(Set, (n+63)/64) }

// Has says whether block b is in s.
func (s Set) Has(b int) bool { return s[b/64]>>(b%64)&1 != 0 }

// Add puts block b into s.
func (s Set) Add(b int) { s[b/64] |= 1 << (b % 64) }

// Remove takes block b out of s.
func (s Set) Remove(b int) { s[b/64] &^= 1 << (b % 64) }

// AddRange puts the blocks from from up to to, not included, into s.
func (s Set) AddRange(from, to int) {
	for from < to {
		n := min(64-from%64, to-from)
		s[from/64] |= (1<<n - 1) << (from % 64)
		from += n
	}
}

// Count tells how many blocks are in s.
func (s Set) Count() int {
	n := 0
	for _, w := range s {
		n += bits.OnesCount64(w)
	}
	return n
}

// All yields the blocks of s, ascending.
func (s Set) All() iter.Seq[int] {
	return func(yield func(int) bool) {
		for i, w := range s {
			for ; w != 0; w &= w - 1 {
				if !yield(i*64 + bits.TrailingZeros64(w)) {
					return
				}
			}
		}
	}
}

// Without yields the blocks of s that are not in other, ascending.
func (s Set) Without(other Set) iter.Seq[int] {
	return func(yield func(int) bool) {
		for i, w := range s {
			for w &^= other[i]; w != 0; w &= w - 1 {
				if !yield(i*64 + bits.TrailingZeros64(w)) {
					return
				}
			}
		}
	}
}
