package transfer

import (
	"context"
	"errors"
	"slices"
	"time"
)

const (
	// findAfter is how long a download runs before others are looked for that have the
	// file, and findEvery how often that is done again.
	findAfter = 5 * time.Second
	findEvery = 3 * time.Minute
	// fewSources is how many that deliver are enough.
	fewSources = 4
	// maxSources bounds the sources of one download.
	maxSources = 64
)

// lookForMore begins to look for more sources, where that is of use; s.mu is held.
func (s *swarm) lookForMore(ctx context.Context) {
	wait := findEvery
	if !s.everFound {
		wait = findAfter
	}
	if s.job.Find == nil || s.finding || len(s.all) >= maxSources || s.active >= fewSources || time.Since(s.found) < wait ||
		s.blocks != nil && s.blocks.missing == s.blocks.asked.Count() {
		return
	}
	s.finding = true
	s.tenders.Go(func() {
		_ = s.job.Find(ctx, s.addFound) // that nobody else is found is no news
		s.mu.Lock()
		defer s.mu.Unlock()
		s.finding, s.everFound, s.found = false, true, time.Now()
		s.rouse()
	})
}

// addFound takes a source that a search has found. One that was given up because no
// connection to it held is there again, and is asked again, and so is one that was not tried
// because only others had named it.
func (s *swarm) addFound(src Source) {
	if s.client.cfg.IsSelf(src.Addr) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	key := keyOf(src)
	i := slices.IndexFunc(s.all, func(c *candidate) bool { return c.key == key })
	switch {
	case i >= 0:
		c := s.all[i]
		if c.trust == trustHearsay {
			c.trust = trustOwn
		}
		untried := errors.Is(c.err, errTried) || errors.Is(c.err, errMaxTries)
		if c.out && (c.lost || untried) && !c.liar {
			c.Source, c.out, c.lost, c.tries, c.notBefore = src, false, false, 0, time.Time{}
			s.rouse()
		}
	case len(s.all) < maxSources:
		s.all = append(s.all, &candidate{Source: src, key: key})
		s.rouse()
	}
}
