//go:build linux

package bleveindex

import (
	"math/rand/v2"
	"path/filepath"
	"testing"

	"github.com/blevesearch/bleve/v2/index/scorch"
	"github.com/seed282dab8e/servent/search"
)

// churned is so many documents out of a library, of which the eldest goes for each
// that comes: half of those of a batch are new.
func churned(tb testing.TB, x *Index, l library, live int) {
	tb.Helper()
	const half = 278 // of what comes and goes in a second at a supernode with a million files
	for next := live; next < len(l); next += half {
		put := l[next:min(next+half, len(l))]
		del := make([]search.DocID, len(put))
		for i := range del {
			del[i] = put[i].ID - search.DocID(live)
		}
		if err := x.Apply(put, del); err != nil {
			tb.Fatal(err)
		}
	}
}

// BenchmarkChurn finds at most 50 of two words of a document that is there, before
// and after all documents have been replaced.
func BenchmarkChurn(b *testing.B) {
	live := *benchDocs
	l := newLibrary(2 * live)
	x, err := Open(Config{Dir: filepath.Join(b.TempDir(), "index"), Doc: l.doc})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = x.Close() }()
	fill(b, x, l[:live])
	find := func(first int) func(*testing.B) {
		return func(b *testing.B) {
			rnd := rand.New(rand.NewPCG(5, 6))
			for b.Loop() {
				words := search.Tokens(l[first+rnd.IntN(live)].Text)
				q := search.Query{Words: words[2:4]} // after the artist and the album
				if _, err := x.Find(b.Context(), q, nil, 50); err != nil {
					b.Fatal(err)
				}
			}
			reportSegments(b, x)
		}
	}
	b.Run("before", find(0))
	churned(b, x, l, live)
	b.Run("after", find(live))
}

func reportSegments(b *testing.B, x *Index) {
	var count, docs, live uint64
	err := x.store.segments(func(seg *scorch.SegmentSnapshot, _ string) error {
		count, docs, live = count+1, docs+uint64(seg.FullSize()), live+uint64(seg.LiveSize())
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(count), "segments")
	b.ReportMetric(float64(docs)/float64(live), "dead-and-live/live")
}
