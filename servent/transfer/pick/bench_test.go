package pick

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// BenchmarkRarest picks among the most blocks that a file is cut into: all are
// open at the start, few in the middle of which most are had, in scattered runs.
func BenchmarkRarest(b *testing.B) {
	const blocks = 8192
	for _, open := range []int{100, 25, 1} { // percent
		b.Run(fmt.Sprintf("open=%d%%", open), func(b *testing.B) {
			r := rand.New(rand.NewPCG(1, 1))
			v := View{Offered: NewSet(blocks), Have: NewSet(blocks), Asked: NewSet(blocks), Copies: make([]uint16, blocks)}
			v.Offered.AddRange(0, blocks)
			for i := range blocks {
				v.Copies[i] = uint16(1 + r.IntN(8))
				if r.IntN(100) >= open {
					v.Have.Add(i)
				}
			}
			b.ReportAllocs()
			for b.Loop() {
				if v.Rarest(r) < 0 {
					b.Fatal("none")
				}
			}
		})
	}
}
