package transfer

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/protocol/tiger"
	"github.com/seed282dab8e/servent/servent/transfer/journal"
)

// swarm is one download on its way: a fetcher for each source asks it for blocks,
// until all are there and the hashes of the whole file fit.
//
// run belongs to the caller of Get. Fetchers call the other methods, which lock.
type swarm struct {
	client *Client
	job    Job
	out    *output
	store  *store
	log    logrus.FieldLogger

	progress func(Progress)
	reported time.Time
	last     Progress

	fetchers sync.WaitGroup
	tenders  sync.WaitGroup // all other goroutines
	tended   bool           // tendTo has started its own
	wake     chan struct{}  // has room for one: run shall look
	fetched  atomic.Uint64  // bytes that came, wrong ones included

	mu       sync.Mutex
	news     bell         // there may be something to fetch again, or nothing any more
	over     bool         // fetchers shall end
	broken   error        // of our disk: ends the download
	all      []*candidate // the job's first, in its order
	active   int          // fetchers
	asking   *candidate   // of which there was news last
	state    string       // of it
	moved    time.Time    // when bytes came last
	replaced time.Time    // when a slow source gave way last
	blocks   *blocks      // nil: the size is not known
	sizer    *candidate   // who told the size; nil: the job did
	doubts   doubts

	treeAsked  *candidate // who is asked for the tree
	treeAt     time.Time  // since when
	roomy      bool       // it has been looked whether there is room for the file
	alternates int        // candidates taken from others' X-Falt and X-Alt
	headed     int        // of them that were asked with a HEAD ping
	lastTry    time.Time  // when the last of them may be tried
	part       string     // path of the .part file
	finding    bool
	everFound  bool
	found      time.Time // when sources were last looked for
}

func newSwarm(c *Client, job Job, out *output, progress func(Progress)) *swarm {
	s := &swarm{
		client: c, job: job, out: out, store: newStore(out.file, &c.cfg), progress: progress,
		log:  c.cfg.Log.WithField("component", "download"),
		wake: make(chan struct{}, 1), moved: time.Now(), found: time.Now(), state: StateConnecting,
	}
	for _, src := range job.Sources {
		s.all = append(s.all, &candidate{Source: src, key: keyOf(src)})
	}
	s.part = out.path
	s.fromMesh()
	return s
}

// run asks sources until the file is whole and right, and returns its hashes.
func (s *swarm) run(ctx context.Context) (protocol.URN, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer s.tenders.Wait()
	defer s.fetchers.Wait()
	defer s.end()
	defer cancel()
	if err := s.resume(ctx); err != nil {
		return protocol.URN{}, err
	}
	for {
		urn, done, err := s.step(ctx)
		if done || err != nil {
			return urn, err
		}
		s.report(false)
		select {
		case <-s.wake:
		case <-time.After(s.pause(time.Now())):
		case <-ctx.Done():
			return protocol.URN{}, ctx.Err()
		}
	}
}

// step does what is to be done now. true: the file is whole and right.
func (s *swarm) step(ctx context.Context) (protocol.URN, bool, error) {
	whole, err := s.whole(ctx)
	if whole {
		s.windDown()
		whole, err = s.whole(ctx) // a tree that came meanwhile may contradict a block
	}
	switch {
	case err != nil:
		return protocol.URN{}, false, err
	case whole:
		return s.verify(ctx)
	}
	return protocol.URN{}, false, s.engage(ctx)
}

// whole reports whether every block is there. An error ends the download.
func (s *swarm) whole(ctx context.Context) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	return s.blocks != nil && s.blocks.whole() && !s.awaitsTree(), explain(s.broken)
}

// windDown has all fetchers end when the file is whole, those that are at the end of an
// answer with links that can be used again.
func (s *swarm) windDown() {
	s.mu.Lock()
	s.over = true
	s.news.ring()
	s.mu.Unlock()
	for late := time.After(windDownTime); ; {
		s.mu.Lock()
		active := s.active
		s.mu.Unlock()
		if active == 0 {
			return
		}
		select {
		case <-s.wake:
		case <-late:
			s.end()
			s.fetchers.Wait()
			return
		}
	}
}

