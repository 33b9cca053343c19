package bleveindex

import (
	"context"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/seed282dab8e/servent/search"
	"pgregory.net/rapid"
)

// TestSameAsMemory puts and deletes the same documents here and in memory, and
// asks both the same: hits, scores and order must be equal.
func TestSameAsMemory(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp("", "index")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = os.RemoveAll(dir) }()
		o := &owner{docs: map[search.DocID]search.Doc{}}
		if o.Index, err = Open(Config{Dir: dir, Doc: o.doc, Late: rapid.Bool().Draw(t, "late")}); err != nil {
			t.Fatal(err)
		}
		defer o.Close()
		memory := search.NewMemory()
		for range rapid.IntRange(1, 3).Draw(t, "batches") {
			put := rapid.SliceOfN(anyDoc(), 0, 30).Draw(t, "put")
			del := rapid.SliceOfN(anyID(), 0, 5).Draw(t, "del")
			if err := o.Apply(put, del); err != nil {
				t.Fatal(err)
			}
			_ = memory.Apply(put, del) // never fails
			for _, q := range rapid.SliceOfN(anyQuery(), 1, 10).Draw(t, "queries") {
				want, _ := memory.Find(context.Background(), q, nil, 0)
				got, err := o.Find(context.Background(), q, nil, 0)
				if err != nil || !slices.Equal(got, want) {
					t.Fatalf("%+v: got %v, %v; want %v", q, got, err, want)
				}
			}
		}
		if o.Len() != memory.Len() {
			t.Fatalf("%d documents, want %d", o.Len(), memory.Len())
		}
	})
}

func anyID() *rapid.Generator[search.DocID] {
	return rapid.Custom(func(t *rapid.T) search.DocID {
		if n := rapid.Uint64Range(0, 20).Draw(t, "id"); n < 18 {
			return search.DocID(n)
		}
		return search.DocID(rapid.Uint64().Draw(t, "large id"))
	})
}

func anyWord() *rapid.Generator[string] {
	return rapid.SampledFrom([]string{"a", "ab", "abc", "b", "blue", "danube", "mp3", "txt", "café", "蓝色", "донау", "ß", "1", "x\xff"})
}

func anyDoc() *rapid.Generator[search.Doc] {
	return rapid.Custom(func(t *rapid.T) search.Doc {
		words := rapid.SliceOfN(anyWord(), 0, 6).Draw(t, "words")
		text := strings.Join(words, rapid.SampledFrom([]string{" ", "/", "_", ".", "-"}).Draw(t, "separator"))
		return search.Doc{
			ID: anyID().Draw(t, "id"), Text: text, Type: search.TypeOf(text),
			Size: rapid.Uint64Range(0, 10).Draw(t, "size"),
		}
	})
}

// tokens are words as a query has them.
func tokens(t *rapid.T, label string, most int) []string {
	var out []string
	for _, w := range rapid.SliceOfN(anyWord(), 0, most).Draw(t, label) {
		out = append(out, search.Tokens(w)...)
	}
	return out
}

func anyQuery() *rapid.Generator[search.Query] {
	return rapid.Custom(func(t *rapid.T) search.Query {
		q := search.Query{Words: tokens(t, "words", 2), Not: tokens(t, "not", 1)}
		if p := tokens(t, "phrase", 2); len(p) > 0 {
			q.Phrases = [][]string{p}
		}
		if p := tokens(t, "unwanted phrase", 2); len(p) > 0 {
			q.NotPhrases = [][]string{p}
		}
		if rapid.Bool().Draw(t, "prefix") {
			q.Prefixes = tokens(t, "prefixes", 2)
		}
		if rapid.IntRange(0, 4).Draw(t, "filter") == 0 {
			q.Type, q.MinSize, q.MaxSize = search.Audio, 2, 8
		}
		return q
	})
}
