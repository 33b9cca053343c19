package transfer

import (
	"crypto/sha1"
	"encoding"
	"hash"
	"sync"
	"time"

	"github.com/seed282dab8e/servent/protocol"
)

// minJournal is the size up to which a file is fetched again from the start.
const minJournal = 1 << 20

// sha1State is SHA-1 as the standard library has it: its state can be kept.
type sha1State interface {
	hash.Hash
	encoding.BinaryMarshaler
	encoding.BinaryUnmarshaler
}

func newSHA1() sha1State { return sha1.New().(sha1State) }

// checkpoints keeps the journal of one download: the consumers of a sink note the
// states of their hashes at a block that is marked, and a goroutine of its own
// brings file and journal to the disk, so that nobody else waits for that.
type checkpoints struct {
	cfg     *ClientConfig
	journal *journal
	sync    func() error // brings the .part file to the disk
	urn     protocol.URN
	size    uint64 // of the file, 0 while it is not known

	at   uint64    // offset of the last mark
	when time.Time // and its time
	busy chan struct{}
	work sync.WaitGroup

	mu   sync.Mutex
	next checkpoint // filled in by both consumers
	half bool       // one of them has
	err  error      // of the first record that failed: there are no more then
}

func newCheckpoints(cfg *ClientConfig, o *output, urn protocol.URN, size uint64) *checkpoints {
	return &checkpoints{
		cfg: cfg, journal: o.journal, sync: o.file.Sync, urn: urn, size: size,
		at: o.journal.last.offset, when: time.Now(), busy: make(chan struct{}, 1),
	}
}

// learn takes the size of the file for the records to come.
func (c *checkpoints) learn(size uint64) {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.size = size
}

// due says whether the block that ends at offset shall be marked. Nil, where there
// is no journal, never asks for one.
func (c *checkpoints) due(offset uint64, now time.Time) bool {
	if c == nil || offset-c.at < c.cfg.CheckpointBytes && now.Sub(c.when) < c.cfg.CheckpointTime {
		return false
	}
	select {
	case c.busy <- struct{}{}: // until it is recorded
		c.at, c.when = offset, now
		return true
	default:
		return false // the last one is still on its way to the disk
	}
}

// noteSHA and noteTree take the states at a marked block, each from its consumer.
func (c *checkpoints) noteSHA(offset uint64, state []byte) {
	c.note(func(next *checkpoint) { next.offset, next.sha = offset, state })
}

func (c *checkpoints) noteTree(state []byte) {
	c.note(func(next *checkpoint) { next.tree = state })
}

func (c *checkpoints) note(fill func(*checkpoint)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	fill(&c.next)
	if c.half = !c.half; c.half {
		return
	}
	record := c.next
	if len(record.sha) == 0 || len(record.tree) == 0 { // file or hash have failed
		<-c.busy
		return
	}
	record.urn, record.size = c.urn, c.size
	c.work.Go(func() {
		c.record(record)
		<-c.busy
	})
}

// record brings the file to the disk, and then the record. A journal that fails
// costs no more than a fetch from the last record on: the download goes on.
func (c *checkpoints) record(r checkpoint) {
	if r.offset > r.size {
		r.size = 0 // was only a hint
	}
	c.mu.Lock()
	failed := c.err
	c.mu.Unlock()
	if failed != nil {
		return
	}
	err := c.sync()
	if err == nil {
		err = c.journal.record(r)
	}
	c.mu.Lock()
	c.err = err
	c.mu.Unlock()
}

// last records where the sink stands, which nobody writes to any more, and returns
// how many bytes of the file a later download finds.
func (c *checkpoints) last(s *sink) uint64 {
	if c == nil {
		return 0
	}
	c.wait()
	r := checkpoint{urn: c.urn, size: c.size, offset: s.size, sha: s.state(s.sha.MarshalBinary), tree: s.state(s.tree.MarshalBinary)}
	if len(r.sha) > 0 && len(r.tree) > 0 && r.offset > c.journal.last.offset {
		c.record(r)
	}
	return c.journal.last.offset
}

// forget makes the journal worthless: its bytes are thrown away.
func (c *checkpoints) forget() {
	if c == nil {
		return
	}
	c.wait()
	c.at = 0
	c.journal.clear()
}

// back makes c the last record again: what came behind it is thrown away.
func (c *checkpoints) back(to *checkpoint) {
	c.wait()
	c.at = to.offset
	if c.journal.last.offset > to.offset && c.journal.record(*to) != nil {
		c.journal.clear()
	}
}

// wait returns when nothing is on its way to the disk any more.
func (c *checkpoints) wait() {
	if c != nil {
		c.work.Wait()
	}
}
