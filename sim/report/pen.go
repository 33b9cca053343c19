package report

import (
	"fmt"
	"image/color"
	"math"
	"slices"
	"strings"

	"codeberg.org/go-fonts/liberation/liberationsansregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/font/sfnt"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
)

// newFont returns the one font of all figures. Its letters are as wide as
// those of Arial and Helvetica, so an SVG needs not bring it.
func newFont() (font.Face, error) {
	f, err := opentype.Parse(liberationsansregular.TTF)
	if err != nil {
		return font.Face{}, fmt.Errorf("font of the figures: %w", err)
	}
	return font.Face{Font: font.Font{Typeface: "Liberation", Variant: "Sans"}, Face: f}, nil
}

// legible is s with a question mark for each letter that the font has not: it
// would be left out, and so turn 10⁻⁶ into 10⁶.
func legible(s string, f font.Face) string {
	var b sfnt.Buffer
	return strings.Map(func(r rune) rune {
		if i, err := f.Face.GlyphIndex(&b, r); err != nil || i == 0 {
			return '?'
		}
		return r
	}, clean(s))
}

// pen draws on a canvas whose origin is at the lower left.
type pen struct {
	canvas vg.Canvas
	font   font.Face
}

// ink is the colour of all that is no series. An SVG takes that of the text
// around it instead.
func ink(alpha uint8) color.Color { return color.NRGBA{A: alpha} }

// Sizes of text.
const (
	small  vg.Length = 12
	normal vg.Length = 13
	large  vg.Length = 16
)

func (p pen) sized(size vg.Length) font.Face {
	f := p.font
	f.Font.Size = size
	return f
}

func (p pen) width(s string, size vg.Length) vg.Length {
	f := p.sized(size)
	return f.Width(s)
}

// snap moves a length to the nearest of a grid that is finer than anybody sees.
// On it the canvases compute without rounding, and so the same on every
// processor. The grid is a little off its middles: what lies between two of its
// points by design, as the half of a whole number does, must not be moved by a
// last digit.
func snap(l vg.Length) vg.Length {
	const grid = 64 // parts of a unit
	return vg.Length(math.Floor(float64(l)*grid+0.5137)) / grid
}

func snapped(pt vg.Point) vg.Point { return vg.Point{X: snap(pt.X), Y: snap(pt.Y)} }

func snapPath(path vg.Path) vg.Path {
	path = slices.Clone(path)
	for i := range path {
		path[i].Pos = snapped(path[i].Pos)
	}
	return path
}

// Where a text stands to its point, as a part of its width.
const (
	left   = 0
	middle = -0.5
	right  = -1
)

// text writes s with its base line at pt.
func (p pen) text(s string, pt vg.Point, size, align vg.Length) {
	if s == "" {
		return
	}
	p.canvas.SetColor(ink(255))
	pt.X += vg.Length(align * p.width(s, size))
	p.canvas.FillString(p.sized(size), snapped(pt), s)
}

// turned writes s so that it rises by angle and ends at pt.
func (p pen) turned(s string, pt vg.Point, size vg.Length, angle float64) {
	p.canvas.Push()
	p.canvas.Translate(snapped(pt))
	p.canvas.Rotate(angle)
	p.text(s, vg.Point{}, size, right)
	p.canvas.Pop()
}

func (p pen) line(path vg.Path, width vg.Length, c color.Color, dashes ...vg.Length) {
	if len(path) == 0 {
		return
	}
	p.canvas.SetColor(c)
	p.canvas.SetLineWidth(width)
	p.canvas.SetLineDash(dashes, 0)
	p.canvas.Stroke(snapPath(path))
}

func (p pen) fill(path vg.Path, c color.Color) {
	if len(path) == 0 {
		return
	}
	p.canvas.SetColor(c)
	p.canvas.Fill(snapPath(path))
}

// wrap breaks s between words into lines of at most width; a word that is
// wider is cut.
func (p pen) wrap(s string, width, size vg.Length) []string {
	var lines []string
	for _, word := range strings.Fields(s) {
		last := len(lines) - 1
		if last >= 0 && p.width(lines[last]+" "+word, size) <= width {
			lines[last] += " " + word
			continue
		}
		lines = append(lines, p.fit(word, width, size))
	}
	return lines
}

// fit cuts s so that it is at most width wide.
func (p pen) fit(s string, width, size vg.Length) string {
	if p.width(s, size) <= width {
		return s
	}
	runes := []rune(s)
	for len(runes) > 0 && p.width(string(runes)+"…", size) > width {
		runes = runes[:len(runes)-1]
	}
	return string(runes) + "…"
}
