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
	// bodyRetry is what is told to who has as many bodies in its slot as it may.
	bodyRetry = 5 * time.Second
)

// upload is what one address wants: there is one slot or one place for it in the queue, over
// however many connections it asks.
type upload struct {
	host   netip.Addr
	file   protocol.SHA1
	size   uint64
	shares bool      // the address gives others something, too
	call   QueueCall // how it is told that its turn has come; To not valid: it is not
	ours   bool      // one of ours: takes calls beside a connection that it keeps, and asks for blocks in any order
}

func (u upload) of(o upload) bool { return u.host == o.host && u.file == o.file }

// uploadQueue decides who may upload: it hands out slots, and past them places in
// the order of asking, of which those who share get more. It is pure and not safe for
// concurrent use; times that it is given never go back.
//
// A slot belongs to an upload, with as many bodies at once as perSlot says. Whoever fetches a
// file range by range keeps it from one range to the next, for as long as hold says. A freed
// slot goes to the first in the queue as soon as that asks again, in time and not too early, and
// nobody overtakes: the second is served only where there is a slot for both.
type uploadQueue struct {
	slots   int           // at once
	perHost int           // slots, and again places, of one address
	perSlot int           // bodies
	max     int           // places
	pace    time.Duration // how long the first in the queue waits before it asks again
	hold    time.Duration
	idle    time.Duration // nobody keeps a connection for longer to ask again on
	newID   func() string

	taken  []*slot
	places []place // in order
	ahead  int     // how many who share have had their turn since one who does not
	counts queueCounts
}

// queueCounts counts what a queue turned away. Waiting is how it stands.
type queueCounts struct {
	Waiting int
	Full    uint64 // found no place, all being taken
	PerHost uint64 // found neither slot nor place: its address has its share
	PerSlot uint64 // bodies past those of one slot
	Sharers uint64 // slots given to who shares
	Early   uint64 // asked again too early
	Back    uint64 // sent to the back for it
	Lost    uint64 // places of who did not ask again in time
	Called  uint64 // told that their turn had come
}

// slot is one upload that runs, or that may go on until the time of held.
type slot struct {
	upload
	lane   *lane
	begun  time.Time
	held   time.Time // while there are no bodies
	bodies int       // that run
	next   uint64    // where what went out last ended
	sent   uint64    // bytes that went out
	apart  bool      // not all of them one behind the other
	more   bool      // one of those that ran at once had not the end
}

type place struct {
	upload
	id    string
	from  time.Time // may ask again from here
	until time.Time // up to here
	early int       // how often it asked before that
	away  bool      // has no connection until then
}

// turn is what a queue says to who asks: go ahead, or where it stands.
type turn struct {
	lane  *lane               // nil: not now
	place protocol.QueuePlace // Position 0: no place
	retry time.Duration       // ask again after that
}

// ask wants to upload. An id is of the place that was given before, maybe at another address.
func (q *uploadQueue) ask(now time.Time, u upload, id string) turn {
	q.expire(now)
	if s := q.slotOf(u); s != nil {
		return q.share(s)
	}
	q.yield(u.host)
	at := slices.IndexFunc(q.places, func(p place) bool { return p.of(u) })
	if i := slices.IndexFunc(q.places, func(p place) bool { return p.id == id && p.file == u.file }); at < 0 && i >= 0 {
		at = i
	}
	if at >= 0 {
		q.places[at].upload = u
		return q.askAgain(now, q.arrange(at))
	}
	q.places = append(q.places, place{upload: u})
	at = q.arrange(len(q.places) - 1)
	if q.first(at) {
		return q.take(now, at)
	}
	switch {
	case q.placesOf(u.host) > q.perHost:
		q.counts.PerHost++
	case len(q.places) > q.max:
		q.counts.Full++
	default:
		q.places[at].id = q.newID()
		return q.stand(now, at)
	}
	q.places = slices.Delete(q.places, at, at+1)
	return turn{retry: q.wait(len(q.places) + 1)}
}

// share lets one more body into a slot.
func (q *uploadQueue) share(s *slot) turn {
	if s.bodies >= q.perSlot && !s.host.IsLoopback() { // where many programs are one address
		q.counts.PerSlot++
		return turn{retry: bodyRetry}
	}
	if s.bodies == 0 {
		s.more = false
	}
	s.bodies++
	return turn{lane: s.lane}
}

// first reports whether there is a slot for place at and for all before it.
func (q *uploadQueue) first(at int) bool {
	n := q.slots - len(q.taken)
	for _, p := range q.places[:at] {
		if q.mayTake(p.host) {
			n--
		}
	}
	return n > 0 && q.mayTake(q.places[at].host)
}

// take gives a slot to place at.
func (q *uploadQueue) take(now time.Time, at int) turn {
	s := &slot{upload: q.places[at].upload, lane: newLane(), begun: now, bodies: 1}
	if s.shares {
		q.counts.Sharers++
	}
	q.taken = append(q.taken, s)
	q.leave(at)
	return turn{lane: s.lane}
}

// askAgain is ask of who has place at.
func (q *uploadQueue) askAgain(now time.Time, at int) turn {
	p := &q.places[at]
	if now.Before(p.from) {
		q.counts.Early++
		if p.early++; p.early <= maxEarly {
			return q.tell(now, at, p.from.Sub(now))
		}
		q.counts.Back++
		last := *p
		last.early = 0
		q.places = append(slices.Delete(q.places, at, at+1), last)
		return q.stand(now, q.arrange(len(q.places)-1))
	}
	if q.first(at) {
		return q.take(now, at)
	}
	return q.stand(now, at)
}

