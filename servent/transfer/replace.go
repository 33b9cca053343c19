package transfer

import (
	"errors"
	"slices"
	"time"
)

const (
	// A source that has had replaceAfter gives way to another one that waits, if all others
	// that deliver are replaceTimes as fast in the middle, or if it has sent nothing for so
	// long.
	replaceAfter = 10 * time.Second
	replaceTimes = 5
)

// replaceSlow ends one source's fetcher in favour of a source that is not asked, or that
// has nothing to do; s.mu is held.
func (s *swarm) replaceSlow(now time.Time) {
	if now.Sub(s.replaced) < replaceAfter {
		return
	}
	spare, wait := s.next(now)
	waits, full := spare != nil && wait <= 0, s.active >= s.client.cfg.MaxActive
	var rates []float64
	var slowest, fastest *candidate
	for _, c := range s.all {
		if c.running && !c.busy && (fastest == nil || c.rate > fastest.rate) {
			fastest = c
		}
		silent := now.Sub(later(c.moved, c.begun)) > replaceAfter
		switch {
		case !c.running || now.Sub(c.begun) < replaceAfter:
		case waits && (c.busy && silent || full && s.lacks(c)):
			s.replace(c, now)
			return
		case c.busy && !silent && c.pace(now) > 0:
			if rates = append(rates, c.pace(now)); slowest == nil || c.pace(now) < slowest.pace(now) {
				slowest = c
			}
		}
	}
	slices.Sort(rates)
	switch {
	case slowest == nil:
	case waits && full && len(rates) > 1 && slowest.pace(now)*replaceTimes < rates[len(rates)/2],
		fastest != nil && s.blocks != nil && slowest.pace(now)*replaceTimes < fastest.rate && s.blocks.keepsFrom(slowest, fastest):
		s.replace(slowest, now)
	}
}

// lacks reports whether c has only a part of the file, and nothing of what is asked of
// nobody; s.mu is held.
func (s *swarm) lacks(c *candidate) bool {
	return !c.busy && c.partial && s.blocks != nil && s.blocks.missing > s.blocks.asked.Count() && !s.blocks.opens(c)
}

// pace is how fast c sends, in bytes a second, also while its first answer is on its way;
// 0: not known.
func (c *candidate) pace(now time.Time) float64 {
	if c.rate > 0 {
		return c.rate
	}
	return float64(c.gained) / now.Sub(c.begun).Seconds()
}

func (s *swarm) replace(c *candidate, now time.Time) {
	s.log.WithField("addr", c.String()).Debug("a source that is slow gives way to another")
	s.replaced = now
	c.cancel(errReplaced)
}

// errReplaced ends the fetcher of a source that is much slower than others.
var errReplaced = errors.New("another source is asked in its place")
