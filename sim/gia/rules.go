package gia

import (
	"math"
	"time"
)

// Rules are the parameters of topology adaptation. [DefaultRules] has the
// paper's.
type Rules struct {
	MinNeighbours int // with fewer a peer is not satisfied at all
	MaxNeighbours int // at most 128
	MinAlloc      int // messages a second; a peer takes no more neighbours than it could give as much to
	Hysteresis    int // neighbours more that one must have to be dropped for a newcomer
	Candidates    int // peers that are looked at for one that is asked
	// A peer of satisfaction S looks for a better neighbour each
	// Interval * Aggressiveness^-(1-S).
	Interval       time.Duration
	Aggressiveness int
}

// DefaultRules returns what the paper names in sections 3.2.1, 5.1 and 5.4. Of
// the candidates it says that they are few.
func DefaultRules() Rules {
	return Rules{
		MinNeighbours: 3, MaxNeighbours: 128, MinAlloc: 4, Hysteresis: 5, Candidates: 5,
		Interval: 10 * time.Second, Aggressiveness: 256,
	}
}

// bound is how many neighbours a peer takes: no more than leaves each the
// smallest share of its capacity.
func (r Rules) bound(capacity int32) int {
	return max(r.MinNeighbours, min(r.MaxNeighbours, int(capacity)/r.MinAlloc))
}

// wait is the time until a peer adapts again: T*K^-(1-S). It is made of square
// roots and products alone, which give the same on any machine.
func (r Rules) wait(satisfaction float64) int64 {
	left := uint32((1 - satisfaction) * 65536)
	if left >= 65536 {
		return int64(r.Interval) / int64(r.Aggressiveness)
	}
	part, root := 1.0, 1/float64(r.Aggressiveness)
	for bit := uint32(32768); bit > 0; bit >>= 1 {
		root = math.Sqrt(root)
		if left&bit != 0 {
			part *= root
		}
	}
	return int64(float64(r.Interval) * part)
}
