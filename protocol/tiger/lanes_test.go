package tiger

import (
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func needLanes(t testing.TB) {
	t.Helper()
	if !haveLanes {
		t.Skip("this processor has no AVX-512 VBMI, or the build tag purego is set")
	}
}

// noise fills b with bytes that look random and are the same each time.
func noise(b []byte) []byte {
	r := rand.NewChaCha8([32]byte{1})
	_, _ = r.Read(b) // never fails
	return b
}

// TestCompress64: each lane does what block does.
func TestCompress64(t *testing.T) {
	needLanes(t)
	buf := noise(make([]byte, lanes*100+BlockSize))
	rapid.Check(t, func(t *rapid.T) {
		stride := rapid.IntRange(1, 100).Draw(t, "stride")
		groups := rapid.IntRange(1, 8).Draw(t, "groups")
		mask := rapid.Uint64().Draw(t, "mask")
		pad := [BlockSize]byte(rapid.SliceOfN(rapid.Byte(), BlockSize, BlockSize).Draw(t, "pad"))
		var s wideState
		for i := range s {
			for lane := range s[i] {
				s[i][lane] = rapid.Uint64().Draw(t, "s")
			}
		}
		want := s
		s.block(&buf[1], stride, groups*lanesAtOnce, mask, &pad)
		for lane := range groups * lanesAtOnce {
			block := [BlockSize]byte(buf[lane*stride:])
			for i := range block {
				block[i] = block[i]*byte(mask>>i&1) | pad[i]
			}
			one := state{want[0][lane], want[1][lane], want[2][lane]}
			one.block(block[:])
			if got := (state{s[0][lane], s[1][lane], s[2][lane]}); got != one {
				t.Fatalf("lane %d: %x, want %x", lane, got, one)
			}
		}
	})
}

// TestWide: what can be hashed at once is whole, aligned, and as much as fits.
func TestWide(t *testing.T) {
	if !haveThree {
		t.Skip("no assembly here")
	}
	for _, tt := range []struct{ at, size, want int }{
		{0, 0, 0},
		{0, minWide*LeafSize - 1, 0},
		{0, minWide * LeafSize, minWide},
		{0, 2*minWide*LeafSize - 1, minWide},
		{0, 300 * LeafSize, 256},
		{0, 9000 * LeafSize, 256},
		{1, 300 * LeafSize, 0},
		{LeafSize, 300 * LeafSize, 0},
		{16 * LeafSize, 300 * LeafSize, 0},
		{32*LeafSize - 1, 300 * LeafSize, 0},
		{32 * LeafSize, 300 * LeafSize, 32},
		{96 * LeafSize, 300 * LeafSize, 32},
		{512 * LeafSize, 300 * LeafSize, 256},
	} {
		tree := Tree{size: uint64(tt.at)}
		if got := tree.wide(tt.size); got != tt.want {
			t.Errorf("%d leaves at %d with %d bytes, want %d", got, tt.at, tt.size, tt.want)
		}
	}
}

// TestTreeWide: the same tree, whatever is hashed at once.
func TestTreeWide(t *testing.T) {
	file := noise(make([]byte, 700*LeafSize+5))
	for _, leaves := range []int{15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 255, 256, 257, 384, 512, 700} {
		for _, more := range []int{-1, 0, 1} {
			part := file[:leaves*LeafSize+more]
			want := plainRoot(part)
			if got := rootOf(part); got != want {
				t.Errorf("%d bytes: %s, want %s", len(part), got, want)
			}
			for _, cut := range []int{1, LeafSize, 16*LeafSize - 1, 16 * LeafSize, 17 * LeafSize, 48 * LeafSize} {
				cut = min(cut, len(part))
				var first, second Tree
				_, _ = first.Write(part[:cut])
				state, err := first.MarshalBinary()
				if err != nil || second.UnmarshalBinary(state) != nil {
					t.Fatalf("state at %d: %v", cut, err)
				}
				_, _ = second.Write(part[cut:])
				if got := second.Root(); got != want || second.Size() != uint64(len(part)) {
					t.Errorf("%d bytes, stopped at %d: %s, want %s", len(part), cut, got, want)
				}
			}
		}
	}
}

// TestThree: leaves and nodes three at a time are those that they are one by one,
// also where the rest is not three, and where nodes overwrite what they are of.
func TestThree(t *testing.T) {
	if !haveThree {
		t.Skip("no assembly here")
	}
	file := noise(make([]byte, 12*LeafSize))
	for n := 3; n <= 12; n++ {
		got := make([]Digest, n)
		leavesByThree(got, file[:n*LeafSize])
		for i, d := range got {
			if want := plainRoot(file[i*LeafSize : (i+1)*LeafSize]); d != want {
				t.Errorf("leaf %d of %d: %s, want %s", i, n, d, want)
			}
		}
		var want []Digest
		for i := 0; i+1 < n; i += 2 {
			want = append(want, node(got[i], got[i+1]))
		}
		nodesByThree(got[:n/2], got)
		if !slices.Equal(got[:n/2], want) {
			t.Errorf("%d nodes: %s, want %s", n/2, got[:n/2], want)
		}
	}
}

// TestTreeWideAlone: hashing allocates nothing, and touches no byte that it was not
// given: b may be anybody's.
func TestTreeWideAlone(t *testing.T) {
	var tree Tree
	b := noise(make([]byte, maxWide*LeafSize))
	if n := testing.AllocsPerRun(10, func() { _, _ = tree.Write(b) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
	again := noise(make([]byte, len(b)))
	if string(b) != string(again) {
		t.Error("what was hashed is no longer what it was")
	}
}

func BenchmarkTreeLong(b *testing.B) {
	for name, size := range map[string]int{"32KiB": 32 << 10, "64KiB": 64 << 10, "256KiB": 256 << 10, "1MiB": 1 << 20} {
		b.Run(name, func(b *testing.B) {
			data := make([]byte, size)
			var t Tree
			b.SetBytes(int64(size))
			for b.Loop() {
				t.Reset()
				_, _ = t.Write(data)
			}
		})
	}
}