// windDownTime is how long a source may go on with what nobody needs any more, before
// its connection is closed.
const windDownTime = 20 * time.Millisecond

// end has all fetchers end: those that wait for blocks keep their links, the others lose
// them, or connect no more.
func (s *swarm) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.over = true
	s.news.ring()
	for _, c := range s.all {
		if c.cancel != nil && (c.busy || !c.linked) {
			c.cancel(nil)
		}
	}
}

// engage starts fetchers for sources that may be asked now, as many as are of use. An
// error says that none is left.
func (s *swarm) engage(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.over = false
	s.tendTo(ctx)
	s.lookForMore(ctx)
	s.sound(ctx)
	s.replaceSlow(time.Now())
	for s.wantsMore(time.Now()) {
		c, wait := s.next(time.Now())
		if c == nil || wait > 0 {
			break
		}
		s.start(ctx, c)
	}
	if s.active > 0 {
		return nil
	}
	for {
		c, _ := s.next(time.Now())
		if c != nil {
			return nil
		}
		if s.blocks != nil && s.blocks.whole() {
			return nil // no tree is to be had
		}
		if !s.reconsider() {
			return s.exhausted()
		}
	}
}

// stalledAfter is without how long a byte another source is asked for what is asked
// already.
const stalledAfter = 5 * time.Second

// wantsMore reports whether one more source is of use; s.mu is held. As long as the
// size is not known one is enough.
func (s *swarm) wantsMore(now time.Time) bool {
	most := s.client.cfg.MaxActive
	if !s.job.named() || s.blocks != nil && s.blocks.only != nil {
		most = 1 // or bytes of several would be mixed
	}
	switch {
	case s.active >= most:
		return false
	case s.active == 0:
		return true
	case s.blocks == nil:
		return false
	case s.blocks.whole():
		return s.treeAsked == nil || now.Sub(s.treeAt) > treePatience // who may have a tree is asked for it
	}
	open := s.blocks.missing - s.blocks.asked.Count()
	for _, c := range s.all {
		if c.running && !c.busy && (c.offered == nil || s.blocks.opens(c)) {
			open--
		}
	}
	return open > 0 || now.Sub(s.moved) > stalledAfter
}

// start gives c a fetcher; s.mu is held.
func (s *swarm) start(ctx context.Context, c *candidate) {
	ctx, c.cancel = context.WithCancelCause(ctx)
	if s.state == StateConnecting && c.full {
		s.asking, s.state = c, StateWaiting
	}
	c.running, c.gained, c.begun = true, 0, time.Now()
	s.active++
	f := &fetcher{swarm: s, c: c, src: c.Source, cfg: &s.client.cfg}
	s.fetchers.Go(func() {
		err := f.run(ctx)
		s.stopped(ctx, c, err)
	})
}

// stopped notes that the fetcher of c has ended.
func (s *swarm) stopped(ctx context.Context, c *candidate, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	replaced, ended := errors.Is(context.Cause(ctx), errReplaced), ctx.Err() != nil
	c.cancel(nil)
	c.running, c.linked, c.busy, c.cancel = false, false, false, nil
	s.active--
	var local *localError
	switch {
	case errors.As(err, &local):
		s.broken = err
	case replaced:
		c.notBefore = time.Now().Add(s.client.cfg.MaxRetryWait)
	case !ended && err != nil:
		s.note(c, err)
	}
	if c.out && s.blocks != nil {
		s.blocks.withdraw(c)
	}
	if s.blocks != nil && s.blocks.only == c {
		s.settled() // or nobody would be asked any more
	}
	s.news.ring()
	s.rouse()
}

// rouse has run look.
func (s *swarm) rouse() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// pause is how long run may wait when nobody rouses it.
func (s *swarm) pause(now time.Time) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c, wait := s.next(now); c != nil && wait > 0 {
		return max(min(wait, progressPeriod), time.Millisecond)
	}
	return progressPeriod
}

