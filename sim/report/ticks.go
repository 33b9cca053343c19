package report

import (
	"math"
	"strconv"

	"github.com/seed282dab8e/servent/sim/exact"
)

func log10(v float64) float64 { return exact.Log(v) / math.Ln10 }

// step is the smallest of 1, 2 or 5 times a power of ten that gives at most
// room texts.
func (a axis) step(room int) float64 {
	least := (a.max - a.min) / float64(max(room-1, 1))
	step := roundUp(least)
	if a.whole {
		step = max(step, 1)
	}
	return step
}

func (a axis) linearTicks(step float64) []tick {
	var ticks []tick
	size := max(math.Abs(a.min), math.Abs(a.max))
	unit, suffix := si(size, 1e4)
	places := max(0, -int(math.Floor(log10(step/unit)+1e-9)))
	for i := math.Ceil(a.min/step - 1e-9); i <= a.max/step+1e-9; i++ {
		t := tick{at: i * step, text: "0"}
		switch {
		case i == 0:
		case size < 1e-3 || size >= 1e15:
			t.text = strconv.FormatFloat(t.at, 'g', 3, 64)
		default:
			t.text = group(strconv.FormatFloat(t.at/unit, 'f', places, 64)) + suffix
		}
		ticks = append(ticks, t)
	}
	return ticks
}

// si is the unit that numbers of the size of v are told in, from the size
// least on.
func si(v, least float64) (unit float64, suffix string) {
	switch {
	case v < least || v >= 1e15:
		return 1, ""
	case v >= 1e12:
		return 1e12, "T"
	case v >= 1e9:
		return 1e9, "G"
	case v >= 1e6:
		return 1e6, "M"
	default:
		return 1e3, "k"
	}
}

// logTicks marks as many of the levels below as room has texts for; the next
// finer level is marked without text.
func (a axis) logTicks(room int) []tick {
	levels := []struct {
		mantissas string
		every     int // decades
	}{{"1", 64}, {"1", 16}, {"1", 8}, {"1", 4}, {"1", 3}, {"1", 2}, {"1", 1}, {"125", 1}, {"1235", 1}}
	var best []tick
	for _, level := range levels {
		ticks := a.decades(level.mantissas, level.every, true)
		if best != nil && len(ticks) > room {
			break
		}
		best = ticks
	}
	if decades := log10(a.max / a.min); decades <= 8 {
		best = append(best, a.decades("23456789", 1, false)...)
	}
	return best
}

func (a axis) decades(mantissas string, every int, texts bool) []tick {
	var ticks []tick
	from := int(math.Floor(log10(a.min) + 1e-9))
	to := int(math.Ceil(log10(a.max) - 1e-9))
	for e := from; e <= to; e++ {
		if e%every != 0 {
			continue
		}
		for _, m := range []byte(mantissas) {
			v := timesTen(float64(m-'0'), e)
			if at := a.at(v); at < -1e-9 || at > 1+1e-9 {
				continue
			}
			t := tick{at: v}
			if texts {
				t.text = short(v)
			}
			ticks = append(ticks, t)
		}
	}
	return ticks
}

// short writes a number in a few letters: 0.05, 20, 500, 2k, 1.5M.
func short(v float64) string {
	if a := math.Abs(v); v != 0 && a < 1e-4 || a >= 1e15 {
		return strconv.FormatFloat(v, 'g', 3, 64)
	}
	unit, suffix := si(math.Abs(v), 1e3)
	return human(v/unit) + suffix
}

// roundUp is the first of 1, 2 or 5 times a power of ten that is not below v;
// roundDown the last that is not above.
func roundUp(v float64) float64 {
	e := int(math.Floor(log10(v)))
	for _, m := range []float64{1, 2, 5, 10} {
		if r := timesTen(m, e); r >= v*(1-1e-9) {
			return r
		}
	}
	return timesTen(1, e+2)
}

func roundDown(v float64) float64 {
	e := int(math.Floor(log10(v) + 1e-9))
	for _, m := range []float64{5, 2} {
		if r := timesTen(m, e); r <= v*(1+1e-9) {
			return r
		}
	}
	return timesTen(1, e)
}

// timesTen is m times ten to the power of e, as the nearest float to what one
// would write.
func timesTen(m float64, e int) float64 {
	if e < 0 {
		return m / math.Pow10(-e)
	}
	return m * math.Pow10(e)
}
