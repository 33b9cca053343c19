package gia

import (
	"math/rand/v2"
)

// Load is what is asked of a network.
//
// Every peer asks Rate queries a second, but no more than its capacity (section
// 5.1). In each stretch of time that is one query long, all peers together ask
// once, at a random moment: of one peer that is as good as a Poisson process.
type Load struct {
	Rate      float64
	TTL       int // hops after which a query ends; 0: it does not
	Responses int // a query ends when it has found so many copies: MAX_RESPONSES; 0 counts as 1; floods look for one

	// The run warms up, then counts what is asked, then waits for what is open
	// while more is asked. In seconds.
	Warm, Count, Drain float64
	// Enough ends the run when so large a part of what is counted has been
	// answered, or when the outlook is that it will not be; 1 when all of it was,
	// or has ended.
	Enough float64

	// Backlog is the work, in seconds, that a peer may hold before it gives
	// fewer tokens; one query is always well. 0 counts as [DefaultBacklog].
	Backlog float64
	// Costly makes a peer process its own queries like those of others, in turn.
	// Else they cost it nothing: a capacity is about messages that come in
	// (section 5.1).
	Costly bool

	// Stop, when not nil, is asked now and then whether the run is to end at
	// once. Its result then says nothing.
	Stop func() bool
}

// DefaultBacklog is a tenth of a second: 1,000 queries at the fastest peers, one
// at the slowest. The paper says that a queue can be too long (section 3.2.2)
// and not when.
const DefaultBacklog = 0.1

// Result is what came of a [Load].
type Result struct {
	Seconds  float64 // how long it ran
	Messages int64   // processed

	// What became of all queries: Asked is the sum of the others.
	Asked    int64
	Answered int64
	Expired  int64 // ended without an answer: TTL, or a flood that has died out
	Open     int64 // had neither when the run ended

	Counted  int64   // those that the rest is about
	Success  float64 // when the run ended
	Hops     float64 // mean, to the answer, of those that were answered
	Delay    float64 // mean, in seconds
	Decided  bool    // Success is for certain above or below Enough
	Snapshot int64   // most queries open at any time
}

// engine is a way to pass queries on.
type engine interface {
	ask(v, keyword int32, counted bool) // v asks
	served(v int32)                     // v has processed what it worked on
	ticked(v int32)                     // v may give a token
}

// run is a load under way.
type run struct {
	net   *Network
	load  Load
	r     *rand.Rand
	now   int64
	lines *lines
	from  asker
	res   Result

	begin, end, stop int64 // of what is counted, and of the run
	ended            int64 // of the counted, with or without an answer
	found            int64 // of the counted
	hops, delay      int64 // sums
	steps            int   // of the run, for Stop
	outlook          outlook
}

// Run sends queries through the network.
func (n *Network) Run(r *rand.Rand, l Load) Result {
	x := &run{net: n, load: l, r: r, lines: newLines(n.sizes, n.design.Tokens)}
	x.begin = int64(l.Warm * float64(Second))
	x.end = x.begin + int64(l.Count*float64(Second))
	x.stop = x.end + int64(l.Drain*float64(Second))
	x.outlook = newOutlook(x.end, x.stop)
	x.from = newAsker(n.sizes, l.Rate)
	x.load.Responses = max(1, l.Responses)
	if l.Backlog == 0 {
		x.load.Backlog = DefaultBacklog
	}
	if n.design.Flood {
		x.until(newFloods(x))
	} else {
		x.until(newWalks(x))
	}
	return x.result()
}

// stopEach is after how many messages a run asks whether it is to stop.
const stopEach = 1 << 16

func (x *run) stopped() bool {
	x.steps++
	return x.steps%stopEach == 0 && x.load.Stop != nil && x.load.Stop()
}

func (x *run) until(e engine) {
	x.from.next(x.r)
	for !x.decided() && !x.hopeless() && !x.stopped() {
		k, at := x.lines.next()
		if x.from.at < at {
			if x.from.at >= x.stop {
				break
			}
			x.ask(e)
			continue
		}
		if at >= x.stop {
			break
		}
		x.now = at
		v := x.lines.pop(k)
		if k < ticked {
			e.served(v)
		} else {
			e.ticked(v)
		}
	}
}

func (x *run) ask(e engine) {
	x.now = x.from.at
	counted := x.now >= x.begin && x.now < x.end
	x.res.Asked++
	if counted {
		x.res.Counted++
	}
	x.res.Snapshot = max(x.res.Snapshot, x.res.Asked-x.res.Answered-x.res.Expired)
	e.ask(x.from.peer, x.r.Int32N(keywords), counted)
	x.from.next(x.r)
}

// decided says whether what is still to come cannot matter: enough of the
// counted have answers, or too many have ended without.
func (x *run) decided() bool {
	if x.now < x.end || x.res.Counted == 0 {
		return false
	}
	counted := float64(x.res.Counted)
	lost := x.ended - x.found
	return float64(x.found) >= x.load.Enough*counted && x.load.Enough < 1 ||
		x.ended == x.res.Counted || float64(lost) > (1-x.load.Enough)*counted && x.load.Enough < 1
}

// hopeless says whether too few of the counted will have an answer in time.
func (x *run) hopeless() bool {
	return x.load.Enough < 1 && x.outlook.hopeless(x.now, x.found, float64(x.load.Enough*float64(x.res.Counted)))
}

// answered and expired end a query.
func (x *run) answered(counted bool, born int64, hops int32) {
	x.res.Answered++
	if counted {
		x.ended++
		x.found++
		x.hops += int64(hops)
		x.delay += x.now - born
	}
}

func (x *run) expired(counted bool) {
	x.res.Expired++
	if counted {
		x.ended++
	}
}

func (x *run) result() Result {
	x.res.Decided = x.decided()
	x.res.Seconds = float64(x.now) / float64(Second)
	x.res.Open = x.res.Asked - x.res.Answered - x.res.Expired
	if x.res.Counted > 0 {
		x.res.Success = float64(x.found) / float64(x.res.Counted)
	}
	if x.found > 0 {
		x.res.Hops = float64(x.hops) / float64(x.found)
		x.res.Delay = float64(x.delay) / float64(x.found) / float64(Second)
	}
	return x.res
}

// asker says who asks next, and when.
type asker struct {
	at   int64
	peer int32

	gap, slot int64
	sizes     [classes]int
	upto      [classes]float64 // rates of the classes up to each
}

func newAsker(sizes [classes]int, rate float64) asker {
	a := asker{sizes: sizes}
	sum := 0.0
	for i, c := range Classes() {
		own := min(rate, float64(c.Capacity))
		sum += float64(own * float64(a.sizes[i]))
		a.upto[i] = sum
	}
	a.gap = max(1, int64(float64(Second)/sum))
	return a
}

func (a *asker) next(r *rand.Rand) {
	a.at = a.slot + r.Int64N(a.gap)
	a.slot += a.gap
	x := r.Float64() * a.upto[classes-1]
	first := 0
	for c := range classes {
		if x < a.upto[c] || c == classes-1 {
			a.peer = int32(first + r.IntN(a.sizes[c]))
			return
		}
		first += a.sizes[c]
	}
}
