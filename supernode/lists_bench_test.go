package supernode

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/seed282dab8e/servent/protocol"
)

// benchList is a list with hashes and tiger roots as they are in truth: bytes that
// cannot be deflated.
func benchList(rnd *rand.Rand, files int) []protocol.ListFile {
	out := make([]protocol.ListFile, files)
	for i := range out {
		f := song(i+1, rnd.IntN(300_000))
		f.Path = fmt.Sprintf("artist %d/album %d/%02d name of song %d.mp3", rnd.IntN(50_000), rnd.IntN(9), i%12, rnd.IntN(300_000))
		f.Size = uint64(rnd.IntN(8 << 20))
		for j := range f.URN.SHA1 {
			f.URN.SHA1[j] = byte(rnd.Uint32())
		}
		for j := range f.URN.Tiger {
			f.URN.Tiger[j] = byte(rnd.Uint32())
		}
		f.URN.HasTiger = true
		out[i] = f
	}
	return out
}

// BenchmarkLists takes whole lists of a hundred files, and tells what a file takes
// in memory: as measured, and as MaxBytes is held against.
func BenchmarkLists(b *testing.B) {
	rnd := rand.New(rand.NewPCG(1, 2))
	x := NewLists(ListsConfig{})
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	const files = 100
	before, lists := heap(), 0
	for b.Loop() {
		b.StopTimer()
		if x.files+files > x.cfg.MaxTotal {
			b.Fatal("too many for the registry: use fewer with -benchtime 10000x")
		}
		lists++
		list := benchList(rnd, files)
		parts := wholeOf(list)
		b.StartTimer()
		offer(x, 0, uint32(lists), lists, list)
		if a := play(x, uint32(lists), parts); a.Verdict != protocol.ListHeld {
			b.Fatal(a.Reason)
		}
		x.Changes(files)
	}
	n := float64(lists * files)
	b.ReportMetric(float64(heap()-before)/n, "B/file")
	b.ReportMetric(float64(x.Stats().Bytes)/n, "counted-B/file")
	b.ReportMetric(float64(x.Stats().PartBytes)/n, "wire-B/file")
}

// BenchmarkListTable makes the route table of a million files.
func BenchmarkListTable(b *testing.B) {
	rnd := rand.New(rand.NewPCG(1, 2))
	x := NewLists(ListsConfig{})
	for leaf := 1; leaf <= 10_000; leaf++ {
		list := benchList(rnd, 100)
		offer(x, 0, uint32(leaf), leaf, list)
		play(x, uint32(leaf), wholeOf(list))
	}
	for b.Loop() {
		x.version++
		x.Table()
	}
	b.ReportMetric(float64(x.Table().Bits()), "bits")
}
