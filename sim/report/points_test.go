package report

import (
	"math"
	"slices"
	"testing"
)

func TestDrawable(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	one := func(s Series) []Series { return []Series{s} }
	third := 0.3
	tests := []struct {
		name   string
		figure Figure
		y      []float64
		lost   int
	}{
		{"all", Figure{Series: one(Series{X: []float64{-1, 0}, Y: []float64{-1, 0}})}, []float64{-1, 0}, 0},
		{"no numbers", Figure{Series: one(Series{X: []float64{1, nan, 3, inf}, Y: []float64{1, 2, nan, 4}})}, []float64{1}, 3},
		{"x of a log axis", Figure{LogX: true, Series: one(Series{X: []float64{-1, 0, 1}, Y: []float64{-1, 0, -1}})}, []float64{-1}, 2},
		{"y of a log axis", Figure{LogY: true, Series: one(Series{X: []float64{-1, 0, 1}, Y: []float64{0, 1, -1}})}, []float64{1}, 2},
		{"bars", Figure{Kind: Bars, LogX: true, Series: one(Series{Y: []float64{0, nan, 2}})}, []float64{0, 2}, 1},
		{"last bits", Figure{Series: one(Series{X: []float64{math.Nextafter(third, 1)}, Y: []float64{math.Nextafter(third, 1)}})}, []float64{third}, 0},
		{"too large", Figure{Series: one(Series{X: []float64{1}, Y: []float64{1e200}})}, nil, 1},
	}
	for _, tt := range tests {
		got := tt.figure.drawable()[0]
		if !slices.Equal(got.y, tt.y) || got.undrawable != tt.lost || len(got.x) != len(got.y) || len(got.lo) != len(got.y) {
			t.Errorf("%s: %v and %d lost, want %v and %d", tt.name, got.y, got.undrawable, tt.y, tt.lost)
		}
	}
}

// TestBarsKeepTheirPlace: a bar without a number leaves its group empty.
func TestBarsKeepTheirPlace(t *testing.T) {
	f := Figure{Kind: Bars, Series: []Series{{Y: []float64{math.NaN(), 2}}}}
	if got := f.drawable()[0].x; !slices.Equal(got, []float64{1}) {
		t.Errorf("the second bar stands at %v", got)
	}
}

// TestErrorBarsNeedBothEnds on the axis.
func TestErrorBarsNeedBothEnds(t *testing.T) {
	x := []float64{1, 2, 3}
	f := Figure{LogY: true, Series: []Series{{X: x, Y: x, Lo: []float64{0.5, 0, 2}, Hi: []float64{2, 3, math.Inf(1)}}}}
	got := f.drawable()[0]
	if len(got.y) != 3 || got.lo[0] != 0.5 || got.hi[0] != 2 || !math.IsNaN(got.lo[1]) || !math.IsNaN(got.hi[1]) || !math.IsNaN(got.lo[2]) {
		t.Errorf("points %v, ends %v and %v", got.y, got.lo, got.hi)
	}
}

func TestStylesAreCountedApart(t *testing.T) {
	f := Figure{Series: []Series{{}, {Paper: true}, {}, {Paper: true}}}
	var styles []int
	for _, s := range f.drawable() {
		styles = append(styles, s.style)
	}
	if !slices.Equal(styles, []int{0, 0, 1, 1}) {
		t.Errorf("styles %v", styles)
	}
}

func TestThinning(t *testing.T) {
	series := func(n int) Series {
		var s Series
		for i := range n {
			s.X, s.Y = append(s.X, float64(i)), append(s.Y, math.Mod(float64(i), 7))
		}
		return s
	}
	for _, tt := range []struct {
		kind    FigureKind
		most, n int
	}{{Points, maxPoints, 1}, {Points, maxPoints / 3, 3}, {Lines, maxVertices, 1}, {Lines, maxVertices / 3, 3}} {
		for _, extra := range []int{0, 1, 5000} {
			f := Figure{Kind: tt.kind}
			for range tt.n {
				f.Series = append(f.Series, series(tt.most+extra))
			}
			got := f.drawable()[0]
			if len(got.y) > tt.most || got.thinned != (extra > 0) || len(got.y) < tt.most/2 || !slices.IsSorted(got.x) {
				t.Errorf("%v: %d of %d points, thinned %v", tt.kind, len(got.y), tt.most+extra, got.thinned)
			}
		}
	}
}

// TestOutlineKeepsPeaks in a line that is thinned to a hundredth.
func TestOutlineKeepsPeaks(t *testing.T) {
	s := Series{X: make([]float64, 100*maxVertices), Y: make([]float64, 100*maxVertices)}
	for i := range s.X {
		s.X[i] = float64(i)
	}
	s.Y[12345], s.Y[54321] = 99, -99
	last := len(s.Y) - 1
	s.Y[1], s.Y[2], s.Y[last-1], s.Y[last-2] = 1, -1, 1, -1 // the ends themselves are no peaks
	f := Figure{Series: []Series{s}}
	got := f.drawable()[0]
	if slices.Max(got.y) != 99 || slices.Min(got.y) != -99 {
		t.Errorf("from %v to %v", slices.Min(got.y), slices.Max(got.y))
	}
	if from, to := got.x[0], got.x[len(got.x)-1]; from != 0 || to != float64(last) {
		t.Errorf("from x = %v to %v", from, to)
	}
}

// TestMarks: each point of a short line is marked, few of a long one.
func TestMarks(t *testing.T) {
	for n, want := range map[int]int{0: 1, 1: 1, marksALine: 1, marksALine + 1: 5, 1000: 100} {
		f := Figure{Series: []Series{{X: make([]float64, n), Y: make([]float64, n)}}}
		if got := f.drawable()[0].every; got != want {
			t.Errorf("of %d points each %d. is marked, want %d.", n, got, want)
		}
	}
}
