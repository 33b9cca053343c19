package report

import (
	"image/color"
	"math"

	"gonum.org/v1/plot/vg"
)

// drawLine draws the error bars of a series and, if joined, the line.
func (s *points) drawLine(p pen, f frame, joined bool) {
	var bars, line vg.Path
	for i := range s.y {
		if i%s.every == 0 {
			s.errorBar(&bars, f, f.xAt(s.x[i]), i)
		}
		if pt := f.point(s.x[i], s.y[i]); i == 0 {
			line.Move(pt)
		} else {
			line.Line(pt)
		}
	}
	p.line(bars, 1, s.color())
	if joined && len(s.y) > 1 {
		p.line(line, 1.8, s.color(), s.dashes()...)
	}
}

func (s *points) drawMarks(p pen, f frame) {
	size := markSize
	if len(s.y)/s.every > cloudBegin {
		size = smallMark
	}
	var path vg.Path
	for i := range s.y {
		if i%s.every == 0 {
			s.mark(&path, f.point(s.x[i], s.y[i]), size)
		}
	}
	s.marks(p, path)
}

// errorBar adds the one of point i to path: a line with caps.
func (s *points) errorBar(path *vg.Path, f frame, x vg.Length, i int) {
	if math.IsNaN(s.lo[i]) {
		return
	}
	const half = 3
	lo, hi := f.yAt(s.lo[i]), f.yAt(s.hi[i])
	segment(path, vg.Point{X: x, Y: lo}, vg.Point{X: x, Y: hi})
	segment(path, vg.Point{X: x - half, Y: lo}, vg.Point{X: x + half, Y: lo})
	segment(path, vg.Point{X: x - half, Y: hi}, vg.Point{X: x + half, Y: hi})
}

// bars draws groups of bars, or of marks on a logarithmic axis, the series beside
// one another in each.
func (c *chart) bars(p pen, f frame) {
	slot := f.Size().X / vg.Length(max(1, len(c.Labels)))
	n := vg.Length(len(c.series))
	width := min(slot*0.8/n, 60)
	values, zero := c.roomForValues(p, width), f.Min.Y
	if !c.LogY {
		zero = f.yAt(0)
	}
	for j := range c.series {
		s := &c.series[j]
		var path, ends vg.Path
		for i := range s.y {
			middle := f.Min.X + (vg.Length(s.x[i])+0.5)*slot
			from := middle + (vg.Length(j)-n/2)*width
			y := f.yAt(s.y[i])
			tip := vg.Point{X: from + width/2, Y: y}
			if c.LogY {
				s.mark(&path, tip, barMark)
			} else {
				box(&path, vg.Point{X: from + width*0.04, Y: zero}, vg.Point{X: from + width*0.96, Y: y})
			}
			s.errorBar(&ends, f, tip.X, i)
			if values {
				p.value(s.y[i], vg.Point{X: tip.X, Y: tip.Y + c.above()})
			}
		}
		if c.LogY {
			s.marks(p, path)
		} else {
			s.fillBox(p, path)
		}
		p.line(ends, 1.2, ink(0xff))
	}
	var base vg.Path
	segment(&base, vg.Point{X: f.Min.X, Y: zero}, vg.Point{X: f.Max.X, Y: zero})
	p.line(base, 1, ink(0xff))
}

// roomForValues says whether all bars can have their heights written over them
// in that width.
func (c *chart) roomForValues(p pen, width vg.Length) bool {
	for _, s := range c.series {
		for _, y := range s.y {
			if s.errorBars || p.width(short(y), small) > width {
				return false
			}
		}
	}
	return true
}

// above is how much of a bar's mark is over its value.
func (c *chart) above() vg.Length {
	if c.LogY {
		return barMark
	}
	return 0
}

// value writes the height of a bar at its end.
func (p pen) value(v float64, end vg.Point) {
	if v < 0 {
		end.Y -= small + 4
	}
	p.text(short(v), vg.Point{X: end.X, Y: end.Y + 4}, small, middle)
}

func (s *points) fillBox(p pen, path vg.Path) {
	if !s.paper {
		p.fill(path, s.color())
		return
	}
	p.fill(path, color.NRGBA{0x80, 0x80, 0x80, 0x40})
	p.line(path, 1, s.color(), 4, 3)
}

func box(path *vg.Path, a, b vg.Point) {
	path.Move(a)
	path.Line(vg.Point{X: a.X, Y: b.Y})
	path.Line(b)
	path.Line(vg.Point{X: b.X, Y: a.Y})
	path.Close()
}
