package transfer

import (
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/protocol/tiger"
	"github.com/seed282dab8e/servent/servent/transfer/pick"
)

// maxAskers is how many sources are asked for one block at the end of a file.
const maxAskers = 3

// blocks is what has come of one file, block by block, and who is asked for what.
// It does no I/O. The swarm's lock guards it, but for what take says.
type blocks struct {
	size, part uint64 // of the file, and of all blocks but the last
	list       []block
	rand       *rand.Rand

	have    pick.Set // verified or held
	good    pick.Set // of these, verified by the tree
	asked   pick.Set // asked of somebody
	started pick.Set // begun, and nobody goes on
	copies  []uint16 // sources that offer each block
	common  []uint16 // these, and those that wait for it: what is least common goes first
	askers  []uint8
	missing int

	tree *tree      // nil: none is known
	only *candidate // the one source that is asked, where a liar among several is looked for; nil: all are
}

// block is one part of a file. Its bytes have a root of their own in the file's
// tiger tree.
type block struct {
	root  tiger.Digest // of its bytes, once they are there
	from  []*candidate // who sent them; none: an earlier download did
	head  *head        // its first bytes; nil: none
	asked *candidate   // the last that it was asked of
	alone bool         // must come from one source: what several sent did not match
	// writer is the source whose bytes go into the file as they come; nil: nobody's do.
	// Who changes it holds both the swarm's lock and writing, which guards the place of
	// the block in the file.
	writer  *take
	writing sync.Mutex
}

// handTo has the bytes of t, and of nobody else, go into the file; nil: nobody's.
func (blk *block) handTo(t *take) {
	blk.writing.Lock()
	blk.writer = t
	blk.writing.Unlock()
}

// head is the beginning of a block, which lies in the file, while nobody goes on.
type head struct {
	tree tiger.Tree
	from []*candidate
}

// lease is what a source is asked for in one request: n blocks from first on, but
// for what has come of the first.
type lease struct {
	of       *blocks // of a file of that size; nil: any
	first, n int
	from, to uint64 // bytes
}

func newBlocks(size uint64) *blocks {
	r := rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))
	part := tiger.PartSize(size)
	n := max(1, int((size+part-1)/part))
	b := &blocks{size: size, part: part, rand: r, list: make([]block, n), copies: make([]uint16, n), common: make([]uint16, n), askers: make([]uint8, n), missing: n}
	b.have, b.good, b.asked, b.started = pick.NewSet(n), pick.NewSet(n), pick.NewSet(n), pick.NewSet(n)
	return b
}

// bounds are the bytes of block i.
func (b *blocks) bounds(i int) (from, to uint64) {
	from = uint64(i) * b.part
	return from, min(from+b.part, b.size)
}

// at is the block in which byte at of the file lies.
func (b *blocks) at(at uint64) int { return int(at / b.part) }

// bytes counts what is there, whole blocks and heads.
func (b *blocks) bytes() (n uint64) {
	for i := range b.list {
		from, to := b.bounds(i)
		switch {
		case b.have.Has(i):
			n += to - from
		case b.list[i].head != nil:
			n += b.list[i].head.tree.Size()
		}
	}
	return n
}

// verified reports whether there are blocks that fit the tree.
func (b *blocks) verified() bool { return b.tree != nil && b.good.Count() > 0 }

// whole reports whether every block is there.
func (b *blocks) whole() bool { return b.missing == 0 }

// front is the end of the block in which byte from lies; if that is not there, from.
func (b *blocks) front(from uint64) uint64 {
	if from >= b.size || !b.have.Has(b.at(from)) {
		return from
	}
	_, end := b.bounds(b.at(from))
	return end
}