// stand sets when place at must ask again, and tells.
func (q *uploadQueue) stand(now time.Time, at int) turn {
	wait := q.wait(at + 1)
	p := &q.places[at]
	p.from = now.Add(wait)
	p.until = p.from.Add(lateBy * q.pace)
	return q.tell(now, at, wait)
}

// tell says where place at is. What is told goes out in seconds: rounded up, so
// that nobody who does as he is told comes too early.
func (q *uploadQueue) tell(now time.Time, at int, retry time.Duration) turn {
	retry = (retry + time.Second - 1).Truncate(time.Second)
	q.places[at].away = retry >= q.idle
	return turn{retry: retry, place: protocol.QueuePlace{
		Position: at + 1, Length: len(q.places), Limit: q.slots, ID: q.places[at].id,
		PollMin: retry, PollMax: retry + lateBy*q.pace,
		ETA: q.eta(now, at), Lifetime: retry + lateBy*q.pace,
	}}
}

// wait is how long who stands at a position waits before it asks again: the
// further back, the longer (section 22).
func (q *uploadQueue) wait(position int) time.Duration {
	return min(q.pace+time.Duration(position-1)*q.pace*2/3, maxPace*q.pace)
}

// calls returns how to tell those whose turn has come that it has: for each free slot the
// first who may have it, but who may ask by now anyway, or cannot be called. Each is
// told once, and may ask at once then.
func (q *uploadQueue) calls(now time.Time) (calls []QueueCall) {
	q.expire(now)
	free := q.slots - len(q.taken)
	for i := range q.places {
		if free <= 0 {
			break
		}
		p := &q.places[i]
		if !q.mayTake(p.host) {
			continue
		}
		free--
		if now.Before(p.from) && p.call.To.IsValid() && (p.away || p.ours) {
			p.from = now
			p.call.ID = p.id
			calls = append(calls, p.call)
		}
	}
	q.counts.Called += uint64(len(calls))
	return calls
}

// next returns when somebody's turn may come without anything that happens, by another's
// staying away.
func (q *uploadQueue) next() (at time.Time, ok bool) {
	sooner := func(t time.Time) {
		if !ok || t.Before(at) {
			at, ok = t, true
		}
	}
	if len(q.places) == 0 {
		return at, false
	}
	for _, s := range q.taken {
		if s.bodies == 0 {
			sooner(s.held)
		}
	}
	for _, p := range q.places {
		sooner(p.until)
	}
	return at, ok
}

// done ends a body that ask let through. Where u may come for the rest of the file the slot is held
// when no other body runs.
func (q *uploadQueue) done(now time.Time, u upload, p piece) {
	s := q.slotOf(u)
	follows := s.sent > 0 && p.First == s.next
	s.apart = s.apart || s.sent > 0 && !follows
	s.sent += p.End - p.First
	ended := s.sent >= p.size || p.End == p.size && (p.open || follows && !s.apart && !s.ours)
	s.bodies--
	s.next = p.End
	s.more = s.more && s.sent < p.size || !ended
	switch {
	case s.bodies > 0:
	case s.more:
		s.held = now.Add(q.hold)
	default:
		q.taken = slices.DeleteFunc(q.taken, func(o *slot) bool { return o == s })
	}
}

// expire forgets who did not come in time.
func (q *uploadQueue) expire(now time.Time) {
	q.taken = slices.DeleteFunc(q.taken, func(s *slot) bool { return s.bodies == 0 && now.After(s.held) })
	for i := len(q.places) - 1; i >= 0; i-- {
		if now.After(q.places[i].until) {
			q.leave(i) // had its turn: those of its group shall not keep others away by staying away
			q.counts.Lost++
		}
	}
	q.arrange(0)
}

func (q *uploadQueue) slotOf(u upload) *slot {
	i := slices.IndexFunc(q.taken, func(s *slot) bool { return s.of(u) })
	if i < 0 {
		return nil
	}
	return q.taken[i]
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

// yield gives up a slot that is held for a host that has its share, so that it can have
// another file.
func (q *uploadQueue) yield(host netip.Addr) {
	if q.mayTake(host) {
		return
	}
	if i := slices.IndexFunc(q.taken, func(s *slot) bool { return s.host == host && s.bodies == 0 }); i >= 0 {
		q.taken = slices.Delete(q.taken, i, i+1)
	}
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

// outlook tells how it stands with slots, as a HEAD pong does: below 0, how many are
// free, else how many wait; protocol.QueueBusy where nobody more may.
func (q *uploadQueue) outlook(now time.Time) int8 {
	q.expire(now)
	switch waiting, free := len(q.places), q.slots-len(q.taken); {
	case waiting == 0 && free > 0:
		return int8(-min(free, protocol.QueueBusy))
	case waiting < q.max:
		return int8(min(waiting, protocol.QueueBusy-1))
	}
	return protocol.QueueBusy
}

// stats tells how the queue is.
func (q *uploadQueue) stats(now time.Time) queueCounts {
	q.expire(now)
	c := q.counts
	c.Waiting = len(q.places)
	return c
}
