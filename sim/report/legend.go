package report

import "gonum.org/v1/plot/vg"

const rowHeight = 20

// swatch is how wide the sample of a series is.
func (c *chart) swatch() vg.Length {
	if c.Kind == Lines {
		return 26
	}
	return 12
}

// legend writes the names of the series in rows between left and right, below
// top, and returns where it ends. One series without a name needs none.
func (c *chart) legend(p pen, from, to, top vg.Length) vg.Length {
	if len(c.series) == 0 || len(c.series) == 1 && c.series[0].name == "" {
		return top
	}
	x, swatch := from, c.swatch()
	top -= rowHeight
	for i := range c.series {
		s := &c.series[i]
		name := s.name
		if len(s.y) == 0 {
			name += " (no data)"
		}
		name = p.fit(name, to-from-swatch-6, normal)
		width := swatch + 6 + p.width(name, normal)
		if x > from && x+width > to {
			x, top = from, top-rowHeight
		}
		c.sample(p, s, vg.Point{X: x, Y: top + 9})
		p.text(name, vg.Point{X: x + swatch + 6, Y: top + 4.5}, normal, left)
		x += width + 20
	}
	return top - 6
}

// sample draws how a series looks, from at to the right.
func (c *chart) sample(p pen, s *points, at vg.Point) {
	var path vg.Path
	if c.Kind == Bars && !c.LogY {
		box(&path, vg.Point{X: at.X, Y: at.Y - 6}, vg.Point{X: at.X + 12, Y: at.Y + 6})
		s.fillBox(p, path)
		return
	}
	if c.Kind == Lines {
		segment(&path, at, vg.Point{X: at.X + c.swatch(), Y: at.Y})
		p.line(path, 1.8, s.color(), s.dashes()...)
	}
	var mark vg.Path
	s.mark(&mark, vg.Point{X: at.X + c.swatch()/2, Y: at.Y}, markSize)
	s.marks(p, mark)
}
