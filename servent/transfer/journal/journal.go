// Package journal keeps, in a file beside a .part file, which of its blocks have
// reached the disk for certain, so that a download goes on after a crash or a
// power cut with every block that was recorded.
//
// The file has a head, which never changes, and two halves of one size. One of them
// is in use: it begins with a record of the whole state, its base, and goes on with
// records of blocks that came since. Records only ever add, so whatever is left of
// them says nothing that is not true. What takes back or changes writes a new base
// into the other half, waits until that is on the disk, and wipes the half it was
// in. All bytes are written in advance: a disk that is full by then takes records all
// the same, and the file never grows.
package journal

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/seed282dab8e/servent/protocol/tiger"
)

// ErrDamaged says that nothing in a file can be trusted: it is no journal, one of
// another version, or what others build on is garbled.
var ErrDamaged = errors.New("journal is damaged")

// File is what is needed of an *os.File that is open for reading and writing.
type File interface {
	io.ReaderAt
	io.WriterAt
	Truncate(size int64) error
	Sync() error
	Close() error
}

// Block is one block whose bytes are on the disk.
type Block struct {
	Index int
	Root  tiger.Digest // of the tiger tree over its bytes
}

// Journal is an open journal. It belongs to one goroutine.
//
// Once a write or a sync has failed nobody knows what the disk holds: from then on
// Record, Drop and SetTree fail with that error, and what the failed call was about
// may be found changed or not when the journal is opened again.
type Journal struct {
	file File
	head Head
	seed uint32 // checksum of the head, which all others start from
	half int    // which is in use
	end  int64  // of its last record, where the next goes
	seq  uint64 // of its last record
	state
	broken error
}

// Create makes f an empty journal, whatever it held, and owns it from then on unless
// it fails. When it returns, the journal is durable; its name is so once the caller
// has synced the folder. Until then a journal that f held may still be there after a
// power cut: the caller leaves the bytes alone that are recorded in it.
func Create(f File, h Head) (*Journal, error) {
	if err := h.check(); err != nil {
		return nil, fmt.Errorf("create journal: %w", err)
	}
	b := appendHead(make([]byte, 0, h.start(2)), h)
	j := &Journal{file: f, head: h, seed: sumOf(b), seq: 1, state: newState(h)}
	b = appendRecord(b, j.seed, j.base(j.seq))
	j.end = int64(len(b))
	if err := f.Truncate(h.start(2)); err != nil {
		return nil, fmt.Errorf("create journal: %w", err)
	}
	if err := j.put(b[:h.start(2)], 0); err != nil { // zeros behind the base
		return nil, err
	}
	return j, nil
}

// Open reads the journal in f and owns it from then on unless it fails. What has
// been garbled at its end, by a power cut as a rule, is wiped, and what stands before
// it counts. ErrDamaged says that nothing does.
func Open(f File) (*Journal, error) {
	// What a process that was killed had written may be in memory only.
	if err := f.Sync(); err != nil {
		return nil, fmt.Errorf("open journal: %w", err)
	}
	j := &Journal{file: f}
	b, err := readUpTo(f, 0, headSize)
	if err != nil {
		return nil, err
	}
	var ok bool
	if j.head, ok = parseHead(b); !ok {
		return nil, fmt.Errorf("%w: it begins with no head", ErrDamaged)
	}
	j.seed = sumOf(b)
	if err := j.load(); err != nil {
		return nil, err
	}
	return j, nil
}

// load reads both halves and takes the state of the newer one. What does not count is
// wiped, so that it can never fit to what is written later.
func (j *Journal) load() error {
	var halves, rest [2][]byte
	for i := range halves {
		var err error
		if halves[i], err = readUpTo(j.file, j.head.start(i), j.head.halfSize()); err != nil {
			return err
		}
		var seq uint64
		var s state
		if seq, s, rest[i] = replay(halves[i], j.seed, j.head); seq > j.seq {
			j.half, j.seq, j.state = i, seq, s
		}
	}
	if j.seq == 0 {
		return fmt.Errorf("%w: neither half of it begins with a whole record", ErrDamaged)
	}
	tail := rest[j.half]
	j.end = j.head.start(j.half) + int64(len(halves[j.half])-len(tail))
	if err := j.wipe(tail, j.end); err != nil {
		return err
	}
	return j.wipe(halves[1-j.half], j.head.start(1-j.half))
}

