package gia

// tried is the book that is kept of one query: over which links each peer has
// sent or got it (section 3.2.4). The peers keep it in Gia; here the query
// carries it along, so that it goes when the query does. The zero value is
// empty.
//
// A book has a bit for each slot of each peer, on pages. Of a short walk it holds
// the pages that have marks, of a long one all pages: these then take less room,
// and what long walks take is mostly the time to fetch pages that are in no cache.
type tried struct {
	some []page // open addressing, a power of two
	used int    // of some
	all  []uint32
	long bool // all is in use, some is not
}

// page has the marks of pageSlots slots.
type page struct {
	place uint32 // one more than it is; 0: free
	marks uint32
}

const pageSlots = 32

// paginate gives each peer its bits, on one page if it has no more than one holds.
func (n *Network) paginate() {
	n.bits = make([]uint32, len(n.class))
	at := uint32(0)
	for v := range n.class {
		slots := uint32(n.degree(int32(v)))
		if at%pageSlots+slots > pageSlots {
			at = (at + pageSlots - 1) / pageSlots * pageSlots
		}
		n.bits[v] = at
		at += slots
	}
	n.pages = int(at/pageSlots) + 1
}

// of returns the marks of peer v.
func (t *tried) of(n *Network, v int32) mask {
	var m mask
	first, slots := n.bits[v], n.degree(v)
	for i := 0; i*pageSlots < slots; i++ {
		m[i/2] |= uint64(t.marks(first/pageSlots+uint32(i))>>(first%pageSlots)) << (i % 2 * pageSlots)
	}
	return m.and(below(slots))
}

func (t *tried) marks(place uint32) uint32 {
	switch {
	case t.long:
		return t.all[place]
	case t.used == 0:
		return 0
	default:
		return t.find(place).marks
	}
}

// mark notes a slot of v.
func (t *tried) mark(n *Network, v int32, slot int) {
	at := n.bits[v] + uint32(slot)
	if !t.long && 4*t.used >= 3*len(t.some) {
		t.grow(n.pages)
	}
	*t.page(at / pageSlots) |= 1 << (at % pageSlots)
}

// page returns the marks of a page for writing. There must be room.
func (t *tried) page(place uint32) *uint32 {
	if t.long {
		return &t.all[place]
	}
	p := t.find(place)
	if p.place == 0 {
		p.place = place + 1
		t.used++
	}
	return &p.marks
}

// flush forgets what v did.
func (t *tried) flush(n *Network, v int32) {
	for slot := range n.degree(v) {
		at := n.bits[v] + uint32(slot)
		if t.marks(at/pageSlots)&(1<<(at%pageSlots)) != 0 {
			*t.page(at / pageSlots) &^= 1 << (at % pageSlots)
		}
	}
}

// find returns a page of some, or the free one where it belongs.
func (t *tried) find(place uint32) *page {
	last := uint32(len(t.some) - 1)
	for i := place * 0x9e3779b1 >> 12; ; i++ {
		if p := &t.some[i&last]; p.place == place+1 || p.place == 0 {
			return p
		}
	}
}

// grow makes room for more pages of some, or for all of them, if that is less.
func (t *tried) grow(pages int) {
	old := t.some
	size := max(16, 2*len(old))
	if t.long = 8*size > pages; t.long {
		if t.all == nil {
			t.all = make([]uint32, pages)
		}
	} else {
		t.some, t.used = make([]page, size), 0
	}
	for _, p := range old {
		if p.place != 0 {
			*t.page(p.place - 1) = p.marks
		}
	}
}

// reset empties the book and keeps its memory.
func (t *tried) reset() {
	clear(t.some)
	if t.long {
		clear(t.all)
	}
	t.used, t.long = 0, false
}
