package dht

import (
	"slices"
	"strings"
)

// Find returns the entries of one key, in order. Halving takes about log2 of the
// bits of a key in lookups; from the root down it takes as many as the leaf is
// deep.
func (t *Tree) Find(from int32, key string, halving bool) ([]Entry, Cost) {
	var c Cost
	find := t.linear
	if halving {
		find = t.binary
	}
	return t.take(find(from, key, &c), key, key+"\x00", &c), c
}

// take sends the entries of a leaf in [lo, hi) to the asker.
func (t *Tree) take(leaf *vertex, lo, hi string, c *Cost) []Entry {
	first, _ := slices.BinarySearchFunc(leaf.entries, lo, func(e Entry, k string) int { return strings.Compare(e.Key, k) })
	last := first
	for last < len(leaf.entries) && before(leaf.entries[last].Key, hi) {
		last++
	}
	c.Bytes += EntryBytes * (last - first)
	return leaf.entries[first:last:last]
}

// before says whether key is below hi; all are when hi is empty.
func before(key, hi string) bool { return hi == "" || key < hi }

// Prefix returns all entries whose keys begin with p, in order. The vertex with
// the bits of p passes the question on to all leaves under it, side by side.
func (t *Tree) Prefix(from int32, p string) ([]Entry, Cost) {
	return t.spread(from, p, above(p), 8*len(p))
}

// above returns the first key after all that begin with p; empty for none.
func above(p string) string {
	b := []byte(p)
	for i := len(b) - 1; i >= 0; i-- {
		if b[i]++; b[i] != 0 {
			return string(b[:i+1])
		}
	}
	return ""
}

// Range returns all entries with keys in [lo, hi), in order; an empty hi sets no
// end. The question goes to the vertex with the bits that lo and hi share, and
// on to all leaves that may hold some.
func (t *Tree) Range(from int32, lo, hi string) ([]Entry, Cost) {
	bits := 0
	for hi != "" && bits < t.depth && bit(lo, bits) == bit(hi, bits) {
		bits++
	}
	return t.spread(from, lo, hi, bits)
}

// spread asks the vertex with the first bits of lo, if it is an inner one, and
// else the leaf that is in its stead.
func (t *Tree) spread(from int32, lo, hi string, bits int) ([]Entry, Cost) {
	var c Cost
	if !before(lo, hi) {
		return nil, c
	}
	v := t.root
	for bits = min(bits, t.depth); v.bits < bits && !v.leaf(); {
		v = v.kids[bit(lo, v.bits)]
	}
	if v.bits < bits {
		t.visit(from, lo, bits, &c) // there is no such vertex
		return slices.Clone(t.take(t.binary(from, lo, &c), lo, hi, &c)), c
	}
	at := t.visit(from, lo, bits, &c)
	return t.under(at, v, lo, hi, &c), c
}

// under collects [lo, hi) from the leaves under v, which lives at node at.
func (t *Tree) under(at int32, v *vertex, lo, hi string, c *Cost) []Entry {
	if v.leaf() {
		return t.take(v, lo, hi, c)
	}
	var found []Entry
	start, latest := c.Hops, c.Hops
	for _, k := range v.kids {
		if !k.mayHold(lo, hi) {
			continue
		}
		c.Hops = start
		to := t.visit(at, k.label, k.bits, c)
		found = append(found, t.under(to, k, lo, hi, c)...)
		latest = max(latest, c.Hops)
	}
	c.Hops = latest
	return found
}

// mayHold says whether a key in [lo, hi) may begin with the bits of v.
func (v *vertex) mayHold(lo, hi string) bool {
	return cut(lo, v.bits) <= v.label && before(strings.TrimRight(v.label, "\x00"), hi)
}

// Walk is [Tree.Range] that goes from leaf to leaf by their links: fewer
// messages, more time.
func (t *Tree) Walk(from int32, lo, hi string) ([]Entry, Cost) {
	var c Cost
	if !before(lo, hi) {
		return nil, c
	}
	v := t.binary(from, lo, &c)
	found := slices.Clone(t.take(v, lo, hi, &c))
	for v = v.next; v != nil && v.mayHold(lo, hi); v = v.next {
		t.visit(from, v.label, v.bits, &c)
		found = append(found, t.take(v, lo, hi, &c)...)
	}
	return found, c
}
