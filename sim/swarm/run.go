package swarm

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// Result is what a run gave.
type Result struct {
	// Done is how long each download took from its host's start: first all
	// hosts' first file, without the seeds, then their second, and so on.
	// Negative: it was not done.
	Done []time.Duration
	// Took is when the last of them was done.
	Took time.Duration

	Sent     int64 // bytes of whole pieces that left hosts
	SeedSent int64 // of them, from the seeds
	Wasted   int64 // bytes of whole pieces that came in a second time
	Events   int64
	Refused  int64 // links that a full peer refused
}

// Run runs c. Randomness is drawn from r only. Now and then it tells tick what
// share of the pieces is delivered, from 0 to 1, and stops when that returns
// false; tick may be nil.
func Run(c Config, r *rand.Rand, tick func(done float64) bool) (*Result, error) {
	if err := c.validate(); err != nil {
		return nil, err
	}
	c.fill()
	e := newEngine(c, r)
	e.start()
	if !e.loop(tick) {
		return nil, fmt.Errorf("stopped at %v of the run", time.Duration(e.now))
	}
	return e.result(), nil
}

// patience is how many times as long as a piece may take a run goes on in which
// nobody gets a piece. What is not done then hangs on one that nobody has.
const patience = 100

// idle is how long a run goes on in which nobody gets a piece.
func (e *engine) idle() int64 {
	slowest := e.Hosts[0].Up
	for _, h := range e.Hosts {
		slowest = min(slowest, h.Up, h.Down)
	}
	wait := span(uint64(e.Piece), 1, uint64(slowest)) + 4*e.Latency + e.Poll + 2*e.Timeout
	if e.Tracker != nil {
		wait += e.Tracker.Interval*time.Duration(e.Files) + e.Tracker.Shun/patience
	}
	return int64(min(wait, time.Duration(never/patience))) * patience
}

// loop lets one event after the other happen until all are done.
func (e *engine) loop(tick func(float64) bool) bool {
	idle := e.idle()
	for e.busy > 0 {
		ev, ok := e.next()
		if !ok || ev.at-e.gotAt > idle {
			break
		}
		e.now = ev.at
		e.happen(ev)
		e.count++
		if e.count%(1<<16) == 0 && tick != nil && !tick(float64(e.given)/float64(e.wanted)) {
			return false
		}
	}
	return true
}

// happen does what an event is about.
func (e *engine) happen(ev event) {
	switch ev.kind() {
	case sent:
		e.sent(ev.a)
	case come:
		e.come(ev.a)
	case got:
		e.got(ev.a)
	case heard:
		e.heard(ev.a, ev.b)
	case claim:
		e.claim(ev.a, ev.b)
	case begin:
		e.begin(ev.a)
	case leave:
		e.leave(ev.a)
	case watch:
		e.watch(ev.a)
	case announce:
		e.turn(ev.a)
	case dial:
		e.dialled(ev.a, ev.b)
	}
}

// result reads off what happened.
func (e *engine) result() *Result {
	res := &Result{Wasted: e.wasted, Events: e.count, Refused: e.refused}
	for i, h := range e.hosts {
		res.Sent += h.sent
		if i < e.Seeds {
			res.SeedSent += h.sent
		}
	}
	for v := range e.peers {
		p := &e.peers[v]
		if e.seed(int32(v)) {
			continue
		}
		if p.done < 0 {
			res.Done = append(res.Done, -1)
			continue
		}
		res.Done = append(res.Done, time.Duration(p.done)-e.Hosts[e.host(int32(v))].Start)
		res.Took = max(res.Took, time.Duration(p.done))
	}
	return res
}
