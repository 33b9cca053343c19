package transfer

import (
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/protocol/tiger"
)

const (
	// ahead is for how long a source is asked in advance, as fast as it has been. Where
	// it answers one request at a time, one is for longAhead.
	ahead     = 400 * time.Millisecond
	longAhead = 2 * time.Second
	// maxAhead bounds what one source is asked for in advance.
	maxAhead = 16 << 20
)

// assign picks what c is asked for beside what it is asked already; false: nothing now.
func (s *swarm) assign(c *candidate, already []ask) (ask, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.linked = true
	inFlight := uint64(0)
	for _, a := range already {
		inFlight += a.to - a.from
	}
	switch {
	case s.over || c.doubted || len(already) > 0 && (!c.pipelines || inFlight >= c.window()):
		return ask{}, false
	case s.blocks == nil:
		c.busy = true
		return ask{lease: lease{to: tiger.MinPart}}, len(already) == 0
	}
	if path, root, ok := s.treeFrom(c); ok {
		c.busy = true
		return ask{tree: path, root: root}, true
	}
	if c.offered == nil {
		s.blocks.offer(c, nil)
	}
	l, ok := s.blocks.lease(c, int(max(1, c.window()/2/s.blocks.part)), time.Now())
	c.busy = c.busy || ok
	return ask{lease: l, all: l.from == 0 && l.to == s.blocks.size && !c.partial}, ok
}

// window is how many bytes a source is asked for in advance.
func (c *candidate) window() uint64 {
	span := ahead
	if !c.pipelines {
		span = longAhead
	}
	return min(uint64(c.rate*span.Seconds()), c.ramp)
}

// release takes back what c was asked for: the answer is over.
func (s *swarm) release(c *candidate, a ask, more bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.busy = more
	switch {
	case s.blocks == nil:
	case a.tree != "":
		if s.over && s.blocks.tree == nil {
			c.treeTried = false // we may have cut it off
		}
		if s.treeAsked == c {
			s.treeAsked = nil
		}
	case a.of != nil && a.of == s.blocks:
		s.blocks.release(c, a.lease)
		s.news.ring()
	}
}

// listen returns what tells that there may be something new to ask for, and how many
// blocks c has that has only a part of the file; -1: it has all.
func (s *swarm) listen(c *candidate) (news <-chan struct{}, offers int, over bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if offers = -1; c.partial {
		offers = c.offers
	}
	return s.news.listen(), offers, s.over || c.doubted // then whoever is left is asked, or the tree given up
}

// blockEnd is the end of the block in which byte at lies.
func (s *swarm) blockEnd(at uint64) uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, end := s.blocks.bounds(s.blocks.at(at))
	return end
}

// begin has c send the bytes from at on; nil: they are of no use.
func (s *swarm) begin(c *candidate, at uint64) *take {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.blocks.begin(c, s.blocks.at(at), at)
}

// write takes the next bytes of a take. errBeaten: they are not needed any more.
func (s *swarm) write(t *take, b []byte) error { return t.write(s.store.file, b) }

// leave ends a take that has not come to its end; nil is none.
func (s *swarm) leave(t *take) {
	if t == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.blocks.leave(t)
}

