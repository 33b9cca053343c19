package journal

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/seed282dab8e/servent/protocol/tiger"
	"github.com/seed282dab8e/servent/servent/transfer/journal/disktest"
)

// wantedCuts is how many times TestPowerCuts cuts the power.
const wantedCuts = 1500

// TestPowerCuts downloads again and again onto a disk whose power is cut at random
// points, now and then with the process killed in between: no block that is recorded
// is ever wrong, and nothing is lost that Record had returned for.
func TestPowerCuts(t *testing.T) {
	cuts, kills, whole := 0, 0, 0
	for seed := uint64(0); cuts < wantedCuts; seed++ {
		d := newDownload(seed)
		if err := d.run(); err != nil {
			t.Fatalf("seed %d, after %d power cuts and %d kills: %v", seed, d.cuts, d.kills, err)
		}
		cuts, kills, whole = cuts+d.cuts, kills+d.kills, whole+1
	}
	t.Logf("%d power cuts and %d kills in %d downloads", cuts, kills, whole)
	if kills < 100 || whole < 20 {
		t.Error("too few to show anything")
	}
}

// TestPowerCutsCatch shows the test above a client that records what it has not
// synced.
func TestPowerCutsCatch(t *testing.T) {
	for seed, cuts := uint64(0), 0; cuts < wantedCuts; seed++ {
		d := newDownload(seed)
		d.hasty = true
		if err := d.run(); errors.Is(err, errWrong) {
			t.Logf("seed %d, after %d power cuts: %v", seed, d.cuts, err)
			return
		}
		cuts += d.cuts
	}
	t.Error("nothing was wrong")
}

// errWrong says that a block is recorded whose bytes are others.
var errWrong = errors.New("recorded with other bytes")

// download is a client, and what it has been promised.
type download struct {
	rnd       *rand.Rand
	disk      *disktest.Disk
	part, log *disktest.File
	head      Head
	content   []byte
	root      tiger.Digest
	level     []tiger.Digest
	hasty     bool // records before it syncs

	journal  *Journal
	created  bool                 // Create has returned
	promised map[int]tiger.Digest // what Record has returned for, and nothing has taken back
	tree     int                  // kept or not: yes, no, or in doubt

	cuts, kills int
}

const (
	no = iota
	yes
	doubt
)

func newDownload(seed uint64) *download {
	rnd := rand.New(rand.NewPCG(seed, 0))
	disk := disktest.New(rnd)
	d := &download{rnd: rnd, disk: disk, part: disk.Create(), log: disk.Create(), promised: map[int]tiger.Digest{}}
	d.head = someHead(1 + rnd.IntN(120))
	d.head.Block <<= rnd.IntN(2)
	d.content = d.noise(int(d.head.Size))
	for i := range d.head.Blocks() {
		d.level = append(d.level, rootOf(d.content[d.at(i):d.at(i+1)]))
	}
	d.root = tiger.Expand(d.level)[0][0]
	if rnd.IntN(2) == 0 {
		d.head.URN.Tiger, d.head.URN.HasTiger = d.root, true
	}
	return d
}

func rootOf(b []byte) tiger.Digest {
	var t tiger.Tree
	_, _ = t.Write(b)
	return t.Root()
}

func (d *download) noise(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(d.rnd.Uint32())
	}
	return b
}

// at is where a block begins, or the end of the file.
func (d *download) at(block int) int { return min(block*int(d.head.Block), int(d.head.Size)) }

// run downloads until all is recorded, and returns what went wrong.
func (d *download) run() error {
	for {
		d.disk.CutAfter(d.rnd.IntN(50))
		err := d.session()
		switch {
		case err == nil:
			return nil
		case !errors.Is(err, disktest.ErrCut):
			return err
		case d.rnd.IntN(4) == 0:
			d.kills++
			d.disk.Kill()
		default:
			d.cuts++
			d.disk.Restart()
		}
	}
}

// session is the life of one process.
func (d *download) session() error {
	if err := d.start(); err != nil {
		return err
	}
	for d.journal.Count() < d.head.Blocks() || d.tree != yes {
		if err := d.step(); err != nil {
			return err
		}
	}
	return d.check()
}

// start opens the journal, or begins one where none has been promised.
func (d *download) start() error {
	var err error
	d.journal, err = Open(d.log)
	switch {
	case err == nil:
		d.created = true
		return d.check()
	case errors.Is(err, ErrDamaged) && !d.created:
		return d.create()
	}
	return err
}

