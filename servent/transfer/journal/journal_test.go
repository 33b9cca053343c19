package journal

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/protocol/tiger"
)

// memory is a file that lies in memory, and fails where it is told to.
type memory struct {
	b     []byte
	syncs int
	fail  error // of writes and syncs
	bad   error // of reads
}

func (m *memory) ReadAt(p []byte, at int64) (int, error) {
	if m.bad != nil {
		return 0, m.bad
	}
	return bytes.NewReader(m.b).ReadAt(p, at)
}

func (m *memory) WriteAt(p []byte, at int64) (int, error) {
	if m.fail != nil {
		return 0, m.fail
	}
	if need := int(at) + len(p); need > len(m.b) {
		m.b = append(m.b, make([]byte, need-len(m.b))...)
	}
	return copy(m.b[at:], p), nil
}

func (m *memory) Truncate(n int64) error {
	m.b = append(m.b, make([]byte, max(0, int(n)-len(m.b)))...)[:n]
	return m.fail
}

func (m *memory) Sync() error  { m.syncs++; return m.fail }
func (m *memory) Close() error { return nil }

// digest gives a digest of its own for each number.
func digest(n int) (d tiger.Digest) {
	binary.LittleEndian.PutUint64(d[:], uint64(n)+1)
	return d
}

// someHead is of a file of n blocks of 1 KiB whose last is short, and whose URN has
// no tiger root.
func someHead(n int) Head {
	return Head{URN: protocol.URN{SHA1: protocol.SHA1{1, 2, 3}, HasSHA1: true}, Size: uint64(n)*1024 - 24, Block: 1024}
}

// someLevel gives n nodes, digest(i) each, and their root.
func someLevel(n int) (tiger.Digest, []tiger.Digest) {
	level := make([]tiger.Digest, n)
	for i := range level {
		level[i] = digest(i)
	}
	return tiger.Expand(level)[0][0], level
}

// blocks gives blocks with the root that someLevel has for them.
func blocks(index ...int) (list []Block) {
	for _, i := range index {
		list = append(list, Block{Index: i, Root: digest(i)})
	}
	return list
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func create(t testing.TB, f File, h Head) *Journal {
	t.Helper()
	j, err := Create(f, h)
	must(t, err)
	return j
}

func open(t testing.TB, f File) *Journal {
	t.Helper()
	j, err := Open(f)
	must(t, err)
	return j
}

// wantBlocks checks that those blocks are recorded and no others.
func wantBlocks(t testing.TB, j *Journal, want ...int) {
	t.Helper()
	var bytes uint64
	for i := -1; i <= j.Head().Blocks(); i++ {
		root, ok := j.Has(i)
		if ok != slices.Contains(want, i) || ok && root != digest(i) {
			t.Errorf("block %d: recorded %v with %v", i, ok, root)
		}
		if ok {
			bytes += min(j.Head().Block, j.Head().Size-uint64(i)*j.Head().Block)
		}
	}
	if j.Count() != len(want) || j.Bytes() != bytes {
		t.Errorf("%d blocks with %d bytes, want %d with %d", j.Count(), j.Bytes(), len(want), bytes)
	}
}

// TestRoundTrip does what a download does, on a real file, and opens the journal
// anew after each step.
func TestRoundTrip(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	must(t, os.WriteFile(path, bytes.Repeat([]byte("of others"), 10_000), 0o600))
	reopen := func() *os.File {
		f, err := os.OpenFile(path, os.O_RDWR, 0)
		must(t, err)
		return f
	}
	h := someHead(10)
	j := create(t, reopen(), h)
	root, level := someLevel(10)
	all := []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}
	for _, step := range []struct {
		name string
		do   func() error
		want []int
	}{
		{"nothing yet", func() error { return nil }, nil},
		{"first", func() error { return j.Record(blocks(7)) }, []int{7}},
		{"out of order, some again", func() error { return j.Record(blocks(9, 2, 7, 2)) }, []int{2, 7, 9}},
		{"none", func() error { return j.Record(nil) }, []int{2, 7, 9}},
		{"last taken back, one that is not there", func() error { return j.Drop([]int{9, 0, 9}) }, []int{2, 7}},
		{"tree that contradicts one", func() error {
			must(t, j.Record([]Block{{1, digest(1)}, {0, digest(5)}}))
			return j.SetTree(root, level)
		}, []int{1, 2, 7}},
		{"again", func() error { return j.Record(blocks(0, 9)) }, []int{0, 1, 2, 7, 9}},
		{"no tree", func() error { return j.SetTree(root, nil) }, []int{0, 1, 2, 7, 9}},
		{"tree", func() error { return j.SetTree(root, level) }, []int{0, 1, 2, 7, 9}},
		{"all", func() error { return j.Record(blocks(all...)) }, all},
		{"none left", func() error { return j.Drop(all) }, nil},
	} {
		t.Run(step.name, func(t *testing.T) {
			must(t, step.do())
			wantBlocks(t, j, step.want...)
			must(t, j.Close())
			j = open(t, reopen())
			wantBlocks(t, j, step.want...)
			if j.Head() != h {
				t.Errorf("head %+v", j.Head())
			}
		})
	}
	wantTree(t, j, root, level)
	must(t, j.Close())
	if info, err := os.Stat(path); err != nil || info.Size() != h.start(2) {
		t.Errorf("%d bytes, want %d: %v", info.Size(), h.start(2), err)
	}
}

