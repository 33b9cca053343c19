// Package indextest checks that an Index keeps its promises. Every
// implementation runs the same suite, so that they can stand in for each other.
package indextest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/seed282dab8e/servent/search"
)

// Run runs the suite. It calls open for each test and expects an empty index,
// which open cleans up by itself.
func Run(t *testing.T, open func(t *testing.T) search.Index) {
	tests := []struct {
		name string
		run  func(*testing.T, search.Index)
	}{
		{"Queries", testQueries},
		{"EmptyQuery", testEmptyQuery},
		{"Replace", testReplace},
		{"Delete", testDelete},
		{"Batch", testBatch},
		{"Limit", testLimit},
		{"Keep", testKeep},
		{"Order", testOrder},
		{"Cancelled", testCancelled},
		{"Oracle", testOracle},
		{"Concurrent", testConcurrent},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { tt.run(t, open(t)) })
	}
}

// docs is a small shared folder.
func docs() []search.Doc {
	files := []struct {
		path string
		size uint64
	}{
		{"music/Johann Strauss/The Blue Danube.mp3", 9_000_000},
		{"music/Johann Strauss/The Blue Danube (remix).flac", 30_000_000},
		{"music/Danube Blue/01 - Intro.ogg", 4_000_000},
		{"photos/Donau/Café am Fluß.jpg", 2_000_000},
		{"src/net/http/server.go", 120_000},
		{"src/net/http/http_test.go", 60_000},
		{"books/blue_danube_guide.pdf", 10_000_000},
		{"蓝色多瑙河.mp3", 5_000_000},
	}
	var out []search.Doc
	for i, f := range files {
		out = append(out, search.Doc{ID: search.DocID(i + 1), Text: f.path, Size: f.size, Type: search.TypeOf(f.path)})
	}
	return out
}