// finish ends a take of c when its last byte has come, or no more do. An error says
// that c has sent wrong bytes, or that our disk fails.
func (s *swarm) finish(c *candidate, t *take) error {
	if t == nil || t.at < t.end {
		s.leave(t)
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.blocks.refuted(t) {
		return s.wrong(c, s.blocks.refuse(t))
	}
	if err := s.blocks.place(t, s.store.file); err != nil {
		s.blocks.leave(t)
		if err == errBeaten { //nolint:errorlint // is never wrapped
			return nil
		}
		return err
	}
	j := s.blocks.finish(t)
	if len(j.blocks) > 0 {
		return s.wrong(c, j)
	}
	if s.blocks.good.Has(t.index) {
		s.settled()
		if len(t.from) == 1 && s.blocks.tree.by == nil {
			s.prove(c)
		}
	}
	s.store.came(t.index, s.blocks.list[t.index].root, t.end-t.begin)
	if s.news.ring(); s.blocks.whole() {
		s.rouse()
	}
	return nil
}

// settled has all sources asked again, where the tree of the job has told who lies;
// s.mu is held.
func (s *swarm) settled() {
	if s.blocks.tree != nil && s.blocks.tree.by == nil {
		s.blocks.only = nil
	}
}

// arrived counts n bytes of c. fresh says that they were wanted.
func (s *swarm) arrived(c *candidate, n int, fresh bool) {
	s.fetched.Add(uint64(n))
	s.client.bytesIn.Add(uint64(n))
	s.mu.Lock()
	defer s.mu.Unlock()
	if fresh {
		c.gained += uint64(n)
		c.sent += uint64(n)
	}
	s.moved = time.Now()
	c.moved = s.moved
	if s.state != StateLoading || s.asking != c {
		fresh := s.state != StateLoading
		if s.asking, s.state = c, StateLoading; fresh {
			s.rouse()
		}
	}
}

// measured notes that n bytes of c came in so much time. Times are averaged, not speeds:
// what came out of some buffer at once tells little.
func (s *swarm) measured(c *candidate, n uint64, took time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	each := max(took, time.Microsecond).Seconds() / float64(max(n, 1))
	if c.rate > 0 {
		each = (each + 1/c.rate) / 2
	}
	c.rate = 1 / each
	c.ramp = min(max(2*c.ramp, s.blocks.part), maxAhead)
}

// errNothingThere says that an answer holds nothing that was asked for, and that this
// is no fault.
var errNothingThere = errors.New("nothing of it is there")

// maxVain is how often in a row a source may not have what it has said to have.
const maxVain = 8

// judge reads the header of an answer to a. The first that tells the size of the file
// settles it.
func (s *swarm) judge(c *candidate, a ask, resp *http.Response) (part, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w := wanted{urn: s.job.URN, from: a.from, to: a.to, all: a.all, limit: s.client.cfg.MaxFileSize}
	if w.size, w.sized = s.job.Size, s.job.Size > 0 && s.job.Size <= w.limit; s.blocks != nil {
		w.size, w.sized = s.blocks.size, true
	}
	p, err := w.judge(resp)
	failed := &sourceError{}
	switch {
	case errors.As(err, &failed) && failed.kind == failConflict && s.mayResize():
		s.resize(failed.size, c)
		return p, errNothingThere // what was asked for is not what is wanted now
	case resp.StatusCode == http.StatusRequestedRangeNotSatisfiable && c.partial && failed.kind != failConflict:
		if a.of == s.blocks {
			s.blocks.retract(c, a.lease)
		}
		if c.vain++; c.vain >= maxVain {
			return p, err
		}
		return p, errNothingThere
	case err != nil:
		return p, err
	}
	c.place, c.queued, c.answered, c.vain, c.retries = protocol.QueuePlace{}, time.Time{}, true, 0, 0
	if s.blocks == nil {
		if s.resize(p.total, c); c.out {
			return p, c.err // the file is not empty
		}
	}
	return p, s.room()
}

// mayResize reports whether the size that was settled counts less than what another
// source tells: nobody vouches for it any more, nothing is verified, and nobody else is
// asked for what there may not be.
func (s *swarm) mayResize() bool {
	return s.sizer != nil && !s.sizer.running && s.active == 1 && s.blocks.good.Count() == 0
}

// room checks that the output folder has room for what is missing; s.mu is held.
func (s *swarm) room() error {
	if s.roomy {
		return nil
	}
	s.roomy = true
	if err := enoughRoom(s.client.space, s.job.Dir, s.blocks.size-s.blocks.bytes()); err != nil {
		return &localError{err}
	}
	return nil
}

// wrong deals with blocks that do not fit the tree. The error is for the fetcher of c,
// if it is to blame; s.mu is held.
func (s *swarm) wrong(c *candidate, j judgement) error {
	s.client.liesFound.Add(1)
	s.store.dropped(j.blocks)
	s.news.ring()
	if t := s.blocks.tree; t.by != nil {
		if !j.single {
			return nil // it comes from one source next time
		}
		for _, from := range j.from {
			if from.doubted = true; t.doubt(from) {
				s.giveUpTree()
				return nil
			}
		}
		if c != nil && c.doubted {
			return errDoubted
		}
		return nil
	}
	if !j.single {
		s.suspect(j)
		return nil
	}
	from := j.from[0]
	err := s.blame(from)
	if from == c {
		return fault(err)
	}
	if from.out, from.err = true, err; from.cancel != nil {
		from.cancel(nil)
	}
	return nil
}

// maxSuspect is how often a source may take part in a block that is wrong, beside
// others of whom one may be the liar, before it sends whole blocks only.
const maxSuspect = 3

// suspect sees to it that who lies among those who sent blocks together will do so
// alone. Nobody can have an honest source left out by what he adds to its bytes.
// s.mu is held.
func (s *swarm) suspect(j judgement) {
	for _, c := range j.from {
		c.suspect++
	}
	if len(j.blocks) == 1 || len(j.from) == 1 {
		return // the next time one source alone sends them
	}
	s.blocks.only = nil
	for _, c := range s.all {
		lacks := func(i int) bool { return !c.offered.Has(i) }
		if c.running && !c.out && c.offered != nil && !slices.ContainsFunc(j.blocks, lacks) && (s.blocks.only == nil || c.sent > s.blocks.only.sent) {
			s.blocks.only = c
		}
	}
	if s.blocks.only != nil {
		return
	}
	for _, c := range j.from {
		if c.suspect >= maxSuspect {
			c.out, c.err = true, errMixedContent
		}
	}
}

// errDoubted puts a source aside whose bytes contradict a tree for which only another
// source vouches.
var errDoubted = errors.New("contradicts another source")

// blame notes that a source has sent wrong bytes, and says so.
func (s *swarm) blame(c *candidate) error {
	s.log.WithField("addr", c.String()).Info("content does not match its hash")
	c.liar = true
	s.disprove(c)
	return errWrongContent
}

// looks notes that c is asked what it has: nobody waits for that at the end.
func (s *swarm) looks(c *candidate) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.busy = true
}

// rest leaves c alone for a while.
func (s *swarm) rest(c *candidate, wait time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.notBefore = time.Now().Add(wait)
}
