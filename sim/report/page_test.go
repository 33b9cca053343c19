package report

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

func pageOf(t *testing.T, r *Report) string {
	t.Helper()
	f, err := newFont()
	if err != nil {
		t.Fatal(err)
	}
	b, err := r.page(f)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestPageEscapes puts a script into every text of a report.
func TestPageEscapes(t *testing.T) {
	const hostile = `</title></svg>"'><script>alert(1)</script>`
	r := smallReport()
	for _, s := range []*string{&r.Study, &r.Title, &r.Source, &r.Summary, &r.Command, &r.Version, &r.Partial} {
		*s = hostile
	}
	r.Params = []Param{{hostile, hostile, hostile}}
	section := &r.Sections[0]
	section.Title, section.Text = hostile, hostile
	section.Targets[0] = Target{What: hostile, Unit: hostile, Source: hostile, Why: hostile, Unverified: true}
	figure := &section.Figures[0]
	figure.Title, figure.Text, figure.XLabel, figure.YLabel, figure.Series[0].Name = hostile, hostile, hostile, hostile, hostile
	bars := Figure{Name: "bars", Kind: Bars, Labels: []string{hostile}, Series: []Series{{Name: hostile, Y: []float64{1}}}}
	section.Figures = append(section.Figures, bars)
	table := &section.Tables[0]
	table.Title, table.Text, table.Columns[0], table.Rows[0][1] = hostile, hostile, Column{hostile, hostile}, hostile
	page := pageOf(t, r)
	if strings.Contains(page, "<script") || strings.Contains(page, "</title></svg>") {
		t.Error("a text became markup")
	}
	if strings.Count(page, "&lt;script&gt;") < 20 {
		t.Error("texts are missing")
	}
}

// TestPageStandsAlone: it loads nothing and runs nothing.
func TestPageStandsAlone(t *testing.T) {
	page := pageOf(t, smallReport())
	own := strings.ReplaceAll(page, `xmlns="http://www.w3.org/2000/svg"`, "")
	own = strings.ReplaceAll(own, `<link rel="icon" href="data:,">`, "")
	if found := regexp.MustCompile(`(?i)https?:|url\(|<script|src=|href=|@import|\son\w+=`).FindString(own); found != "" {
		t.Errorf("the page has %q", found)
	}
}

func TestPageBanner(t *testing.T) {
	r := smallReport()
	if !strings.Contains(pageOf(t, r), "3 of 4 points were run.") {
		t.Error("a partial report does not say so")
	}
	r.Partial = ""
	if strings.Contains(pageOf(t, r), `class="banner"`) {
		t.Error("a whole report has a banner")
	}
}

// TestPageTables shows the limits from which tables are folded and cut.
func TestPageTables(t *testing.T) {
	for _, tt := range []struct {
		rows         int
		folded, left bool
	}{{foldRows, false, false}, {foldRows + 1, true, false}, {maxRows, true, false}, {maxRows + 5, true, true}} {
		table := Table{Name: "t", Title: "T", Columns: []Column{{Name: "n"}}}
		for i := range tt.rows {
			table.Add(i)
		}
		page := pageOf(t, &Report{Sections: []Section{{Tables: []Table{table}}}})
		if got := strings.Contains(page, "<details>"); got != tt.folded {
			t.Errorf("%d rows: folded is %v", tt.rows, got)
		}
		if got := strings.Contains(page, "more rows are in the file"); got != tt.left {
			t.Errorf("%d rows: it is %v that some are left out", tt.rows, got)
		}
		last := fmt.Sprintf(`<td class="number">%s</td>`, cellText(min(tt.rows, maxRows)-1, 0))
		if !strings.Contains(page, last) {
			t.Errorf("%d rows: no %s", tt.rows, last)
		}
	}
}

// TestPageWithoutTargets has no empty box.
func TestPageWithoutTargets(t *testing.T) {
	r := smallReport()
	r.Sections[0].Targets = nil
	if strings.Contains(pageOf(t, r), "What was promised") {
		t.Error("a box of targets without targets")
	}
}
