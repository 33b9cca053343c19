package search

import (
	"cmp"
	"context"
	"math/bits"
	"slices"
	"strings"
)

// checkEvery is the number of candidates between two looks at the context.
const checkEvery = 1024

// Find implements Index. The documents put in first are looked at first.
func (m *Memory) Find(ctx context.Context, q Query, keep func(DocID) bool, limit int) ([]Hit, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if q.Empty() {
		return nil, nil
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	f := finder{m: m, q: q, keep: keep}
	if !f.prepare() {
		return nil, nil
	}
	var hits []Hit
	for i, n := range f.candidates {
		if i%checkEvery == checkEvery-1 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if !f.accepts(n) {
			continue
		}
		s := &m.slots[n]
		hits = append(hits, Hit{s.doc.ID, rate(f.wanted, int(s.words))})
		if len(hits) == limit {
			break
		}
	}
	SortHits(hits)
	return hits, nil
}

// SortHits brings hits into the order that Find returns them in.
func SortHits(hits []Hit) {
	slices.SortFunc(hits, func(a, b Hit) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.ID, b.ID))
	})
}

// finder is one run of Find.
type finder struct {
	m          *Memory
	q          Query
	keep       func(DocID) bool
	candidates []uint32 // the shortest of the lists that a hit must be in
	all        []cursor // the others
	none       []cursor // lists that a hit must not be in
	phrases    bool     // the text must be looked at
	wanted     int      // how many words and prefixes a hit matches
}

// prepare collects the lists. It returns false where a word has none.
func (f *finder) prepare() bool {
	lists := make([][]uint32, 0, 8)
	for _, w := range f.q.Words {
		lists = append(lists, f.m.list(w))
	}
	for _, p := range f.q.Phrases {
		f.phrases = true
		for _, w := range p {
			lists = append(lists, f.m.list(w))
		}
	}
	for _, p := range f.q.Prefixes {
		lists = append(lists, f.m.prefixed(p))
	}
	f.wanted = f.q.wanted()
	slices.SortFunc(lists, func(a, b []uint32) int { return cmp.Compare(len(a), len(b)) })
	if len(lists) == 0 || len(lists[0]) == 0 {
		return false
	}
	f.candidates = lists[0]
	for _, l := range lists[1:] {
		f.all = append(f.all, l)
	}
	for _, w := range f.q.Not {
		f.none = append(f.none, f.m.list(w))
	}
	f.phrases = f.phrases || len(f.q.NotPhrases) > 0
	return true
}

// accepts says whether slot n is a hit. Calls must have ascending n.
func (f *finder) accepts(n uint32) bool {
	for i := range f.all {
		if !f.all[i].has(n) {
			return false
		}
	}
	for i := range f.none {
		if f.none[i].has(n) {
			return false
		}
	}
	s := &f.m.slots[n]
	if !s.live || !f.q.admits(s.doc.Text, s.doc.Size, s.doc.Type) {
		return false
	}
	if f.phrases && !f.q.matchPhrases(Tokens(s.doc.Text)) {
		return false
	}
	return f.keep == nil || f.keep(s.doc.ID)
}

// list returns the slots that hold a word.
func (m *Memory) list(word string) []uint32 {
	if p := m.words[word]; p != nil {
		return p.slots
	}
	return nil
}

// prefixed returns the slots that hold a word beginning with prefix.
func (m *Memory) prefixed(prefix string) []uint32 {
	from, _ := slices.BinarySearchFunc(m.terms, prefix, func(p *posting, s string) int {
		return cmp.Compare(p.word, s)
	})
	var found []*posting
	for _, p := range m.terms[from:] {
		if !strings.HasPrefix(p.word, prefix) {
			break
		}
		found = append(found, p)
	}
	for _, p := range m.fresh {
		if strings.HasPrefix(p.word, prefix) {
			found = append(found, p)
		}
	}
	if len(found) == 1 {
		return found[0].slots
	}
	return m.union(found)
}

// union merges lists by way of a set with a bit for every slot.
func (m *Memory) union(lists []*posting) []uint32 {
	if len(lists) == 0 {
		return nil
	}
	set := make([]uint64, len(m.slots)/64+1)
	n := 0
	for _, p := range lists {
		for _, s := range p.slots {
			set[s/64] |= 1 << (s % 64)
		}
		n += len(p.slots)
	}
	out := make([]uint32, 0, min(n, len(m.slots)))
	for i, word := range set {
		for ; word != 0; word &= word - 1 {
			out = append(out, uint32(i*64+bits.TrailingZeros64(word)))
		}
	}
	return out
}

// cursor is what remains of an ascending list.
type cursor []uint32

// has says whether n is in the list, and forgets what is below. It steps in
// growing strides, so that a long list costs little beside a short one.
func (c *cursor) has(n uint32) bool {
	l := *c
	stride := 1
	for stride < len(l) && l[stride] < n {
		stride *= 2
	}
	low := stride / 2
	at, ok := slices.BinarySearch(l[low:min(stride+1, len(l))], n)
	*c = l[low+at:]
	return ok
}
