package bleveindex

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/seed282dab8e/servent/search"
	"github.com/seed282dab8e/servent/search/indextest"
)

// owner is an Index together with the documents, as a library has them.
type owner struct {
	*Index
	mu   sync.RWMutex
	docs map[search.DocID]search.Doc
	late bool // Config.Late
}

func (o *owner) doc(id search.DocID) (search.Doc, bool) {
	o.mu.RLock()
	defer o.mu.RUnlock()
	d, ok := o.docs[id]
	return d, ok
}

// Apply is the library's way: documents are known before they are findable.
func (o *owner) Apply(put []search.Doc, del []search.DocID) error {
	o.mu.Lock()
	for _, id := range del {
		delete(o.docs, id)
	}
	for _, d := range put {
		o.docs[d.ID] = d
	}
	o.mu.Unlock()
	return o.Index.Apply(put, del)
}

// open opens an index in dir for o.
func (o *owner) open(t testing.TB, dir string, maxBytes int64) {
	t.Helper()
	if o.docs == nil {
		o.docs = map[search.DocID]search.Doc{}
	}
	x, err := Open(Config{Dir: dir, MaxBytes: maxBytes, Doc: o.doc, Late: o.late})
	if err != nil {
		t.Fatal(err)
	}
	o.Index = x
	t.Cleanup(func() { _ = x.Close() }) // again, where the test has done so
}

func newOwner(t testing.TB) *owner { return newOwnerOf(t, false) }

func newOwnerOf(t testing.TB, late bool) *owner {
	o := &owner{late: late}
	o.open(t, t.TempDir(), 0)
	return o
}

func TestConformance(t *testing.T) {
	for _, late := range []bool{false, true} {
		t.Run(fmt.Sprintf("late %t", late), func(t *testing.T) {
			indextest.Run(t, func(t *testing.T) search.Index { return newOwnerOf(t, late) })
		})
	}
}

func TestBounded(t *testing.T) {
	o := &owner{}
	o.open(t, t.TempDir(), MinMaxBytes)
	indextest.RunBounded(t, o)
}

// some returns n documents with IDs from first on.
func some(first, n int) []search.Doc {
	docs := make([]search.Doc, n)
	for i := range docs {
		docs[i] = search.Doc{ID: search.DocID(first + i), Text: fmt.Sprintf("folder %d/common word%d.txt", i%7, first+i)}
	}
	return docs
}

// findAll returns the IDs of what holds the word that all documents of some do,
// ascending.
func (o *owner) findAll(t testing.TB) []search.DocID {
	t.Helper()
	hits, err := o.Find(context.Background(), search.Query{Words: []string{"common"}}, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ids := make([]search.DocID, 0, len(hits))
	for _, h := range hits {
		ids = append(ids, h.ID)
	}
	slices.Sort(ids)
	return ids
}
