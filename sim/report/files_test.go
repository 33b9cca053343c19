package report

import (
	"encoding/csv"
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"
)

// TestCSVQuotes reads back what a hostile table was written as.
func TestCSVQuotes(t *testing.T) {
	words := []string{"plain", `with "quotes"`, "with, comma", "two\nlines", " blanks ", "ümlaut", `\`, "=1+2"}
	table := Table{Columns: []Column{{Name: `a "name", quoted`, Unit: "not written"}, {Name: "n"}}}
	for i, w := range words {
		table.Add(w, i)
	}
	b, err := table.csv()
	if err != nil {
		t.Fatal(err)
	}
	records, err := csv.NewReader(strings.NewReader(string(b))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if records[0][0] != table.Columns[0].Name || len(records) != len(words)+1 {
		t.Fatalf("%d records, the first %q", len(records), records[0])
	}
	for i, w := range words {
		if records[i+1][0] != w {
			t.Errorf("wrote %q, read %q", w, records[i+1][0])
		}
	}
}

func TestCSVCells(t *testing.T) {
	table := Table{Columns: []Column{{Name: "a"}, {Name: "b"}}}
	table.Add(nil, true)
	table.Add(1234567, int64(-1))
	table.Add(uint64(math.MaxUint64), 1.0/3)
	table.Add(math.Inf(-1), 2e-9)
	b, err := table.csv()
	if err != nil {
		t.Fatal(err)
	}
	want := "a,b\n,true\n1234567,-1\n18446744073709551615,0.333333\n-Inf,2e-09\n"
	if string(b) != want {
		t.Errorf("got %q, want %q", b, want)
	}
}

// TestJSON: what is no number is null, an empty list a list, a target that was
// not run has no figure of ours.
func TestJSON(t *testing.T) {
	r := &Report{Sections: []Section{{
		Targets: []Target{{Missing: true, Ours: 5}, {Ours: 5}},
		Figures: []Figure{
			{Name: "f", Kind: Points, Series: []Series{{X: []float64{1, math.NaN()}, Y: []float64{math.Inf(1), 1.0 / 3}}}},
			{Name: "g", Kind: Bars, Labels: []string{"a"}, Series: []Series{{X: []float64{9}, Y: []float64{1}, Paper: true}}},
		},
		Tables: []Table{{Name: "t", Columns: []Column{{Name: "c"}}, Rows: [][]any{{math.NaN()}, {nil}, {2.0 / 3}, {"<"}}}},
	}}}
	b, err := r.json()
	if err != nil {
		t.Fatal(err)
	}
	var compact strings.Builder
	for line := range strings.Lines(string(b)) {
		compact.WriteString(strings.TrimSpace(line))
	}
	got := compact.String()
	for _, want := range []string{
		`"params": [],`, `"verdict": "not run"`, `"ours": null`, `"ours": 5`,
		`"x": [1,null],"y": [null,0.333333]`, `"kind": "bars"`, `"published": true,"y": [1]}`,
		`"rows": [[null],[null],[0.666667],["\u003c"]]`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s in %s", want, got)
		}
	}
	if !json.Valid(b) {
		t.Error("not JSON")
	}
}

func TestParagraphs(t *testing.T) {
	got := paragraphs("\n one\ntwo \r\n\r\n\n\nthree\x1b[31m\xff\u202e ")
	if want := []string{"one two", "three [31m"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
