//go:build linux

package bleveindex

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/search"
)

// benchDocs is how many documents the benchmarks work on.
var benchDocs = flag.Int("docs", 100_000, "documents in benchmarks")

// nameWords is how many different words names are made of. The n-th is used
// about 1/n as often as the first, as in real file names.
const nameWords = 300_000

// library is documents as a servent has them; their IDs are their places.
type library []search.Doc

func (l library) doc(id search.DocID) (search.Doc, bool) {
	if id >= search.DocID(len(l)) {
		return search.Doc{}, false
	}
	return l[id], true
}

func newLibrary(n int) library {
	rnd := rand.New(rand.NewPCG(1, 2))
	words := rand.NewZipf(rnd, 1.07, 3, nameWords)
	l := make(library, n)
	for i := range l {
		var name strings.Builder
		fmt.Fprintf(&name, "artist%d/album%d/", i/200, i/12)
		for range 2 + rnd.IntN(6) {
			fmt.Fprintf(&name, "%s ", wordOf(words.Uint64()))
		}
		fmt.Fprintf(&name, "%02d.mp3", i%12)
		l[i] = search.Doc{ID: search.DocID(i), Text: name.String(), Type: search.Audio}
	}
	return l
}

// wordOf is the n-th word; common ones are short.
func wordOf(n uint64) string {
	w := []byte{'a' + byte(n%26)}
	for n /= 26; n > 0; n /= 20 {
		w = append(w, "aeiou"[n%5], "bcdfghjklmnpqrstvwxz"[n%20])
	}
	return string(w)
}

// benchKinds are the indexes that are compared.
func benchKinds() map[string]func(testing.TB, library) search.Index {
	return map[string]func(testing.TB, library) search.Index{
		"disk": func(t testing.TB, l library) search.Index {
			x, err := Open(Config{Dir: filepath.Join(t.TempDir(), "index"), Doc: l.doc})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = x.Close() })
			return x
		},
		"memory": func(testing.TB, library) search.Index { return search.NewMemory() },
	}
}

func fill(t testing.TB, x search.Index, l library) {
	for docs := range slices.Chunk(l, batchSize) {
		if err := x.Apply(docs, nil); err != nil {
			t.Fatal(err)
		}
	}
}

// BenchmarkFill puts a library into an empty index, a thousand documents at a
// time. The last figures are of the whole process, documents included.
func BenchmarkFill(b *testing.B) {
	l := newLibrary(*benchDocs)
	for kind, open := range benchKinds() {
		b.Run(kind, func(b *testing.B) {
			for b.Loop() {
				x := open(b, l)
				before := cpuTime(b)
				fill(b, x, l)
				b.ReportMetric(float64(len(l))/(cpuTime(b)-before).Seconds(), "docs/cpu-s")
				b.ReportMetric(float64(resident(b))/(1<<20), "MiB-resident")
				if disk, ok := x.(*Index); ok {
					b.ReportMetric(float64(disk.Bytes())/float64(len(l)), "bytes-on-disk/doc")
				}
				runtime.KeepAlive(x)
			}
		})
	}
}

// BenchmarkOpen opens a full index, which reads all of it.
func BenchmarkOpen(b *testing.B) {
	l := newLibrary(*benchDocs)
	cfg := Config{Dir: filepath.Join(b.TempDir(), "index"), Doc: l.doc}
	for b.Loop() {
		x, err := Open(cfg)
		if err != nil {
			b.Fatal(err)
		}
		if x.Fresh() {
			b.StopTimer()
			fill(b, x, l)
			b.StartTimer()
		}
		if err := x.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkFind asks for at most 64 hits, as a peer's query does.
func BenchmarkFind(b *testing.B) {
	l := newLibrary(*benchDocs)
	rnd := rand.New(rand.NewPCG(3, 4))
	name := func() []string { return search.Tokens(l[rnd.IntN(len(l))].Text) } // artist, album, words, number, mp3
	queries := []struct {
		name string
		make func() search.Query
	}{
		{"common", func() search.Query { return search.Query{Words: []string{wordOf(rnd.Uint64N(20))}} }},
		{"two-common", func() search.Query {
			return search.Query{Words: []string{wordOf(rnd.Uint64N(20)), wordOf(20 + rnd.Uint64N(80))}}
		}},
		{"rare", func() search.Query { return search.Query{Words: name()[:1]} }},
		{"of-a-name", func() search.Query { return search.Query{Words: name()[2:4]} }},
		{"none", func() search.Query { return search.Query{Words: []string{"mp3", "absent"}} }},
		{"word-and-prefix", func() search.Query { w := name(); return search.Query{Words: w[2:3], Prefixes: []string{w[3][:1]}} }},
		{"wide-prefix", func() search.Query { return search.Query{Prefixes: []string{name()[0][:5]}} }},
		{"phrase", func() search.Query { return search.Query{Phrases: [][]string{name()[2:4]}} }},
	}
	for kind, open := range benchKinds() {
		x := open(b, l)
		fill(b, x, l)
		for _, q := range queries {
			b.Run(q.name+"/"+kind, func(b *testing.B) {
				var times []time.Duration
				hits := 0
				for b.Loop() {
					asked := q.make()
					start := time.Now()
					found, err := x.Find(context.Background(), asked, nil, 64)
					times = append(times, time.Since(start))
					if err != nil {
						b.Fatal(err)
					}
					hits += len(found)
				}
				slices.Sort(times)
				b.ReportMetric(float64(times[len(times)/2].Nanoseconds())/1e3, "p50-us")
				b.ReportMetric(float64(times[len(times)*99/100].Nanoseconds())/1e3, "p99-us")
				b.ReportMetric(float64(hits)/float64(len(times)), "hits")
			})
		}
	}
}

func cpuTime(t testing.TB) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// resident is what the process takes of the machine's memory, mapped files not
// counted: the kernel drops these as it likes.
func resident(t testing.TB) int64 {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	var kib int64
	_, rest, _ := strings.Cut(string(text), "RssAnon:")
	if _, err := fmt.Sscan(rest, &kib); err != nil {
		t.Fatal(err)
	}
	return kib << 10
}
