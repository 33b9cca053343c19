package report

import (
	"math"

	"github.com/seed282dab8e/servent/sim/exact"
)

// axis maps values to the part of its length, from 0 to 1.
type axis struct {
	min, max float64 // min < max
	log      bool
	whole    bool // all values are whole numbers, so ticks are too
	ticks    []tick
}

// tick is a mark on an axis. Minor ones have no text.
type tick struct {
	at   float64
	text string
}

// at is where v is, as a part of the axis.
func (a axis) at(v float64) float64 {
	if a.log {
		return exact.Log(v/a.min) / exact.Log(a.max/a.min)
	}
	return (v - a.min) / (a.max - a.min)
}

// span is the smallest and largest of the values that were added to it.
type span struct {
	min, max float64
	any      bool
	part     bool // one was not a whole number
}

func (s *span) add(v float64) {
	if math.IsNaN(v) {
		return
	}
	if !s.any {
		s.min, s.max, s.any = v, v, true
	}
	s.min, s.max = min(s.min, v), max(s.max, v)
	s.part = s.part || v != math.Trunc(v)
}

// newAxis makes an axis over s with at most room texts. From zero, if zero is
// near; up to round numbers, if ends is set.
func newAxis(s span, log, ends bool, room int) axis {
	if !s.any {
		s.min, s.max = 1, 1
	}
	a := axis{min: s.min, max: s.max, log: log, whole: !s.part}
	if log {
		a.min, a.max = roundDown(a.min), roundUp(a.max)
		if a.max <= a.min*(1+1e-9) { // as large numbers round
			a.min, a.max = a.min/10, a.max*10
		}
		a.ticks = a.logTicks(room)
		return a
	}
	a.open(ends)
	step := a.step(room)
	if ends {
		a.min, a.max = math.Floor(a.min/step)*step, math.Ceil(a.max/step)*step
	}
	a.ticks = a.linearTicks(step)
	return a
}

// open gives a linear axis a length: one that ends at round numbers begins at
// zero unless all values lie close together far from it, another only if some
// are very near to it.
func (a *axis) open(ends bool) {
	equal := a.min == a.max
	switch {
	case ends && equal && a.min == 0:
		a.max = 1
	case ends && a.min > 0 && (equal || a.min < a.max/2):
		a.min = 0
	case ends && a.max < 0 && (equal || a.max > a.min/2):
		a.max = 0
	case !ends && a.min > 0 && a.min < a.max/20:
		a.min = 0
	case equal:
		d := max(1, math.Abs(a.min)/10)
		a.min, a.max = a.min-d, a.max+d
	}
}