// create begins anew.
func (d *download) create() error {
	d.created, d.tree = false, doubt
	clear(d.promised)
	var err error
	if d.journal, err = Create(d.log, d.head); err == nil {
		d.created, d.tree = true, no
	}
	return err
}

// restart begins anew in place of a journal, and uses all blocks for something else.
func (d *download) restart() error {
	if err := d.create(); err != nil {
		return err
	}
	return d.scribble(d.pick(false, d.head.Blocks()))
}

// check compares what the journal says with what is in the file, and with what was
// promised.
func (d *download) check() error {
	if d.journal.Head() != d.head {
		return fmt.Errorf("head %+v", d.journal.Head())
	}
	for i := range d.head.Blocks() {
		root, ok := d.journal.Has(i)
		if want, promised := d.promised[i]; promised && (!ok || want != root) {
			return fmt.Errorf("block %d: lost", i)
		}
		b := make([]byte, d.at(i+1)-d.at(i))
		if !ok {
			continue
		}
		if _, err := d.part.ReadAt(b, int64(d.at(i))); errors.Is(err, disktest.ErrCut) {
			return err
		}
		if rootOf(b) != root {
			return fmt.Errorf("block %d: %w", i, errWrong)
		}
		d.promised[i] = root // as it is there now, it stays
	}
	root, level, ok := d.journal.Tree()
	if ok && (root != d.root || !slices.Equal(level, d.level)) || d.tree == yes && !ok || d.tree == no && ok {
		return fmt.Errorf("tree: %v", ok)
	}
	d.tree = no
	if ok {
		d.tree = yes
	}
	return nil
}

// step does one of the things that a client does.
func (d *download) step() error {
	switch d.rnd.IntN(30) {
	case 0:
		return d.drop(d.pick(true, 1+d.rnd.IntN(4)))
	case 1:
		return d.setTree(nil)
	case 2, 3, 4:
		return d.setTree(d.level)
	case 5, 6:
		return d.start() // once more
	case 7:
		return d.restart()
	case 8, 9, 10:
		return d.scribble(d.pick(false, 2))
	}
	return d.load(d.pick(false, 1+d.rnd.IntN(30)))
}

// pick returns up to n blocks that are recorded, or are not.
func (d *download) pick(recorded bool, n int) (list []int) {
	for _, i := range d.rnd.Perm(d.head.Blocks()) {
		if _, ok := d.journal.Has(i); ok == recorded && len(list) < n {
			list = append(list, i)
		}
	}
	return list
}

// load writes blocks, syncs and records them. Without a tree some are not what they
// should be.
func (d *download) load(list []int) error {
	var fresh []Block
	for _, i := range list {
		b := d.content[d.at(i):d.at(i+1)]
		if d.tree == no && d.rnd.IntN(5) == 0 {
			b = d.noise(len(b))
		}
		if _, err := d.part.WriteAt(b, int64(d.at(i))); err != nil {
			return err
		}
		fresh = append(fresh, Block{Index: i, Root: rootOf(b)})
	}
	if !d.hasty {
		if err := d.part.Sync(); err != nil {
			return err
		}
	}
	if err := d.journal.Record(fresh); err != nil {
		return err
	}
	for _, b := range fresh {
		d.promised[b.Index] = b.Root
	}
	return nil
}

// scribble writes over blocks that are not recorded, as a liar's bytes do.
func (d *download) scribble(list []int) error {
	for _, i := range list {
		if _, err := d.part.WriteAt(d.noise(d.at(i+1)-d.at(i)), int64(d.at(i))); err != nil {
			return err
		}
	}
	return nil
}

// drop takes records back, and uses the blocks for something else at once.
func (d *download) drop(list []int) error {
	for _, i := range list {
		delete(d.promised, i)
	}
	if err := d.journal.Drop(list); err != nil {
		return err
	}
	return d.scribble(list)
}

// setTree keeps the tree or, with nil, forgets it. What it drops is used at once.
func (d *download) setTree(level []tiger.Digest) error {
	d.tree = doubt
	var gone []int
	for i, root := range d.promised {
		if level != nil && root != level[i] {
			gone = append(gone, i)
		}
	}
	slices.Sort(gone)
	for _, i := range gone {
		delete(d.promised, i)
	}
	if err := d.journal.SetTree(d.root, level); err != nil {
		return err
	}
	d.tree = no
	if level != nil {
		d.tree = yes
	}
	return d.scribble(gone)
}
