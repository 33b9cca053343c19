package protocol

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// sharedTable is a table of 2^bits slots with the words of n files in it.
func sharedTable(bits uint, n int) *RouteTable {
	random := rand.New(rand.NewPCG(1, 2))
	table := NewRouteTable(bits)
	for range n {
		for range 4 {
			table.Add(fmt.Sprintf("word%d", random.IntN(100_000)))
		}
	}
	return table
}

func BenchmarkWordHash(b *testing.B) {
	var sum uint32
	for b.Loop() {
		sum += WordHash("marmalade")
	}
	_ = sum
}

func BenchmarkRouteTableHas(b *testing.B) {
	table := sharedTable(16, 300)
	hash, found := uint32(1), 0
	for b.Loop() {
		hash = hash*1664525 + 1013904223
		if table.Has(hash) {
			found++
		}
	}
	_ = found
}

func BenchmarkRouteTableOr(b *testing.B) {
	leaf, ours := sharedTable(14, 300), NewRouteTable(17)
	for b.Loop() {
		ours.Or(leaf)
	}
}

func BenchmarkAppendPatch(b *testing.B) {
	for name, files := range map[string]int{"few": 10, "some": 1000, "full": 10_000} {
		b.Run(name, func(b *testing.B) {
			table := sharedTable(16, files)
			b.ReportAllocs()
			var out [][]byte
			for b.Loop() {
				out = table.AppendPatch(out[:0], nil, 7)
			}
			size := 0
			for _, p := range out {
				size += len(p)
			}
			b.ReportMetric(float64(size), "wire-bytes")
			b.ReportMetric(table.Fill(), "fill")
		})
	}
}

func BenchmarkReceivePatch(b *testing.B) {
	payloads := sharedTable(16, 1000).AppendPatch(nil, nil, 7)
	b.ReportAllocs()
	for b.Loop() {
		var r TableReceiver
		for _, p := range payloads {
			if err := r.Receive(p); err != nil {
				b.Fatal(err)
			}
		}
	}
}
