package protocol

import (
	"math/bits"
	"slices"
	"unicode/utf16"
	"unicode/utf8"
)

// Sizes of route tables as powers of two. NewRouteTable makes tables of
// MinTableBits to MaxTableBits; peers may send smaller ones.
const (
	MinTableBits = 10
	MaxTableBits = 21
)

// A word is found by its beginnings too: maxShorter of them, shortestForm
// characters or more each.
const (
	maxShorter   = 5
	shortestForm = 3
)

const (
	hashBits   = 32
	hashFactor = 0x4F1BBCDC
	wordBits   = 64 // slots in one element of RouteTable.slots
)

// WordHash returns the QRP hash of a lower-cased word before it is cut to a
// table's size: its slot in a table of 2^bits slots is the top bits of it. ASCII
// capitals count as small letters, so the text of a URN hashes as it stands.
func WordHash[T string | []byte](word T) uint32 {
	var x uint32
	for i := range len(word) {
		c := word[i]
		if c >= utf8.RuneSelf {
			return wideHash(string(word))
		}
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		x ^= uint32(c) << (8 * (i & 3))
	}
	return x * hashFactor
}

// wideHash is WordHash beyond ASCII: of the low byte of every UTF-16 unit, as
// gtk-gnutella and LimeWire have it.
func wideHash(word string) uint32 {
	var x uint32
	for i, u := range utf16.Encode([]rune(word)) {
		if 'A' <= u && u <= 'Z' {
			u += 'a' - 'A'
		}
		x ^= uint32(u&0xff) << (8 * (i & 3))
	}
	return x * hashFactor
}

// Hash returns the slot of a lower-cased word in a table of 2^bits slots.
func Hash(word string, bits uint) uint32 { return WordHash(word) >> (hashBits - bits) }

// RouteTable tells which words a servent might answer to, one bit a slot: what
// it does not hold is certainly not there. Make one with NewRouteTable. Any
// number may read it at once, as long as nobody changes it.
type RouteTable struct {
	slots []uint64
	shift uint8 // hash >> shift is the slot: 32 - bits
}

// NewRouteTable returns an empty table of 2^bits slots; bits outside
// MinTableBits to MaxTableBits are brought inside.
func NewRouteTable(bits uint) *RouteTable {
	return newRouteTable(min(max(bits, MinTableBits), MaxTableBits))
}

func newRouteTable(bits uint) *RouteTable {
	return &RouteTable{
		slots: make([]uint64, (1<<bits+wordBits-1)/wordBits),
		shift: uint8(hashBits - bits),
	}
}

// Add puts in a lower-cased word and its shortened forms: up to five
// beginnings of it, three characters or more each.
func (t *RouteTable) Add(word string) { forms(word, t.set) }

// forms calls do with the hash of a word and of its shortened forms.
func forms(word string, do func(hash uint32)) {
	if word == "" {
		return
	}
	do(WordHash(word))
	for range maxShorter {
		_, n := utf8.DecodeLastRuneInString(word)
		word = word[:len(word)-n]
		if utf8.RuneCountInString(word) < shortestForm {
			return
		}
		do(WordHash(word))
	}
}

// AddURN puts in the text of u's urn:sha1: name, if it has one.
func (t *RouteTable) AddURN(u URN) {
	if u.HasSHA1 {
		t.set(WordHash(u.SHA1URN()))
	}
}

// Has reports whether the slot of a WordHash is set.
func (t *RouteTable) Has(hash uint32) bool {
	i := uint64(hash) >> (t.shift & 63)
	return t.slots[i/wordBits]>>(i%wordBits)&1 != 0
}

func (t *RouteTable) set(hash uint32) {
	i := uint64(hash) >> (t.shift & 63)
	t.slots[i/wordBits] |= 1 << (i % wordBits)
}

// Bits returns the table's size as a power of two.
func (t *RouteTable) Bits() uint { return hashBits - uint(t.shift) }

// size returns the number of slots.
func (t *RouteTable) size() int { return 1 << t.Bits() }

// Fill returns the part of the slots that are set, 0 to 1.
func (t *RouteTable) Fill() float64 {
	n := 0
	for _, w := range t.slots {
		n += bits.OnesCount64(w)
	}
	return float64(n) / float64(t.size())
}

// Equal reports whether both tables have the same size and slots.
func (t *RouteTable) Equal(o *RouteTable) bool {
	return t.shift == o.shift && slices.Equal(t.slots, o.slots)
}

// Or puts everything of o into t. A slot of a smaller table stands for all
// slots of a larger one whose hashes begin as it does, so that t.Has whatever
// o.Has, whichever is the larger.
func (t *RouteTable) Or(o *RouteTable) {
	if t.shift == o.shift {
		for i, w := range o.slots {
			t.slots[i] |= w
		}
		return
	}
	span := max(1, t.size()/o.size())
	for i, w := range o.slots {
		for ; w != 0; w &= w - 1 {
			slot := uint64(i*wordBits + bits.TrailingZeros64(w))
			t.setSpan(slot<<o.shift>>t.shift, span)
		}
	}
}

// setSpan sets n slots from slot on; n is a power of two that divides slot.
func (t *RouteTable) setSpan(slot uint64, n int) {
	if n < wordBits {
		t.slots[slot/wordBits] |= (1<<n - 1) << (slot % wordBits)
		return
	}
	for i := range uint64(n / wordBits) {
		t.slots[slot/wordBits+i] = ^uint64(0)
	}
}

func (t *RouteTable) clone() *RouteTable {
	return &RouteTable{slots: slices.Clone(t.slots), shift: t.shift}
}