// offer notes what a source has: all of the file where ranges is nil. A block counts
// when all of it is there.
func (b *blocks) offer(c *candidate, ranges []protocol.Range) {
	if c.offered == nil {
		c.offered, c.leases = pick.NewSet(len(b.list)), pick.NewSet(len(b.list))
	}
	if ranges == nil {
		ranges = []protocol.Range{{First: 0, End: b.size}}
	}
	for _, r := range ranges {
		r.End = min(r.End, b.size)
		for i := int((r.First + b.part - 1) / b.part); i < len(b.list); i++ {
			if _, to := b.bounds(i); to > r.End {
				break
			}
			if !c.offered.Has(i) {
				c.offered.Add(i)
				c.offers++
				b.copies[i]++
				b.common[i]++
			}
		}
	}
}

// retract takes back the blocks of a lease: the source does not have them.
func (b *blocks) retract(c *candidate, l lease) {
	for i := l.first; i < l.first+l.n; i++ {
		if c.offered.Has(i) {
			c.offered.Remove(i)
			c.offers--
			b.copies[i]--
			b.common[i]--
		}
	}
}

// withdraw takes back all that a source has offered.
func (b *blocks) withdraw(c *candidate) {
	if c.offered == nil {
		return
	}
	for i := range c.offered.All() {
		b.copies[i]--
		b.common[i]--
	}
	clear(c.offered)
	c.offers = 0
	b.claim(c, "")
}

// claim notes for which blocks a source waits itself that loads the file, as it says in a
// header: they will be common soon.
func (b *blocks) claim(c *candidate, text string) {
	for i := range c.claims.All() {
		b.common[i]--
	}
	clear(c.claims)
	ranges, err := protocol.ParseRanges(text)
	if err != nil {
		return
	}
	if c.claims == nil {
		c.claims = pick.NewSet(len(b.list))
	}
	for _, r := range ranges {
		for i := b.at(min(r.First, b.size)); i < len(b.list) && uint64(i)*b.part < r.End; i++ {
			if !c.claims.Has(i) {
				c.claims.Add(i)
				b.common[i]++
			}
		}
	}
}

// lease picks what c is asked for next, most blocks at most; false: nothing. Who
// gets one gives it back to release.
func (b *blocks) lease(c *candidate, most int, now time.Time) (lease, bool) {
	if c.offered == nil || b.only != nil && b.only != c {
		return lease{}, false
	}
	v := pick.View{Offered: c.offered, Have: b.have, Asked: b.asked, Copies: b.common}
	first, n := v.Started(b.started), 1
	if first < 0 {
		first = b.fresh(&v)
		n = b.run(&v, first, most)
	}
	if first < 0 {
		first, n = v.Endgame(b.inGoodHands(c, now), b.askers), 1
	}
	if first < 0 {
		return lease{}, false
	}
	l := lease{of: b, first: first, n: n}
	l.from, _ = b.bounds(first)
	_, l.to = b.bounds(first + n - 1)
	if h := b.list[first].head; h != nil && h.mayGoOn(c, b.list[first].alone) {
		l.from += h.tree.Size()
	}
	for i := first; i < first+n; i++ {
		b.askers[i]++
		b.asked.Add(i)
		b.list[i].asked = c
		b.started.Remove(i)
		c.leases.Add(i)
	}
	return l, true
}

// inGoodHands are the blocks that c need not be asked for at the end of a file, beside
// others: they are asked of it already, or of enough, or of somebody who sends, and not
// much more slowly.
func (b *blocks) inGoodHands(c *candidate, now time.Time) pick.Set {
	set := pick.NewSet(len(b.list))
	for i := range b.asked.All() {
		o := b.list[i].asked
		spared := b.list[i].writer == nil || b.part <= maxSpare // or begin has no use for it
		if !spared || c.leases.Has(i) || b.askers[i] >= maxAskers || o.rate*slower > c.rate && now.Sub(o.moved) < quiet {
			set.Add(i)
		}
	}
	return set
}

const (
	// slower is how many times a source must be slower than another for the last blocks
	// to be asked of that, too, and quiet how long it may send nothing.
	slower = 3
	quiet  = 2 * time.Second
)

