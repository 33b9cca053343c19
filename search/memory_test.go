package search_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"github.com/seed282dab8e/servent/search"
	"github.com/seed282dab8e/servent/search/indextest"
)

func TestMemory(t *testing.T) {
	indextest.Run(t, func(*testing.T) search.Index { return search.NewMemory() })
}

func TestMemoryZeroValue(t *testing.T) {
	indextest.Run(t, func(*testing.T) search.Index { return new(search.Memory) })
}

// TestMemoryCompacts replaces the same documents so often that dead slots would
// pile up, and takes all words out in the end.
func TestMemoryCompacts(t *testing.T) {
	m := search.NewMemory()
	const n = 50
	for round := range 40 {
		var put []search.Doc
		for i := range n {
			put = append(put, search.Doc{ID: search.DocID(i), Text: fmt.Sprintf("file %d round%d", i, round)})
		}
		if err := m.Apply(put, nil); err != nil {
			t.Fatal(err)
		}
		for word, want := range map[string]int{"file": n, fmt.Sprintf("round%d", round): n, fmt.Sprintf("round%d", round-1): 0} {
			hits, err := m.Find(context.Background(), search.WireQuery(word), nil, 0)
			if err != nil || len(hits) != want {
				t.Fatalf("round %d: %q found %d, %v; want %d", round, word, len(hits), err, want)
			}
		}
		if m.Len() != n {
			t.Fatalf("Len() = %d, want %d", m.Len(), n)
		}
	}
}

func TestMemoryCancelsLongSearch(t *testing.T) {
	m := filled(t, 5000)
	ctx, cancel := context.WithCancel(context.Background())
	calls := 0
	keep := func(search.DocID) bool {
		calls++
		cancel()
		return true
	}
	if _, err := m.Find(ctx, search.WireQuery("share"), keep, 0); err == nil || calls > 1024 {
		t.Errorf("error %v after %d documents, want an early end", err, calls)
	}
}

// filled returns an index of n files whose words are as uneven as real ones.
func filled(tb testing.TB, n int) *search.Memory {
	tb.Helper()
	rnd := rand.New(rand.NewPCG(7, 7))
	zipf := rand.NewZipf(rnd, 1.2, 4, 20_000)
	m := search.NewMemory()
	for batch := range slices.Chunk(make([]search.Doc, n), 1000) {
		for i := range batch {
			batch[i] = search.Doc{
				ID:   search.DocID(rnd.Uint64()),
				Text: fmt.Sprintf("share/word%d/word%d/word%d word%d.mp3", zipf.Uint64(), zipf.Uint64(), zipf.Uint64(), zipf.Uint64()),
				Size: rnd.Uint64N(1 << 30), Type: search.Audio,
			}
		}
		if err := m.Apply(batch, nil); err != nil {
			tb.Fatal(err)
		}
	}
	return m
}

func BenchmarkMemoryFind(b *testing.B) {
	m := filled(b, 20_000)
	tests := []struct{ name, query string }{
		{"TwoWords", "word17 word90"},
		{"CommonWords", "word0 word1"},
		{"EveryFile", "share"},
		{"Rare", "share word9000"},
		{"Phrase", `"word0 word1"`},
		{"Prefix", "word1* word2"},
		{"Filters", "word0 -word1 size:>900MB"},
	}
	for _, tt := range tests {
		q, err := search.ParseQuery(tt.query)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(tt.name, func(b *testing.B) {
			b.ReportAllocs()
			hits := 0
			for b.Loop() {
				found, err := m.Find(context.Background(), q, nil, 200)
				if err != nil {
					b.Fatal(err)
				}
				hits = len(found)
			}
			b.ReportMetric(float64(hits), "hits")
		})
	}
}

func BenchmarkMemoryApply(b *testing.B) {
	for b.Loop() {
		filled(b, 20_000)
	}
	b.ReportMetric(20_000*float64(b.N)/b.Elapsed().Seconds(), "docs/s")
}

// TestMemoryBounded: what does not fit is refused, and deletions make room, though
// there are always new words.
func TestMemoryBounded(t *testing.T) {
	indextest.RunBounded(t, search.NewBoundedMemory(2<<20))
	m := search.NewBoundedMemory(1 << 20)
	for round := range 40 {
		put, del := make([]search.Doc, 100), make([]search.DocID, 100)
		for i := range put {
			put[i] = search.Doc{ID: search.DocID(i), Text: fmt.Sprintf("%d of the round%d-%d", i, round, i)}
			del[i] = put[i].ID
		}
		if err := m.Apply(put, del); err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
	}
}

// TestMemoryBytes: a full index takes about what it may.
func TestMemoryBytes(t *testing.T) {
	for name, text := range map[string]string{
		"words of their own": "folder/artist%[1]d album%[1]d title%[1]d.ogg",
		"common words":       "some folder/with the same words in each %[1]d.ogg",
	} {
		const most = 16 << 20
		m := search.NewBoundedMemory(most)
		before := heap()
		for i := 1; ; i++ {
			if m.Apply([]search.Doc{{ID: search.DocID(i), Text: fmt.Sprintf(text, i)}}, nil) != nil {
				break
			}
		}
		if took := heap() - before; took < most*2/3 || took > most*9/8 {
			t.Errorf("%s: %d documents take %d KiB, of %d", name, m.Len(), took>>10, most>>10)
		}
		runtime.KeepAlive(m)
	}
}

// heap is what is in use.
func heap() int64 {
	runtime.GC()
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	return int64(s.HeapAlloc)
}
