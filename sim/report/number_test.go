package report

import (
	"math"
	"testing"
)

func TestNumbers(t *testing.T) {
	tests := []struct {
		v                   float64
		human, short, exact string
	}{
		{0, "0", "0", "0"},
		{math.Copysign(0, -1), "0", "0", "0"},
		{1, "1", "1", "1"},
		{-14, "-14", "-14", "-14"},
		{0.5, "0.5", "0.5", "0.5"},
		{0.00926, "0.00926", "0.00926", "0.00926"},
		{1.0 / 3, "0.3333", "0.3333", "0.333333"},
		{99.996, "100", "100", "99.996"},
		{999.94, "999.9", "999.9", "999.94"},
		{999.96, "1,000", "1,000", "999.96"},
		{1000, "1,000", "1k", "1000"},
		{-1234.5, "-1,234", "-1.234k", "-1234.5"},
		{20000, "20,000", "20k", "20000"},
		{1234567, "1,234,567", "1.235M", "1.23457e+06"},
		{3e9, "3,000,000,000", "3G", "3e+09"},
		{2e12, "2,000,000,000,000", "2T", "2e+12"},
		{1e15, "1×10¹⁵", "1e+15", "1e+15"},
		{1e-4, "0.0001", "0.0001", "0.0001"},
		{9.5e-7, "9.5×10⁻⁷", "9.5e-07", "9.5e-07"},
		{math.NaN(), "–", "", "NaN"}, // no axis shows it
		{math.Inf(1), "∞", "", "+Inf"},
		{math.Inf(-1), "-∞", "", "-Inf"},
	}
	for _, tt := range tests {
		got := [...]string{human(tt.v), "", sixDigits(tt.v)}
		if tt.short != "" {
			got[1] = short(tt.v)
		}
		if want := [...]string{tt.human, tt.short, tt.exact}; got != want {
			t.Errorf("%v: got %q, want %q", tt.v, got, want)
		}
	}
}

func TestRounded(t *testing.T) {
	if a, b := rounded(0.1+0.2), rounded(0.3); a != b {
		t.Errorf("%v and %v differ in the last bits only", a, b)
	}
	for v, want := range map[float64]float64{math.MaxFloat64: 1.79769e308, math.Inf(1): math.Inf(1), 5e-324: 5e-324} {
		if got := rounded(v); got != want {
			t.Errorf("rounded(%v) = %v", v, got)
		}
	}
	if got := rounded(1234567); got != 1234570 {
		t.Errorf("rounded(1234567) = %v", got)
	}
}

// TestPlaces: the points of a column stand below one another unless that makes
// cells too long.
func TestPlaces(t *testing.T) {
	tests := []struct {
		cells []any
		want  []string
	}{
		{[]any{0.5, 12.0, 98.7}, []string{"0.5", "12.0", "98.7"}},
		{[]any{0.04, 100.0}, []string{"0.04", "100.00"}},
		{[]any{0.001234, 123456.0}, []string{"0.001234", "123,456"}},
		{[]any{1, 2.5, nil, math.NaN(), math.Inf(1)}, []string{"1", "2.5", "–", "–", "∞"}},
		{[]any{"a", true, false, int64(-1234), uint64(1 << 63)}, []string{"a", "yes", "no", "-1,234", "9,223,372,036,854,775,808"}},
	}
	for _, tt := range tests {
		table := Table{Columns: []Column{{Name: "x"}}}
		for _, c := range tt.cells {
			table.Add(c)
		}
		for i, row := range table.texts() {
			if row[0] != tt.want[i] {
				t.Errorf("%v: cell %d is %q, want %q", tt.cells, i, row[0], tt.want[i])
			}
		}
	}
}

func TestNumericColumn(t *testing.T) {
	table := Table{Columns: []Column{{Name: "numbers"}, {Name: "mixed"}, {Name: "nothing"}}}
	table.Add(1, 1.5, nil)
	table.Add(nil, "x", nil)
	for i, want := range []bool{true, false, false} {
		if got := table.numeric(i); got != want {
			t.Errorf("column %s: numeric is %v", table.Columns[i].Name, got)
		}
	}
}
