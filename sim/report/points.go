package report

import (
	"math"
	"slices"
)

// Budgets of one figure, so that its SVG stays under 200 kB whatever is drawn.
const (
	maxPoints   = 1200 // of clouds
	maxVertices = 4000 // of lines
	maxMarks    = 600  // on lines
	marksALine  = 40   // of a line with more points only fewMarks are marked
	fewMarks    = 10
)

// points is a series with the values that can be drawn.
type points struct {
	name       string
	paper      bool
	style      int // counted apart for ours and the paper's
	x, y       []float64
	lo, hi     []float64 // as long as y; NaN: no error bar
	every      int       // each every-th point of a line is marked
	errorBars  bool
	thinned    bool
	undrawable int
}

// drawable takes of each series what has a place on the axes, and no more than
// a small file can hold.
func (f Figure) drawable() []points {
	out := make([]points, len(f.Series))
	ours, papers := 0, 0
	for i, s := range f.Series {
		out[i] = f.values(s)
		if s.Paper {
			out[i].style, papers = papers, papers+1
		} else {
			out[i].style, ours = ours, ours+1
		}
		out[i].limit(f.Kind, len(f.Series))
	}
	return out
}

func (f Figure) values(s Series) points {
	p := points{name: s.Name, paper: s.Paper, errorBars: len(s.Lo) > 0}
	for i := range s.Y {
		x, y := float64(i), rounded(s.Y[i])
		if f.Kind != Bars {
			x = rounded(s.X[i])
		}
		if !f.fits(x, y) {
			p.undrawable++
			continue
		}
		lo, hi := math.NaN(), math.NaN()
		if p.errorBars {
			lo, hi = rounded(s.Lo[i]), rounded(s.Hi[i])
		}
		if !f.fits(x, lo) || !f.fits(x, hi) {
			lo, hi = math.NaN(), math.NaN()
		}
		p.x, p.y = append(p.x, x), append(p.y, y)
		p.lo, p.hi = append(p.lo, lo), append(p.hi, hi)
	}
	return p
}

// fits says whether the axes have a place for a point.
func (f Figure) fits(x, y float64) bool {
	const huge = 1e100 // beyond it, lengths of axes are no numbers any more
	ok := math.Abs(x) < huge && math.Abs(y) < huge
	if f.LogX && f.Kind != Bars {
		ok = ok && x > 1/huge
	}
	if f.LogY {
		ok = ok && y > 1/huge
	}
	return ok
}

// limit thins the points to the share of one series among n.
func (s *points) limit(kind FigureKind, n int) {
	s.every = 1
	switch kind {
	case Points:
		s.sample(max(maxPoints/n, 1))
	case Lines:
		s.outline(max(maxVertices/n, 4))
		if len(s.y) > min(marksALine, maxMarks/n) {
			most := max(1, min(fewMarks, maxMarks/n))
			s.every = (len(s.y) + most - 1) / most
		}
	}
}

// sample keeps at most n points, evenly from the whole series.
func (s *points) sample(n int) {
	all := len(s.y)
	if all <= n {
		return
	}
	keep := make([]int, n)
	for i := range keep {
		keep[i] = i * all / n
	}
	s.keep(keep)
}

// outline keeps at most n points: the ends of a line, and of each part of it
// the lowest and the highest, so that no peak is lost.
func (s *points) outline(n int) {
	all, parts := len(s.y), n/2-1
	if all <= n {
		return
	}
	keep := []int{0}
	for i := range parts {
		from, to := i*all/parts, (i+1)*all/parts
		low, high := from, from
		for j := from; j < to; j++ {
			if s.y[j] < s.y[low] {
				low = j
			}
			if s.y[j] >= s.y[high] {
				high = j
			}
		}
		keep = append(keep, min(low, high), max(low, high))
	}
	s.keep(slices.Compact(append(keep, all-1)))
}

// keep drops all points but those at the places which.
func (s *points) keep(which []int) {
	for i, j := range which { // which rises, so nothing is overwritten before it is read
		s.x[i], s.y[i], s.lo[i], s.hi[i] = s.x[j], s.y[j], s.lo[j], s.hi[j]
	}
	n := len(which)
	s.x, s.y, s.lo, s.hi = s.x[:n], s.y[:n], s.lo[:n], s.hi[:n]
	s.thinned = true
}
