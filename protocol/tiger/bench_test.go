package tiger

import "testing"

func BenchmarkSum(b *testing.B) {
	data := make([]byte, 64<<10)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		Sum(data)
	}
}

func BenchmarkTree(b *testing.B) {
	data := make([]byte, 1<<20)
	var t Tree
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		t.Reset()
		_, _ = t.Write(data)
		t.Root()
	}
}
