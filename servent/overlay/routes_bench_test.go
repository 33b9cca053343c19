package overlay

import (
	"encoding/binary"
	"testing"
	"time"
)

// BenchmarkRoutes looks for ids that are new, and remembers them, in a table
// that a flood keeps full.
func BenchmarkRoutes(b *testing.B) {
	r := routes{key: [2]uint64{0x9e3779b97f4a7c15, 0xbf58476d1ce4e5b9}, max: 1 << 17, life: time.Hour}
	e := route{link: 1, ttl: 7}
	number := uint64(0)
	add := func() {
		number++
		binary.LittleEndian.PutUint64(e.id[:], number*0x94d049bb133111eb)
		if r.find(&e.id) != nil {
			b.Fatal("a new id is known")
		}
		r.add(1, e)
	}
	for range 2*r.max + r.max/2 {
		add()
	}
	b.ReportAllocs()
	for b.Loop() {
		add()
	}
}
