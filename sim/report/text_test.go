package report

import (
	"bytes"
	"errors"
	"math"
	"strings"
	"testing"
)

// wideReport has long texts, many rows and more columns than fit.
func wideReport() *Report {
	long := strings.Repeat("a target with many words ", 8)
	r := &Report{
		Title: strings.Repeat("title ", 30), Summary: long, Partial: long, Source: long,
		Sections: []Section{{Title: long, Targets: []Target{{What: long, Unit: "messages", Paper: 1e9, Ours: 2e9, Why: long}}}},
	}
	table := Table{Name: "wide", Title: long, Columns: []Column{{Name: "name"}}}
	for i := range 12 {
		table.Columns = append(table.Columns, Column{Name: "column" + cellText(i, 0), Unit: "messages"})
	}
	for range textRows + 2 {
		row := []any{long}
		for range 12 {
			row = append(row, 1234567)
		}
		table.Add(row...)
	}
	r.Sections[0].Tables = []Table{table}
	return r
}

func rendered(t *testing.T, r *Report, width int) string {
	t.Helper()
	var b bytes.Buffer
	if err := r.Text(&b, width); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestTextFits(t *testing.T) {
	for _, width := range []int{40, 80, 120, 500} {
		widest := 0
		for line := range strings.Lines(rendered(t, wideReport(), width)) {
			widest = max(widest, columns(strings.TrimSuffix(line, "\n")))
		}
		if widest > width {
			t.Errorf("a line of %d columns in %d", widest, width)
		}
	}
	if got := rendered(t, wideReport(), 0); got != rendered(t, wideReport(), 40) {
		t.Error("without a width it is not that of the narrowest")
	}
}

func TestTextTellsWhatIsLeftOut(t *testing.T) {
	got := rendered(t, wideReport(), 80)
	for _, want := range []string{"… 2 more rows in wide.csv", "more columns in wide.csv", "1 missed"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in:\n%s", want, got)
		}
	}
	if got := rendered(t, wideReport(), 500); strings.Contains(got, "columns in wide.csv") {
		t.Errorf("columns are left out where there is room:\n%s", got)
	}
	few := wideReport()
	few.Sections[0].Tables[0].Rows = few.Sections[0].Tables[0].Rows[:textRows+1]
	if got := rendered(t, few, 500); !strings.Contains(got, "… 1 more row in wide.csv") {
		t.Errorf("one row is not told of:\n%s", got)
	}
	few.Sections[0].Tables[0].Rows = few.Sections[0].Tables[0].Rows[:textRows]
	if got := rendered(t, few, 500); strings.Contains(got, "more row") {
		t.Errorf("rows are left out where all are there:\n%s", got)
	}
}

// TestTextIsHarmless: a name must not move the cursor.
func TestTextIsHarmless(t *testing.T) {
	hostile := "a\x1b[2Jb\r\nc\u202ed\x00"
	r := smallReport()
	r.Title, r.Source, r.Partial, r.Summary = hostile, hostile, hostile, hostile
	s := &r.Sections[0]
	s.Title, s.Tables[0].Title, s.Tables[0].Columns[0].Name, s.Tables[0].Rows[0][1] = hostile, hostile, hostile, hostile
	s.Targets[1].What, s.Targets[1].Unit, s.Targets[1].Why = hostile, hostile, hostile
	got := rendered(t, r, 80)
	if strings.ContainsAny(got, "\x1b\r\x00\u202e") || strings.Contains(got, "b\n") {
		t.Errorf("control characters in %q", got)
	}
}

// TestTextAligns: numbers stand at the right, the last column leaves no blanks.
func TestTextAligns(t *testing.T) {
	table := Table{Name: "t", Title: "T", Columns: []Column{{Name: "n"}, {Name: "word"}}}
	table.Add(5, "x")
	table.Add(12345, "longer")
	r := &Report{Title: "R", Sections: []Section{{Title: "S", Tables: []Table{table}}}}
	want := "R\n=\n\nS\n-\nT\n     n  word\n     5  x\n12,345  longer\n"
	if got := rendered(t, r, 80); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestTextCutsNoNumbers: a column that does not fit is left out.
func TestTextCutsNoNumbers(t *testing.T) {
	table := Table{Name: "t", Columns: []Column{{Name: "word"}, {Name: "a"}, {Name: "b"}}}
	table.Add("one", int64(math.MaxInt64), int64(math.MaxInt64))
	r := &Report{Sections: []Section{{Tables: []Table{table}}}}
	got := rendered(t, r, 50)
	if !strings.Contains(got, "one   9,223,372,036,854,775,807\n… 1 more column in t.csv") {
		t.Errorf("got:\n%s", got)
	}
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }

func TestTextTellsOfErrors(t *testing.T) {
	if err := smallReport().Text(brokenPipe{}, 80); err == nil {
		t.Error("no error from a broken pipe")
	}
}

func TestRich(t *testing.T) {
	for text, want := range map[string]string{
		"more --searches can":        `more <code class="tight">--searches</code> can`,
		"(--graphs): a - b, x--y":    `(<code class="tight">--graphs</code>): a - b, x--y`,
		"44 % in 20 to 200 ms, 3 so": "44\u00a0% in 20 to 200\u00a0ms, 3 so",
		"<b>1 & 2</b>":               "&lt;b&gt;1 &amp; 2&lt;/b&gt;",
	} {
		if got := rich(text); string(got) != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}

// TestLongNamesAreWhole: a cell of words that is too long for its line goes on
// below, under its own column.
func TestLongNamesAreWhole(t *testing.T) {
	table := Table{Name: "t", Columns: []Column{{Name: "what"}, {Name: "n"}}, Rows: [][]any{{"a name of many words that no narrow line has room for at all", 12345678}, {"short", 1}}}
	got := rendered(t, &Report{Title: "x", Sections: []Section{{Tables: []Table{table}}}}, 40)
	want := "a name of many words that no  12,345,678\nnarrow line has room for at\nall\nshort                                  1"
	if !strings.Contains(got, want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