func wantTree(t testing.TB, j *Journal, root tiger.Digest, level []tiger.Digest) {
	t.Helper()
	got, nodes, ok := j.Tree()
	if ok != (level != nil) || ok && got != root || !slices.Equal(nodes, level) {
		t.Errorf("tree %v of %d nodes, %v", got, len(nodes), ok)
	}
}

// TestNothingNewIsNotWritten: what changes nothing costs nothing.
func TestNothingNewIsNotWritten(t *testing.T) {
	root, level := someLevel(4)
	f := new(memory)
	j := create(t, f, someHead(4))
	must(t, j.Record(blocks(1)))
	mine := slices.Clone(level)
	must(t, j.SetTree(root, mine))
	syncs := f.syncs
	must(t, j.Record(blocks(1)))
	must(t, j.Drop([]int{2}))
	must(t, j.SetTree(root, level))
	if f.syncs != syncs {
		t.Errorf("%d syncs", f.syncs-syncs)
	}
	mine[1] = digest(9) // is the caller's to change
	wantTree(t, j, root, level)
}

func TestRecordRefuses(t *testing.T) {
	root, level := someLevel(4)
	for name, b := range map[string][]Block{
		"before the first":      blocks(3, -1),
		"one past the last":     blocks(3, 4),
		"another root":          {{1, digest(9)}, {3, digest(3)}},
		"two roots for one":     {{3, digest(3)}, {3, digest(4)}},
		"another than the tree": {{0, digest(0)}, {3, digest(4)}},
	} {
		t.Run(name, func(t *testing.T) {
			f := new(memory)
			j := create(t, f, someHead(4))
			must(t, j.Record(blocks(1)))
			if name == "another than the tree" {
				must(t, j.SetTree(root, level))
			}
			if err := j.Record(b); err == nil {
				t.Error("no error")
			}
			wantBlocks(t, j, 1)
			must(t, j.Record(blocks(2)))
			wantBlocks(t, open(t, f), 1, 2)
		})
	}
	j := create(t, new(memory), someHead(4))
	if j.Drop([]int{4}) == nil || j.Drop([]int{-1}) == nil {
		t.Error("a block that the file has not could be dropped")
	}
}

func TestSetTreeRefuses(t *testing.T) {
	root, level := someLevel(4)
	h := someHead(4)
	h.URN.Tiger, h.URN.HasTiger = digest(100), true
	if err := create(t, new(memory), h).SetTree(root, level); err == nil {
		t.Error("a tree of another file")
	}
	h.URN.Tiger = root
	f := new(memory)
	j := create(t, f, h)
	for name, bad := range map[string][]tiger.Digest{
		"one missing": level[:3], "one more": append(slices.Clone(level), digest(4)), "another order": {level[1], level[0], level[2], level[3]},
	} {
		if err := j.SetTree(root, bad); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	wantTree(t, open(t, f), root, nil)
	must(t, j.SetTree(root, level))
	wantTree(t, open(t, f), root, level)
}

func TestErrorsStay(t *testing.T) {
	full := errors.New("disk broken")
	root, level := someLevel(4)
	for name, do := range map[string]func(j *Journal) error{
		"record": func(j *Journal) error { return j.Record(blocks(2)) },
		"drop":   func(j *Journal) error { return j.Drop([]int{1}) },
		"tree":   func(j *Journal) error { return j.SetTree(root, level) },
	} {
		f := new(memory)
		j := create(t, f, someHead(4))
		must(t, j.Record(blocks(1)))
		f.fail = full
		if err := do(j); !errors.Is(err, full) {
			t.Errorf("%s: %v", name, err)
		}
		f.fail = nil // what was lost meanwhile, nobody knows
		for _, err := range []error{do(j), j.Record(blocks(1)), j.Record(nil), j.Drop(nil), j.SetTree(root, nil)} {
			if !errors.Is(err, full) {
				t.Errorf("after a %s that failed: %v", name, err)
			}
		}
		wantBlocks(t, j, 1)
	}
	if _, err := Create(&memory{fail: full}, someHead(4)); !errors.Is(err, full) {
		t.Errorf("create: %v", err)
	}
	f := new(memory)
	create(t, f, someHead(4))
	f.bad = full
	if _, err := Open(f); !errors.Is(err, full) || errors.Is(err, ErrDamaged) {
		t.Errorf("open what cannot be read: %v", err)
	}
	f.bad, f.fail = nil, full
	if _, err := Open(f); !errors.Is(err, full) || errors.Is(err, ErrDamaged) {
		t.Errorf("open what cannot be synced: %v", err)
	}
}

func TestOpenWhatIsNone(t *testing.T) {
	for name, b := range map[string][]byte{
		"nothing": nil, "zeros": make([]byte, 1<<16), "text": bytes.Repeat([]byte("text"), 1<<10),
	} {
		if _, err := Open(&memory{b: b}); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
