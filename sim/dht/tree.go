package dht

import (
	"cmp"
	"slices"
	"strings"
)

// Tree is a prefix hash tree: a binary trie over the bits of keys, whose
// vertices live in an [Overlay], each where its bits hash to. Its leaves hold
// the entries, and are linked in order. So a plain hash table, which finds
// exact keys only, gets to find all keys with a prefix or in a range.
//
// Source: Ramabhadran, Ratnasamy, Hellerstein, Shenker, "Prefix hash tree: an
// indexing data structure over distributed hash tables", 2004; Chawathe et al.,
// "A case study in building layered DHT applications", SIGCOMM 2005. A Tree has
// no copies of vertices: one whose node has left is lost with its entries.
type Tree struct {
	overlay Overlay
	full    int // entries that a leaf holds without parting
	depth   int // bits that tell keys apart
	root    *vertex
	leaves  int
	path    Path
}

// Entry is one value under a key, such as a file under a word of its name.
type Entry struct {
	Key   string // ordered by its bytes; it ends in no zero byte
	Value int32
}

func (e Entry) compare(f Entry) int {
	return cmp.Or(strings.Compare(e.Key, f.Key), cmp.Compare(e.Value, f.Value))
}

type vertex struct {
	label      string // its bits, filled up with zeros to whole bytes
	bits       int
	up         *vertex
	kids       [2]*vertex // nil for a leaf
	prev, next *vertex    // of a leaf
	entries    []Entry    // of a leaf, in order
}

func (v *vertex) leaf() bool { return v.kids[0] == nil }

// Cost is what the tree's use of the overlay comes to.
type Cost struct {
	Lookups  int // of vertices
	Messages int // requests and answers, and the entries' own
	Hops     int // one after the other: those side by side count once
	Bytes    int // of entries that were sent
}

// EntryBytes is what one entry takes in a message: a key of some 8 bytes, the
// value with its hash of 20, and where the file is.
const EntryBytes = 34

// NewTree returns an empty tree. Its leaves hold up to full entries (1 or more)
// before they part; keys are told apart by their first size bytes, and those
// that agree in them stay in one leaf, however many there are.
func NewTree(o Overlay, full, size int) *Tree {
	return &Tree{overlay: o, full: full, depth: 8 * size, root: &vertex{}, leaves: 1}
}

// Leaves returns how many leaves there are.
func (t *Tree) Leaves() int { return t.leaves }

// cut returns the first bits of key, filled up with zeros to whole bytes.
func cut(key string, bits int) string {
	b := make([]byte, (bits+7)/8)
	copy(b, key)
	if rest := bits % 8; rest > 0 {
		b[len(b)-1] &= 0xff << (8 - rest)
	}
	return string(b)
}

// bit returns bit i of key, 0 behind its end.
func bit(key string, i int) int {
	if i/8 >= len(key) {
		return 0
	}
	return int(key[i/8]) >> (7 - i%8) & 1
}

// place returns where the vertex with these bits lives (FNV-1a, spread).
func place(label string, bits int) ID {
	h := uint64(14695981039346656037)
	for i := range len(label) {
		h = (h ^ uint64(label[i])) * 1099511628211
	}
	return Hash(h + uint64(bits))
}

// visit looks up the vertex with the first bits of key and returns the node
// that it would be on.
func (t *Tree) visit(from int32, key string, bits int, c *Cost) int32 {
	t.overlay.Lookup(from, place(cut(key, bits), bits), nil, &t.path)
	c.Lookups++
	c.Messages += t.path.Messages()
	c.Hops += t.path.Hops
	return t.path.Owner
}

// down returns the leaf that key belongs to, for free.
func (t *Tree) down(key string) *vertex {
	v := t.root
	for !v.leaf() {
		v = v.kids[bit(key, v.bits)]
	}
	return v
}

