package bleveindex

import (
	"errors"
	"fmt"
	"testing"

	"github.com/blevesearch/bleve/v2/index/scorch"
	"github.com/seed282dab8e/servent/search"
)

// numbered are documents from first on that each have a word of their own.
func numbered(first, count int) []search.Doc {
	docs := make([]search.Doc, count)
	for i := range docs {
		n := first + i
		docs[i] = search.Doc{ID: search.DocID(n), Text: fmt.Sprintf("walzer opus%dq.ogg", n)}
	}
	return docs
}

func idsOf(docs []search.Doc) (ids []search.DocID) {
	for _, d := range docs {
		ids = append(ids, d.ID)
	}
	return ids
}

// held counts the documents that bleve has, and those of them that it knows to be
// deleted.
func (o *owner) held(t *testing.T) (docs, deleted int) {
	t.Helper()
	err := o.store.segments(func(seg *scorch.SegmentSnapshot, _ string) error {
		docs, deleted = docs+int(seg.FullSize()), deleted+int(seg.FullSize()-seg.LiveSize())
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return docs, deleted
}

func (o *owner) wantFound(t *testing.T, n int, want bool) {
	t.Helper()
	hits, err := o.Find(t.Context(), search.Query{Words: []string{fmt.Sprintf("opus%dq", n)}}, nil, 0)
	if err != nil || (len(hits) == 1) != want {
		t.Errorf("document %d: %v, %v; want %t", n, hits, err, want)
	}
}

// TestLate: deletions are no hits at once, and bleve hears of them when there are
// many, all at once, and leaves them out. What was put again stays.
func TestLate(t *testing.T) {
	o := newOwnerOf(t, true)
	docs := numbered(0, leastLate+1000)
	if err := o.Apply(docs, nil); err != nil {
		t.Fatal(err)
	}
	if err := o.Apply(nil, idsOf(docs[:leastLate-1])); err != nil {
		t.Fatal(err)
	}
	if held, deleted := o.held(t); held != len(docs) || deleted != 0 {
		t.Errorf("bleve has %d documents and knows of %d deletions, want %d and none", held, deleted, len(docs))
	}
	o.wantFound(t, 0, false)
	o.wantFound(t, leastLate-1, true)
	if err := o.Apply(docs[:1], idsOf(docs[leastLate-1:leastLate+1])); err != nil {
		t.Fatal(err)
	}
	if held, deleted := o.held(t); held > 1001 || deleted != 0 { // with the ballast
		t.Errorf("bleve has %d documents and knows of %d deletions, want 1000 and none", held, deleted)
	}
	if o.Len() != 1000 {
		t.Errorf("%d documents, want 1000", o.Len())
	}
	o.wantFound(t, 0, true)
	o.wantFound(t, 1, false)
	o.wantFound(t, leastLate, false)
	o.wantFound(t, leastLate+1, true)
}

// TestLateMakesRoom: an index that is full forgets what was deleted before it refuses.
func TestLateMakesRoom(t *testing.T) {
	o := &owner{late: true}
	o.open(t, t.TempDir(), MinMaxBytes)
	var full *search.FullError
	next := 0
	for ; next < 1e6; next += 500 {
		if err := o.Apply(numbered(next, 500), nil); errors.As(err, &full) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if full == nil {
		t.Fatal("it is never full")
	}
	had := o.Len()
	if err := o.Apply(nil, idsOf(numbered(0, had/2))); err != nil {
		t.Fatal(err)
	}
	if err := o.Apply(numbered(next+1000, had/4), nil); err != nil {
		t.Errorf("after half of %d were deleted: %v", had, err)
	}
	o.wantFound(t, 1, false)
	o.wantFound(t, next+1000, true)
}
