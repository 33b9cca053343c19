package library

import (
	"iter"
	"maps"
	"math"
	"slices"

	"github.com/seed282dab8e/servent/search"
)

// Doc returns a shared file as the index knows it. A file is here before it is
// put into the index, and has gone before it is deleted there.
func (l *Library) Doc(id search.DocID) (search.Doc, bool) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if id > math.MaxUint32 {
		return search.Doc{}, false
	}
	e := l.files[uint32(id)]
	if e == nil {
		return search.Doc{}, false
	}
	return e.doc(), true
}

// Docs yields the documents of all files that are shared when it is called, but
// for those that go meanwhile: all that an index is made of.
func (l *Library) Docs() iter.Seq[search.Doc] {
	return func(yield func(search.Doc) bool) {
		l.mu.RLock()
		indices := slices.Sorted(maps.Keys(l.files))
		l.mu.RUnlock()
		for _, i := range indices {
			if d, ok := l.Doc(search.DocID(i)); ok && !yield(d) {
				return
			}
		}
	}
}
