package transfer

import (
	"errors"
	"io"
	"slices"

	"github.com/seed282dab8e/servent/protocol/tiger"
)

// maxSpare is the largest block of which a second source's bytes are held in memory
// while the first writes it.
const maxSpare = 4 << 20

// errBeaten says that another source was quicker with a block.
var errBeaten = errors.New("another source was quicker")

// take is a block on its way from one source.
type take struct {
	block *block
	index int
	begin uint64 // of the block, in the file
	end   uint64
	at    uint64 // of the next byte that is wanted
	from  []*candidate
	tree  tiger.Tree
	// spare holds the bytes while another source's go into the file; nil: these do.
	spare []byte
}

// write takes the next bytes of a block. errBeaten: they are not needed any more.
func (t *take) write(file io.WriterAt, b []byte) error {
	t.tree.Write(b)
	if t.spare != nil {
		t.spare = append(t.spare, b...)
		t.at += uint64(len(b))
		return nil
	}
	t.block.writing.Lock()
	defer t.block.writing.Unlock()
	if t.block.writer != t {
		return errBeaten
	}
	if _, err := file.WriteAt(b, int64(t.at)); err != nil {
		return &localError{err}
	}
	t.at += uint64(len(b))
	return nil
}

// place puts a block that is not wrong, as far as is known, where it belongs in the
// file. Nobody else writes there then.
func (b *blocks) place(t *take, file io.WriterAt) error {
	if b.have.Has(t.index) || t.spare == nil && t.block.writer != t {
		return errBeaten
	}
	t.block.handTo(nil)
	if t.spare == nil {
		return nil
	}
	if _, err := file.WriteAt(t.spare, int64(t.begin)); err != nil {
		return &localError{err}
	}
	return nil
}

// begin has c send block i from byte at of the file on; nil: that is of no use, since
// the block is there, or what comes before has not come. The bytes before take.at
// are to be passed over. The take ends with finish or leave.
func (b *blocks) begin(c *candidate, i int, at uint64) *take {
	blk := &b.list[i]
	t := &take{block: blk, index: i, from: []*candidate{c}}
	t.begin, t.end = b.bounds(i)
	t.at = t.begin
	if b.have.Has(i) {
		return nil
	}
	if h := blk.head; h != nil && blk.writer == nil && at <= t.begin+h.tree.Size() && h.mayGoOn(c, blk.alone) {
		t.tree, t.at = h.tree, t.begin+h.tree.Size()
		if !slices.Contains(h.from, c) {
			t.from = append(t.from, h.from...)
		} else {
			t.from = h.from
		}
	} else if at > t.begin || blk.writer != nil && b.part > maxSpare {
		return nil
	}
	if blk.writer != nil {
		t.spare = make([]byte, 0, t.end-t.begin)
		return t
	}
	blk.handTo(t)
	blk.head = nil
	return t
}

// mayGoOn reports whether c may send what comes behind h.
func (h *head) mayGoOn(c *candidate, alone bool) bool {
	if len(h.from) == 1 && h.from[0] == c {
		return true
	}
	wary := func(c *candidate) bool { return c.suspect >= maxSuspect }
	return !alone && !wary(c) && !slices.ContainsFunc(h.from, wary)
}

// leave ends a take whose block has not come as a whole: what is there of it is kept
// for who goes on.
func (b *blocks) leave(t *take) {
	if t.block.writer != t {
		return
	}
	t.block.handTo(nil)
	if b.have.Has(t.index) || t.tree.Size() == 0 {
		return
	}
	t.block.head = &head{tree: t.tree, from: t.from}
	if !b.asked.Has(t.index) {
		b.started.Add(t.index)
	}
}

// finish ends a take whose block has come as a whole, and is in its place.
func (b *blocks) finish(t *take) judgement {
	b.put(t.index, t.tree.Root(), t.from)
	return b.settle(t.index)
}

// refuted reports whether the tree says that the bytes of a take are wrong, before
// they take anybody's place.
func (b *blocks) refuted(t *take) bool {
	return b.tree != nil && b.tree.span == 1 && t.tree.Root() != b.tree.nodes[t.index]
}

// refuse ends a take that is refuted.
func (b *blocks) refuse(t *take) judgement {
	if t.block.writer == t {
		t.block.handTo(nil)
	}
	single := len(t.from) == 1
	if !single {
		t.block.alone = true
	}
	return judgement{blocks: []int{t.index}, from: t.from, single: single}
}
