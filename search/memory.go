package search

import (
	"cmp"
	"slices"
	"strings"
	"sync"
)

// Memory is an Index in memory: for every word the ascending list of the
// documents that hold it. It is safe for concurrent use. Its zero value is
// empty and ready to use.
type Memory struct {
	mu    sync.RWMutex
	slots []slot           // every document ever put in, until compact
	byID  map[DocID]uint32 // the live slot of a document
	words map[string]*posting
	terms []*posting // sorted by word, but for those of fresh
	fresh []*posting // new words, not yet in terms
	dead  int        // slots that are not live
	bytes int64      // that all of this takes, about
	max   int64      // of bytes; 0: no bound
	buf   []string   // scratch space of Apply
}

// slot is where one document lives. Replacing a document gives it a new one,
// so that lists of slots grow only at their ends.
type slot struct {
	doc   Doc
	words uint32 // how many, for the score
	live  bool
}

// posting lists the slots whose text holds a word.
type posting struct {
	word  string
	slots []uint32 // ascending; may name dead ones
}

const (
	maxFresh = 512 // new words that Find looks through one by one
	minDead  = 64  // dead slots that are not worth compacting
	// What a document takes beside its text, each of its words, and a word that no
	// other document has beside its letters: measured by TestMemoryBytes.
	docBytes   = 120
	entryBytes = 6
	wordBytes  = 130
)

var _ Index = (*Memory)(nil)

// NewMemory returns an empty index.
func NewMemory() *Memory { return &Memory{} }

// NewBoundedMemory returns an empty index that refuses what would take it past so
// many bytes.
func NewBoundedMemory(maxBytes int64) *Memory { return &Memory{max: maxBytes} }

// Len returns the number of documents.
func (m *Memory) Len() int {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return len(m.byID)
}

// Apply implements Index. It fails with a *FullError only, and where there is no
// bound never.
func (m *Memory) Apply(put []Doc, del []DocID) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.byID == nil {
		m.byID = make(map[DocID]uint32, len(put))
		m.words = make(map[string]*posting)
	}
	for _, id := range del {
		m.remove(id)
	}
	var refused []DocID
	for _, d := range put {
		m.remove(d.ID)
		if !m.add(d) {
			refused = append(refused, d.ID)
		}
	}
	clear(m.buf[:cap(m.buf)]) // words of the last document are not ours to keep
	if len(m.fresh) > maxFresh {
		m.sortTerms()
	}
	if m.dead > minDead && m.dead > len(m.slots)/2 {
		m.compact()
	}
	if len(refused) > 0 {
		return &FullError{Refused: refused, Max: m.max}
	}
	return nil
}

func (m *Memory) remove(id DocID) {
	n, ok := m.byID[id]
	if !ok {
		return
	}
	delete(m.byID, id)
	m.bytes -= int64(len(m.slots[n].doc.Text))
	m.slots[n] = slot{}
	m.dead++
}

// add says whether there was room.
func (m *Memory) add(d Doc) bool {
	m.buf = AppendTokens(m.buf[:0], d.Text)
	if !m.fits(d) {
		return false
	}
	n := uint32(len(m.slots))
	m.bytes += docBytes + int64(len(d.Text))
	m.slots = append(m.slots, slot{doc: d, words: uint32(len(m.buf)), live: true})
	m.byID[d.ID] = n
	for _, w := range m.buf {
		p := m.posting(w)
		if last := len(p.slots) - 1; last < 0 || p.slots[last] != n {
			p.slots = append(p.slots, n)
			m.bytes += entryBytes
		}
	}
	return true
}

// fits says whether there is room for d, whose words are in m.buf.
func (m *Memory) fits(d Doc) bool {
	if m.max == 0 {
		return true
	}
	need := docBytes + int64(len(d.Text)) + entryBytes*int64(len(m.buf))
	for _, w := range m.buf {
		if m.words[w] == nil {
			need += wordBytes + int64(len(w))
		}
	}
	if m.bytes+need > m.max && m.dead > len(m.slots)/8 {
		m.compact()
	}
	return m.bytes+need <= m.max
}

// posting returns the list of a word, a new one where there is none.
func (m *Memory) posting(word string) *posting {
	p := m.words[word]
	if p == nil {
		p = &posting{word: strings.Clone(word)} // not a piece of somebody's whole path
		m.words[p.word] = p
		m.bytes += wordBytes + int64(len(word))
		m.fresh = append(m.fresh, p)
	}
	return p
}

func byWord(a, b *posting) int { return cmp.Compare(a.word, b.word) }

// sortTerms moves the fresh words to their places in terms.
func (m *Memory) sortTerms() {
	m.terms = append(m.terms, m.fresh...)
	slices.SortFunc(m.terms, byWord)
	m.fresh = m.fresh[:0]
}

// compact drops the dead slots and numbers the others anew, in their order.
func (m *Memory) compact() {
	m.bytes = 0
	place := make([]uint32, len(m.slots))
	live := make([]slot, 0, len(m.byID))
	for n, s := range m.slots {
		if s.live {
			place[n] = uint32(len(live))
			m.byID[s.doc.ID] = place[n]
			live = append(live, s)
			m.bytes += docBytes + int64(len(s.doc.Text))
		}
	}
	m.sortTerms()
	used := make([]*posting, 0, len(m.terms))
	for _, p := range m.terms {
		kept := make([]uint32, 0, len(p.slots))
		for _, n := range p.slots {
			if m.slots[n].live {
				kept = append(kept, place[n])
			}
		}
		if p.slots = kept; len(kept) == 0 {
			delete(m.words, p.word)
			continue
		}
		used = append(used, p)
		m.bytes += wordBytes + int64(len(p.word)) + entryBytes*int64(len(kept))
	}
	m.slots, m.terms, m.dead = live, used, 0
}
