package transfer

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/seed282dab8e/servent/protocol"
)

// enoughGain is how much a source must deliver for its failure not to count: one
// that gives pieces and closes is asked again and again, and still the end is
// certain.
const enoughGain = 64 << 10

// minPoll is how long a source that tells a place in its queue, but not when to ask
// again, is left alone.
const minPoll = 10 * time.Second

// candidate is a source of one download with what it did so far.
type candidate struct {
	Source
	key       sourceKey           // among those whom all downloads ask
	full      bool                // asked by as many downloads as may
	tries     int                 // attempts that failed
	retries   int                 // times it was busy
	notBefore time.Time           // when to ask it again
	alone     bool                // under suspicion: must deliver the whole file by itself
	ownSize   bool                // contradicts the size that is known: when asked again, its own counts
	out       bool                // not to be asked again
	err       error               // of the last attempt
	gained    uint64              // bytes in the sink from the last attempt
	place     protocol.QueuePlace // in its queue; Position 0: in none
	queued    time.Time           // when it first told of a place
}

// next returns the candidate to ask and how long to wait before; nil when none
// is left. One that is ready goes before one that is busy, one that no other
// downloads keep occupied before one that they do, one that failed less before
// one that failed more, and otherwise the order of the job counts.
func (g *get) next(now time.Time) (*candidate, time.Duration) {
	var best *candidate
	for _, c := range g.all {
		var others time.Time
		if others, c.full = g.client.turns.look(c.key); others.After(c.notBefore) {
			c.notBefore = others
		}
		if !c.out && (best == nil || c.before(best, now)) {
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
	case c.alone != d.alone:
		return d.alone
	case c.full != d.full:
		return d.full
	}
	return c.tries < d.tries
}

// note decides what becomes of a candidate that failed.
func (g *get) note(c *candidate, err error) {
	c.err = err
	g.log.WithFields(logrus.Fields{"addr": c.String(), "bytes": c.gained}).WithError(err).Debug("source failed")
	failed := &sourceError{}
	errors.As(err, &failed)
	cfg := &g.client.cfg
	switch failed.kind {
	case failFault:
		if c.out = true; errors.Is(err, errNotFound) {
			g.client.absent.Add(1)
		}
	case failBusy:
		c.busy(failed, g.client)
	case failConflict:
		// A size that came from elsewhere proves nothing where the hash decides.
		c.out = c.ownSize || g.job.Size > 0 && !g.job.named()
		c.alone, c.ownSize = true, true
	case failNetwork:
		if c.gained < enoughGain || c.alone { // what came alone may be thrown away
			c.tries++
		}
		c.out = c.gained == 0 || c.tries >= cfg.Attempts
	}
}

// busy decides when to ask a busy source again. One that gives a place in its
// queue is asked as it wishes, on the link that is kept for that, as long as that
// leads anywhere within MaxQueueWait.
func (c *candidate) busy(failed *sourceError, client *Client) {
	cfg, now := &client.cfg, time.Now()
	c.place = failed.place
	if c.place.Position > 0 {
		if c.queued.IsZero() {
			c.queued = now
		}
		c.notBefore = now.Add(max(failed.after, min(cfg.RetryWait, minPoll)))
		c.out = c.notBefore.Sub(c.queued) > cfg.MaxQueueWait
		return
	}
	c.retries++
	wait := max(failed.after, cfg.RetryWait)
	c.notBefore = now.Add(wait)
	client.turns.busy(c.key, min(wait, cfg.MaxRetryWait))
	c.out = c.retries > cfg.Retries || failed.after > cfg.MaxRetryWait
}

// blame decides what becomes of those who sent content that does not match.
// One that sent all of it lied. Among several, or where some came earlier, the
// liar is not known: each gets one more turn, in which its bytes are mixed with
// nobody's.
func (g *get) blame() {
	g.lied = true
	single := len(g.mixed) == 1 && !g.older
	for _, c := range g.mixed {
		g.log.WithField("addr", c.String()).Info("content does not match its hash")
		c.out, c.err = single, errWrongContent
		if !single {
			c.alone, c.err = true, errMixedContent
			c.tries = max(0, min(c.tries, g.client.cfg.Attempts-1))
		}
	}
}

// mustRestart reports whether c may not go on from what is in the sink: one
// that must deliver by itself mixes with nobody, on either side.
func (g *get) mustRestart(c *candidate) bool {
	if len(g.mixed) == 1 && g.mixed[0] == c && (!g.older || g.base != nil) {
		return false
	}
	if g.base != nil && len(g.mixed) == 0 && !c.ownSize {
		return false // there is nothing to go back from
	}
	return c.alone || slices.ContainsFunc(g.mixed, func(m *candidate) bool { return m.alone })
}

// exhausted says why no candidate is left.
func (g *get) exhausted() error {
	e := &exhaustedError{what: ErrUnavailable, advice: "search again for other sources, or try again later"}
	if g.lied {
		e.what, e.advice = ErrNotVerified, "search again and take another result"
	}
	for _, c := range g.all {
		e.causes = append(e.causes, fmt.Errorf("%s: %w", c.String(), c.err))
		if errors.Is(c.err, errWrongContent) {
			e.liars = append(e.liars, c.Source)
		}
	}
	return e
}
