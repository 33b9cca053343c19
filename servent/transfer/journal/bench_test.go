package journal

import (
	"os"
	"path/filepath"
	"testing"
)

// BenchmarkJournal is what a journal of 8192 blocks costs, on the disk of the test.
func BenchmarkJournal(b *testing.B) {
	const n = 8192
	root, level := someLevel(n)
	all := make([]int, n-1)
	for i := range all {
		all[i] = i
	}
	file := func(b *testing.B) *os.File {
		f, err := os.Create(filepath.Join(b.TempDir(), "journal"))
		must(b, err)
		return f
	}
	full := func(b *testing.B) (*Journal, *os.File) {
		f := file(b)
		j := create(b, f, someHead(n))
		must(b, j.SetTree(root, level))
		must(b, j.Record(blocks(all...)))
		return j, f
	}
	b.Run("create", func(b *testing.B) {
		f := file(b)
		defer f.Close()
		for b.Loop() {
			create(b, f, someHead(n))
		}
	})
	b.Run("record", func(b *testing.B) {
		j := create(b, file(b), someHead(n))
		defer j.Close()
		for i := 0; b.Loop(); i++ {
			must(b, j.Record(blocks(i%n))) // from the second time round on nothing is new: see that b.N is less
		}
	})
	b.Run("drop", func(b *testing.B) {
		j, _ := full(b)
		defer j.Close()
		for i := 0; b.Loop(); i++ {
			must(b, j.Drop([]int{i % (n - 1)}))
		}
	})
	b.Run("open", func(b *testing.B) {
		j, f := full(b)
		defer j.Close()
		for b.Loop() {
			open(b, f)
		}
	})
}
