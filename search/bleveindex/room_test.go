package bleveindex

import (
	"errors"
	"slices"
	"testing"

	"github.com/seed282dab8e/servent/search"
)

func TestFitting(t *testing.T) {
	r := room{max: 10 << 20}
	docs := some(1, 3)
	none := func(search.DocID) bool { return false }
	c := cost(docs[0])
	limit := r.usable() - r.slack() - emptySegment
	tests := []struct {
		name  string
		taken taken
		fit   int
		tight bool
	}{
		{"empty", taken{}, 3, false},
		{"exactly one", taken{live: limit + emptySegment - c}, 1, false},
		{"one byte too few", taken{live: limit + emptySegment - c + 1}, 0, false},
		{"up to the slack", taken{disk: r.usable(), all: r.usable() - emptySegment - c, live: 0}, 1, true},
		{"old segments still there", taken{disk: r.segments()}, 0, true},
	}
	for _, tt := range tests {
		if fit, tight := r.fitting(tt.taken, docs, none); fit != tt.fit || tight != tt.tight {
			t.Errorf("%s: %d fit, tight %t; want %d, %t", tt.name, fit, tight, tt.fit, tt.tight)
		}
	}
	all := func(search.DocID) bool { return true }
	if fit, _ := r.fitting(taken{live: r.usable()}, docs, all); fit != 3 {
		t.Errorf("%d replacements fit into the slack, want 3", fit)
	}
}

func TestMerges(t *testing.T) {
	r := room{max: 10 << 20}
	if u := r.usable(); !r.merges(taken{disk: u, all: u, live: u}) {
		t.Error("a full index without leftovers cannot be merged")
	}
	if u := r.usable(); r.merges(taken{disk: r.segments() - merged(u) + 1, all: u, live: u}) {
		t.Error("a merge goes past the cap")
	}
}

// TestCap fills a small index to the brim, with long batches and short ones,
// and looks at the disk all the while.
func TestCap(t *testing.T) {
	o := &owner{}
	o.open(t, t.TempDir(), MinMaxBytes)
	watch := watchBytes(t, o)
	next, full := 1, 0
	for n := 1; full < 3; n = n*3%997 + 1 {
		refused, in := o.refused(t, some(next, n)), o.Len()
		if len(refused) > 0 {
			full++
		}
		for _, id := range refused {
			if o.Has(id) || !slices.ContainsFunc(some(next, n), func(d search.Doc) bool { return d.ID == id }) {
				t.Fatalf("document %d was refused, has %t", id, o.Has(id))
			}
		}
		next += n
		if in == 0 {
			t.Fatal("nothing fits")
		}
	}
	t.Logf("%d documents in %d of %d bytes", o.Len(), o.Bytes(), o.cfg.MaxBytes)
	if got := o.findAll(t); len(got) != o.Len() {
		t.Errorf("found %d of %d", len(got), o.Len())
	}

	// Documents that replace others always fit, and so do others after deletions.
	old := slices.Collect(o.IDs)
	for round := range 10 {
		var put []search.Doc
		for _, id := range old[:200] {
			d := some(int(id), 1)[0]
			d.Text += []string{" odd", " even"}[round%2]
			put = append(put, d)
		}
		if refused := o.refused(t, put); len(refused) > 0 {
			t.Fatalf("round %d: %d replacements refused", round, len(refused))
		}
	}
	half := old[:len(old)/2]
	if err := o.Apply(nil, half); err != nil {
		t.Fatal(err)
	}
	if refused := o.refused(t, some(next, len(half)*2/3)); len(refused) > 0 {
		t.Errorf("%d refused after %d were deleted", len(refused), len(half))
	}
	watch()
}

// refused applies put and returns what a FullError names.
func (o *owner) refused(t *testing.T, put []search.Doc) []search.DocID {
	t.Helper()
	err := o.Apply(put, nil)
	var full *search.FullError
	switch {
	case err == nil:
		return nil
	case !errors.As(err, &full) || full.Max != o.cfg.MaxBytes:
		t.Fatal(err)
	}
	return full.Refused
}

// watchBytes measures the files without pause until its result is called.
func watchBytes(t *testing.T, o *owner) func() {
	stop, done := make(chan struct{}), make(chan int64)
	go func() {
		var most int64
		for {
			select {
			case <-stop:
				done <- most
				return
			default:
				most = max(most, o.Bytes())
			}
		}
	}()
	return func() {
		close(stop)
		most := <-done
		t.Logf("at most %d bytes", most)
		if most > o.cfg.MaxBytes {
			t.Errorf("the files took %d bytes, allowed are %d", most, o.cfg.MaxBytes)
		}
	}
}

func TestMaxBytesTooSmall(t *testing.T) {
	if _, err := Open(Config{Dir: t.TempDir(), MaxBytes: MinMaxBytes - 1}); err == nil {
		t.Error("an index smaller than its list of segments was opened")
	}
}
