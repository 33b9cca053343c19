package transfer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/protocol/tiger"
	"github.com/seed282dab8e/servent/servent/transfer/pick"
)

// enoughGain is how much a source must deliver for its failure not to count: one
// that gives pieces and closes is asked again and again, and still the end is
// certain.
const enoughGain = 64 << 10

// minPoll is how long a source that tells a place in its queue, but not when to ask
// again, is left alone.
const minPoll = 10 * time.Second

// candidate is a source of one download with what it did so far. The swarm's lock
// guards it.
type candidate struct {
	Source
	key       sourceKey           // among those whom all downloads ask
	full      bool                // asked by as many downloads as may
	tries     int                 // attempts that failed
	retries   int                 // times it was busy
	notBefore time.Time           // when to ask it again
	trust     trust               // who says that it has the file
	headed    bool                // it was asked with a HEAD ping, or will not be
	tried     bool                // on the word of others, and counted
	out       bool                // not to be asked again,
	lost      bool                // because connections to it fail
	aside     bool                // contradicts the size that is known, or
	doubted   bool                // a tree that only another source vouches for: asked when nobody else is left
	other     uint64              // that size
	liar      bool                // has sent wrong bytes
	proven    bool                // has sent right ones, that were verified
	suspect   int                 // times it took part in a block that was wrong
	err       error               // of the last attempt
	place     protocol.QueuePlace // in its queue; Position 0: in none
	queued    time.Time           // when it first told of a place

	running bool                    // has a fetcher
	linked  bool                    // that has a connection
	busy    bool                    // and waits for an answer
	cancel  context.CancelCauseFunc // ends it
	begun   time.Time
	gained  uint64    // bytes that this one brought
	sent    uint64    // and all of them
	rate    float64   // bytes a second; 0: not known
	ramp    uint64    // most that it is asked for in advance: twice as much each time
	moved   time.Time // when bytes came last

	answered  bool     // with content
	partial   bool     // has only a part of the file
	wasPart   bool     // had only a part once
	vain      int      // times in a row that it did not have what it had told
	pipelines bool     // takes a request before it has answered the last
	offered   pick.Set // blocks that it has; nil: not known yet
	offers    int      // how many these are
	claims    pick.Set // that it waits for itself
	leases    pick.Set // that it is asked for

	treePath  string // where it has the file's tree, empty: nowhere
	treeRoot  tiger.Digest
	treeTried bool // it was asked: no source has two trees of one file
}

// next returns the candidate to ask and how long to wait before; nil when none
// is left that is not asked. One that is ready goes before one that is busy, one that no
// other downloads keep occupied before one that they do, one that says itself that it has
// the file before one of whom others say so, one that failed less before one that failed
// more, and otherwise the order of the job counts. s.mu is held.
func (s *swarm) next(now time.Time) (*candidate, time.Duration) {
	var best *candidate
	trees := s.blocks != nil && s.awaitsTree()
	for _, c := range s.all {
		if trees && !s.mayGiveTree(c) {
			continue
		}
		if c.out || c.running || c.aside || c.doubted || s.blocks != nil && s.blocks.only != nil && s.blocks.only != c {
			continue
		}
		var others time.Time
		if others, c.full = s.client.turns.look(c.key); others.After(c.notBefore) && c.place.Position == 0 {
			c.notBefore = others
		}
		if best == nil || c.before(best, now) {
			best = c
		}
	}
	if best == nil {
		return nil, 0
	}
	return best, best.notBefore.Sub(now)
}

func (c *candidate) before(d *candidate, now time.Time) bool {
	ready := !c.notBefore.After(now)
	switch {
	case ready == d.notBefore.After(now):
		return ready
	case !ready:
		return c.notBefore.Before(d.notBefore)
	case c.full != d.full:
		return d.full
	case c.trust != d.trust:
		return c.trust < d.trust
	}
	return c.tries < d.tries
}

