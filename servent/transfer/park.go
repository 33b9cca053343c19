package transfer

import (
	"sync"
	"time"
)

const (
	// parkTime is how long a link that can take another request is kept: servents
	// ban who opens many, so the next file of a source goes over the same one.
	parkTime = 20 * time.Second
	// maxParkTime is the longest, whatever a source says of its queue.
	maxParkTime = 15 * time.Minute
	// parkedPerSource and maxParked bound how many are kept.
	parkedPerSource = 4
	maxParked       = 64
)

// park keeps links to sources between two requests, each of which belongs to
// nobody meanwhile. Its zero value is ready to use, from any goroutine.
type park struct {
	mu     sync.Mutex
	links  map[sourceKey][]*parked // the longest there first
	count  int
	closed bool
}

type parked struct {
	link  *link
	until *time.Timer
}

// put keeps a link that can take another request, for so long. Where there is no
// room it is closed.
func (p *park) put(k sourceKey, l *link, keep time.Duration) {
	if l.unwatch != nil && !l.unwatch() {
		l.close() // its context has ended
		return
	}
	l.unwatch = nil
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || p.count >= maxParked || len(p.links[k]) >= parkedPerSource {
		l.close()
		return
	}
	if p.links == nil {
		p.links = make(map[sourceKey][]*parked)
	}
	entry := &parked{link: l}
	entry.until = time.AfterFunc(keep, func() { p.expire(k, entry) })
	p.links[k] = append(p.links[k], entry)
	p.count++
}

// take returns the link that was used last, nil where there is none.
func (p *park) take(k sourceKey) *link {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := len(p.links[k])
	if n == 0 {
		return nil
	}
	entry := p.links[k][n-1]
	p.remove(k, n-1)
	entry.until.Stop()
	return entry.link
}

func (p *park) expire(k sourceKey, entry *parked) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, e := range p.links[k] {
		if e == entry {
			p.remove(k, i)
			entry.link.close()
			return
		}
	}
}

// remove takes entry i out; p.mu is held.
func (p *park) remove(k sourceKey, i int) {
	rest := append(p.links[k][:i:i], p.links[k][i+1:]...)
	if p.links[k] = rest; len(rest) == 0 {
		delete(p.links, k)
	}
	p.count--
}

// close closes all links, and from now on those that are put.
func (p *park) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for k, entries := range p.links {
		for _, e := range entries {
			e.until.Stop()
			e.link.close()
		}
		delete(p.links, k)
	}
	p.count = 0
}
