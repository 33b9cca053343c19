package servent

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/search"
	"github.com/seed282dab8e/servent/servent/library"
	"github.com/seed282dab8e/servent/servent/wordindex"
)

// benchFiles is how many files BenchmarkOwnFiles makes and shares.
var benchFiles = flag.Int("files", 20_000, "files in BenchmarkOwnFiles")

// BenchmarkOwnFiles searches shared files by way of the library, as it is done
// for every query of a peer.
func BenchmarkOwnFiles(b *testing.B) {
	dir, data := b.TempDir(), b.TempDir()
	rnd := rand.New(rand.NewPCG(1, 2))
	words := rand.NewZipf(rnd, 1.07, 3, 300_000)
	for i := range *benchFiles {
		folder := filepath.Join(dir, fmt.Sprintf("artist%d", i/2000), fmt.Sprintf("album%d", i/100))
		if i%100 == 0 {
			if err := os.MkdirAll(folder, 0o755); err != nil {
				b.Fatal(err)
			}
		}
		name := fmt.Sprintf("%02d w%x w%x w%x.mp3", i%100, words.Uint64(), words.Uint64(), words.Uint64())
		if err := os.WriteFile(filepath.Join(folder, name), []byte(name), 0o644); err != nil {
			b.Fatal(err)
		}
	}
	x := wordindex.New(filepath.Join(data, indexDir), 0, discard())
	lib := library.New(library.Config{Index: x})
	x.Begin(lib)
	b.Cleanup(x.Close)
	start := time.Now()
	if err := lib.Add(context.Background(), dir); err != nil {
		b.Fatal(err)
	}
	b.Logf("%d files scanned, hashed and indexed in %s, %d bytes of index", *benchFiles, time.Since(start), x.Bytes())
	for name, query := range map[string]func() search.Query{
		"common": func() search.Query { return search.Query{Words: []string{fmt.Sprintf("w%x", rnd.IntN(8))}} },
		"rare":   func() search.Query { return search.Query{Words: []string{fmt.Sprintf("w%x", 1000+rnd.IntN(100_000))}} },
		"two": func() search.Query {
			return search.Query{Words: []string{fmt.Sprintf("w%x", rnd.IntN(8)), fmt.Sprintf("w%x", rnd.IntN(200))}}
		},
	} {
		b.Run(name, func(b *testing.B) {
			var times []time.Duration
			for b.Loop() {
				q := query()
				start := time.Now()
				if _, err := lib.Find(context.Background(), q, nil, 64); err != nil {
					b.Fatal(err)
				}
				times = append(times, time.Since(start))
			}
			slices.Sort(times)
			b.ReportMetric(float64(times[len(times)/2].Nanoseconds())/1e3, "p50-us")
			b.ReportMetric(float64(times[len(times)*99/100].Nanoseconds())/1e3, "p99-us")
		})
	}
}
