package load

import (
	"cmp"
	"math"
	"slices"
)

// Strategy says how many copies of an object there are, given how often it is
// asked for.
type Strategy int

// The strategies of Cohen, Shenker: Replication strategies in unstructured
// peer-to-peer networks (SIGCOMM 2002), section 3.
const (
	Proportional Strategy = iota // to how often it is asked for: what peers that keep what they fetched come to
	Owner                        // one copy of each, where it was made
	Uniform                      // as many of each
	SquareRoot                   // to the root of that: the least probes a search, all in all
)

// String returns the name that tables and flags use.
func (s Strategy) String() string {
	switch s {
	case Owner:
		return "owner"
	case Uniform:
		return "uniform"
	case Proportional:
		return "proportional"
	case SquareRoot:
		return "square-root"
	}
	return "unknown"
}

// share is what an object gets of the budget, beside the others.
func (s Strategy) share(q float64) float64 {
	switch s {
	case Proportional:
		return q
	case SquareRoot:
		return math.Sqrt(q)
	default:
		return 1
	}
}

// Replicate returns how many copies each object has. q says how often each is
// asked for, in any unit; none is negative. There are budget copies in all, and
// from 1 to most of each: what the strategy would have outside of that goes to
// the others, as is best under such bounds (Cohen, Shenker, section 4). Parts of
// copies go to the largest remainders. An object that is asked for more has
// no fewer copies. A budget that is too small gives one of each, one too large
// gives most of each; Owner looks at neither.
func Replicate(s Strategy, q []float64, budget, most int) []int {
	copies := make([]int, len(q))
	most = max(1, most)
	if s == Owner || budget < len(q) {
		budget = len(q)
	}
	budget = min(budget, len(q)*most)
	if len(q) == 0 {
		return copies
	}
	exact := make([]float64, len(q))
	spread(s, q, exact, float64(budget), float64(most))
	left := budget
	order := make([]int, len(q))
	for i, x := range exact {
		copies[i] = int(x)
		left -= copies[i]
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		ra, rb := exact[a]-float64(copies[a]), exact[b]-float64(copies[b])
		return cmp.Or(cmp.Compare(rb, ra), cmp.Compare(q[b], q[a]), cmp.Compare(a, b))
	})
	for i := 0; left > 0; i = (i + 1) % len(order) {
		if object := order[i]; copies[object] < most {
			copies[object]++
			left--
		}
	}
	return copies
}

// spread sets exact to the shares, scaled so that what is over 1 and under most
// adds up to budget, or to a hair less.
func spread(s Strategy, q, exact []float64, budget, most float64) {
	fill := func(scale float64) (sum float64) {
		for i := range q {
			exact[i] = min(most, max(1, scale*s.share(q[i])))
			sum += exact[i]
		}
		return sum
	}
	low, high := 0.0, 1.0
	for fill(high) < budget && high < math.MaxFloat64/4 {
		low, high = high, 2*high
	}
	// The sum grows with the scale: halving finds it to the last digit.
	for {
		scale := low + float64((high-low)/2)
		if scale <= low || scale >= high {
			break
		}
		if fill(scale) <= budget {
			low = scale
		} else {
			high = scale
		}
	}
	fill(low)
}
