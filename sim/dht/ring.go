package dht

import (
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"

	"github.com/seed282dab8e/servent/sim/exact"
)

// Ring is the identifiers of all nodes in ascending order, with an index by
// their leading bits, so that finding a place takes constant time.
type Ring struct {
	ids   []ID
	start []int32 // where identifiers with each value of the leading bits begin, and one more
	shift int
}

// RandomRing has n nodes (1 or more) with random identifiers, all different.
func RandomRing(r *rand.Rand, n int) *Ring {
	ids := make([]ID, n)
	for i := range ids {
		ids[i] = ID(r.Uint64())
	}
	return NewRing(ids)
}

// EvenRing has 2^log nodes at equal distances, the first of them at 0.
func EvenRing(log int) *Ring {
	ids := make([]ID, 1<<log)
	for i := range ids {
		ids[i] = ID(uint64(i) << 1 << (63 - log))
	}
	return NewRing(ids)
}

// NewRing takes the identifiers of the nodes, in any order. Doubles count once.
func NewRing(ids []ID) *Ring {
	ids = slices.Clone(ids)
	slices.Sort(ids)
	ids = slices.Compact(ids)
	lead := max(1, bits.Len(uint(len(ids)))-1)
	r := &Ring{ids: ids, start: make([]int32, 1<<lead+1), shift: 64 - lead}
	next := 0
	for b := range r.start {
		for next < len(ids) && int(ids[next]>>r.shift) < b {
			next++
		}
		r.start[b] = int32(next)
	}
	return r
}

// Len returns the number of nodes.
func (r *Ring) Len() int { return len(r.ids) }

// ID returns the identifier of a node.
func (r *Ring) ID(v int32) ID { return r.ids[v] }

// from returns the first node whose identifier is id or higher; Len() when
// there is none.
func (r *Ring) from(id ID) int32 {
	b := id >> r.shift
	lo, hi := r.start[b], r.start[b+1]
	i, _ := slices.BinarySearch(r.ids[lo:hi], id)
	return lo + int32(i)
}

// successor returns the first node at id or after it, going round.
func (r *Ring) successor(id ID) int32 {
	if v := r.from(id); int(v) < len(r.ids) {
		return v
	}
	return 0
}

// step returns the node that is d places after v, or before it when d < 0.
func (r *Ring) step(v, d int32) int32 {
	n := int32(len(r.ids))
	return ((v+d)%n + n) % n
}

// ahead returns how many places w is after v.
func (r *Ring) ahead(v, w int32) int32 {
	if w < v {
		return w - v + int32(len(r.ids))
	}
	return w - v
}

// block is the nodes [lo, hi), whose identifiers begin with the same bits.
type block struct{ lo, hi int32 }

func (b block) len() int { return int(b.hi - b.lo) }

func (b block) has(v int32) bool { return v >= b.lo && v < b.hi }

// alive says whether a node of the block is up.
func (b block) alive(dead Dead) bool {
	for v := b.lo; v < b.hi; v++ {
		if !dead.has(v) {
			return true
		}
	}
	return false
}

// prefix returns the nodes that have the first n bits of id.
func (r *Ring) prefix(id ID, n int) block {
	if n == 0 {
		return block{0, int32(len(r.ids))}
	}
	rest := ID(math.MaxUint64) >> n
	lo := r.from(id &^ rest)
	end := id | rest
	if end == math.MaxUint64 {
		return block{lo, int32(len(r.ids))}
	}
	return block{lo, r.from(end + 1)}
}

// common returns how many leading bits a and b share.
func common(a, b ID) int { return bits.LeadingZeros64(uint64(a ^ b)) }

// pick appends to dst up to k different nodes of a block, all when they are that
// few. Which and in what order follows from seed, each as likely as the other.
func pick(b block, k int, seed ID, dst []int32) []int32 {
	first, m := len(dst), b.len()
	if m <= k {
		for v := b.lo; v < b.hi; v++ {
			dst = append(dst, v)
		}
		if m > 1 {
			i := first + int(below(seed, m)) // who is first matters, the rest does not
			dst[first], dst[i] = dst[i], dst[first]
		}
		return dst
	}
	for ; len(dst)-first < k; seed++ {
		if v := b.lo + below(seed, m); !slices.Contains(dst[first:], v) {
			dst = append(dst, v)
		}
	}
	return dst
}

// below spreads seed over 0 to m-1.
func below(seed ID, m int) int32 {
	return int32(exact.Below(exact.Mix(uint64(seed)), uint64(m)))
}