func testQueries(t *testing.T, x search.Index) {
	apply(t, x, docs(), nil)
	tests := []struct {
		query string
		want  []search.DocID
	}{
		{"danube", ids(1, 2, 3, 7)},
		{"Danube BLUE", ids(1, 2, 3, 7)},
		{"danube strauss", ids(1, 2)},
		{`"blue danube"`, ids(1, 2, 7)},
		{`"danube blue"`, ids(3)},
		{`"johann strauss" danube -remix`, ids(1)},
		{"blue -strauss -intro", ids(7)},
		{`danube -"blue danube"`, ids(3)},
		{"danu*", ids(1, 2, 3, 7)},
		{"d* fluß", ids(4)},
		{"danu* remix", ids(2)},
		{"danube type:audio", ids(1, 2, 3)},
		{"danube type:document", ids(7)},
		{"danube ext:flac,ogg", ids(2, 3)},
		{"danube size:>9MB", ids(2, 7)},
		{"danube size:>=9MB size:<=10MB", ids(1, 7)},
		{"danube size:<9MB", ids(3)},
		{"cafe", ids(4)},
		{"net http server", ids(5)},
		{"http", ids(5, 6)},
		{"蓝色多*", ids(8)},
		{"danub", nil},
		{"danube absent", nil},
		{"absent*", nil},
		{`"blue strauss"`, nil},
		{`"blue danube remix flac mp3"`, nil},
	}
	for _, tt := range tests {
		t.Run(tt.query, func(t *testing.T) {
			if got := find(t, x, tt.query); !slices.Equal(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

func testEmptyQuery(t *testing.T, x search.Index) {
	if got := find(t, x, "danube"); got != nil {
		t.Errorf("an empty index found %v", got)
	}
	apply(t, x, docs(), nil)
	for _, q := range []search.Query{{}, {Not: []string{"danube"}}, {Type: search.Audio}} {
		if hits, err := x.Find(context.Background(), q, nil, 0); err != nil || len(hits) > 0 {
			t.Errorf("%+v: got %v, %v; want nothing", q, hits, err)
		}
	}
}

func testReplace(t *testing.T, x search.Index) {
	apply(t, x, docs(), nil)
	apply(t, x, []search.Doc{{ID: 1, Text: "other/name.mp3", Size: 5, Type: search.Audio}}, nil)
	wantFound(t, x, "danube", ids(2, 3, 7))
	wantFound(t, x, "other name", ids(1))
	apply(t, x, []search.Doc{{ID: 1, Text: "first.txt"}, {ID: 1, Text: "second.txt"}}, nil)
	wantFound(t, x, "first", nil)
	wantFound(t, x, "second", ids(1))
}

func testDelete(t *testing.T, x search.Index) {
	apply(t, x, nil, ids(1, 99)) // nothing there yet
	apply(t, x, docs(), nil)
	apply(t, x, nil, ids(1, 7, 7, 99))
	wantFound(t, x, "danube", ids(2, 3))
	apply(t, x, nil, ids(1, 2, 3, 4, 5, 6, 7, 8))
	wantFound(t, x, "danube", nil)
	wantFound(t, x, "http*", nil)
	apply(t, x, docs(), nil)
	wantFound(t, x, "danube", ids(1, 2, 3, 7))
}

// testBatch: an ID in both lists is put, since deletions come first.
func testBatch(t *testing.T, x search.Index) {
	apply(t, x, docs(), nil)
	apply(t, x, []search.Doc{{ID: 2, Text: "new/danube.txt"}, {ID: 50, Text: "danube fifty"}}, ids(2, 3, 50))
	wantFound(t, x, "danube", ids(1, 2, 7, 50))
	wantFound(t, x, "remix", nil)
}

func testLimit(t *testing.T, x search.Index) {
	var put []search.Doc
	for i := range 100 {
		put = append(put, search.Doc{ID: search.DocID(i), Text: fmt.Sprintf("folder/common %d.txt", i)})
	}
	apply(t, x, put, nil)
	q := mustParse(t, "common")
	for limit, want := range map[int]int{-1: 100, 0: 100, 1: 1, 99: 99, 100: 100, 101: 100} {
		hits, err := x.Find(context.Background(), q, nil, limit)
		if err != nil || len(hits) != want {
			t.Errorf("limit %d: %d hits and %v, want %d", limit, len(hits), err, want)
		}
	}
}

func testKeep(t *testing.T, x search.Index) {
	apply(t, x, docs(), nil)
	asked := map[search.DocID]bool{}
	keep := func(id search.DocID) bool {
		asked[id] = true
		return id == 3
	}
	hits, err := x.Find(context.Background(), mustParse(t, "danube"), keep, 1)
	if err != nil || len(hits) != 1 || hits[0].ID != 3 {
		t.Errorf("got %v, %v; want document 3", hits, err)
	}
	if asked[4] || asked[5] {
		t.Error("keep was asked about documents that do not match")
	}
}

// testOrder: the document of which more was asked for comes first.
func testOrder(t *testing.T, x search.Index) {
	apply(t, x, []search.Doc{
		{ID: 1, Text: "danube and many other words that nobody asked for"},
		{ID: 3, Text: "danube"},
		{ID: 2, Text: "danube"},
	}, nil)
	hits, err := x.Find(context.Background(), mustParse(t, "danube"), nil, 0)
	if err != nil || len(hits) != 3 {
		t.Fatalf("got %v, %v", hits, err)
	}
	if got := hitIDs(hits); !slices.Equal(got, ids(2, 3, 1)) {
		t.Errorf("order %v, want [2 3 1]", got)
	}
	if hits[0].Score <= hits[2].Score || hits[0].Score != hits[1].Score {
		t.Errorf("scores %v", hits)
	}
}

func testCancelled(t *testing.T, x search.Index) {
	apply(t, x, docs(), nil)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := x.Find(ctx, mustParse(t, "danube"), nil, 0); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
}

// testOracle compares the index with Query.Match over random documents that
// come and go.
func testOracle(t *testing.T, x search.Index) {
	rnd := rand.New(rand.NewPCG(1, 2))
	have := map[search.DocID]search.Doc{}
	for round := range 30 {
		var put []search.Doc
		var del []search.DocID
		for range rnd.IntN(60) {
			d := randomDoc(rnd)
			put = append(put, d)
		}
		for range rnd.IntN(40) {
			del = append(del, search.DocID(rnd.IntN(200)))
		}
		apply(t, x, put, del)
		for _, id := range del {
			delete(have, id)
		}
		for _, d := range put {
			have[d.ID] = d
		}
		for range 20 {
			checkOracle(t, x, randomQuery(rnd), have)
		}
		if t.Failed() {
			t.Fatalf("in round %d", round)
		}
	}
}

func checkOracle(t *testing.T, x search.Index, q search.Query, have map[search.DocID]search.Doc) {
	t.Helper()
	var want []search.DocID
	for id, d := range have {
		if q.Match(d.Text, d.Size, d.Type) {
			want = append(want, id)
		}
	}
	slices.Sort(want)
	hits, err := x.Find(context.Background(), q, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.IsSortedFunc(hits, func(a, b search.Hit) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.ID, b.ID))
	}) {
		t.Errorf("%+v: hits are not in order: %v", q, hits)
	}
	got := hitIDs(hits)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("%+v: got %v, want %v", q, got, want)
	}
}

func randomWord(rnd *rand.Rand) string {
	return string([]byte{"ab"[rnd.IntN(2)], "cde"[rnd.IntN(3)], "fghi"[rnd.IntN(4)]})
}

func randomDoc(rnd *rand.Rand) search.Doc {
	text := randomWord(rnd)
	for range rnd.IntN(8) {
		text += string(" /-_"[rnd.IntN(4)]) + randomWord(rnd)
	}
	text += []string{".mp3", ".txt", ".go", ""}[rnd.IntN(4)]
	return search.Doc{
		ID: search.DocID(rnd.IntN(200)), Text: text,
		Size: rnd.Uint64N(100), Type: search.TypeOf(text),
	}
}

func randomQuery(rnd *rand.Rand) search.Query {
	q := search.Query{Words: []string{randomWord(rnd)}}
	switch rnd.IntN(8) {
	case 0:
		q.Words = append(q.Words, randomWord(rnd))
	case 1:
		q.Not = []string{randomWord(rnd), "mp3"}
	case 2:
		q = search.Query{Prefixes: []string{randomWord(rnd)[:2]}}
	case 3:
		q = search.Query{Phrases: [][]string{{randomWord(rnd), randomWord(rnd)}}}
	case 4:
		q.NotPhrases = [][]string{{q.Words[0], randomWord(rnd)}}
	case 5:
		q.Type, q.MinSize, q.MaxSize = search.Audio, 20, 80
	case 6:
		q.Exts, q.Prefixes = []string{"go", "txt"}, []string{"a"}
	}
	return q
}

// testConcurrent is for the race detector, and for hits that were never put.
func testConcurrent(t *testing.T, x search.Index) {
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for i := range 50 {
				id := search.DocID(w*1000 + i)
				if err := x.Apply([]search.Doc{{ID: id, Text: fmt.Sprintf("common word%d", i)}}, nil); err != nil {
					t.Error(err)
				}
				hits, err := x.Find(context.Background(), search.Query{Words: []string{"common"}}, nil, 0)
				if err != nil || !slices.Contains(hitIDs(hits), id) {
					t.Errorf("document %d was put but not found: %v", id, err)
				}
				if err := x.Apply(nil, ids(id)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	wantFound(t, x, "common", nil)
}

func ids(list ...search.DocID) []search.DocID { return list }

func hitIDs(hits []search.Hit) []search.DocID {
	var out []search.DocID
	for _, h := range hits {
		out = append(out, h.ID)
	}
	return out
}

func mustParse(t *testing.T, query string) search.Query {
	t.Helper()
	q, err := search.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

func apply(t *testing.T, x search.Index, put []search.Doc, del []search.DocID) {
	t.Helper()
	if err := x.Apply(put, del); err != nil {
		t.Fatal(err)
	}
}

// find returns the IDs that a query finds, ascending.
func find(t *testing.T, x search.Index, query string) []search.DocID {
	t.Helper()
	hits, err := x.Find(context.Background(), mustParse(t, query), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	got := hitIDs(hits)
	slices.Sort(got)
	return got
}

func wantFound(t *testing.T, x search.Index, query string, want []search.DocID) {
	t.Helper()
	if got := find(t, x, query); !slices.Equal(got, want) {
		t.Errorf("%q: got %v, want %v", query, got, want)
	}
}
