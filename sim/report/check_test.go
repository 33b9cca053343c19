package report

import (
	"io"
	"strings"
	"testing"
)

// TestCheck shows each thing that cannot be written down, and its neighbour that can.
func TestCheck(t *testing.T) {
	table := func(name string) Table { return Table{Name: name, Columns: []Column{{Name: "a"}}} }
	rows := func(rows ...[]any) Section {
		return Section{Tables: []Table{{Name: "t", Columns: []Column{{Name: "a"}}, Rows: rows}}}
	}
	columns := func(names ...string) Section {
		s := Section{Tables: []Table{{Name: "t"}}}
		for _, n := range names {
			s.Tables[0].Columns = append(s.Tables[0].Columns, Column{Name: n})
		}
		return s
	}
	figure := func(kind FigureKind, s Series) Section {
		return Section{Figures: []Figure{{Name: "f", Kind: kind, Labels: []string{"a", "b"}, Series: []Series{s}}}}
	}
	two := []float64{1, 2}
	tests := []struct {
		name    string
		section Section
		want    string // part of the error; empty: none
	}{
		{"good name", Section{Tables: []Table{table("a-9")}}, ""},
		{"table without a name", Section{Tables: []Table{table("")}}, `table "": needs a name`},
		{"name with a path", Section{Tables: []Table{table("../x")}}, `table "../x": a name is made of`},
		{"name in capitals", Section{Figures: []Figure{{Name: "X"}}}, `figure "X": a name is made of`},
		{"name beyond ASCII", Section{Figures: []Figure{{Name: "ä"}}}, `a name is made of`},
		{"table twice", Section{Tables: []Table{table("x"), table("x")}}, `table "x": the name is taken`},
		{"figure twice", Section{Figures: []Figure{{Name: "x"}, {Name: "x"}}}, `figure "x": the name is taken`},
		{"table and figure", Section{Tables: []Table{table("x")}, Figures: []Figure{{Name: "x"}}}, ""},
		{"all types of cells", rows([]any{nil}, []any{""}, []any{true}, []any{1}, []any{int64(1)}, []any{uint64(1)}, []any{1.5}), ""},
		{"row too short", rows([]any{1}, []any{}), `table "t": row 2 has 0 cells, want 1`},
		{"cell of another type", rows([]any{int32(1)}), `row 1, column "a": cannot write a int32`},
		{"columns", columns("a", "b"), ""},
		{"column twice", columns("a", "a"), `column "a": its name is empty or taken`},
		{"column without a name", columns(""), `column "": its name is empty or taken`},
		{"line", figure(Lines, Series{X: two, Y: two, Lo: two, Hi: two}), ""},
		{"x and y differ", figure(Points, Series{Name: "s", X: two, Y: two[:1]}), `figure "f": series "s" has 2 values of x and 1 of y`},
		{"bars need no x", figure(Bars, Series{Y: two}), ""},
		{"bars without label", figure(Bars, Series{Y: two[:1]}), "has 1 bars for 2 labels"},
		{"half an error bar", figure(Lines, Series{X: two, Y: two, Lo: two}), "has 2 and 0 ends of error bars for 2 points"},
		{"too few error bars", figure(Lines, Series{X: two, Y: two, Lo: two[:1], Hi: two[:1]}), "has 1 and 1 ends"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := Report{Sections: []Section{tt.section}}
			err := r.check()
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("%v, want %q", err, tt.want)
			}
			if tt.want == "" {
				return
			}
			if r.Write(t.TempDir()) == nil || r.Text(io.Discard, 80) == nil {
				t.Error("it is written all the same")
			}
		})
	}
}
