package dht

import "sort"

// Trie is the shape of a [Tree] that is too large to be stored: how deep the
// leaf of each key is. It never changes, so any number of goroutines may use it.
type Trie struct {
	keys  []string
	size  int
	depth []uint16 // bits of the leaf of each key
}

// NewTrie returns the shape of a Tree into which entries[i] entries with keys[i]
// were inserted, with full and size as for [NewTree]. The keys are in order.
func NewTrie(keys []string, entries []int, full, size int) *Trie {
	t := &Trie{keys, size, make([]uint16, len(keys))}
	t.part(entries, full, 0, len(keys), 0)
	return t
}

// part sets the depth of keys lo to hi-1, which share their first bits.
func (t *Trie) part(entries []int, full, lo, hi, bits int) {
	sum := 0
	for _, n := range entries[lo:hi] {
		sum += n
	}
	if sum <= full || bits == 8*t.size {
		for i := lo; i < hi; i++ {
			t.depth[i] = uint16(bits)
		}
		return
	}
	ones := lo + sort.Search(hi-lo, func(i int) bool { return bit(t.keys[lo+i], bits) == 1 })
	t.part(entries, full, lo, ones, bits+1)
	t.part(entries, full, ones, hi, bits+1)
}

// Depth returns how many bits lead to the leaf of key i.
func (t *Trie) Depth(i int) int { return int(t.depth[i]) }

// AppendWay appends the keys in the overlay of the vertices that are looked up one
// after the other, by halving, until the leaf of key i is found. They need not be
// there.
func (t *Trie) AppendWay(dst []ID, i int) []ID {
	halve(t.Depth(i), 8*t.size, func(bits int) { dst = append(dst, place(cut(t.keys[i], bits), bits)) })
	return dst
}

// halve visits how many bits a leaf may have, of at most depth, until it is at
// those of the leaf: where there is no vertex they are fewer, at an inner vertex
// more.
func halve(leaf, depth int, visit func(bits int)) {
	for lo, hi := 0, depth; ; {
		bits := (lo + hi) / 2
		visit(bits)
		switch {
		case bits == leaf:
			return
		case bits < leaf:
			lo = bits + 1
		default:
			hi = bits - 1
		}
	}
}
