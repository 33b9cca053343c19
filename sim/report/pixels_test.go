package report

import (
	"image"
	"math"
	"testing"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/vgimg"
)

// inked is the box of what is not white.
func inked(img image.Image) image.Rectangle {
	var box image.Rectangle
	b := img.Bounds()
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			if r, _, _, _ := img.At(x, y).RGBA(); r < 0x8000 {
				box = box.Union(image.Rect(x, y, x+1, y+1))
			}
		}
	}
	return box
}

// TestPixelText: letters stand on their line, as wide as the font says, kerned
// or not, and rise when turned.
func TestPixelText(t *testing.T) {
	f, err := newFont()
	if err != nil {
		t.Fatal(err)
	}
	const size, dots = 24, 2 // a capital is some 0.69 of the size high
	near := func(what string, got int, want vg.Length) {
		t.Helper()
		if math.Abs(float64(got)-float64(want)*dots) > 6 {
			t.Errorf("%s at pixel %d, want %v", what, got, want*dots)
		}
	}
	draw := func(text string, angle float64) (image.Rectangle, vg.Length) {
		canvas := vgimg.NewWith(vgimg.UseWH(200, 200), vgimg.UseDPI(72*dots))
		p := pen{&pixels{Canvas: canvas}, f}
		at := vg.Point{X: 150, Y: 150}
		p.turned("", vg.Point{X: 1, Y: 1}, size, 1) // leaves nothing behind
		if angle == 0 {
			p.text(text, at, size, right)
		} else {
			p.turned(text, at, size, angle)
		}
		return inked(canvas.Image()), p.width(text, size)
	}
	for _, text := range []string{"HIIH", "AVAVAVAV"} {
		box, width := draw(text, 0)
		near(text+": left", box.Min.X, 150-width)
		near(text+": right", box.Max.X, 150)
		near(text+": base line", box.Max.Y, 50)
		near(text+": top", box.Min.Y, 50-0.69*size)
		box, width = draw(text, math.Pi/2)
		near(text+", turned: right", box.Max.X, 150)
		near(text+", turned: left", box.Min.X, 150-0.69*size)
		near(text+", turned: top", box.Min.Y, 50)
		near(text+", turned: bottom", box.Max.Y, 50+width)
	}
}

// TestSnap: a length moves by half a step at most, one on the grid not at
// all, and a last digit changes nothing.
func TestSnap(t *testing.T) {
	for i := range 2000 {
		x := vg.Length(i) / 128 // every other lies in the middle between two points of the grid
		near := snap(x)
		if math.Abs(float64(near-x)) > 0.52/64 || snap(near) != near {
			t.Fatalf("%v moves to %v", x, near)
		}
		for _, to := range []float64{-1, 1000} {
			if other := snap(vg.Length(math.Nextafter(float64(x), to))); other != near {
				t.Fatalf("%v moves to %v, its neighbour to %v", x, near, other)
			}
		}
	}
}
