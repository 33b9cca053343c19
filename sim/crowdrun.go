package sim

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/seed282dab8e/servent/sim/load"
)

// CrowdPlan says what is done with a Crowd, beside its coming and going.
type CrowdPlan struct {
	Time  time.Duration // that it runs, Ramp included; an hour
	Every time.Duration // between two looks at its shape; 10 min
	// Settle is when role changes begin to count; the end of Ramp, twice as much
	// where nodes find their roles themselves.
	Settle time.Duration

	Partition time.Duration // in the middle of Time half of the nodes are cut off for so long; 0: never
	Slow      float64       // part of the nodes that are ten times as slow from the middle of Time on; 0

	Searches int           // after Time, one every Spacing; 60
	Spacing  time.Duration // 100 ms
	Wait     time.Duration // after the last; 5 min: of 20 neighbours one after another is asked, for up to 10 s each
	Target   int           // files that a search wants; more are not looked for; 50

	Crash float64 // part of the supernodes that crash at once in the end; 0
}

func (p CrowdPlan) withDefaults(c CrowdConfig) CrowdPlan {
	if p.Time == 0 {
		p.Time = time.Hour
	}
	if p.Every == 0 {
		p.Every = 10 * time.Minute
	}
	if p.Settle == 0 {
		p.Settle = c.Ramp
		if c.Supernodes == 0 {
			p.Settle = 2 * c.Ramp
		}
	}
	if p.Searches == 0 {
		p.Searches = 60
	}
	if p.Spacing == 0 {
		p.Spacing = 100 * time.Millisecond
	}
	if p.Wait == 0 {
		p.Wait = 5 * time.Minute
	}
	if p.Target == 0 {
		p.Target = 50
	}
	return p
}

// CrowdResult is what a Crowd did. It survives JSON.
type CrowdResult struct {
	Shapes      []Shape
	RoleChanges float64        // of a node in an hour, after Settle
	Why         map[string]int // role changes, by reason

	Searches          int
	Found, Soon, Want int             // files: of those there at most Target for each search; Soon: within ten seconds
	First             []time.Duration // to the first hit, of the searches that have one, ascending
	Queries           int             // copies of queries that the searches took
	Duplicates        int             // of them, to nodes that had one
	FalseHits         int             // of files that nobody has

	Crashed, Full int           // supernodes, and leaves that had all of theirs before
	Healed        time.Duration // until these had all again
	Unhealed      int           // that had not after five minutes

	Traffic []Traffic // of all the time
	Time    time.Duration
	Trace   string // its hash, in hexadecimal digits
}

// Recall is the part of the files that were found.
func (r *CrowdResult) Recall() float64 { return float64(r.Found) / float64(max(1, r.Want)) }

// BoasterPlaces is the part of the supernodes' places that boasters held, over all
// shapes after so long.
func (r *CrowdResult) BoasterPlaces(after time.Duration) float64 {
	boasters, places := 0, 0
	for _, s := range r.Shapes {
		if s.At > after {
			boasters, places = boasters+s.BoasterPlaces, places+s.Supernodes+s.BoasterPlaces
		}
	}
	return float64(boasters) / float64(max(1, places))
}

// crowdRun is a run under way.
type crowdRun struct {
	*Crowd
	ctx    context.Context
	tick   func(done float64)
	plan   CrowdPlan
	length time.Duration // of all, about
	result CrowdResult
	settle Shape
}

// RunCrowd makes a Crowd and does with it what plan says. It tells tick how much is
// done, and ends with an error soon after ctx does. With Config.Check an error
// tells of the first invariants that do not hold.
func RunCrowd(ctx context.Context, cfg CrowdConfig, plan CrowdPlan, tick func(done float64)) (*CrowdResult, error) {
	c, err := NewCrowd(cfg)
	if err != nil {
		return nil, err
	}
	plan = plan.withDefaults(c.cfg)
	r := &crowdRun{Crowd: c, ctx: ctx, tick: tick, plan: plan}
	r.length = plan.Time + time.Duration(plan.Searches)*plan.Spacing + plan.Wait
	for _, part := range []func() error{r.live, r.search, r.crashAndHeal} {
		if err := part(); err != nil {
			_ = c.w.EndRecord() // so that it can be replayed up to here
			return nil, err
		}
	}
	return r.finish()
}

// passStep is how often a run looks whether it shall end.
const passStep = 10 * time.Second

// pass lets d pass.
func (r *crowdRun) pass(d time.Duration) error {
	for d > 0 {
		step := min(d, passStep)
		r.w.Run(step)
		d -= step
		if r.tick != nil {
			r.tick(min(1, float64(r.w.Now())/float64(r.length)))
		}
		if err := r.ctx.Err(); err != nil {
			return err
		}
		if r.watch != nil && len(r.watch.faults) > 0 {
			return &BrokenError{Seed: r.cfg.Seed, Faults: r.watch.faults}
		}
	}
	return nil
}

