package gia

import (
	"math/bits"
	"math/rand/v2"
)

// mask is a set of the slots of one peer.
type mask [2]uint64

func (m *mask) set(i int)      { m[i/64] |= 1 << (i % 64) }
func (m *mask) clear(i int)    { m[i/64] &^= 1 << (i % 64) }
func (m mask) has(i int) bool  { return m[i/64]&(1<<(i%64)) != 0 }
func (m mask) empty() bool     { return m[0]|m[1] == 0 }
func (m mask) and(o mask) mask { return mask{m[0] & o[0], m[1] & o[1]} }
func (m mask) not(o mask) mask { return mask{m[0] &^ o[0], m[1] &^ o[1]} }
func (m mask) len() int        { return bits.OnesCount64(m[0]) + bits.OnesCount64(m[1]) }

// below has the slots 0 to n-1.
func below(n int) mask {
	if n <= 64 {
		return mask{1<<n - 1, 0}
	}
	return mask{^uint64(0), 1<<(n-64) - 1}
}

// first returns the lowest slot of a set that is not empty.
func (m mask) first() int {
	if m[0] != 0 {
		return bits.TrailingZeros64(m[0])
	}
	return 64 + bits.TrailingZeros64(m[1])
}

// any returns one slot of a set that is not empty, each as likely.
func (m mask) any(r *rand.Rand) int {
	k := r.IntN(m.len())
	word, base := m[0], 0
	if n := bits.OnesCount64(word); k >= n {
		word, base, k = m[1], 64, k-n
	}
	for ; k > 0; k-- {
		word &= word - 1
	}
	return base + bits.TrailingZeros64(word)
}
