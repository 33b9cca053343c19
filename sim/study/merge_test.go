package study

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/seed282dab8e/servent/sim/report"
)

// piece is a part of a study of two points, with those results; "": not run.
func piece(from, shard string, results ...string) *Results {
	r := &Results{Study: "counting", Version: "1", Params: []report.Param{{Name: "seed", Value: "2"}}, Shard: shard, From: from}
	for i, text := range results {
		p := PointResult{Name: string(rune('a' + i))}
		if text != "" {
			p.Result = json.RawMessage(text)
		}
		r.Points = append(r.Points, p)
	}
	return r
}

// TestMergeRefuses names the folders that do not belong together, and why.
func TestMergeRefuses(t *testing.T) {
	tests := []struct {
		want   string
		change func(r *Results)
	}{
		{"not parts of the same study: the first is of counting, the other of other", func(r *Results) { r.Study = "other" }},
		{"the first was made by version 1, the other by 2", func(r *Results) { r.Version = "2" }},
		{"the first has --seed 2, the other --seed 3", func(r *Results) { r.Params = []report.Param{{Name: "seed", Value: "3"}} }},
		{"the first has 1 parameters, the other 0", func(r *Results) { r.Params = nil }},
		{"the first has 2 points, the other 1", func(r *Results) { r.Points = r.Points[:1] }},
		{`point 2 of the first is "b", of the other "c"`, func(r *Results) { r.Points[1].Name = "c" }},
		{`both have "a", and differ`, func(r *Results) { r.Points[0].Result = json.RawMessage("2") }},
	}
	for _, tt := range tests {
		bad := piece("/bad", "", "1", "")
		tt.change(bad)
		_, err := Merge(piece("/zero", "", "", "5"), piece("/one", "", "1", ""), bad)
		if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), "/bad") {
			t.Errorf("error %v, want %q", err, tt.want)
		}
		if err != nil && strings.Contains(tt.want, "differ") && !strings.HasPrefix(err.Error(), "/one and /bad ") {
			t.Errorf("%v: the point is of /one", err)
		}
	}
	if _, err := Merge(piece("/a", "", "1", ""), piece("/b", "", " 1 ", "")); err != nil {
		t.Errorf("equal parts: %v", err)
	}
	if _, err := Merge(); err == nil {
		t.Error("nothing is merged")
	}
}

func TestGaps(t *testing.T) {
	tests := []struct {
		parts []*Results
		want  []string
	}{
		{[]*Results{piece("/a", "1/2", "1", ""), piece("/b", "2/2", "", "2")}, nil},
		{[]*Results{piece("/a", "", "1", "2")}, nil},
		{[]*Results{piece("/b", "2/3", "", "2")}, []string{"part 1/3 is missing", "part 3/3 is missing"}},
		{[]*Results{piece("/a", "1/2", "1", ""), piece("/b", "1/2", "1", "")}, []string{"/a and /b are both part 1/2", "part 2/2 is missing"}},
		{[]*Results{piece("/a", "1/2", "", ""), piece("/b", "2/2", "", "2")}, []string{"/a is not complete: it has 0 of its 1 points"}},
		{[]*Results{piece("/a", "", "1", "")}, []string{"/a is not complete: it has 1 of its 2 points"}},
		{[]*Results{piece("/a", "1/2", "1", ""), piece("/b", "2/3", "", "2")}, []string{"/a is part 1/2 and /b part 2/3: points may be in both, or in none"}},
	}
	for _, tt := range tests {
		if got := Gaps(tt.parts...); !slices.Equal(got, tt.want) {
			t.Errorf("gaps %q, want %q", got, tt.want)
		}
	}
}
