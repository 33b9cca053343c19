package supernode

import (
	"math/rand/v2"
	"time"
)

// Policy says when the number of supernodes changes. Its numbers are those that the
// network of 10,000 nodes gave (docs/performance.md).
type Policy struct {
	// Upper and Lower bound the part of the leaf places that is taken, Target is
	// what a change brings it nearer to.
	Upper, Lower, Target float64
	// Full is the part past which it is urgent.
	Full float64
	// Every is the time between two looks.
	Every time.Duration
	// MinServe and MinRest are the least times in the role before a supernode steps
	// down because it is not needed, and before who stepped down is one again.
	MinServe, MinRest time.Duration
	// Haste is the part of what is lacking that is asked for with one look, and
	// Patience the part of what is too much that steps down.
	Haste, Patience float64
}

// DefaultPolicy is the one that Nodes have.
var DefaultPolicy = Policy{
	Upper: 0.80, Lower: 0.58, Target: 0.68, Full: 0.95,
	Every: 30 * time.Second, MinServe: 15 * time.Minute, MinRest: 30 * time.Minute,
	Haste: 0.15, Patience: 0.2,
}

// Places are leaf places: those that are taken, of all.
type Places struct{ Taken, Total int }

// Free is how many are not taken.
func (p Places) Free() int { return max(0, p.Total-p.Taken) }

// Duty is what a supernode knows when it looks.
type Duty struct {
	InRole time.Duration
	Fit    bool // for staying
	Alone  bool // it became one for want of others, whatever its capacity
	Own    Places
	Near   []Places // of the supernodes that are its neighbours
}

// Move is what a supernode does after a look.
type Move uint8

const (
	Keep     Move = iota
	Recruit       // have a leaf become a supernode
	StepDown      // hand the leaves over and become a leaf
)

// Decide says what a supernode does now. Of those that see the same not all do.
func (p *Policy) Decide(d Duty, r *rand.Rand) Move {
	load := d.Load()
	switch {
	case d.mayGo() && p.tired(d) && r.Float64() < p.weariness(d):
		return StepDown
	case load > p.Upper:
		if r.Float64() < p.Haste*(load/p.Target-1)*p.crowding(load) {
			return Recruit
		}
	case load < p.Lower && d.InRole >= p.MinServe && d.mayGo():
		if r.Float64() < p.Patience*(1-load/p.Target) {
			return StepDown
		}
	}
	return Keep
}

// crowding hastens what is urgent: where nearly all places are taken there may be
// many that wait for one.
func (p *Policy) crowding(load float64) float64 {
	if load >= p.Full {
		return 4
	}
	return 1
}

// tired says whether a supernode should not be one, and need not.
func (p *Policy) tired(d Duty) bool {
	return !d.Fit || d.Alone && d.Load() < p.Upper
}

// fewNear is with how many neighbours a supernode is in a small group, where one is
// enough.
const fewNear = 2

// weariness is the part of those that are tired which step down now.
func (p *Policy) weariness(d Duty) float64 {
	if d.Alone && len(d.Near) <= fewNear {
		return 1 / float64(1+len(d.Near))
	}
	return p.Haste
}

// Load is the part of the neighbourhood's places that is taken. A neighbour counts
// as one of ours: nobody makes the places scarce, or plenty, by large numbers.
func (d Duty) Load() float64 {
	sum := d.Own.share()
	for _, n := range d.Near {
		sum += n.share()
	}
	return sum / float64(1+len(d.Near))
}

func (p Places) share() float64 {
	if p.Total <= 0 {
		return 1
	}
	return min(1, float64(p.Taken)/float64(p.Total))
}

// mayGo says whether the neighbours have room for all leaves, and some to spare.
func (d Duty) mayGo() bool {
	free := 0
	for _, n := range d.Near {
		free += min(n.Free(), d.Own.Total)
	}
	return len(d.Near) > 0 && free > 0 && free*2 >= d.Own.Taken*3
}
