package report

import (
	"image"
	"image/color"
	"math"

	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
)

// sheet is a canvas that remembers where things were drawn.
type sheet struct {
	texts  []placed
	points []vg.Point
	stack  []turn
}

// placed is a text: the corners of its box, left to right along its base line.
type placed struct {
	text   string
	from   vg.Point
	to     vg.Point
	turned bool
}

// turn is a movement of the origin and an angle.
type turn struct {
	origin vg.Point
	angle  float64
}

func newSheet() *sheet { return &sheet{stack: []turn{{}}} }

func (s *sheet) top() *turn { return &s.stack[len(s.stack)-1] }

func (s *sheet) at(p vg.Point) vg.Point {
	sin, cos := math.Sincos(s.top().angle)
	return s.top().origin.Add(vg.Point{X: p.X*vg.Length(cos) - p.Y*vg.Length(sin), Y: p.X*vg.Length(sin) + p.Y*vg.Length(cos)})
}

func (s *sheet) Push()                { s.stack = append(s.stack, *s.top()) }
func (s *sheet) Pop()                 { s.stack = s.stack[:len(s.stack)-1] }
func (s *sheet) Translate(p vg.Point) { s.top().origin = s.at(p) }
func (s *sheet) Rotate(rad float64)   { s.top().angle += rad }

func (s *sheet) Stroke(p vg.Path) { s.path(p) }
func (s *sheet) Fill(p vg.Path)   { s.path(p) }

func (s *sheet) path(p vg.Path) {
	for _, c := range p {
		if c.Type != vg.CloseComp {
			s.points = append(s.points, s.at(c.Pos))
		}
	}
}

func (s *sheet) FillString(f font.Face, p vg.Point, text string) {
	end := vg.Point{X: p.X + f.Width(text), Y: p.Y + f.Font.Size*0.7}
	s.texts = append(s.texts, placed{text, s.at(p), s.at(end), s.top().angle != 0})
}

func (*sheet) SetLineWidth(vg.Length)              {}
func (*sheet) SetLineDash([]vg.Length, vg.Length)  {}
func (*sheet) SetColor(color.Color)                {}
func (*sheet) Scale(float64, float64)              {}
func (*sheet) DrawImage(vg.Rectangle, image.Image) {}
