package indextest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/seed282dab8e/servent/search"
)

// RunBounded fills x, an empty index of a few MiB at most, until it refuses
// documents, and checks what then holds: all that was not refused is there,
// nothing else is, and deletions make room.
func RunBounded(t *testing.T, x search.Index) {
	var there []search.DocID
	var full *search.FullError
	for next := search.DocID(1); full == nil; next += 500 {
		put := boundedDocs(next, 500)
		if err := x.Apply(put, nil); err != nil && !errors.As(err, &full) {
			t.Fatal(err)
		}
		for _, d := range put {
			if full == nil || !slices.Contains(full.Refused, d.ID) {
				there = append(there, d.ID)
			}
		}
	}
	if len(full.Refused) == 0 || full.Max <= 0 {
		t.Errorf("%+v", full)
	}
	wantFound(t, x, "bounded", there)

	// One that is refused takes an older one of its ID away.
	old := there[0]
	long := boundedDocs(old, 1)
	long[0].Text += strings.Repeat(" bounded", 1<<18)
	if err := x.Apply(long, nil); errors.As(err, &full) {
		there = there[1:]
		wantFound(t, x, "bounded", there)
	}

	half := len(there) / 2
	if err := x.Apply(boundedDocs(1<<40, half/2), there[:half]); err != nil {
		t.Errorf("after %d were deleted: %v", half, err)
	}
}

func boundedDocs(first search.DocID, n int) []search.Doc {
	docs := make([]search.Doc, n)
	for i := range docs {
		id := first + search.DocID(i)
		docs[i] = search.Doc{ID: id, Text: fmt.Sprintf("bounded/file %d.txt", id)}
	}
	return docs
}