// resize begins anew with a file of size bytes, as sizer tells; nil: as the job does.
// s.mu is held.
func (s *swarm) resize(size uint64, sizer *candidate) {
	for _, c := range s.all {
		c.offered, c.leases, c.claims, c.offers, c.partial = nil, nil, nil, 0, false
	}
	s.blocks, s.sizer, s.treeAsked, s.roomy = newBlocks(size), sizer, nil, false
	s.doubts.thrown = nil // blocks of another file
	if s.job.URN.HasTiger && len(s.blocks.list) == 1 {
		s.blocks.tree = &tree{root: s.job.URN.Tiger, nodes: []tiger.Digest{s.job.URN.Tiger}, span: 1}
	}
	if !s.job.named() {
		s.blocks.only = sizer // nobody can tell later whose bytes are wrong
	}
	if size == 0 {
		s.blocks.put(0, new(tiger.Tree).Root(), []*candidate{sizer})
		if j := s.blocks.settle(0); len(j.blocks) > 0 {
			sizer.out, sizer.err = true, s.wrong(sizer, j)
		}
	}
	if err := s.store.begin(journal.Head{URN: s.job.URN, Size: size, Block: s.blocks.part}, s.out, s.client.publisher); err != nil {
		s.broken = err
	}
	s.news.ring()
	s.rouse()
}

// told notes that c is being asked, or what came of it; news is told at once.
func (s *swarm) told(c *candidate, state string) {
	s.mu.Lock()
	s.asking, s.state = c, state
	s.mu.Unlock()
	s.rouse()
}

// tendTo has what comes hashed and recorded beside the fetchers; of a file of one block
// there is nothing to hash or record before it is whole. s.mu is held.
func (s *swarm) tendTo(ctx context.Context) {
	if s.tended || s.blocks == nil || len(s.blocks.list) == 1 {
		return
	}
	s.tended = true
	s.tenders.Go(func() { s.tend(ctx, s.hashOn) })
	s.tenders.Go(func() { s.tend(ctx, s.recordOn) })
}

// tend does what there is to do beside the fetchers, whenever there is news, until ctx
// ends.
func (s *swarm) tend(ctx context.Context, do func(context.Context)) {
	for ctx.Err() == nil {
		s.mu.Lock()
		news := s.news.listen()
		s.mu.Unlock()
		do(ctx)
		select {
		case <-news:
		case <-time.After(s.client.cfg.CheckpointTime):
		case <-ctx.Done():
		}
	}
}

// hashOn hashes the file as far as it has come.
func (s *swarm) hashOn(ctx context.Context) {
	s.mu.Lock()
	b := s.blocks
	s.mu.Unlock()
	if len(b.list) == 1 {
		return // verify does it
	}
	_ = s.store.advance(ctx, &s.mu, s.current) // verify meets the same error
}

// current are the blocks of the file as it is known now; s.mu is held.
func (s *swarm) current() *blocks { return s.blocks }

// recordOn records what has come when it is time.
func (s *swarm) recordOn(context.Context) {
	s.mu.Lock()
	due := s.store.due(time.Now())
	s.mu.Unlock()
	if !due {
		return
	}
	s.store.flush(&s.mu, s.log)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := enoughRoom(s.client.space, s.job.Dir, s.blocks.size-s.blocks.bytes()); err != nil && s.broken == nil {
		s.broken = err // others fill the disk: better now than in the middle of a write
		s.rouse()
	}
}

// bell tells all who listen. Its owner's lock guards it; its zero value is ready.
type bell struct{ rung chan struct{} }

func (b *bell) listen() <-chan struct{} {
	if b.rung == nil {
		b.rung = make(chan struct{})
	}
	return b.rung
}

func (b *bell) ring() {
	if b.rung != nil {
		close(b.rung)
		b.rung = nil
	}
}
