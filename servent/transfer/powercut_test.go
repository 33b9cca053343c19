package transfer

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/seed282dab8e/servent/protocol/tiger"
	"github.com/seed282dab8e/servent/servent/transfer/journal"
	"github.com/seed282dab8e/servent/servent/transfer/journal/disktest"
)

// wantedCuts is at how many points TestStoreSurvivesPowerCuts cuts the power.
const wantedCuts = 1000

// TestStoreSurvivesPowerCuts has a swarm store blocks on a disk whose power is cut at
// random points: after each, no block that the journal knows has other bytes than it was
// recorded with, and none is lost whose recording had come to its end.
func TestStoreSurvivesPowerCuts(t *testing.T) {
	for seed, cuts, whole := uint64(0), 0, 0; cuts < wantedCuts || whole == 0; seed++ {
		l := newCutLoad(seed, false)
		if err := l.run(); err != nil {
			t.Fatalf("seed %d, after %d power cuts: %v", seed, l.cuts, err)
		}
		cuts, whole = cuts+l.cuts, whole+1
	}
}

// TestPowerCutsFindWhatIsNotSynced shows the test above a disk that does not sync the
// file.
func TestPowerCutsFindWhatIsNotSynced(t *testing.T) {
	for seed, cuts := uint64(0), 0; cuts < wantedCuts; seed++ {
		l := newCutLoad(seed, true)
		if err := l.run(); errors.Is(err, errOtherBytes) {
			return
		}
		cuts += l.cuts
	}
	t.Error("nothing was wrong")
}

// TestSyncThatFails: what may not have reached the disk is not recorded, and nothing is from
// then on.
func TestSyncThatFails(t *testing.T) {
	l := newCutLoad(0, false)
	j, err := l.open()
	if err != nil {
		t.Fatal(err)
	}
	cfg := quick()
	s := newStore(&brokenDisk{partFile: l.part, fails: "sync"}, &cfg)
	s.journal = j
	s.came(0, tiger.Digest{}, l.head.Block)
	if s.flush(new(sync.Mutex), cfg.withDefaults().Log); j.Count() > 0 || s.journal != nil || s.recorded() > 0 {
		t.Errorf("%d blocks are recorded", j.Count())
	}
}

// errOtherBytes says that a block is recorded whose bytes are others.
var errOtherBytes = errors.New("recorded with other bytes")

// cutLoad is a download onto a disk whose power is cut. A test stands for its sources.
type cutLoad struct {
	rnd          *rand.Rand
	disk         *disktest.Disk
	part, record *disktest.File
	lazy         bool // syncs of part do nothing
	head         journal.Head

	created  bool                 // the journal is
	promised map[int]tiger.Digest // blocks whose recording has come to its end, and that nothing has taken back
	cuts     int

	*swarm // of the process that runs
}

func newCutLoad(seed uint64, lazy bool) *cutLoad {
	rnd := rand.New(rand.NewPCG(seed, 0))
	disk := disktest.New(rnd)
	size := uint64(tiger.LeafSize*(2+rnd.IntN(12)) - rnd.IntN(tiger.LeafSize))
	return &cutLoad{
		rnd: rnd, disk: disk, part: disk.Create(), record: disk.Create(), lazy: lazy,
		head:     journal.Head{URN: urnOf(nil), Size: size, Block: tiger.LeafSize},
		promised: make(map[int]tiger.Digest),
	}
}

// cutFile is the .part file. While it is synced others go on with their blocks.
type cutFile struct {
	*disktest.File
	load *cutLoad
}

func (f cutFile) Sync() error {
	var err error
	if !f.load.lazy {
		err = f.File.Sync()
	}
	if err == nil && f.load.rnd.IntN(2) == 0 {
		err = f.load.fetch()
	}
	return err
}

// run downloads until all is recorded, and returns what went wrong.
func (l *cutLoad) run() error {
	for {
		l.disk.CutAfter(l.rnd.IntN(60))
		switch err := l.process(); {
		case err == nil || !errors.Is(err, disktest.ErrCut):
			return err
		case l.rnd.IntN(4) == 0:
			l.disk.Kill()
		default:
			l.cuts++
			l.disk.Restart()
		}
	}
}

