package library

import (
	"context"
	"go/build"
	"os"
	"path/filepath"
	"testing"

	"github.com/seed282dab8e/servent/search"
)

// goTree returns the Go source tree, the largest folder that is everywhere.
func goTree(tb testing.TB) string {
	tb.Helper()
	dir := filepath.Join(build.Default.GOROOT, "src")
	if _, err := os.Stat(dir); err != nil {
		tb.Skip("no Go source tree: ", err)
	}
	return dir
}

func BenchmarkAdd(b *testing.B) {
	dir := goTree(b)
	var files int
	for b.Loop() {
		l := New(Config{})
		if err := l.Add(context.Background(), dir); err != nil {
			b.Fatal(err)
		}
		var bytes uint64
		files, bytes = l.Totals()
		b.SetBytes(int64(bytes))
	}
	b.ReportMetric(float64(files)*float64(b.N)/b.Elapsed().Seconds(), "files/s")
}

func BenchmarkRescan(b *testing.B) {
	l := New(Config{})
	if err := l.Add(context.Background(), goTree(b)); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := l.Rescan(context.Background()); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkBareWalk is what BenchmarkRescan is measured against.
func BenchmarkBareWalk(b *testing.B) {
	dir := goTree(b)
	for b.Loop() {
		err := filepath.WalkDir(dir, func(_ string, d os.DirEntry, err error) error {
			if err == nil {
				_, err = d.Info()
			}
			return err
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkFind(b *testing.B) {
	l := New(Config{})
	if err := l.Add(context.Background(), goTree(b)); err != nil {
		b.Fatal(err)
	}
	q := search.WireQuery("net http server")
	for b.Loop() {
		files, err := l.Find(context.Background(), q, nil, 100)
		if err != nil || len(files) == 0 {
			b.Fatal(len(files), err)
		}
	}
}

func BenchmarkTable(b *testing.B) {
	l := New(Config{})
	if err := l.Add(context.Background(), goTree(b)); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		l.table = nil
		l.Table()
	}
	b.ReportMetric(float64(l.Table().Bits()), "bits")
	b.ReportMetric(l.Table().Fill(), "fill")
}
