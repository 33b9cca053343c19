package servent

import (
	"math/rand/v2"
	"slices"
	"time"
)

// cacheBook lists the bootstrap caches of one kind, by name, and when each was
// asked. Names come from the user and from strangers, and are never trusted.
type cacheBook struct {
	list  []cache
	every time.Duration // between two questions to one cache, at least
}

type cache struct {
	name  string    // host:port, or URL
	own   bool      // built in or named by the user: never forgotten
	asked time.Time // when last; of an earlier process it is wall time
	fails int       // since it last answered
}

const (
	maxCaches     = 64 // in one book
	maxCacheFails = 3  // after which a cache is left alone, or forgotten if it was heard of
	cacheRest     = time.Hour
)

func newCacheBook(names []string, every time.Duration) cacheBook {
	b := cacheBook{every: every}
	for _, name := range names {
		if len(b.list) < maxCaches && b.find(name) == nil {
			b.list = append(b.list, cache{name: name, own: true})
		}
	}
	return b
}

func (b *cacheBook) find(name string) *cache {
	for i := range b.list {
		if b.list[i].name == name {
			return &b.list[i]
		}
	}
	return nil
}

// copied is the book for another goroutine.
func (b *cacheBook) copied() cacheBook { return cacheBook{slices.Clone(b.list), b.every} }

// hear takes in a cache that somebody named, while there is room.
func (b *cacheBook) hear(name string) {
	if len(b.list) < maxCaches && b.find(name) == nil {
		b.list = append(b.list, cache{name: name})
	}
}

// due chooses up to k caches that may be asked now, at random, and notes that
// they are.
func (b *cacheBook) due(now time.Time, k int) []string {
	var names []string
	for _, i := range rand.Perm(len(b.list)) {
		if c := &b.list[i]; len(names) < k && c.rested(now, b.every) {
			c.asked = now
			names = append(names, c.name)
		}
	}
	return names
}

// rested says whether c may be asked again. A clock that was put back counts as
// rest: otherwise a cache might be out of reach for years.
func (c *cache) rested(now time.Time, every time.Duration) bool {
	if c.fails >= maxCacheFails {
		every = max(every, cacheRest)
	}
	since := now.Sub(c.asked)
	return since < 0 || since >= every
}

func (b *cacheBook) answered(name string) {
	if c := b.find(name); c != nil {
		c.fails = 0
	}
}

// failed notes that a cache gave no answer, and forgets it after some, unless it
// is the user's own.
func (b *cacheBook) failed(name string) {
	c := b.find(name)
	if c == nil {
		return
	}
	if c.fails++; c.fails >= maxCacheFails && !c.own {
		b.list = slices.DeleteFunc(b.list, func(c cache) bool { return c.name == name })
	}
}