// Head returns of which download the journal is.
func (j *Journal) Head() Head { return j.head }

// Has reports whether a block is recorded, and with which root.
func (j *Journal) Has(block int) (tiger.Digest, bool) {
	if block < 0 || block >= len(j.has) || !j.has[block] {
		return tiger.Digest{}, false
	}
	return j.roots[block], true
}

// Count returns how many blocks are recorded.
func (j *Journal) Count() int { return j.count }

// Bytes returns how many bytes of the file are in blocks that are recorded.
func (j *Journal) Bytes() uint64 {
	last := len(j.has) - 1
	n := uint64(j.count) * j.head.Block
	if j.has[last] {
		n -= uint64(len(j.has))*j.head.Block - j.head.Size
	}
	return n
}

// Tree returns what SetTree has kept; ok is false where that is nothing. The caller
// must not change the level.
func (j *Journal) Tree() (root tiger.Digest, level []tiger.Digest, ok bool) {
	return j.root, j.level, j.level != nil
}

// Record adds blocks. The caller has synced their bytes, and does not write to them
// again before Drop has returned. When Record returns, what it added is durable. One
// that is recorded with the same root already is nothing new; one with another root,
// or with one that is not that of the tree, is an error, and none is added.
func (j *Journal) Record(blocks []Block) error {
	if j.broken != nil {
		return j.broken
	}
	var fresh []Block
	for _, b := range slices.SortedFunc(slices.Values(blocks), byIndex) {
		if b.Index < 0 || b.Index >= len(j.has) {
			return fmt.Errorf("record block %d: the file has %d", b.Index, len(j.has))
		}
		have, known := j.Has(b.Index)
		if n := len(fresh); n > 0 && fresh[n-1].Index == b.Index {
			have, known = fresh[n-1].Root, true
		}
		switch {
		case known && have != b.Root:
			return fmt.Errorf("record block %d: it is recorded with another root", b.Index)
		case !j.agrees(b):
			return fmt.Errorf("record block %d: the tree has another root", b.Index)
		case !known:
			fresh = append(fresh, b)
		}
	}
	if len(fresh) == 0 {
		return nil
	}
	b := appendRecord(nil, j.seed, record{seq: j.seq + 1, blocks: fresh})
	if err := j.put(b, j.end); err != nil {
		return err
	}
	j.seq++
	j.end += int64(len(b))
	for _, b := range fresh {
		j.add(b)
	}
	return nil
}

func byIndex(a, b Block) int { return cmp.Compare(a.Index, b.Index) }

// Drop takes records back, in a time that grows with the number of blocks recorded:
// many go in one call. Only when it has returned nil may the blocks' bytes be
// written again.
func (j *Journal) Drop(blocks []int) error {
	next := j.state.clone()
	for _, b := range blocks {
		if b < 0 || b >= len(next.has) {
			return fmt.Errorf("drop block %d: the file has %d", b, len(next.has))
		}
		next.drop(b)
	}
	if next.count == j.count {
		return j.broken
	}
	return j.rewrite(next)
}

// SetTree keeps the nodes of the file's tiger tree at the level of the blocks, one
// for each, durable when it returns. They must lead to root, and root must be that of
// the head's URN where it has one. Records that contradict them are dropped: what was
// recorded is not of the file. Without nodes, a tree that was kept is forgotten.
func (j *Journal) SetTree(root tiger.Digest, level []tiger.Digest) error {
	next := j.state.clone()
	next.root, next.level = tiger.Digest{}, nil
	if len(level) > 0 {
		if why := j.head.misfit(root, level); why != "" {
			return fmt.Errorf("keep tree: %s", why)
		}
		next.root, next.level = root, slices.Clone(level)
		for i, node := range level {
			if next.roots[i] != node {
				next.drop(i)
			}
		}
	}
	if next.root == j.root && slices.Equal(next.level, j.level) {
		return j.broken
	}
	return j.rewrite(next)
}

// Close closes the file. All that was recorded stays.
func (j *Journal) Close() error { return j.file.Close() }
