package journal

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"slices"
	"testing"
)

// logged is a journal that has dropped a block and then recorded others one by one.
type logged struct {
	head  Head
	image []byte
	seed  uint32
	ends  []int // of the base and of each record
	want  []int // blocks: one is in the base, and one more in each record
}

// someLog makes a journal of 8 blocks whose base has block 3 and the tree, if there
// is to be one, and no longer block 0.
func someLog(t testing.TB, tree bool) logged {
	f := new(memory)
	j := create(t, f, someHead(8))
	must(t, j.Record(blocks(0, 3)))
	if tree {
		must(t, j.SetTree(someLevel(8)))
	}
	must(t, j.Drop([]int{0}))
	l := logged{head: j.head, seed: j.seed, ends: []int{int(j.end)}, want: []int{3, 5, 7, 1}}
	for _, i := range l.want[1:] {
		must(t, j.Record(blocks(i)))
		l.ends = append(l.ends, int(j.end))
	}
	l.image = f.b
	return l
}

// whole returns how many blocks are left where bytes from an offset on are damaged.
func (l logged) whole(at int) int {
	n := 0
	for n < len(l.ends) && l.ends[n] <= at {
		n++
	}
	return n
}

// check opens an image of which the bytes before an offset are sound, and the base's
// half is not the other one.
func (l logged) check(t *testing.T, b []byte, sound int) {
	t.Helper()
	n := l.whole(sound)
	f := &memory{b: bytes.Clone(b)}
	j, err := Open(f)
	if n == 0 {
		if !errors.Is(err, ErrDamaged) {
			t.Fatalf("sound up to %d: %v", sound, err)
		}
		return
	}
	if err != nil {
		t.Fatalf("sound up to %d: %v", sound, err)
	}
	wantBlocks(t, j, l.want[:n]...)
	must(t, j.Record(blocks(0)))
	wantBlocks(t, open(t, f), append([]int{0}, l.want[:n]...)...)
}

// TestCutShort cuts a journal at every byte.
func TestCutShort(t *testing.T) {
	for _, tree := range []bool{false, true} {
		l := someLog(t, tree)
		for n := range l.image {
			l.check(t, l.image[:n], n)
		}
	}
}

// TestFlipped flips each byte of a journal, by one bit and by all of them.
func TestFlipped(t *testing.T) {
	for _, tree := range []bool{false, true} {
		l := someLog(t, tree)
		from, to := int(l.head.start(0)), int(l.head.start(1))
		if l.ends[0] > to {
			from, to = to, int(l.head.start(2))
		}
		for i := range l.image {
			for _, x := range []byte{1, 0x80, 0xff} {
				b := bytes.Clone(l.image)
				b[i] ^= x
				switch {
				case i < headSize:
					l.check(t, b, 0)
				case from <= i && i < to:
					l.check(t, b, i)
				default: // the other half, where nothing is
					l.check(t, b, len(b))
				}
			}
		}
	}
}

// TestCutOffIsGone: what stands behind a damaged record never comes back, not even
// where that is written once more as it was.
func TestCutOffIsGone(t *testing.T) {
	l := someLog(t, false)
	b := bytes.Clone(l.image)
	b[l.ends[1]]++
	f := &memory{b: b}
	j := open(t, f)
	wantBlocks(t, j, 3, 5)
	must(t, j.Record(blocks(7)))
	wantBlocks(t, open(t, f), 3, 5, 7)
}

// TestOldHalfIsGone: a state that was left never comes back, whatever happens to the
// one that has followed it.
func TestOldHalfIsGone(t *testing.T) {
	f := new(memory)
	j := create(t, f, someHead(4))
	must(t, j.Record(blocks(0)))
	old := bytes.Clone(f.b)
	must(t, j.Drop([]int{0}))
	b := bytes.Clone(f.b)
	b[j.head.start(1)]++
	if _, err := Open(&memory{b: b}); !errors.Is(err, ErrDamaged) {
		t.Errorf("the new half is damaged: %v", err)
	}
	copy(f.b[j.head.start(0):], old[j.head.start(0):j.head.start(1)]) // as a power cut leaves it
	wantBlocks(t, open(t, f))
	f.b[j.head.start(1)]++
	if _, err := Open(f); !errors.Is(err, ErrDamaged) {
		t.Errorf("the new half is damaged after it was opened: %v", err)
	}
}

// TestRecordsOfAnother has the head of one journal before the records of another.
func TestRecordsOfAnother(t *testing.T) {
	l := someLog(t, false)
	f := new(memory)
	h := l.head
	h.URN.SHA1[0]++
	create(t, f, h)
	copy(l.image, f.b[:headSize])
	l.check(t, l.image, 0)
}