// note decides what becomes of a candidate that failed; s.mu is held.
func (s *swarm) note(c *candidate, err error) {
	c.err = err
	s.log.WithFields(logrus.Fields{"addr": c.String(), "bytes": c.gained}).WithError(err).Debug("source failed")
	failed := &sourceError{}
	errors.As(err, &failed)
	cfg := &s.client.cfg
	switch failed.kind {
	case failFault:
		if errors.Is(err, errNotFound) && c.sent > 0 && c.wasPart && c.retries < cfg.Retries {
			c.retries++ // its part has become whole, and it is not shared yet
			c.notBefore = time.Now().Add(cfg.RetryWait)
			return
		}
		if c.out = true; errors.Is(err, errNotFound) {
			s.client.absent.Add(1)
			s.disprove(c)
		}
	case failBusy:
		c.wait(failed, s.client)
	case failConflict:
		// A size that came from elsewhere proves nothing where the hash decides.
		c.tries++
		c.out = c.other == failed.size || s.job.Size > 0 && !s.job.named() || c.tries >= cfg.Attempts
		c.aside, c.other = true, failed.size
	case failNetwork:
		if c.doubted {
			return
		}
		if c.gained < enoughGain {
			c.tries++
		}
		c.out = c.gained == 0 || c.tries >= cfg.Attempts
		if c.lost = c.out; c.lost && !c.answered {
			s.unreached(c)
		}
	}
}

// wait decides when to ask a busy source again. One that gives a place in its
// queue is asked as it wishes, on the link that is kept for that, as long as that
// leads anywhere within MaxQueueWait. Where it has given one to another download of
// ours, it may have none for this one: that is no refusal.
func (c *candidate) wait(failed *sourceError, client *Client) {
	cfg, now := &client.cfg, time.Now()
	c.place = failed.place
	wait := max(failed.after, cfg.RetryWait)
	if c.place.Position > 0 {
		wait = max(failed.after, min(cfg.RetryWait, minPoll))
		client.turns.placed(c.key, now.Add(2*wait))
	} else {
		client.turns.busy(c.key, min(wait, cfg.MaxRetryWait))
	}
	c.notBefore = now.Add(wait)
	if c.place.Position > 0 || client.turns.inQueue(c.key, now) {
		if c.queued.IsZero() {
			c.queued = now
		}
		c.out = c.notBefore.Sub(c.queued) > cfg.MaxQueueWait
		return
	}
	c.retries++
	c.out = c.retries > cfg.Retries || failed.after > cfg.MaxRetryWait
}

// reconsider finds who may be asked after all, where nobody else is left: those who
// tell another size, those who contradict a tree, another one by himself. s.mu is held.
func (s *swarm) reconsider() bool {
	if s.blocks == nil {
		return false
	}
	if t := s.blocks.tree; t != nil && len(t.doubters) > 0 {
		s.giveUpTree()
		return true
	}
	if only := s.blocks.only; only != nil && only.out {
		if s.settled(); s.blocks.only != nil {
			s.isolate(false)
			return s.blocks.only != nil
		}
		return true
	}
	for _, c := range s.all {
		if c.out || !c.aside {
			continue
		}
		size := c.other
		s.resize(size, c)
		for _, o := range s.all {
			o.aside = o.aside && o.other != size
		}
		return true
	}
	return false
}

// exhausted says why no candidate is left; s.mu is held.
func (s *swarm) exhausted() error {
	e := &exhaustedError{what: ErrUnavailable, advice: "search again for other sources, or try again later"}
	if s.doubts.lied || slices.ContainsFunc(s.all, func(c *candidate) bool { return c.liar }) {
		e.what, e.advice = ErrNotVerified, "search again and take another result"
	}
	for _, c := range s.all {
		e.causes = append(e.causes, fmt.Errorf("%s: %w", c.String(), cmp.Or(c.err, errNotAsked)))
	}
	e.liars = s.liars()
	return e
}

// liars are those who sent wrong bytes, each by itself; s.mu is held.
func (s *swarm) liars() (liars []Source) {
	for _, c := range s.all {
		if c.liar {
			liars = append(liars, c.Source)
		}
	}
	return liars
}
