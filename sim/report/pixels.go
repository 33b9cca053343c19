package report

import (
	"math"

	"golang.org/x/image/font"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
	plotfont "gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/vgimg"
)

// pixels is a canvas of pixels that writes texts by filling the outlines of
// their letters. The one below has them drawn by golang.org/x/image/vector, in
// float32 and with sums that some processors round otherwise; what it fills, it
// computes in whole numbers.
type pixels struct {
	*vgimg.Canvas
	origin vg.Point // of a turned text
	angle  float64
}

// What [pen.turned] asks for, and nothing more.
func (c *pixels) Push()                 {}
func (c *pixels) Pop()                  { c.origin, c.angle = vg.Point{}, 0 }
func (c *pixels) Translate(pt vg.Point) { c.origin = pt }
func (c *pixels) Rotate(angle float64)  { c.angle = angle }

// FillString writes s from pt on.
func (c *pixels) FillString(f plotfont.Face, pt vg.Point, s string) {
	const fine = 8 // outlines are taken that many times too large, or they would be rough when turned
	size := fixed.Int26_6(f.Font.Size * 64 * fine)
	sin, cos := math.Sincos(c.angle) //nolint:forbidigo // what comes of it is snapped
	var (
		b    sfnt.Buffer
		path vg.Path
		x    fixed.Int26_6
		last sfnt.GlyphIndex
	)
	at := func(p fixed.Point26_6) vg.Point {
		right, up := float64(pt.X)+float64(x+p.X)/(64*fine), float64(pt.Y)-float64(p.Y)/(64*fine)
		return snapped(vg.Point{
			X: c.origin.X + vg.Length(float64(cos*right)-float64(sin*up)),
			Y: c.origin.Y + vg.Length(float64(sin*right)+float64(cos*up)),
		})
	}
	for _, r := range s {
		glyph, err := f.Face.GlyphIndex(&b, r)
		if err != nil {
			continue // legible has seen to it that the font has all
		}
		if kern, err := f.Face.Kern(&b, last, glyph, size, font.HintingNone); err == nil && last != 0 {
			x += kern
		}
		outline, err := f.Face.LoadGlyph(&b, glyph, size, nil)
		if err != nil {
			continue
		}
		for _, part := range outline {
			switch part.Op {
			case sfnt.SegmentOpMoveTo:
				path.Move(at(part.Args[0]))
			case sfnt.SegmentOpLineTo:
				path.Line(at(part.Args[0]))
			case sfnt.SegmentOpQuadTo: // a TrueType font has no cubic ones
				path.QuadTo(at(part.Args[0]), at(part.Args[1]))
			}
		}
		if advance, err := f.Face.GlyphAdvance(&b, glyph, size, font.HintingNone); err == nil {
			x += advance
		}
		last = glyph
	}
	c.Fill(path)
}
