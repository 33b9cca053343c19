package report

import (
	"bytes"
	"fmt"
	"html"
	"strings"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"
)

// Sizes of figures: of those in files and on wide pages, and of those on
// narrow ones. Text has the same size on both.
const (
	wide, wideHeight     = 720, 430
	narrow, narrowHeight = 360, 360
)

// files returns NAME.svg and NAME.png, with the title in the picture.
func (c *chart) files() ([]file, error) {
	svg, err := c.svg(wide, wideHeight, true)
	if err != nil {
		return nil, fmt.Errorf("%s.svg: %w", c.Name, err)
	}
	png, err := c.png(wide, wideHeight)
	if err != nil {
		return nil, fmt.Errorf("%s.png: %w", c.Name, err)
	}
	return []file{{c.Name + ".svg", svg}, {c.Name + ".png", png}}, nil
}

// png draws on white, in the pixels of a dense screen.
func (c *chart) png(w, h vg.Length) ([]byte, error) {
	const dpi = 144 // two pixels a unit
	canvas := vgimg.NewWith(vgimg.UseWH(w, h), vgimg.UseDPI(dpi))
	c.draw(&pixels{Canvas: canvas}, w, h, true)
	var b bytes.Buffer
	_, err := vgimg.PngCanvas{Canvas: canvas}.WriteTo(&b)
	return b.Bytes(), err
}

// svg draws in the colour of the text around it, so that it fits a dark page.
// One that is a file of its own brings its title, white ground and black ink.
func (c *chart) svg(w, h vg.Length, alone bool) ([]byte, error) {
	canvas := vgsvg.NewWith(vgsvg.UseWH(w, h))
	c.draw(canvas, w, h, alone)
	var drawn bytes.Buffer
	if _, err := canvas.WriteTo(&drawn); err != nil {
		return nil, err
	}
	body := drawn.String()
	if i := strings.Index(body, "<svg"); i >= 0 { // its head has a size in points, and fonts that not all have
		_, body, _ = strings.Cut(body[i:], ">\n")
	}
	body = strings.NewReplacer(
		`style="fill:none;stroke:#000000`, `style="fill:none;stroke:currentColor`,
		`style="font-family:Liberation Sans;font-variant:normal;font-weight:normal;font-style:normal;`, `style="`,
	).Replace(body)
	head := fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %g %g" width="%g" height="%g" role="img" aria-label="%s"`+
		` fill="currentColor" font-family="Liberation Sans, Arial, Helvetica, sans-serif"`, w, h, w, h, html.EscapeString(c.Title))
	if alone {
		return []byte(head + ` color="#000">` + "\n" + `<rect width="100%" height="100%" fill="#fff"/>` + "\n" + body), nil
	}
	return []byte(head + ">\n" + body), nil
}
