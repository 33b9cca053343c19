package tiger

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// vectors are those of the designers' test program and of the NESSIE project.
var vectors = []struct{ message, hash string }{
	{"", "3293ac630c13f0245f92bbb1766e16167a4e58492dde73f3"},
	{"a", "77befbef2e7ef8ab2ec8f93bf587a7fc613e247f5f247809"},
	{"abc", "2aab1484e8c158f2bfb8c5ff41b57a525129131c957b5f93"},
	{"Tiger", "dd00230799f5009fec6debc838bb6a27df2b9d6f110c7937"},
	{"message digest", "d981f8cb78201a950dcf3048751e441c517fca1aa55a29f6"},
	{
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-",
		"f71c8583902afb879edfe610f82c0d4786a3a534504486b5",
	},
	{
		"ABCDEFGHIJKLMNOPQRSTUVWXYZ=abcdefghijklmnopqrstuvwxyz+0123456789",
		"48ceeb6308b87d46e95d656112cdf18d97915f9765658957",
	},
	{
		"Tiger - A Fast New Hash Function, by Ross Anderson and Eli Biham",
		"8a866829040a410c729ad23f5ada711603b3cdd357e4c15e",
	},
	{
		"Tiger - A Fast New Hash Function, by Ross Anderson and Eli Biham, proceedings of Fast Software Encryption 3, Cambridge.",
		"ce55a6afd591f5ebac547ff84f89227f9331dab0b611c889",
	},
	{
		"Tiger - A Fast New Hash Function, by Ross Anderson and Eli Biham, proceedings of Fast Software Encryption 3, Cambridge, 1996.",
		"631abdd103eb9a3d245b6dfd4d77b257fc7439501d1568dd",
	},
	{strings.Repeat("1234567890", 8), "1c14795529fd9f207a958f84c52f11e887fa0cabdfd91bfd"},
	{strings.Repeat("a", 1_000_000), "6db0e2729cbead93d715c6a7d36302e9b3cee0d2bc314b41"},
}

func TestSumVectors(t *testing.T) {
	for _, v := range vectors {
		sum := Sum([]byte(v.message))
		if got := hex.EncodeToString(sum[:]); got != v.hash {
			t.Errorf("Sum(%.20q, %d bytes) = %s, want %s", v.message, len(v.message), got, v.hash)
		}
	}
}

func TestHashGoesOnAfterSum(t *testing.T) {
	h := New()
	if h.Size() != Size || h.BlockSize() != BlockSize {
		t.Fatalf("sizes %d and %d", h.Size(), h.BlockSize())
	}
	var all []byte
	for _, v := range vectors {
		_, _ = h.Write([]byte(v.message))
		all = append(all, v.message...)
		want := Sum(all)
		if got := h.Sum([]byte("x")); string(got) != "x"+string(want[:]) {
			t.Fatalf("after %d bytes: %x, want %x", len(all), got, want)
		}
	}
	h.Reset()
	want := Sum(nil)
	if got := h.Sum(nil); !bytes.Equal(got, want[:]) {
		t.Errorf("after Reset: %x, want %x", got, want)
	}
}

func TestHashInPieces(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		data := rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "data")
		h := New()
		writeInPieces(t, h, data)
		if want := Sum(data); !bytes.Equal(h.Sum(nil), want[:]) {
			t.Fatalf("got %x, want %x", h.Sum(nil), want)
		}
	})
}

// writeInPieces cuts data at random places.
func writeInPieces(t *rapid.T, w interface{ Write([]byte) (int, error) }, data []byte) {
	for len(data) > 0 {
		n := rapid.IntRange(0, len(data)).Draw(t, "n")
		if got, err := w.Write(data[:n]); got != n || err != nil {
			t.Fatalf("Write took %d of %d: %v", got, n, err)
		}
		data = data[n:]
	}
}

func TestBlockPairEqualsBlock(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		block := rapid.SliceOfN(rapid.Byte(), BlockSize, BlockSize)
		p, q := block.Draw(t, "p"), block.Draw(t, "q")
		var s, u state
		for i := range s {
			s[i] = rapid.Uint64().Draw(t, "s")
			u[i] = rapid.Uint64().Draw(t, "u")
		}
		wantS, wantU := s, u
		wantS.block(p)
		wantU.block(q)
		blockPair(&s, &u, p, q)
		if s != wantS || u != wantU {
			t.Fatalf("got %x %x, want %x %x", s, u, wantS, wantU)
		}
	})
}

func TestNothingAllocated(t *testing.T) {
	data := make([]byte, 5000)
	var tree Tree
	h := New()
	out := make([]byte, 0, Size)
	for name, f := range map[string]func(){
		"Sum":        func() { Sum(data) },
		"hash.Write": func() { _, _ = h.Write(data) },
		"hash.Sum":   func() { h.Sum(out) },
		"Tree.Write": func() { _, _ = tree.Write(data) },
		"Tree.Root":  func() { tree.Root() },
	} {
		if n := testing.AllocsPerRun(100, f); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}
