package transfer

import (
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed282dab8e/servent/servent/transfer/mesh"
)

// gate lets so many pass at once, and counts who is turned away.
type gate struct {
	tokens  chan struct{}
	refused *atomic.Uint64
}

func newGate(most int) gate {
	return gate{make(chan struct{}, most), new(atomic.Uint64)}
}

// enter reports whether there is room; who was let in calls leave.
func (g gate) enter() bool {
	select {
	case g.tokens <- struct{}{}:
		return true
	default:
		g.refused.Add(1)
		return false
	}
}

func (g gate) leave() { <-g.tokens }

// maxBuckets bounds the addresses that a limiter knows. While all of them are
// busy a new one is turned away.
const maxBuckets = 4096

// limiter lets each address do something at a rate. It may be used by any
// goroutine.
type limiter struct {
	rate  float64 // a second
	burst float64

	mu      sync.Mutex
	buckets map[netip.Addr]bucket
	over    uint64 // how often allow refused
}

// bucket is what an address had left at a time.
type bucket struct {
	left float64
	at   time.Time
}

// allow reports whether host may do what costs so much now.
func (l *limiter) allow(now time.Time, host netip.Addr, cost float64) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	b, known := l.buckets[host]
	if !known {
		b = bucket{l.burst, now}
	}
	left := min(l.burst, b.left+now.Sub(b.at).Seconds()*l.rate)
	if left < cost || !known && !l.makeRoom(now) {
		l.over++
		return false
	}
	l.buckets[host] = bucket{left - cost, now}
	return true
}

// makeRoom forgets addresses whose buckets are full again.
func (l *limiter) makeRoom(now time.Time) bool {
	if l.buckets == nil {
		l.buckets = map[netip.Addr]bucket{}
	}
	if len(l.buckets) < maxBuckets {
		return true
	}
	for host, b := range l.buckets {
		if b.left+now.Sub(b.at).Seconds()*l.rate >= l.burst {
			delete(l.buckets, host)
		}
	}
	return len(l.buckets) < maxBuckets
}

func (l *limiter) refused() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.over
}

// remoteHost returns what stands for the host at a remote address; the zero value
// where that is none, as in a pipe.
func remoteHost(remote string) netip.Addr {
	a, _ := netip.ParseAddrPort(remote)
	return mesh.HostOf(a.Addr())
}
