package gia

// tried is the book that is kept of one query: over which links each peer has
// sent or got it (section 3.2.4). The peers keep it in Gia; here the query
// carries it along, so that it goes when the query does. The zero value is
// empty.
type tried struct {
	pages []page // open addressing, a power of two
	n     int
}

// page has the marks of 32 slots of a peer.
type page struct {
	key   uint32 // of peer and slots; 0: free
	marks uint32
}

const (
	pageSlots = 32
	peerPages = maxDegree / pageSlots
)

func pageKey(v int32, page int) uint32 { return uint32(v)*peerPages + uint32(page) + 1 }

// sent returns the marks of peer v, who has the given number of slots.
func (t *tried) sent(v int32, slots int) mask {
	var m mask
	if t.n == 0 {
		return m
	}
	for i := range (slots + pageSlots - 1) / pageSlots {
		marks := uint64(t.find(pageKey(v, i)).marks)
		m[i/2] |= marks << (i % 2 * pageSlots)
	}
	return m
}

// mark notes a slot of v.
func (t *tried) mark(v int32, slot int) {
	if 4*t.n >= 3*len(t.pages) {
		t.grow()
	}
	key := pageKey(v, slot/pageSlots)
	p := t.find(key)
	if p.key == 0 {
		p.key = key
		t.n++
	}
	p.marks |= 1 << (slot % pageSlots)
}

// flush forgets what v did.
func (t *tried) flush(v int32) {
	for i := range peerPages {
		if p := t.find(pageKey(v, i)); p.key != 0 {
			p.marks = 0
		}
	}
}

func (t *tried) find(key uint32) *page {
	last := uint32(len(t.pages) - 1)
	for i := key * 0x9e3779b1 >> 12; ; i++ {
		if p := &t.pages[i&last]; p.key == key || p.key == 0 {
			return p
		}
	}
}

func (t *tried) grow() {
	old := t.pages
	t.pages = make([]page, max(16, 2*len(old)))
	for _, p := range old {
		if p.key != 0 {
			*t.find(p.key) = p
		}
	}
}

// reset empties the book and keeps its memory.
func (t *tried) reset() {
	clear(t.pages)
	t.n = 0
}
