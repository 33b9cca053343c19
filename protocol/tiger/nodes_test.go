package tiger

import (
	"bytes"
	"math"
	"testing"
)

func TestPartSize(t *testing.T) {
	const gib = 1 << 30
	for _, tt := range []struct{ size, part uint64 }{
		{0, MinPart},
		{1, MinPart},
		{MinPart + 1, MinPart},
		{2 * gib, MinPart},
		{2*gib + 1, 2 * MinPart},
		{4 * gib, 2 * MinPart},
		{4*gib + 1, 4 * MinPart},
		{1 << 63, 1 << 50},
		{1<<63 + 1, 1 << 51},
		{math.MaxUint64, 1 << 51},
	} {
		if got := PartSize(tt.size); got != tt.part {
			t.Errorf("parts of %d bytes in a file of %d, want %d", got, tt.size, tt.part)
		}
	}
}

func TestExpand(t *testing.T) {
	for leaves := 1; leaves <= 33; leaves++ {
		content := bytes.Repeat([]byte("marmalade"), leaves*LeafSize/9+1)[:leaves*LeafSize-5]
		var level []Digest
		for at := 0; at < len(content); at += LeafSize {
			var part Tree
			part.Write(content[at:min(at+LeafSize, len(content))])
			level = append(level, part.Root())
		}
		var whole Tree
		whole.Write(content)
		n := Expand(level)
		if !n.Fit(whole.Root()) || len(n[len(n)-1]) != leaves {
			t.Fatalf("%d leaves: %d levels do not fit the root", leaves, len(n))
		}
		if n.Fit(Digest{}) {
			t.Errorf("%d leaves fit another root", leaves)
		}
		for i := range n {
			for j := range n[i] {
				n[i][j][7]++
				if n.Fit(whole.Root()) {
					t.Fatalf("%d leaves: a wrong node %d of level %d fits", leaves, j, i)
				}
				n[i][j][7]--
			}
		}
	}
	if Nodes(nil).Fit(Digest{}) {
		t.Error("nothing fits")
	}
}
