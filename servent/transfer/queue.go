package transfer

import (
	"net/netip"
	"slices"
	"time"

	"github.com/seed282dab8e/servent/protocol"
)

const (
	// maxEarly is how often somebody may ask too early before that sends it to
	// the back.
	maxEarly = 3
	// lateBy times the pace is how long a place is kept for who was to ask again.
	lateBy = 2
	// maxPace times the pace is the longest that anybody is told to wait.
	maxPace = 10
)

// upload is what one address wants: there is one place for it in the queue, over
// however many connections it asks.
type upload struct {
	host netip.Addr
	file protocol.SHA1
}

// uploadQueue decides who may upload: it hands out slots, and past them places in
// the order of asking. It is pure and not safe for concurrent use; times that it
// is given never go back.
//
// A slot belongs to an upload. Whoever fetches a file range by range keeps it
// from one range to the next, for as long as hold says. A freed slot goes to the
// first in the queue as soon as that asks again, in time and not too early, and
// nobody overtakes: the second is served only where there is a slot for both.
type uploadQueue struct {
	slots   int           // at once
	perHost int           // slots, and again places, of one address
	max     int           // places
	pace    time.Duration // how long the first in the queue waits before it asks again
	hold    time.Duration
	newID   func() string

	taken  []slot
	places []place // in order
	counts queueCounts
}

// queueCounts counts what a queue turned away. Waiting is how it stands.
type queueCounts struct {
	Waiting int
	Full    uint64 // found no place, all being taken
	PerHost uint64 // found neither slot nor place: its address has its share
	Early   uint64 // asked again too early
	Back    uint64 // sent to the back for it
	Lost    uint64 // places of who did not ask again in time
}

// slot is one upload that runs, or that may go on until the time of held.
type slot struct {
	upload
	held time.Time // zero: runs
}

type place struct {
	upload
	id    string
	from  time.Time // may ask again from here
	until time.Time // up to here
	early int       // how often it asked before that
}

// turn is what a queue says to who asks: go ahead, or where it stands.
type turn struct {
	now   bool
	place protocol.QueuePlace // Position 0: no place
	retry time.Duration       // ask again after that
}

// ask wants to upload.
func (q *uploadQueue) ask(now time.Time, u upload) turn {
	q.expire(now)
	if q.resume(u) {
		return turn{now: true}
	}
	at := slices.IndexFunc(q.places, func(p place) bool { return p.upload == u })
	switch {
	case at >= 0:
		return q.askAgain(now, at)
	case q.free() > q.ahead(len(q.places)) && q.mayTake(u.host):
		q.taken = append(q.taken, slot{upload: u})
		return turn{now: true}
	case q.placesOf(u.host) >= q.perHost:
		q.counts.PerHost++
		return turn{retry: q.wait(len(q.places) + 1)}
	case len(q.places) >= q.max:
		q.counts.Full++
		return turn{retry: q.wait(len(q.places) + 1)}
	}
	q.places = append(q.places, place{upload: u, id: q.newID()})
	return q.stand(now, len(q.places)-1)
}

// askAgain is ask of who has place at.
func (q *uploadQueue) askAgain(now time.Time, at int) turn {
	p := &q.places[at]
	if now.Before(p.from) {
		q.counts.Early++
		if p.early++; p.early <= maxEarly {
			return q.tell(at, p.from.Sub(now))
		}
		q.counts.Back++
		last := *p
		last.early = 0
		q.places = append(slices.Delete(q.places, at, at+1), last)
		return q.stand(now, len(q.places)-1)
	}
	if q.free() > q.ahead(at) && q.mayTake(p.host) {
		q.taken = append(q.taken, slot{upload: p.upload})
		q.places = slices.Delete(q.places, at, at+1)
		return turn{now: true}
	}
	return q.stand(now, at)
}

// stand sets when place at must ask again, and tells.
func (q *uploadQueue) stand(now time.Time, at int) turn {
	wait := q.wait(at + 1)
	p := &q.places[at]
	p.from = now.Add(wait)
	p.until = p.from.Add(lateBy * q.pace)
	return q.tell(at, wait)
}

// tell says where place at is. What is told goes out in seconds: rounded up, so
// that nobody who does as he is told comes too early.
func (q *uploadQueue) tell(at int, retry time.Duration) turn {
	retry = (retry + time.Second - 1).Truncate(time.Second)
	return turn{retry: retry, place: protocol.QueuePlace{
		Position: at + 1, Length: len(q.places), Limit: q.slots, ID: q.places[at].id,
		PollMin: retry, PollMax: retry + lateBy*q.pace,
		ETA: retry, Lifetime: retry + lateBy*q.pace,
	}}
}

// wait is how long who stands at a position waits before it asks again: the
// further back, the longer (section 22).
func (q *uploadQueue) wait(position int) time.Duration {
	return min(q.pace+time.Duration(position-1)*q.pace*2/3, maxPace*q.pace)
}

// resume gives u back a slot that is held for it.
func (q *uploadQueue) resume(u upload) bool {
	i := slices.IndexFunc(q.taken, func(s slot) bool { return s.upload == u && !s.held.IsZero() })
	if i < 0 {
		return false
	}
	q.taken[i].held = time.Time{}
	return true
}

// done ends an upload that ask let through. more says that u will come for the
// rest of the file: the slot is held.
func (q *uploadQueue) done(now time.Time, u upload, more bool) {
	i := slices.IndexFunc(q.taken, func(s slot) bool { return s.upload == u && s.held.IsZero() })
	if more {
		q.taken[i].held = now.Add(q.hold)
		return
	}
	q.taken = slices.Delete(q.taken, i, i+1)
}

// expire forgets who did not come in time.
func (q *uploadQueue) expire(now time.Time) {
	q.taken = slices.DeleteFunc(q.taken, func(s slot) bool { return !s.held.IsZero() && now.After(s.held) })
	before := len(q.places)
	q.places = slices.DeleteFunc(q.places, func(p place) bool { return now.After(p.until) })
	q.counts.Lost += uint64(before - len(q.places))
}

func (q *uploadQueue) free() int { return q.slots - len(q.taken) }

// ahead counts the places before at that could take a slot now.
func (q *uploadQueue) ahead(at int) int {
	n := 0
	for _, p := range q.places[:at] {
		if q.mayTake(p.host) {
			n++
		}
	}
	return n
}

// mayTake reports whether an address has fewer slots than it may.
func (q *uploadQueue) mayTake(host netip.Addr) bool {
	n := 0
	for _, s := range q.taken {
		if s.host == host {
			n++
		}
	}
	return n < q.perHost
}

func (q *uploadQueue) placesOf(host netip.Addr) int {
	n := 0
	for _, p := range q.places {
		if p.host == host {
			n++
		}
	}
	return n
}

// stats tells how the queue is.
func (q *uploadQueue) stats(now time.Time) queueCounts {
	q.expire(now)
	c := q.counts
	c.Waiting = len(q.places)
	return c
}