// BrokenError says which invariants of a run did not hold.
type BrokenError struct {
	Seed   uint64
	Faults []string // the first; there may be more
}

func (e *BrokenError) Error() string {
	return fmt.Sprintf("an invariant is broken: %s", e.Faults[0])
}

// live lets the nodes join, come and go.
func (r *crowdRun) live() error {
	stops := r.plan.looks()
	for _, at := range stops {
		if at < r.w.Now() {
			continue // went by while the network was cut
		}
		if err := r.pass(at - r.w.Now()); err != nil {
			return err
		}
		s := r.look()
		r.result.Shapes = append(r.result.Shapes, s)
		if at <= r.plan.Settle {
			r.settle = s
		}
		if at == r.plan.middle() {
			if err := r.trouble(); err != nil {
				return err
			}
		}
	}
	if hours := (r.w.Now() - r.settle.At).Hours(); hours > 0 {
		changes := r.look().RoleChanges - r.settle.RoleChanges
		r.result.RoleChanges = float64(changes) / (float64(r.cfg.Nodes) * hours)
	}
	return nil
}

func (p CrowdPlan) middle() time.Duration { return p.Time / 2 }

// looks are the times at which a run stops: every so often, in the middle, when roles
// have settled, and in the end.
func (p CrowdPlan) looks() []time.Duration {
	stops := []time.Duration{p.middle(), min(p.Settle, p.Time), p.Time}
	for at := p.Every; at < p.Time; at += p.Every {
		stops = append(stops, at)
	}
	slices.Sort(stops)
	return slices.Compact(stops)
}

// trouble is what happens in the middle of the time.
func (r *crowdRun) trouble() error {
	var slow, cut []NodeID
	for i := range r.kinds {
		if r.plan.Slow > 0 && r.rand.Float64() < r.plan.Slow {
			slow = append(slow, NodeID(i))
		}
		if r.plan.Partition > 0 && r.rand.IntN(2) == 0 {
			cut = append(cut, NodeID(i))
		}
	}
	for _, id := range slow {
		r.w.Slow(id, slowFactor)
	}
	if len(cut) == 0 {
		return nil
	}
	r.w.Partition(cut)
	if err := r.pass(r.plan.Partition); err != nil {
		return err
	}
	r.w.Heal()
	return nil
}

// slowFactor is how many times as long everything takes at a slow node.
const slowFactor = 10

// search has honest leaves search for what the workload says, and counts how much is
// found of what there is.
func (r *crowdRun) search() error {
	var asked []question
	for range r.plan.Searches {
		if q, ok := r.ask(); ok {
			asked = append(asked, q)
		}
		if err := r.pass(r.plan.Spacing); err != nil {
			return err
		}
	}
	if err := r.pass(r.plan.Wait); err != nil {
		return err
	}
	for _, q := range asked {
		r.judge(q)
		r.w.EndQuery(q.flood)
	}
	slices.Sort(r.result.First)
	return nil
}

// judge adds what became of a search to the result.
func (r *crowdRun) judge(q question) {
	s, f := &r.result, q.flood
	s.Queries += f.Messages
	s.Duplicates += f.Messages - f.Reached
	for _, h := range f.Hits {
		if !q.real(h) {
			s.FalseHits++
		}
	}
	if r.node(q.by) == nil {
		return
	}
	there := r.still(q)
	s.Searches++
	s.Want += min(filesOf(there), r.plan.Target)
	s.Found += min(q.count(there, r.plan.Target, load.Forever), r.plan.Target)
	s.Soon += min(q.count(there, r.plan.Target, soonTime), r.plan.Target)
	if i := slices.IndexFunc(f.Hits, q.real); i >= 0 {
		s.First = append(s.First, f.Hits[i].At-q.at)
	}
}

// patience is how long leaves get to find other supernodes.
const patience = 5 * time.Minute

func (r *crowdRun) crashAndHeal() error {
	if r.plan.Crash <= 0 {
		return nil
	}
	had := r.full()
	r.result.Full, r.result.Crashed = len(had), r.crash(r.plan.Crash)
	var err error
	r.result.Healed, r.result.Unhealed, err = r.recovery(had, patience, r.pass)
	return err
}

func (r *crowdRun) finish() (*CrowdResult, error) {
	r.result.Traffic, r.result.Why, r.result.Time = r.w.Traffic(), r.why, r.w.Now()
	r.result.Trace = fmt.Sprintf("%016x", r.w.Trace().Hash)
	return &r.result, r.w.EndRecord()
}
