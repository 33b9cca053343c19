package journal

import (
	"math"
	"testing"

	"github.com/seed282dab8e/servent/protocol"
)

func TestHeadLimits(t *testing.T) {
	urn := someHead(1).URN
	named := protocol.URN{Tiger: digest(1), HasTiger: true}
	for _, tt := range []struct {
		name   string
		h      Head
		blocks int // 0: refused
	}{
		{"one byte", Head{urn, 1, 1024}, 1},
		{"no byte", Head{urn, 0, 1024}, 0},
		{"known by its tree", Head{named, 1, 1024}, 1},
		{"known by nothing", Head{protocol.URN{}, 1, 1024}, 0},
		{"most bytes", Head{urn, math.MaxInt64, 1 << 47}, MaxBlocks},
		{"one more", Head{urn, math.MaxInt64 + 1, 1 << 47}, 0},
		{"most blocks", Head{urn, MaxBlocks * 1024, 1024}, MaxBlocks},
		{"one more block", Head{urn, MaxBlocks*1024 + 1, 1024}, 0},
		{"no blocks", Head{urn, 1, 0}, 0},
		{"half a leaf", Head{urn, 1, 512}, 0},
		{"three leaves", Head{urn, 1, 3072}, 0},
		{"largest block", Head{urn, 5, 1 << 63}, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.h.Blocks(); got != tt.blocks {
				t.Errorf("%d blocks", got)
			}
			f := new(memory)
			j, err := Create(f, tt.h)
			if (err == nil) != (tt.blocks > 0) {
				t.Fatalf("create: %v", err)
			}
			if err != nil {
				if len(f.b) > 0 || f.syncs > 0 {
					t.Error("the file was touched")
				}
				return
			}
			must(t, j.Record(blocks(tt.blocks-1)))
			if j = open(t, f); j.Head() != tt.h || j.Count() != 1 || j.Bytes() != tt.h.Size-uint64(tt.blocks-1)*tt.h.Block {
				t.Errorf("opened: %+v, %d blocks, %d bytes", j.Head(), j.Count(), j.Bytes())
			}
		})
	}
}

// TestHalfIsLargeEnough fills a half with as much as ever comes to it: a tree, and a
// record for each block.
func TestHalfIsLargeEnough(t *testing.T) {
	for _, n := range []int{1, 2, 7, 100} {
		root, level := someLevel(n)
		f := new(memory)
		j := create(t, f, someHead(n))
		size := len(f.b)
		all := make([]int, n)
		for range 3 {
			must(t, j.SetTree(root, level))
			for i := range n {
				all[i] = i
				must(t, j.Record(blocks(i)))
			}
			if end := j.head.start(j.half + 1); j.end > end || end-j.end >= sector {
				t.Errorf("%d blocks: the last record ends at %d, the half at %d", n, j.end, end)
			}
			j = open(t, f)
			wantBlocks(t, j, all...)
			must(t, j.Drop(all))
			must(t, j.SetTree(root, nil))
		}
		if len(f.b) != size {
			t.Errorf("%d blocks: the file has grown from %d to %d bytes", n, size, len(f.b))
		}
	}
}