// fresh picks a block that nothing has come of. Among equally rare ones chance decides:
// where many load from one source, whatever order they had in common would have all of
// them fetch the same.
func (b *blocks) fresh(v *pick.View) int {
	if b.missing == len(b.list) && b.asked.Count() == 0 {
		return v.Random(b.rand)
	}
	return v.Rarest(b.rand)
}

// run is how many blocks from first on are asked for in one request: an equal share of
// what is left at most, so that at the end nobody has much before it while others have
// nothing to do.
func (b *blocks) run(v *pick.View, first, most int) int {
	if first < 0 {
		return 0
	}
	share := v.Count() / max(1, int(b.copies[first]))
	return max(1, v.Run(first, min(most, share)))
}

// release takes a lease back: what of it has not come may be asked of others.
func (b *blocks) release(c *candidate, l lease) {
	for i := l.first; i < l.first+l.n; i++ {
		if !c.leases.Has(i) {
			continue
		}
		c.leases.Remove(i)
		if b.askers[i]--; b.askers[i] > 0 {
			continue
		}
		b.asked.Remove(i)
		if b.list[i].head != nil && !b.have.Has(i) {
			b.started.Add(i)
		}
	}
}

// put notes that all bytes of block i are there.
func (b *blocks) put(i int, root tiger.Digest, from []*candidate) {
	blk := &b.list[i]
	blk.root, blk.from, blk.head = root, from, nil
	b.started.Remove(i)
	if !b.have.Has(i) {
		b.have.Add(i)
		b.missing--
	}
}

// drop forgets block i, which nobody writes: its bytes are not right, or may not be.
func (b *blocks) drop(i int) {
	blk := &b.list[i]
	blk.head, blk.from, blk.root = nil, nil, tiger.Digest{}
	b.good.Remove(i)
	b.started.Remove(i)
	if b.have.Has(i) {
		b.have.Remove(i)
		b.missing++
	}
}

// dropWhere drops the blocks that are there and of which is holds, and returns them.
func (b *blocks) dropWhere(is func(*block) bool) (dropped []int) {
	for i := range b.list {
		if b.have.Has(i) && is(&b.list[i]) {
			b.drop(i)
			dropped = append(dropped, i)
		}
	}
	return dropped
}

// senders are those who sent what is there and not verified. earlier says that some
// of it was left by an earlier download.
func (b *blocks) senders() (all []*candidate, earlier bool) {
	for i := range b.list {
		if !b.have.Has(i) || b.good.Has(i) {
			continue
		}
		earlier = earlier || len(b.list[i].from) == 0
		for _, c := range b.list[i].from {
			if !slices.Contains(all, c) {
				all = append(all, c)
			}
		}
	}
	return all, earlier
}

// fileRoot is the root of the whole file's tree, once all is there.
func (b *blocks) fileRoot() tiger.Digest {
	roots := make([]tiger.Digest, len(b.list))
	for i := range b.list {
		roots[i] = b.list[i].root
	}
	return tiger.Expand(roots)[0][0]
}

// rangesOf are the bytes of the blocks in a set.
func (b *blocks) rangesOf(set pick.Set) (r []protocol.Range) {
	for i := range set.All() {
		from, to := b.bounds(i)
		if n := len(r); n > 0 && r[n-1].End == from {
			r[n-1].End = to
		} else {
			r = append(r, protocol.Range{First: from, End: to})
		}
	}
	return r
}

// keepsFrom reports whether nothing is left for idle to do but what busy sends, in blocks
// that are too large for both to send them.
func (b *blocks) keepsFrom(busy, idle *candidate) bool {
	if b.part <= maxSpare || idle.offered == nil || b.missing > b.asked.Count() {
		return false
	}
	for i := range busy.leases.All() {
		if !b.have.Has(i) && idle.offered.Has(i) {
			return true
		}
	}
	return false
}

// opens reports whether c has a block that is wanted and not asked of anybody.
func (b *blocks) opens(c *candidate) bool {
	v := pick.View{Offered: c.offered, Have: b.have, Asked: b.asked}
	return v.First() >= 0
}
