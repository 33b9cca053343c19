package report

import (
	"image/color"
	"math"

	"gonum.org/v1/plot/vg"
)

// palette is that of Okabe and Ito, which people with any colour vision can
// tell apart, without its yellow (too light on white) and black.
func palette(i int) color.Color {
	colors := [...]color.NRGBA{
		{0x00, 0x72, 0xb2, 0xff},
		{0xd5, 0x5e, 0x00, 0xff},
		{0x00, 0x9e, 0x73, 0xff},
		{0xcc, 0x79, 0xa7, 0xff},
		{0xe6, 0x9f, 0x00, 0xff},
		{0x56, 0xb4, 0xe9, 0xff},
	}
	return colors[i%len(colors)]
}

// grey is the colour of what others published.
func grey() color.Color { return color.NRGBA{0x80, 0x80, 0x80, 0xff} }

func (s *points) color() color.Color {
	if s.paper {
		return grey()
	}
	return palette(s.style)
}

// dashes tells lines apart beyond the colours, and the paper's from ours.
func (s *points) dashes() []vg.Length {
	ours := [...][]vg.Length{nil, {8, 3}, {2, 2}, {8, 3, 2, 3}}
	papers := [...][]vg.Length{{6, 4}, {2, 3}, {10, 3, 2, 3}}
	if s.paper {
		return papers[s.style%len(papers)]
	}
	return ours[s.style/6%len(ours)]
}

// Radius of marks, and of those of clouds.
const (
	markSize   vg.Length = 3.5 // on the grid of [snap], as circles begin at their right end
	smallMark  vg.Length = 2.5
	barMark    vg.Length = 5   // instead of a bar
	cloudBegin           = 150 // points
)

// mark adds the mark of the series at pt to path. Each series has another
// shape, so that a print in grey can be read.
func (s *points) mark(path *vg.Path, pt vg.Point, size vg.Length) {
	shapes := [...]struct{ corners, turn float64 }{{0, 0}, {4, 1}, {3, 0}, {4, 0}, {3, 1}, {6, 0}, {5, 0}}
	shape := shapes[s.style%len(shapes)]
	pt = snapped(pt)
	if shape.corners == 0 {
		path.Move(vg.Point{X: pt.X + size, Y: pt.Y})
		path.Arc(pt, size, 0, 2*math.Pi)
		path.Close()
		return
	}
	radius := float64(size) * (1 + 0.6/shape.corners)
	for i := range int(shape.corners) {
		angle := math.Pi/2 + (float64(i)+shape.turn/2)*2*math.Pi/shape.corners
		sin, cos := math.Sincos(angle) //nolint:forbidigo // what comes of it is snapped
		corner := vg.Point{X: pt.X + vg.Length(radius*cos), Y: pt.Y + vg.Length(radius*sin)}
		if i == 0 {
			path.Move(corner)
		} else {
			path.Line(corner)
		}
	}
	path.Close()
}

// marks draws a path of marks: ours full, the paper's hollow.
func (s *points) marks(p pen, path vg.Path) {
	if s.paper {
		p.line(path, 1.3, s.color())
		return
	}
	p.fill(path, s.color())
}
