package transfer

import (
	"context"
	"errors"
	"maps"
	"net/netip"
	"sync"
	"time"
)

const (
	// alternateEvery is how often a client tries to get through to one of those of whom
	// others told, in all downloads together: they may be anybody's addresses.
	alternateEvery = 50 * time.Millisecond
	// hearsayLife is for how long tries count, from the first of them.
	hearsayLife = 5 * time.Minute
	// triesPerAddress is how many downloads may try an address on the word of others, and
	// triesPerHost all ports of its host, before a source there has given anything.
	triesPerAddress = perSource
	triesPerHost    = 8
	// maxTries bounds the addresses and hosts that are remembered; past that nobody is tried
	// on the word of others.
	maxTries = 4096
)

// Why a source that others have named is not tried.
var (
	errTried    = fault(errors.New("is only named by others, and was tried in vain lately"))
	errMaxTries = fault(errors.New("is only named by others, of whom too many were tried lately"))
)

// hearsay bounds what a client does on the word of others, so that who names a host in
// thousands of files, or thousands of hosts, has none of them attacked. From any goroutine.
type hearsay struct {
	turn chan struct{} // has room for one: who has put something in may try next
	last time.Time     // when somebody was tried; belongs to who has the turn

	mu    sync.Mutex
	tried map[netip.AddrPort]tries // addresses, and hosts by hostKey
}

// tries are those in which no source has given anything since.
type tries struct {
	times int
	until time.Time // when they are forgotten
}

func newHearsay() *hearsay { return &hearsay{turn: make(chan struct{}, 1)} }

// wait waits until another source may be tried, and counts a try of each of its addresses that
// may be, which it returns. Where none may be the error is errTried or errMaxTries; a source
// without any may.
func (h *hearsay) wait(ctx context.Context, addrs []netip.AddrPort) ([]netip.AddrPort, error) {
	select {
	case h.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-h.turn }()
	select {
	case <-time.After(time.Until(h.last.Add(alternateEvery))):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	now := time.Now()
	left, err := h.take(now, addrs)
	if err == nil {
		h.last = now
	}
	return left, err
}

// take counts a try of each of those addresses that may be tried, and returns these.
func (h *hearsay) take(now time.Time, addrs []netip.AddrPort) (left []netip.AddrPort, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(addrs) > 0 {
		maps.DeleteFunc(h.tried, func(_ netip.AddrPort, t tries) bool { return !t.until.After(now) })
		err = errTried
	}
	for _, a := range addrs {
		switch {
		case !h.may(now, a):
		case len(h.tried)+2 > maxTries: // its own, and its host
			err = errMaxTries
		default:
			left = append(left, a)
			h.count(now, a)
			if k := hostKey(a); k != a {
				h.count(now, k)
			}
		}
	}
	if len(left) > 0 {
		err = nil
	}
	return left, err
}

// may reports whether an address may be tried; h.mu is held.
func (h *hearsay) may(now time.Time, a netip.AddrPort) bool {
	times := func(k netip.AddrPort) int {
		if t := h.tried[k]; t.until.After(now) {
			return t.times
		}
		return 0
	}
	k := hostKey(a)
	return times(a) < triesPerAddress && (k == a || times(k) < triesPerHost)
}

// count notes a try; h.mu is held.
func (h *hearsay) count(now time.Time, k netip.AddrPort) {
	if h.tried == nil {
		h.tried = make(map[netip.AddrPort]tries)
	}
	t := h.tried[k]
	if !t.until.After(now) {
		t = tries{until: now.Add(hearsayLife)}
	}
	t.times++
	h.tried[k] = t
}

// vain reports whether none of those addresses, of which there are some, may be tried.
func (h *hearsay) vain(now time.Time, addrs []netip.AddrPort) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, a := range addrs {
		if h.may(now, a) {
			return false
		}
	}
	return len(addrs) > 0
}

// forget forgets the tries of an address: a source there has given what it should.
func (h *hearsay) forget(a netip.AddrPort) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.tried, a)
	delete(h.tried, hostKey(a))
}

// ways are the addresses that are connected to to get through to s.
func (s Source) ways() []netip.AddrPort {
	if s.Push {
		return s.Proxies
	}
	return []netip.AddrPort{s.Addr}
}

// connect connects to c, whom src was when its fetcher began. One that only others have named
// waits for its turn among those of all downloads, and is not tried where others have tried
// it in vain. How often one download tries it is decided elsewhere.
func (s *swarm) connect(ctx context.Context, c *candidate, src Source) (*link, error) {
	s.mu.Lock()
	hearsay, tried := c.trust == trustHearsay, c.tried
	src.Proxies = c.Proxies
	s.mu.Unlock()
	if hearsay {
		var ways []netip.AddrPort
		if !tried {
			ways = src.ways()
		}
		left, err := s.client.hearsay.wait(ctx, ways)
		switch {
		case errors.Is(err, errTried):
			s.client.alternatesTried.Add(1)
		case errors.Is(err, errMaxTries):
			s.client.alternatesOver.Add(1)
		}
		if err != nil {
			return nil, err
		}
		s.mu.Lock()
		if !tried && c.Push {
			c.Proxies, src.Proxies = left, left
		}
		c.tried = true
		s.mu.Unlock()
	}
	return s.client.connect(ctx, src, func(state string) { s.told(c, state) })
}

// believe notes that c has sent what is right. Where it was pushed that says nothing of those
// whom others have named as its push proxies.
func (s *swarm) believe(c *candidate) {
	if c.tried {
		s.client.hearsay.forget(c.Addr)
	}
}
