package report

import (
	"fmt"
	"io"
	"strings"
)

// textRows is how many rows of a table a terminal gets.
const textRows = 20

// Text writes the report for a terminal of width columns: what was asked and
// found, the targets, and the beginnings of the tables. Figures are not in it.
func (r *Report) Text(w io.Writer, width int) error {
	if err := r.check(); err != nil {
		return err
	}
	t := &text{width: max(width, 40)}
	t.line(clean(r.Title))
	t.line(strings.Repeat("=", min(columns(clean(r.Title)), t.width)))
	if r.Source != "" {
		t.wrap("After "+r.Source, "")
	}
	t.blank()
	if r.Partial != "" {
		t.wrap("This report is not complete. "+r.Partial, "")
		t.blank()
	}
	t.paragraphs(r.Summary)
	t.targets(r)
	for _, s := range r.Sections {
		if len(s.Tables) == 0 {
			continue
		}
		t.line(clean(s.Title))
		t.line(strings.Repeat("-", min(columns(clean(s.Title)), t.width)))
		for _, table := range s.Tables {
			t.table(table)
		}
	}
	_, err := io.WriteString(w, strings.TrimRight(t.out.String(), "\n")+"\n")
	return err
}

// text gathers lines of at most width columns.
type text struct {
	out   strings.Builder
	width int
}

func (t *text) blank() { t.out.WriteByte('\n') }

func (t *text) line(s string) {
	t.out.WriteString(strings.TrimRight(cut(s, t.width), " ") + "\n")
}

// wrap breaks s between words, and begins each line with indent.
func (t *text) wrap(s, indent string) {
	line := indent
	for _, word := range strings.Fields(clean(s)) {
		if line != indent && columns(line)+1+columns(word) > t.width {
			t.line(line)
			line = indent
		}
		if line != indent {
			line += " "
		}
		line += word
	}
	if line != indent {
		t.line(line)
	}
}

func (t *text) paragraphs(s string) {
	for _, p := range paragraphs(s) {
		t.wrap(p, "")
		t.blank()
	}
}

// targets writes all targets as one table, and below it why any differ.
func (t *text) targets(r *Report) {
	g := grid{heads: []string{"", "target", "published", "ours", "ratio", "allowed"}, right: []bool{false, false, true, true, true, false}}
	var whys []string
	for _, s := range r.Sections {
		for _, target := range s.Targets {
			marks := [...]string{met: "ok", missed: "MISSED", accounted: "missed, see below", unverified: "unverified", fitted: "fitted", notRun: "not run", away: "does not apply"}
			g.rows = append(g.rows, []string{
				marks[target.verdict()], clean(target.What), clean(target.published()), clean(target.found()), target.ratio(), target.allowed(),
			})
			if why := target.account(); why != "" {
				whys = append(whys, target.What+": "+why)
			}
		}
	}
	if len(g.rows) == 0 {
		return
	}
	t.wrap(r.outcome(), "")
	t.blank()
	g.write(t)
	t.blank()
	for _, why := range whys {
		t.wrap(why, "  ")
		t.blank()
	}
}

func (t *text) table(table Table) {
	t.wrap(table.Title, "")
	g := grid{rows: table.texts()}
	for i, c := range table.Columns {
		g.heads = append(g.heads, clean(c.head()))
		g.right = append(g.right, table.numeric(i))
	}
	for _, row := range g.rows {
		for i := range row {
			row[i] = clean(row[i])
		}
	}
	left := max(0, len(g.rows)-textRows)
	g.rows = g.rows[:len(g.rows)-left]
	hidden := g.write(t)
	if left > 0 {
		t.line(fmt.Sprintf("… %s in %s.csv", more(left, "row"), table.Name))
	}
	if hidden > 0 {
		t.line(fmt.Sprintf("… %s in %s.csv", more(hidden, "column"), table.Name))
	}
	t.blank()
}

func more(n int, what string) string {
	if n > 1 {
		what += "s"
	}
	return fmt.Sprintf("%s more %s", group(fmt.Sprint(n)), what)
}
