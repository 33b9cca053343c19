package journal

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"testing"

	"github.com/seed282dab8e/servent/protocol/tiger"
)

// FuzzOpen opens what is no journal, or is forged with checksums that are right. What
// it takes must be sound, and stay as it is.
func FuzzOpen(f *testing.F) {
	for _, tree := range []bool{false, true} {
		l := someLog(f, tree)
		f.Add(l.image, true)
		f.Add(l.image, false)
		f.Add(l.image[:l.ends[1]], true)
	}
	f.Fuzz(func(t *testing.T, b []byte, forged bool) {
		b = bytes.Clone(b)
		if forged {
			forge(b)
		}
		file := &memory{b: b}
		j, err := Open(file)
		if err != nil {
			if !errors.Is(err, ErrDamaged) {
				t.Fatal(err)
			}
			return
		}
		if n := j.head.Blocks(); n < 1 || n > MaxBlocks || j.Count() > n || j.Bytes() > j.head.Size || j.Bytes() == j.head.Size != (j.Count() == n) {
			t.Fatalf("%d of %d blocks, %d of %d bytes", j.Count(), n, j.Bytes(), j.head.Size)
		}
		if root, level, ok := j.Tree(); ok && tiger.Expand(level)[0][0] != root {
			t.Fatal("a tree that does not fit")
		}
		same(t, j, open(t, file))
		if j.seq < maxSeq && j.end+recordHead+blockSize <= j.head.start(j.half+1) {
			for i := range j.has {
				if _, ok := j.Has(i); !ok && j.level == nil {
					must(t, j.Record(blocks(i)))
					break
				}
			}
			same(t, j, open(t, file))
		}
	})
}

// forge makes the checksums right of what could be a head and records behind it.
func forge(b []byte) {
	if len(b) < headSize {
		return
	}
	seed := sumHead(b)
	binary.LittleEndian.PutUint32(b[headSize-sumSize:], seed)
	h, ok := parseHead(b[:headSize])
	for half := 0; ok && half < 2; half++ {
		for at := h.start(half); at+sumSize+4 <= int64(len(b)); {
			size := int64(binary.LittleEndian.Uint32(b[at+sumSize:]))
			if size == 0 || size > int64(len(b))-at-sumSize-4 {
				break
			}
			end := at + sumSize + 4 + size
			binary.LittleEndian.PutUint32(b[at:], sumRecord(b[at:end], seed))
			at = end
		}
	}
}

// same checks that two journals say the same.
func same(t *testing.T, a, b *Journal) {
	t.Helper()
	if a.head != b.head || a.seq != b.seq || a.end != b.end || !slices.Equal(a.state.blocks(), b.state.blocks()) ||
		a.root != b.root || !slices.Equal(a.level, b.level) {
		t.Fatalf("%+v, opened once more %+v", a, b)
	}
}

// FuzzDamage writes over parts of a journal: what is read back is what some prefix of
// its log says.
func FuzzDamage(f *testing.F) {
	f.Add(false, uint16(600), []byte("garbled"))
	f.Add(true, uint16(1300), []byte{0})
	f.Add(true, uint16(0), make([]byte, 2000))
	f.Fuzz(func(t *testing.T, tree bool, at uint16, garble []byte) {
		l := someLog(t, tree)
		copy(l.image[min(int(at), len(l.image)):], garble)
		j, err := Open(&memory{b: l.image})
		if errors.Is(err, ErrDamaged) {
			return
		}
		must(t, err)
		wantBlocks(t, j, l.want[:j.Count()]...)
		if root, level := someLevel(8); tree {
			wantTree(t, j, root, level)
		} else {
			wantTree(t, j, root, nil)
		}
	})
}
