package report

import (
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// ticksText writes the ticks of an axis: minor ones as dots.
func ticksText(a axis) string {
	ticks := slices.Clone(a.ticks)
	slices.SortFunc(ticks, func(x, y tick) int { return int(math.Copysign(1, x.at-y.at)) })
	var out []string
	for _, t := range ticks {
		if t.text != "" {
			out = append(out, t.text)
		}
	}
	return strings.Join(out, " ")
}

func TestAxis(t *testing.T) {
	tests := []struct {
		name     string
		values   []float64
		log      bool
		ends     bool
		room     int
		min, max float64
		want     string
	}{
		{"from zero", []float64{3, 98}, false, true, 8, 0, 100, "0 20 40 60 80 100"},
		{"from zero, as it is near", []float64{40, 98}, false, true, 6, 0, 100, "0 20 40 60 80 100"},
		{"below zero, near it", []float64{-98, -40}, false, true, 6, -100, 0, "-100 -80 -60 -40 -20 0"},
		{"not from zero", []float64{60, 98}, false, true, 8, 60, 100, "60 70 80 90 100"},
		{"below zero", []float64{-98, -3}, false, true, 8, -100, 0, "-100 -80 -60 -40 -20 0"},
		{"both signs", []float64{-14, 303}, false, true, 9, -50, 350, "-50 0 50 100 150 200 250 300 350"},
		{"whole numbers", []float64{0, 2}, false, true, 8, 0, 2, "0 1 2"},
		{"parts", []float64{0, 1.9}, false, true, 6, 0, 2, "0 0.5 1.0 1.5 2.0"},
		{"thousands", []float64{0, 8000}, false, true, 6, 0, 8000, "0 2,000 4,000 6,000 8,000"},
		{"kilo", []float64{0, 30000}, false, true, 5, 0, 30000, "0 10k 20k 30k"},
		{"mega", []float64{0, 1.2e6}, false, true, 4, 0, 1.5e6, "0 0.5M 1.0M 1.5M"},
		{"tiny", []float64{0, 1e-6}, false, true, 3, 0, 1e-6, "0 5e-07 1e-06"},
		{"equal", []float64{42, 42}, false, true, 4, 0, 60, "0 20 40 60"},
		{"all zero", []float64{0}, false, true, 8, 0, 1, "0 1"},
		{"nothing", nil, false, true, 8, 0, 1, "0 1"},
		{"open ends", []float64{1, 7}, false, false, 7, 1, 7, "1 2 3 4 5 6 7"},
		{"open, near to zero", []float64{4, 100}, false, false, 6, 0, 100, "0 20 40 60 80 100"},
		{"open, not so near", []float64{5, 100}, false, false, 6, 5, 100, "20 40 60 80 100"},
		{"open, equal", []float64{3}, false, false, 7, 2, 4, "2 3 4"},
		{"decades", []float64{1000, 1e6}, true, false, 5, 1000, 1e6, "1k 10k 100k 1M"},
		{"decades, more room", []float64{1, 100}, true, true, 8, 1, 100, "1 2 5 10 20 50 100"},
		{"every other decade", []float64{1, 1e8}, true, true, 5, 1, 1e8, "1 100 10k 1M 100M"},
		{"part of a decade", []float64{0.0012, 0.004}, true, true, 8, 0.001, 0.005, "0.001 0.002 0.003 0.005"},
		{"equal, logarithmic", []float64{100}, true, true, 4, 10, 1000, "10 100 1k"},
		{"many decades", []float64{1e-64, 1e64}, true, true, 4, 1e-64, 1e64, "1e-64 1 1e+64"},
	}
	for _, tt := range tests {
		var s span
		for _, v := range tt.values {
			s.add(v)
		}
		a := newAxis(s, tt.log, tt.ends, tt.room)
		if a.min != tt.min || a.max != tt.max || ticksText(a) != tt.want {
			t.Errorf("%s: %v to %v with %s, want %v to %v with %s", tt.name, a.min, a.max, ticksText(a), tt.min, tt.max, tt.want)
		}
	}
}

// TestAxisHoldsAll: whatever the values, they lie on the axis, ticks too, and
// there are two texts at least and not many.
func TestAxisHoldsAll(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		log, ends := rapid.Bool().Draw(t, "log"), rapid.Bool().Draw(t, "ends")
		room := rapid.IntRange(2, 12).Draw(t, "room")
		values := rapid.SliceOfN(rapid.Float64Range(-1e99, 1e99), 1, 5)
		if log {
			values = rapid.SliceOfN(rapid.Float64Range(1e-99, 1e99), 1, 5)
		}
		var s span
		list := values.Draw(t, "values")
		for i, v := range list {
			list[i] = rounded(v)
			s.add(list[i])
		}
		a := newAxis(s, log, ends, room)
		if !(a.min < a.max) {
			t.Fatalf("from %v to %v", a.min, a.max)
		}
		for _, v := range list {
			if at := a.at(v); !(at >= -1e-6 && at <= 1+1e-6) {
				t.Errorf("%v lies at %v of %v to %v", v, at, a.min, a.max)
			}
		}
		texts := 0
		for _, tick := range a.ticks {
			if at := a.at(tick.at); !(at >= -1e-6 && at <= 1+1e-6) {
				t.Errorf("tick %v lies at %v", tick.at, at)
			}
			if tick.text != "" {
				texts++
			}
		}
		if texts > room+2 {
			t.Errorf("%d texts, room for %d", texts, room)
		}
	})
}

// TestHugeAxis: where a power of ten is no number of a float, an axis of one value still
// has a length.
func TestHugeAxis(t *testing.T) {
	var s span
	s.add(1e99)
	if a := newAxis(s, true, false, 2); !(a.min < a.max) {
		t.Errorf("from %v to %v", a.min, a.max)
	}
}

func TestRounding(t *testing.T) {
	for _, tt := range []struct{ v, down, up float64 }{
		{1, 1, 1}, {1.01, 1, 2}, {2, 2, 2}, {4.9, 2, 5}, {5.1, 5, 10}, {99, 50, 100}, {0.03, 0.02, 0.05}, {1e-7, 1e-7, 1e-7}, {1000, 1000, 1000},
	} {
		if down, up := roundDown(tt.v), roundUp(tt.v); down != tt.down || up != tt.up {
			t.Errorf("%v: %v and %v, want %v and %v", tt.v, down, up, tt.down, tt.up)
		}
	}
}