// TestForgedRecords has records whose checksum is right and which are none: the
// first to come that way, and all behind it, count for nothing.
func TestForgedRecords(t *testing.T) {
	root, level := someLevel(8)
	other := slices.Clone(level)
	other[0], other[1] = other[1], other[0]
	for _, tt := range []struct {
		name string
		tree bool
		r    record
		mend func(b []byte) []byte // of the record
	}{
		{name: "number again", r: record{seq: 6, blocks: blocks(2)}},
		{name: "number left out", r: record{seq: 8, blocks: blocks(2)}},
		{name: "base in the middle", r: record{seq: 7, base: true, blocks: blocks(2)}},
		{name: "tree in the middle", r: record{seq: 7, blocks: blocks(2), root: root, level: level}},
		{name: "block again", r: record{seq: 7, blocks: blocks(2, 3)}},
		{name: "block twice", r: record{seq: 7, blocks: blocks(2, 2)}},
		{name: "out of order", r: record{seq: 7, blocks: blocks(2, 0)}},
		{name: "one past the last block", r: record{seq: 7, blocks: blocks(2, 8)}},
		{name: "last index there is", r: record{seq: 7, blocks: blocks(math.MaxUint32)}},
		{name: "more blocks than there are", r: record{seq: 7, blocks: blocks(0, 1, 2, 3, 4, 5, 6, 7, 0)}},
		{name: "another root than the tree", tree: true, r: record{seq: 8, blocks: []Block{{2, digest(3)}}}},
		{name: "another flag", r: record{seq: 7, blocks: blocks(2)}, mend: func(b []byte) []byte { b[sumSize+4+8] |= 4; return b }},
		{name: "bytes behind the blocks", r: record{seq: 7, blocks: blocks(2)}, mend: func(b []byte) []byte { return append(b, 0) }},
		{name: "bytes missing", r: record{seq: 7, blocks: blocks(2)}, mend: func(b []byte) []byte { return b[:len(b)-1] }},
		{name: "most blocks that can be told", r: record{seq: 7}, mend: func(b []byte) []byte {
			binary.LittleEndian.PutUint32(b[sumSize+4+9:], math.MaxUint32)
			return b
		}},
		{name: "less than a record", r: record{seq: 7}, mend: func(b []byte) []byte { return b[:recordHead-1] }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := someLog(t, tt.tree)
			b := appendRecord(nil, l.seed, tt.r)
			if tt.mend != nil {
				b = seal(tt.mend(b), l.seed)
			}
			copy(l.image[l.ends[3]:], b)
			l.check(t, l.image, l.ends[3])
		})
	}
	for _, tt := range []struct {
		name string
		r    record
		ok   bool
	}{
		{"empty", record{seq: 1, base: true}, true},
		{"last number", record{seq: maxSeq, base: true}, true},
		{"number past the last", record{seq: maxSeq + 1, base: true}, false},
		{"no number", record{seq: 0, base: true}, false},
		{"no base", record{seq: 1}, false},
		{"tree", record{seq: 1, base: true, root: root, level: level}, true},
		{"nodes in another order", record{seq: 1, base: true, root: root, level: other}, false},
		{"block that the tree contradicts", record{seq: 1, base: true, root: root, level: level, blocks: []Block{{0, digest(1)}}}, false},
	} {
		l := someLog(t, false)
		clear(l.image[headSize:])
		copy(l.image[headSize:], appendRecord(nil, l.seed, tt.r))
		if _, err := Open(&memory{b: l.image}); (err == nil) != tt.ok || err != nil && !errors.Is(err, ErrDamaged) {
			t.Errorf("base, %s: %v", tt.name, err)
		}
	}
}

// seal writes length and checksum of a record of which the rest is there.
func seal(b []byte, seed uint32) []byte {
	binary.LittleEndian.PutUint32(b[sumSize:], uint32(len(b)-sumSize-4))
	binary.LittleEndian.PutUint32(b, sumRecord(b, seed))
	return b
}

// TestForgedHeads has heads whose checksum is right and which are none.
func TestForgedHeads(t *testing.T) {
	for name, forge := range map[string]func(b []byte){
		"magic":          func(b []byte) { b[0]++ },
		"version":        func(b []byte) { b[8]++ },
		"no bytes":       func(b []byte) { clear(b[9:17]) },
		"too many bytes": func(b []byte) { b[16] = 0x80 },
		"block":          func(b []byte) { b[17]++ },
		"many blocks":    func(b []byte) { b[9+4] = 1 },
		"no URN":         func(b []byte) { b[25] = 0 },
		"long URN":       func(b []byte) { b[25] = 255 },
		"another URN":    func(b []byte) { b[26] = 'x' },
	} {
		l := someLog(t, false)
		if _, ok := parseHead(l.image[:headSize]); !ok {
			t.Fatal("it is none before")
		}
		forge(l.image)
		binary.LittleEndian.PutUint32(l.image[headSize-sumSize:], sumHead(l.image))
		if h, ok := parseHead(l.image[:headSize]); ok {
			t.Errorf("%s: %+v", name, h)
		}
	}
}
