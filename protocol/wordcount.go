package protocol

import "math"

const (
	// smallestFitted is the size that the proposal recommends and every servent takes.
	smallestFitted = 16
	// maxFill is how full a table may be before a larger one is taken. A word that
	// is not there passes with this chance, two words with its square.
	maxFill = 1.0 / 3
)

// WordCount counts words as a route table has them, so that what is no longer
// there can be taken out. It takes what few words need, and 4 MiB at most. It is
// not safe for concurrent use.
type WordCount struct {
	few    slotCounts // all there is, until counts
	counts []uint16   // by slot of a table of MaxTableBits; nil while there are few
}

// NewWordCount returns one that has counted nothing.
func NewWordCount() *WordCount { return &WordCount{} }

// Add counts a lower-cased word and its shortened forms, as RouteTable.Add
// puts them in.
func (c *WordCount) Add(word string) { forms(word, c.more) }

// AddURN counts the text of u's urn:sha1: name, if it has one.
func (c *WordCount) AddURN(u URN) {
	if u.HasSHA1 {
		c.more(WordHash(u.SHA1URN()))
	}
}

// Removal takes words out of a WordCount that were added to it before.
type Removal struct{ c *WordCount }

// Remove returns what takes out of c whatever is added to it.
func (c *WordCount) Remove() Removal { return Removal{c} }

// Add takes out what WordCount.Add has counted.
func (r Removal) Add(word string) { forms(word, r.c.less) }

// AddURN takes out what WordCount.AddURN has counted.
func (r Removal) AddURN(u URN) {
	if u.HasSHA1 {
		r.c.less(WordHash(u.SHA1URN()))
	}
}

// of returns the count of a hash's slot. With add there is one, for the caller to
// put up; else nil where nothing was counted.
func (c *WordCount) of(hash uint32, add bool) *uint16 {
	slot := hash >> (hashBits - MaxTableBits)
	if c.counts == nil && add && c.few.full() {
		c.counts = c.few.all()
		c.few = slotCounts{}
	}
	if c.counts != nil {
		return &c.counts[slot]
	}
	return c.few.of(slot, add)
}

func (c *WordCount) more(hash uint32) {
	if n := c.of(hash, true); *n < math.MaxUint16 {
		*n++
	}
}

// less leaves a slot that has been at its maximum there: how often it was
// counted since is not known.
func (c *WordCount) less(hash uint32) {
	if n := c.of(hash, false); n != nil && *n > 0 && *n < math.MaxUint16 {
		*n--
	}
}

// Table returns a table of the largest size with everything that is counted.
func (c *WordCount) Table() *RouteTable { return c.tableOf(MaxTableBits) }

func (c *WordCount) tableOf(bits uint) *RouteTable {
	t := NewRouteTable(bits)
	shift := MaxTableBits - bits
	for i, n := range c.counts {
		if n > 0 {
			slot := i >> shift
			t.slots[slot/wordBits] |= 1 << (slot % wordBits)
		}
	}
	for i, n := range c.few.counts {
		if n > 0 {
			slot := (c.few.slots[i] - 1) >> shift
			t.slots[slot/wordBits] |= 1 << (slot % wordBits)
		}
	}
	return t
}

// Fitted returns a table with everything that is counted, in the smallest size of
// 2^16 slots or more that is not over a third full, or else the largest there is.
func (c *WordCount) Fitted() *RouteTable {
	for bits := uint(smallestFitted); ; bits++ {
		if t := c.tableOf(bits); bits == MaxTableBits || t.Fill() <= maxFill {
			return t
		}
	}
}
