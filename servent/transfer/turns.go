package transfer

import (
	"context"
	"net/netip"
	"sync"
	"time"

	"github.com/seed282dab8e/servent/protocol"
)

// perSource is how many downloads ask one source at once. Others wait: servents
// ban who opens many connections (gtk-gnutella: more than five requests in a
// minute).
const perSource = 2

// sourceKey tells sources apart: by address, and by GUID where they sit behind
// an address that is not theirs alone.
type sourceKey struct {
	addr    netip.AddrPort
	servent protocol.GUID
}

func keyOf(s Source) sourceKey {
	if s.Addr.IsValid() && !s.Push {
		return sourceKey{addr: s.Addr}
	}
	return sourceKey{s.Addr, s.Servent}
}

// Is reports whether s and o are one servent, as far as can be told: who must be
// pushed may stand behind an address that others use as well.
func (s Source) Is(o Source) bool { return keyOf(s) == keyOf(o) }

// turns shares sources among the downloads of a client: each source is asked by
// few at a time, and one that was busy by one after the other with a pause
// between them. Its zero value is ready to use, from any goroutine.
type turns struct {
	mu     sync.Mutex
	queues map[sourceKey]*queue // of sources that are asked or were busy lately
}

// queue is what turns know of one source. Its fields belong to turns.mu, but for
// slots.
type queue struct {
	slots     chan struct{}
	users     int           // that hold a slot or wait for one
	pause     time.Duration // between two requests; 0 while the source is not busy
	notBefore time.Time     // of the next request
	inQueue   time.Time     // until then a download has a place in the queue of the source itself
}

// look returns when a source may be asked, and whether a request would have to
// wait for another download, as far as is known.
func (t *turns) look(k sourceKey) (notBefore time.Time, full bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if q := t.queues[k]; q != nil {
		return q.notBefore, len(q.slots) == perSource
	}
	return time.Time{}, false
}

// take waits for a turn at a source; whoever has one must give it back. It
// returns false without a turn when the source has become busy meanwhile. That does
// not keep whom the source has told when to ask: place says that it has.
func (t *turns) take(ctx context.Context, k sourceKey, place bool) (bool, error) {
	q := t.join(k)
	select {
	case q.slots <- struct{}{}:
	case <-ctx.Done():
		t.leave(k)
		return false, ctx.Err()
	}
	if !place && !t.begin(q) {
		t.give(k)
		return false, nil
	}
	return true, nil
}

// join notes that somebody wants to ask the source. Queues that nobody needs any
// more go.
func (t *turns) join(k sourceKey) *queue {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	for k, q := range t.queues {
		if q.users == 0 && !q.notBefore.Add(q.pause).After(now) && !q.inQueue.After(now) {
			delete(t.queues, k)
		}
	}
	q := t.queues[k]
	if q == nil {
		if t.queues == nil {
			t.queues = make(map[sourceKey]*queue)
		}
		q = &queue{slots: make(chan struct{}, perSource)}
		t.queues[k] = q
	}
	q.users++
	return q
}

func (t *turns) leave(k sourceKey) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.queues[k].users--
}

// begin reports whether a request may go out now. While the source is busy the
// next one must wait.
func (t *turns) begin(q *queue) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	if q.notBefore.After(now) {
		return false
	}
	if q.pause > 0 {
		q.notBefore = now.Add(q.pause)
	}
	return true
}

// give ends a turn.
func (t *turns) give(k sourceKey) {
	t.mu.Lock()
	q := t.queues[k]
	t.mu.Unlock()
	<-q.slots
	t.leave(k)
}

// busy notes that a source at which the caller has a turn wants nobody to ask
// before wait is over.
func (t *turns) busy(k sourceKey, wait time.Duration) { t.set(k, wait, time.Now().Add(wait)) }

// served notes that a source at which the caller has a turn is not busy.
func (t *turns) served(k sourceKey) { t.set(k, 0, time.Time{}) }

// placed notes that a source at which the caller has a turn has given it a place in its
// queue, which counts until then.
func (t *turns) placed(k sourceKey, until time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if q := t.queues[k]; q != nil && until.After(q.inQueue) {
		q.inQueue = until
	}
}

// inQueue reports whether a download has a place in the queue of a source.
func (t *turns) inQueue(k sourceKey, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	q := t.queues[k]
	return q != nil && q.inQueue.After(now)
}

func (t *turns) set(k sourceKey, pause time.Duration, notBefore time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if q := t.queues[k]; q != nil {
		q.pause, q.notBefore = pause, notBefore
	}
}
