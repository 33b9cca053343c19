package report

import (
	"fmt"
	"strings"

	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
)

// chart is a figure on its way to a canvas.
type chart struct {
	Figure
	series []points
	font   font.Face
}

func newChart(f Figure, font font.Face) *chart {
	c := &chart{Figure: f, series: f.drawable(), font: font}
	for _, s := range []*string{&c.Title, &c.XLabel, &c.YLabel} {
		*s = legible(*s, font)
	}
	c.Labels = make([]string, len(f.Labels))
	for i, l := range f.Labels {
		c.Labels[i] = legible(l, font)
	}
	for i := range c.series {
		c.series[i].name = legible(c.series[i].name, font)
	}
	return c
}

// note tells what of the figure is not drawn; empty when all is.
func (c *chart) note() string {
	undrawable, thinned := 0, false
	for _, s := range c.series {
		undrawable += s.undrawable
		thinned = thinned || s.thinned
	}
	var notes []string
	if undrawable > 0 {
		why := "have no number"
		if c.LogX || c.LogY {
			why += " or one that a logarithmic axis cannot show"
		}
		notes = append(notes, fmt.Sprintf("Not drawn are points that %s: %d.", why, undrawable))
	}
	if thinned {
		notes = append(notes, "Long series are drawn from a part of their points; report.json has all.")
	}
	return strings.Join(notes, " ")
}

// empty says whether there is nothing to draw.
func (c *chart) empty() bool {
	for _, s := range c.series {
		if len(s.y) > 0 {
			return false
		}
	}
	return true
}

// spans returns what the axes must cover.
func (c *chart) spans() (x, y span) {
	if c.Kind == Bars && !c.LogY {
		y.add(0)
	}
	for _, s := range c.series {
		for i := range s.y {
			x.add(s.x[i])
			y.add(s.y[i])
			y.add(s.lo[i])
			y.add(s.hi[i])
		}
	}
	if c.Kind == Bars && y.min < 0 {
		y.min *= 1.15 // room for the figures below bars
	}
	return x, y
}

// frame is where the data of a chart are drawn, and the axes beside it.
type frame struct {
	vg.Rectangle
	x, y  axis
	inset vg.Length // left and right of the data
}

func (f frame) point(x, y float64) vg.Point { return vg.Point{X: f.xAt(x), Y: f.yAt(y)} }

func (f frame) xAt(v float64) vg.Length {
	return f.Min.X + f.inset + vg.Length(f.x.at(v))*(f.Size().X-2*f.inset)
}

func (f frame) yAt(v float64) vg.Length {
	return f.Min.Y + vg.Length(f.y.at(v))*f.Size().Y
}

// draw draws the chart on a canvas of w by h: title, legend, name of the
// vertical axis, data, and the horizontal axis, one below the other, so that
// nothing covers anything.
func (c *chart) draw(canvas vg.Canvas, w, h vg.Length, title bool) {
	p := pen{canvas, c.font}
	const margin = 8
	top := h - margin
	if title {
		for _, line := range p.wrap(c.Title, w-2*margin, large) {
			top -= large * 1.25
			p.text(line, vg.Point{X: margin, Y: top + 4}, large, left)
		}
		top -= 6
	}
	top = c.legend(p, margin, w-margin, top)
	if c.YLabel != "" {
		top -= small * 1.4
		p.text(p.fit(c.YLabel, w-2*margin, small), vg.Point{X: margin, Y: top + 3}, small, left)
	}
	f := c.frame(p, vg.Rectangle{Min: vg.Point{X: margin, Y: margin}, Max: vg.Point{X: w - margin, Y: top - 12}})
	c.grid(p, f)
	if c.empty() {
		middleOf := vg.Point{X: (f.Min.X + f.Max.X) / 2, Y: (f.Min.Y + f.Max.Y) / 2}
		p.text("no data", middleOf, large, middle)
		return
	}
	if c.Kind == Bars {
		c.bars(p, f)
		return
	}
	for i := range c.series {
		c.series[i].drawLine(p, f, c.Kind == Lines)
	}
	for i := range c.series {
		c.series[i].drawMarks(p, f)
	}
}