// process is the life of one process.
func (l *cutLoad) process() error {
	s := newSwarm(NewClient(quick()), Job{URN: l.head.URN, Sources: []Source{sourceAt(1)}}, &output{file: cutFile{l.part, l}}, nil)
	b := newBlocks(uint64(l.head.Blocks()) * tiger.PartSize(0)) // of a size that a test can see through
	b.size, b.part = l.head.Size, l.head.Block
	s.blocks, l.swarm = b, s
	j, err := l.open()
	if err != nil {
		return err
	}
	if err := l.check(j); err != nil {
		return err
	}
	for s.store.journal = j; j.Count() < l.head.Blocks(); {
		if err := l.step(); err != nil {
			return err
		}
		if s.store.journal == nil {
			return disktest.ErrCut // nothing but that has it fail
		}
	}
	return nil
}

// open opens the journal, or makes it where that has not come to its end before.
func (l *cutLoad) open() (*journal.Journal, error) {
	if l.created {
		return journal.Open(l.record)
	}
	j, err := journal.Create(l.record, l.head)
	if err == nil {
		err = l.part.Truncate(int64(l.head.Size))
	}
	l.created = err == nil
	return j, err
}

// check compares what the journal says with what is in the file and with what was
// promised. What is there need not be fetched.
func (l *cutLoad) check(j *journal.Journal) error {
	for i := range l.head.Blocks() {
		root, ok := j.Has(i)
		if want, promised := l.promised[i]; promised && (!ok || root != want) {
			return fmt.Errorf("block %d: lost", i)
		}
		if !ok {
			continue
		}
		from, to := l.blocks.bounds(i)
		got := make([]byte, to-from)
		if _, err := l.part.ReadAt(got, int64(from)); err != nil {
			return fmt.Errorf("block %d: %w", i, errors.Join(errOtherBytes, err))
		}
		if urnOf(got).Tiger != root {
			return fmt.Errorf("block %d: %w", i, errOtherBytes)
		}
		l.promised[i] = root
		l.blocks.put(i, root, nil)
	}
	return nil
}

// step does one of the things that happen to a download.
func (l *cutLoad) step() error {
	switch l.rnd.IntN(12) {
	case 0:
		l.reject()
	case 1, 2, 3:
		l.flush()
	default:
		return l.fetch()
	}
	return nil
}

// fetch has a block come that is not there, or the beginning of one, if any is missing.
func (l *cutLoad) fetch() error {
	for _, i := range l.rnd.Perm(l.head.Blocks()) {
		from, to := l.blocks.bounds(i)
		if l.blocks.have.Has(i) {
			continue
		}
		t := l.swarm.begin(l.all[0], from)
		for t.at < to && l.rnd.IntN(20) > 0 {
			n := min(to-t.at, 1+l.rnd.Uint64N(2*l.head.Block))
			b := bytes.Repeat([]byte{byte(l.rnd.Uint32())}, int(n)) // without a tree any will do
			if err := l.write(t, b); err != nil {
				return err
			}
		}
		return l.finish(l.all[0], t)
	}
	return nil
}

// flush records what has come.
func (l *cutLoad) flush() {
	pending := slices.Clone(l.store.pending)
	if l.store.flush(&l.mu, l.swarm.log); l.store.journal == nil {
		return
	}
	for _, b := range pending {
		l.promised[b.Index] = b.Root
	}
}

// reject has some blocks turn out wrong: they are fetched again.
func (l *cutLoad) reject() {
	l.mu.Lock()
	defer l.mu.Unlock()
	gone := make(map[*block]bool)
	for i := range l.blocks.list {
		if l.rnd.IntN(4) == 0 {
			gone[&l.blocks.list[i]] = true
			delete(l.promised, i)
		}
	}
	l.throw(func(b *block) bool { return gone[b] })
}
