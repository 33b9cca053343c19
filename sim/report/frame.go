package report

import (
	"math"
	"strings"

	"gonum.org/v1/plot/vg"
)

const tickLength = 5

// frame lays the axes out in area and returns what is left for the data.
func (c *chart) frame(p pen, area vg.Rectangle) frame {
	f := frame{Rectangle: area, inset: 10}
	xs, ys := c.spans()
	if c.XLabel != "" {
		f.Min.Y += small * 1.5
	}
	f.Min.Y += small*1.2 + tickLength
	if c.Kind == Bars {
		f.Max.Y -= small // the figure over the highest bar
	}
	if c.Kind == Bars && c.LogY && ys.any {
		ys.min /= 2 // the lowest bar must show
	}
	lineHeight := vg.Length(34)
	if c.LogY {
		lineHeight = 24 // there are few round numbers, and each tells a lot
	}
	f.y = newAxis(ys, c.LogY, true, max(2, int(f.Size().Y/lineHeight)))
	for _, t := range f.y.ticks {
		f.Min.X = max(f.Min.X, area.Min.X+p.width(t.text, small)+8)
	}
	if c.Kind == Bars {
		f.Min.X += c.overhang(p, f)
		f.Min.Y += c.labels(p, f).height - small*1.2
		return f
	}
	whole := f.Max.X
	for room := 4 + int(f.Size().X/100); room > 1; room-- {
		f.x = newAxis(xs, c.LogX, false, room)
		f.Max.X = whole
		for _, t := range f.x.ticks { // no text may be clipped
			f.Max.X = min(f.Max.X, whole-(f.xAt(t.at)+p.width(t.text, small)/2-whole))
		}
		if !f.crowded(p) {
			break
		}
	}
	return f
}

// crowded says whether texts of the horizontal axis touch.
func (f frame) crowded(p pen) bool {
	end := vg.Length(math.Inf(-1))
	for _, t := range f.x.ticks {
		if t.text == "" {
			continue
		}
		x, half := f.xAt(t.at), p.width(t.text, small)/2
		if x-half < end+4 {
			return true
		}
		end = x + half
	}
	return false
}

// grid draws the axes and all that is written on them.
func (c *chart) grid(p pen, f frame) {
	var lines, base vg.Path
	if !c.empty() {
		for _, t := range f.y.ticks {
			y := f.yAt(t.at)
			if t.text != "" {
				segment(&lines, vg.Point{X: f.Min.X, Y: y}, vg.Point{X: f.Max.X, Y: y})
				p.text(t.text, vg.Point{X: f.Min.X - 6, Y: y - 4}, small, right)
			}
		}
		if c.Kind == Bars {
			c.writeLabels(p, f)
		} else {
			c.xTicks(p, f, &base)
		}
	}
	if c.Kind != Bars || c.LogY || c.empty() { // bars stand on their zero
		segment(&base, f.Min, vg.Point{X: f.Max.X, Y: f.Min.Y})
	}
	p.line(lines, 1, ink(0x22))
	p.line(base, 1, ink(0xff))
	label := p.fit(c.XLabel, f.Size().X, small)
	p.text(label, vg.Point{X: (f.Min.X + f.Max.X) / 2, Y: 8 + 3}, small, middle)
}

func (c *chart) xTicks(p pen, f frame, base *vg.Path) {
	for _, t := range f.x.ticks {
		x, length := f.xAt(t.at), vg.Length(tickLength)
		if t.text == "" {
			length /= 2
		}
		segment(base, vg.Point{X: x, Y: f.Min.Y}, vg.Point{X: x, Y: f.Min.Y - length})
		p.text(t.text, vg.Point{X: x, Y: f.Min.Y - tickLength - small}, small, middle)
	}
}

// labels is how the groups of bars are named: below each other in lines, or
// turned where they have no room.
type labels struct {
	lines  [][]string // of each group
	angle  float64
	every  int // each every-th is written
	height vg.Length
}

const (
	slope     = 35 * math.Pi / 180
	sinSlope  = 0.573576436351046
	cosSlope  = 0.8191520442889918
	maxLabel  = 180 // length of a turned one
	lineSpace = 1.15
)

func (c *chart) labels(p pen, f frame) labels {
	slot := f.Size().X / vg.Length(max(1, len(c.Labels)))
	l := labels{every: 1 + int(small*1.4/slot)} // what is turned lies closer than its ends
	lines, fits := 1, l.every == 1
	for _, name := range c.Labels {
		for _, word := range strings.Fields(name) {
			fits = fits && p.width(word, small) <= slot-6
		}
		wrapped := p.wrap(name, slot-6, small)
		l.lines = append(l.lines, wrapped)
		lines = max(lines, len(wrapped))
	}
	l.height = vg.Length(lines) * small * lineSpace
	if fits && lines <= 3 {
		return l
	}
	l.angle = slope
	var widest vg.Length
	for i, name := range c.Labels {
		room := (f.Min.X + (vg.Length(i)+0.5)*slot) / cosSlope
		name = p.fit(name, min(room, maxLabel), small)
		l.lines[i] = []string{name}
		widest = max(widest, p.width(name, small))
	}
	l.height = vg.Length(widest*sinSlope) + small
	return l
}

// overhang is how much more room the first label needs at its left when it is
// turned. What a long one does not get it is cut by.
func (c *chart) overhang(p pen, f frame) vg.Length {
	if len(c.Labels) == 0 || c.labels(p, f).angle == 0 {
		return 0
	}
	const most = 50
	n := vg.Length(len(c.Labels))
	needs := min(p.width(c.Labels[0], small), maxLabel) * cosSlope
	missing := needs - f.Min.X - f.Size().X/n/2
	return min(most, max(0, missing/(1-0.5/n)+1)) // all slots become narrower
}

func (c *chart) writeLabels(p pen, f frame) {
	l := c.labels(p, f)
	slot := f.Size().X / vg.Length(max(1, len(c.Labels)))
	for i, lines := range l.lines {
		if i%l.every != 0 {
			continue
		}
		at := vg.Point{X: f.Min.X + (vg.Length(i)+0.5)*slot, Y: f.Min.Y - tickLength - small}
		for _, line := range lines {
			if l.angle != 0 {
				p.turned(line, vg.Point{X: at.X + 4, Y: at.Y + 2}, small, l.angle)
				continue
			}
			p.text(line, at, small, middle)
			at.Y -= small * lineSpace
		}
	}
}

func segment(path *vg.Path, from, to vg.Point) {
	path.Move(from)
	path.Line(to)
}
