package report

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"image"
	_ "image/png"
	"io"
	"math"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
)

func testFont(t *testing.T) font.Face {
	t.Helper()
	f, err := newFont()
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// TestNothingIsClipped draws the gallery in both sizes: all is inside, and no
// text lies on another.
func TestNothingIsClipped(t *testing.T) {
	f := testFont(t)
	for _, fig := range gallery() {
		for _, size := range []vg.Point{{X: wide, Y: wideHeight}, {X: narrow, Y: narrowHeight}} {
			s := newSheet()
			newChart(fig, f).draw(s, size.X, size.Y, true)
			name := fmt.Sprintf("%s (%v, log %v) at %v", fig.Name, fig.Kind, fig.LogY, size.X)
			for _, p := range s.points {
				if !inside(p, size) {
					t.Fatalf("%s: %v is outside", name, p)
				}
			}
			for i, a := range s.texts {
				if !inside(a.from, size) || !inside(a.to, size) {
					t.Errorf("%s: %q from %v to %v is clipped", name, a.text, a.from, a.to)
				}
				for _, b := range s.texts[:i] {
					if overlap(a, b) {
						t.Errorf("%s: %q lies on %q", name, a.text, b.text)
					}
				}
			}
		}
	}
}

func inside(p, size vg.Point) bool {
	return p.X >= 0 && p.Y >= 0 && p.X <= size.X && p.Y <= size.Y // false for what is no number
}

func overlap(a, b placed) bool {
	if a.turned && b.turned { // both by the same angle, and both end at the same height
		return math.Abs(float64(a.to.X-b.to.X))*math.Sin(slope) < 0.7*float64(small)
	}
	return !a.turned && !b.turned && a.from.X < b.to.X && b.from.X < a.to.X && a.from.Y < b.to.Y && b.from.Y < a.to.Y
}

// TestLowestBarShows on a logarithmic axis, too.
func TestLowestBarShows(t *testing.T) {
	f := testFont(t)
	for _, lowest := range []float64{1, 2, 5, 7} {
		c := newChart(Figure{Kind: Bars, LogY: true, Labels: []string{"a", "b"}, Series: []Series{{Y: []float64{lowest, 1000}}}}, f)
		frame := c.frame(pen{newSheet(), f}, vg.Rectangle{Max: vg.Point{X: wide, Y: wideHeight}})
		if height := frame.yAt(lowest) - frame.Min.Y; height < 10 {
			t.Errorf("the bar of %v is %v high", lowest, height)
		}
	}
}

// TestFirstLabelIsWhole when there is room to move the bars to the right.
func TestFirstLabelIsWhole(t *testing.T) {
	s, fig := newSheet(), barFigures()[1]
	newChart(fig, testFont(t)).draw(s, wide, wideHeight, false)
	if !slices.ContainsFunc(s.texts, func(p placed) bool { return p.turned && p.text == fig.Labels[0] }) {
		t.Errorf("%q is cut", fig.Labels[0])
	}
}

// TestImages writes the gallery as files, and reads them.
func TestImages(t *testing.T) {
	f := testFont(t)
	for i, fig := range gallery() {
		c := newChart(fig, f)
		svg, err := c.svg(wide, wideHeight, true)
		if err != nil {
			t.Fatal(err)
		}
		if len(svg) > 200_000 {
			t.Errorf("%s: SVG of %d bytes", fig.Name, len(svg))
		}
		if err := wellFormed(svg); err != nil {
			t.Errorf("%s: %v", fig.Name, err)
		}
		if i%30 != 0 { // the rest differ in what the SVG shows, too
			continue
		}
		png, err := c.png(wide, wideHeight)
		if err != nil {
			t.Fatal(err)
		}
		if m, _, err := image.DecodeConfig(bytes.NewReader(png)); err != nil || m.Width != 2*wide || m.Height != 2*wideHeight {
			t.Errorf("%s: PNG of %d by %d, %v", fig.Name, m.Width, m.Height, err)
		}
	}
}

func wellFormed(b []byte) error {
	d := xml.NewDecoder(bytes.NewReader(b))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// TestLargestSVG fills a figure up to its budgets.
func TestLargestSVG(t *testing.T) {
	f := testFont(t)
	var v []float64
	for i := range 5000 {
		v = append(v, 100+math.Sin(float64(i)))
	}
	for kind := Lines; kind <= Points; kind++ {
		for _, n := range []int{1, 12, 40} {
			fig := Figure{Name: "full", Kind: kind}
			for range n {
				fig.Series = append(fig.Series, Series{Name: "series", X: v, Y: v, Lo: v, Hi: v})
			}
			svg, err := newChart(fig, f).svg(wide, wideHeight, true)
			if err != nil || len(svg) > 200_000 {
				t.Errorf("%d series of %v: %d bytes, %v", n, kind, len(svg), err)
			}
		}
	}
}

func TestSVGTakesTheInkOfThePage(t *testing.T) {
	f := testFont(t)
	fig := lineFigures()[1]
	fig.Title = `style="fill:none;stroke:#000000`
	in, err := newChart(fig, f).svg(wide, wideHeight, false)
	if err != nil {
		t.Fatal(err)
	}
	if s := string(in); strings.Contains(s, "#000") && !strings.Contains(s, "&#34;fill:none;stroke:#000000") || strings.Contains(s, "<rect") || strings.Contains(s, "Liberation Sans;") {
		t.Errorf("black ink, a white ground or a font of its own: %s", s[:300])
	}
	alone, err := newChart(fig, f).svg(wide, wideHeight, true)
	if err != nil {
		t.Fatal(err)
	}
	if s := string(alone); !strings.Contains(s, `color="#000"`) || !strings.Contains(s, `fill="#fff"`) || !strings.Contains(s, "style=&#34;fill:none;stroke:#000000</text>") {
		t.Errorf("no ink, no ground or no title: %s", s[:300])
	}
}

func TestNotes(t *testing.T) {
	f := testFont(t)
	x := []float64{0, 1, 2}
	tests := []struct {
		name   string
		figure Figure
		want   string
	}{
		{"all is drawn", Figure{Series: []Series{{X: x, Y: x}}}, ""},
		{"no number", Figure{Series: []Series{{X: x, Y: []float64{1, math.NaN(), math.Inf(1)}}}}, "Not drawn are points that have no number: 2."},
		{"zero on a logarithmic axis", Figure{LogX: true, Series: []Series{{X: x, Y: x}}}, "Not drawn are points that have no number or one that a logarithmic axis cannot show: 1."},
		{"bars have no x", Figure{LogX: true, Kind: Bars, Labels: []string{"a"}, Series: []Series{{Y: []float64{1}}}}, ""},
		{"thinned", Figure{Kind: Points, Series: []Series{{X: make([]float64, maxPoints+1), Y: make([]float64, maxPoints+1)}}}, "Long series are drawn from a part of their points; report.json has all."},
		{"not thinned", Figure{Kind: Points, Series: []Series{{X: make([]float64, maxPoints), Y: make([]float64, maxPoints)}}}, ""},
	}
	for _, tt := range tests {
		if got := newChart(tt.figure, f).note(); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

// TestLegible: a letter that the font has not would vanish.
func TestLegible(t *testing.T) {
	f := testFont(t)
	for in, want := range map[string]string{"10⁻⁶": "10?⁶", "≤ 5 µs ± ü…": "≤ 5 µs ± ü…", "a\x1bb\n": "a b "} {
		if got := legible(in, f); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

// TestNoBarsOnLogAxes: where a length means nothing, marks are drawn, and nothing
// between them and the axis.
func TestNoBarsOnLogAxes(t *testing.T) {
	f := testFont(t)
	for _, log := range []bool{false, true} {
		c := newChart(Figure{Kind: Bars, LogY: log, Labels: []string{"a"}, Series: []Series{{Y: []float64{1000}}}}, f)
		svg, err := c.svg(wide, wideHeight, true)
		if err != nil {
			t.Fatal(err)
		}
		if mark := strings.Contains(string(svg), "A5,5 "); mark != log { // an arc of the mark's radius
			t.Errorf("logarithmic axis %v, a mark %v", log, mark)
		}
	}
}