// linear finds the leaf of key as a trie does, from the root down.
func (t *Tree) linear(from int32, key string, c *Cost) *vertex {
	leaf := t.down(key)
	for bits := range leaf.bits + 1 {
		t.visit(from, key, bits, c)
	}
	return leaf
}

// binary finds the leaf of key by halving how many bits it may have.
func (t *Tree) binary(from int32, key string, c *Cost) *vertex {
	leaf := t.down(key)
	halve(leaf.bits, t.depth, func(bits int) { t.visit(from, key, bits, c) })
	return leaf
}

// Insert adds an entry; nothing changes when it is there.
func (t *Tree) Insert(from int32, e Entry) Cost {
	c := Cost{Messages: 1, Bytes: EntryBytes}
	v := t.binary(from, e.Key, &c)
	i, known := slices.BinarySearchFunc(v.entries, e, Entry.compare)
	if known {
		return c
	}
	v.entries = slices.Insert(v.entries, i, e)
	for len(v.entries) > t.full && v.bits < t.depth {
		v = t.part(v, &c)
	}
	return c
}

// part makes a leaf an inner vertex with two leaves, to which its node sends
// the entries. It returns the fuller one.
func (t *Tree) part(v *vertex, c *Cost) *vertex {
	t.leaves++
	from := t.overlay.Owner(place(v.label, v.bits), nil)
	ones, _ := slices.BinarySearchFunc(v.entries, 1, func(e Entry, one int) int {
		return cmp.Compare(bit(e.Key, v.bits), one)
	})
	kid := func(b byte, entries []Entry) *vertex {
		k := &vertex{bits: v.bits + 1, up: v, entries: slices.Clone(entries)}
		label := []byte(cut(v.label, k.bits))
		label[v.bits/8] |= b << (7 - v.bits%8)
		k.label = string(label)
		t.visit(from, k.label, k.bits, c)
		c.Messages++
		c.Bytes += EntryBytes * len(entries)
		return k
	}
	zero, one := kid(0, v.entries[:ones]), kid(1, v.entries[ones:])
	t.link(v.prev, zero, c)
	t.link(zero, one, nil)
	t.link(one, v.next, c)
	v.kids, v.entries, v.prev, v.next = [2]*vertex{zero, one}, nil, nil, nil
	if len(zero.entries) > len(one.entries) {
		return zero
	}
	return one
}

// link makes w the leaf after v. One message tells the one that was there
// before; none when c is nil.
func (t *Tree) link(v, w *vertex, c *Cost) {
	if v != nil {
		v.next = w
	}
	if w != nil {
		w.prev = v
	}
	if v != nil && w != nil && c != nil {
		c.Messages++
	}
}

// Delete removes an entry, if it is there. Two leaves that now fit into one
// become one.
func (t *Tree) Delete(from int32, e Entry) Cost {
	c := Cost{Messages: 1, Bytes: EntryBytes}
	v := t.binary(from, e.Key, &c)
	i, known := slices.BinarySearchFunc(v.entries, e, Entry.compare)
	if !known {
		return c
	}
	v.entries = slices.Delete(v.entries, i, i+1)
	for v.up != nil && t.join(v.up, &c) {
		v = v.up
	}
	return c
}

// join makes an inner vertex a leaf, if its kids are leaves whose entries fit.
func (t *Tree) join(v *vertex, c *Cost) bool {
	zero, one := v.kids[0], v.kids[1]
	if !zero.leaf() || !one.leaf() || len(zero.entries)+len(one.entries) > t.full {
		return false
	}
	t.leaves--
	from := t.overlay.Owner(place(v.label, v.bits), nil)
	for _, k := range v.kids {
		t.visit(from, k.label, k.bits, c)
		c.Bytes += EntryBytes * len(k.entries)
	}
	v.entries = append(zero.entries, one.entries...)
	v.kids = [2]*vertex{}
	t.link(zero.prev, v, c)
	t.link(v, one.next, c)
	return true
}
