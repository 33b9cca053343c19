package study

import (
	"slices"
	"strings"
	"testing"
)

func TestParamSet(t *testing.T) {
	n, f, s := 5, 0.5, "a"
	whole := Param{Name: "n", Int: &n, Min: 1, Max: 10}
	part := Param{Name: "f", Float: &f, Min: 0, Max: 1}
	text := Param{Name: "s", Text: &s, Choices: []string{"a", "b"}}
	tests := []struct {
		p          Param
		value, err string
	}{
		{whole, "1", ""},
		{whole, "10", ""},
		{whole, "0", "0 is out of range: from 1 to 10"},
		{whole, "11", "11 is out of range: from 1 to 10"},
		{whole, "x", `"x" is no whole number: write it as 1000 or 1_000`},
		{whole, "1.5", `"1.5" is no whole number: write it as 1000 or 1_000`},
		{part, "0", ""},
		{part, "1", ""},
		{part, "1.01", "1.01 is out of range: from 0 to 1"},
		{part, "NaN", `"NaN" is no number`},
		{part, "", `"" is no number`},
		{text, "b", ""},
		{text, "c", `"c" is none of a, b`},
	}
	for _, tt := range tests {
		before := tt.p.Value()
		err := tt.p.Set(tt.value)
		switch {
		case tt.err == "" && (err != nil || tt.p.Value() != tt.value):
			t.Errorf("%s=%q: %q, %v", tt.p.Name, tt.value, tt.p.Value(), err)
		case tt.err != "" && (err == nil || err.Error() != tt.err || tt.p.Value() != before):
			t.Errorf("%s=%q: %q, %v, want %q", tt.p.Name, tt.value, tt.p.Value(), err, tt.err)
		}
	}
}

func TestCounts(t *testing.T) {
	if got, err := Counts("100, 1_000,5", 5, 1000); err != nil || !slices.Equal(got, []int{100, 1000, 5}) {
		t.Errorf("%v, %v", got, err)
	}
	for _, text := range []string{"", "4", "1001", "5,,6", "5;6", "5,6,5", "1000,1_000"} {
		if got, err := Counts(text, 5, 1000); err == nil {
			t.Errorf("%q is %v", text, got)
		}
	}
}

// TestStudies checks what holds for all studies: names, defaults within bounds,
// and points that can be listed.
func TestStudies(t *testing.T) {
	seen := map[string]bool{}
	for _, info := range All() {
		if seen[info.Name] || info.Title == "" || info.Short == "" || info.Long == "" || !strings.Contains(info.Example, "servent sim "+info.Name) {
			t.Errorf("%s: taken, or something is not said", info.Name)
		}
		if first := info.Short[:1]; first != strings.ToUpper(first) {
			t.Errorf("%s: the help begins with a small letter: %s", info.Name, info.Short)
		}
		seen[info.Name] = true
		s := info.New()
		params := map[string]bool{}
		for _, p := range s.Params() {
			if params[p.Name] || p.Usage == "" {
				t.Errorf("%s --%s: taken, or without usage", info.Name, p.Name)
			}
			params[p.Name] = true
			if err := p.Set(p.Value()); err != nil {
				t.Errorf("%s --%s: its default: %v", info.Name, p.Name, err)
			}
		}
		points, err := s.Points()
		if err != nil || len(points) == 0 {
			t.Errorf("%s: %d points, %v", info.Name, len(points), err)
		}
		names := map[string]bool{}
		for _, p := range points {
			if names[p.Name] {
				t.Errorf("%s: two points are %q", info.Name, p.Name)
			}
			names[p.Name] = true
		}
	}
}

// TestHelp: what the help of a study says fits a terminal, and its examples can be run as
// they stand there, as far as that is known before.
func TestHelp(t *testing.T) {
	for _, info := range All() {
		for line := range strings.Lines(info.Long) {
			if n := len([]rune(strings.TrimSpace(line))); n > 80 {
				t.Errorf("%s: a line of the help has %d characters: %s", info.Name, n, line)
			}
		}
		for line := range strings.Lines(info.Example) {
			_, flags, ok := strings.Cut(strings.TrimSpace(line), "servent sim ")
			if !ok {
				t.Errorf("%s: %q is no command", info.Name, line)
				continue
			}
			if _, err := flagged(t, flags).Points(); err != nil {
				t.Errorf("%q: %v", line, err)
			}
		}
		for _, p := range info.New().Params() {
			if strings.HasPrefix(p.Usage, "of ") || strings.HasPrefix(p.Usage, "the same") {
				t.Errorf("%s --%s: %q is said of something else", info.Name, p.Name, p.Usage)
			}
		}
	}
}
