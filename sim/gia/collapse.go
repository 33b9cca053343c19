package gia

import (
	"context"
	"math"
	"math/rand/v2"

	"github.com/seed282dab8e/servent/sim/exact"
)

// Search is how a collapse point is looked for: the queries a second of each
// peer beyond which fewer than Enough of them find an answer (section 5.2).
// Queues have no end, so no query is lost; what makes one fail is that the run
// is over. So how long it lasts is part of the definition.
type Search struct {
	Load   Load    // TTL, Responses, Backlog, Costly
	Enough float64 // 0.9
	// A run lasts until each peer has got about Work messages, and for
	// Patience times what a query takes when there are no others, if that is
	// longer. The first quarter of it is not counted, the second is, and what
	// has no answer at the end of the fourth has failed.
	Work     float64
	Patience float64
	Least    float64 // seconds that a run lasts in any case; the slowest peers process one message in each
	Queries  float64 // and until so many have been counted
	// Exact is how far apart the highest rate that did not collapse and the
	// lowest that did may be: 1.1 is ten percent.
	Exact float64
	// Most is a rate beyond which is not looked; 0: none is.
	Most float64
	Tick func(done float64) // nil: nobody wants to know
}

// DefaultSearch returns one that takes seconds with 10,000 peers. A flood makes
// so many messages that fewer of them have to do, but over a time in which slow
// peers fall behind.
func DefaultSearch(d Design) Search {
	s := Search{Enough: 0.9, Work: 100, Patience: 10, Least: 2, Queries: 100, Exact: 1.15}
	switch {
	case d.Super:
		s.Least = 8
	case d.Flood:
		s.Work, s.Least = 300, 20
	}
	if d.Flood {
		s.Load.TTL, s.Queries = FloodTTL, 20
	} else if !d.OneHop {
		s.Patience = 7 // a thousand hops; about one query in a hundred takes longer when all is calm
	}
	return s
}

// FloodTTL is how far floods go. It is more than it takes to reach all.
const FloodTTL = 10

// Finding is what a search came to.
type Finding struct {
	// Point is in queries a second and peer: the middle between what did
	// collapse and what did not; 0: whatever was tried did. It is above the
	// greatest capacity when nothing did.
	Point float64

	AtLeast bool // Point held, and beyond Search.Most was not looked

	// At half the collapse point, of queries that all had the time they took.
	Hops, Delay float64
	Messages    float64 // a query
	// With hardly any load.
	IdleHops, IdleDelay, IdleMessages float64

	Trials []Trial // every load that was tried, as it was tried
}

// Trial is one load.
type Trial struct {
	Rate, Success, Hops, Delay float64
	Held                       bool // did not collapse
}

// search is a Search under way.
type search struct {
	Search
	net *Network
	r   *rand.Rand
	out Finding
}

// Collapse looks for the collapse point. It ends early, with what it has, when
// ctx does.
func Collapse(ctx context.Context, r *rand.Rand, n *Network, s Search) (Finding, error) {
	x := &search{Search: s, net: n, r: r}
	x.Load.Stop = func() bool { return ctx.Err() != nil }
	x.idle()
	low, high := x.bracket(ctx)
	if low == 0 {
		return x.out, ctx.Err()
	}
	steps := math.Ceil(exact.Log2(exact.Log(high/low) / exact.Log(s.Exact)))
	for i := 0.0; high/low > s.Exact && ctx.Err() == nil; i++ {
		x.tick(0.4 + 0.4*i/max(1, steps))
		if mid := math.Sqrt(low * high); x.holds(mid, 1) {
			low = mid
		} else {
			high = mid
		}
	}
	x.out.Point = math.Sqrt(low * high)
	x.tick(0.8)
	x.calm(low / 2)
	x.tick(1)
	return x.out, ctx.Err()
}

func (x *search) tick(done float64) {
	if x.Tick != nil {
		x.Tick(done)
	}
}

// idle finds what a query takes when there are no others to speak of.
func (x *search) idle() {
	rate, queries := 1e-6, 200.0
	if x.net.design.Flood {
		rate, queries = 1e-7, 40
	}
	l := x.Load
	l.Rate, l.Enough = rate, 1
	l.Count = queries / (rate * float64(len(x.net.class)))
	l.Drain = l.Count
	res := x.net.Run(x.r, l)
	x.out.IdleHops, x.out.IdleDelay = res.Hops, res.Delay
	x.out.IdleMessages = float64(res.Messages) / float64(res.Asked)
}

// bracket returns a rate that holds and one at which the network collapses. It
// climbs from far below what the capacities of all could bear. Both are zero
// when even that is too much, and equal when nothing is.
func (x *search) bracket(ctx context.Context) (low, high float64) {
	mean := 0.0
	for _, c := range Classes() {
		mean += float64(float64(c.Capacity)*float64(c.PerMille)) / 1000
	}
	low = mean / max(1, x.out.IdleMessages) / 300
	for i := 0; !x.holds(low, 0.3); i++ {
		if i == 2 || ctx.Err() != nil {
			return 0, 0
		}
		low /= 9
	}
	for i := 1.0; ; i++ {
		x.tick(0.4 * i / 6)
		high = low * 3
		if x.out.AtLeast = x.Most > 0 && high > x.Most; x.out.AtLeast {
			return low, low
		}
		if ctx.Err() != nil || !x.holds(high, 0.3) {
			return low, high
		}
		if low = high; low > most {
			return low, low // all ask as much as they can
		}
	}
}

// length returns how long a run at a rate lasts.
func (x *search) length(rate, work float64) float64 {
	a := newAsker(x.net.sizes, rate)
	each := a.upto[classes-1] / float64(len(x.net.class)) // some cannot ask so much
	return max(x.Work*work/(each*x.out.IdleMessages), x.Patience*x.out.IdleDelay, x.Least, 4*x.Queries/(each*float64(len(x.net.class))))
}

// holds says whether enough queries find an answer at a rate.
func (x *search) holds(rate, work float64) bool {
	l, t := x.Load, x.length(rate, work)
	l.Rate, l.Enough = rate, x.Enough
	l.Warm, l.Count, l.Drain = t/4, t/4, t/2
	res := x.net.Run(x.r, l)
	held := res.Success >= x.Enough
	x.out.Trials = append(x.out.Trials, Trial{rate, res.Success, res.Hops, res.Delay, held})
	return held
}

// calm measures below the collapse point.
func (x *search) calm(rate float64) {
	l, t := x.Load, x.length(rate, 1)
	l.Rate, l.Enough = rate, 1
	l.Warm, l.Count, l.Drain = t/4, t/4, 10*t
	res := x.net.Run(x.r, l)
	x.out.Hops, x.out.Delay = res.Hops, res.Delay
	x.out.Messages = float64(res.Messages) / float64(res.Asked)
}
