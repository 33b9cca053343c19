package report

import (
	"bytes"
	_ "embed"
	"html/template"
	"strconv"

	"gonum.org/v1/plot/font"
)

//go:embed page.html
var pageText string

//go:embed page.css
var pageStyle string

// Tables longer than foldRows are folded; of those longer than maxRows the
// page has the beginning, and NAME.csv all.
const (
	foldRows = 40
	maxRows  = 1000
)

type page struct {
	*Report
	Style        template.CSS
	Summary      []string
	Outcome      string
	Verdicts     []pageTarget
	Missed       []pageTarget // of them
	FoldVerdicts bool
	Sections     []pageSection
}

type pageTarget struct {
	What, Published, Ours, Ratio, Allowed, Word string
	Class                                       string // of the style
	Source, Why                                 string
	Unverified                                  bool
}

type pageSection struct {
	Title   string
	Text    []string
	Figures []pageFigure
	Tables  []pageTable
}

type pageFigure struct {
	Name, Title, Note string
	Text              []string
	Wide, Narrow      template.HTML
}

type pageTable struct {
	Name, Title string
	Text        []string
	Columns     []pageColumn
	Rows        [][]string
	Fold        bool
	All, Left   string // numbers of rows; Left is empty when all are there
}

type pageColumn struct {
	Name, Unit, Class string
}

// openVerdicts is how many targets a page shows at once; of more than these only those
// that were missed, so that the figures are not far down.
const openVerdicts = 8

// page writes index.html: it brings its style and its figures, and a browser
// needs to load and run nothing.
func (r *Report) page(f font.Face) ([]byte, error) {
	p := page{Report: r, Style: template.CSS(pageStyle), Summary: paragraphs(r.Summary), Outcome: r.outcome()}
	for _, s := range r.Sections {
		section := pageSection{Title: s.Title, Text: paragraphs(s.Text)}
		for _, t := range s.Targets {
			p.Verdicts = append(p.Verdicts, t.page())
			if v := t.verdict(); v == missed || v == accounted {
				p.Missed = append(p.Missed, t.page())
			}
		}
		for _, fig := range s.Figures {
			one, err := fig.page(f)
			if err != nil {
				return nil, err
			}
			section.Figures = append(section.Figures, one)
		}
		for _, t := range s.Tables {
			section.Tables = append(section.Tables, t.page())
		}
		p.Sections = append(p.Sections, section)
	}
	p.FoldVerdicts = len(p.Verdicts) > openVerdicts
	t, err := template.New("page").Funcs(template.FuncMap{"rich": rich}).Parse(pageText)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = t.Execute(&b, p)
	return b.Bytes(), err
}

func (t Target) page() pageTarget {
	classes := [...]string{met: "met", missed: "missed", accounted: "missed", unverified: "soft", fitted: "soft", notRun: "soft", away: "soft"}
	return pageTarget{
		What: t.What, Published: t.published(), Ours: t.found(), Ratio: t.ratio(), Allowed: t.allowed(), Word: t.word(),
		Class: classes[t.verdict()], Source: t.Source, Why: t.account(), Unverified: t.Unverified,
	}
}

func (f Figure) page(font font.Face) (pageFigure, error) {
	c := newChart(f, font)
	big, err := c.svg(wide, wideHeight, false)
	if err != nil {
		return pageFigure{}, err
	}
	little, err := c.svg(narrow, narrowHeight, false)
	return pageFigure{
		Name: f.Name, Title: f.Title, Text: paragraphs(f.Text), Note: c.note(),
		Wide: template.HTML(big), Narrow: template.HTML(little), // made by us, texts in it are escaped
	}, err
}

func (t Table) page() pageTable {
	out := pageTable{
		Name: t.Name, Title: t.Title, Text: paragraphs(t.Text), Rows: t.texts(),
		Fold: len(t.Rows) > foldRows, All: group(strconv.Itoa(len(t.Rows))),
	}
	for i, c := range t.Columns {
		column := pageColumn{Name: c.Name, Unit: c.Unit}
		if t.numeric(i) {
			column.Class = "number"
		}
		out.Columns = append(out.Columns, column)
	}
	if len(out.Rows) > maxRows {
		out.Left = group(strconv.Itoa(len(out.Rows) - maxRows))
		out.Rows = out.Rows[:maxRows]
	}
	return out
}
