package study

import (
	"context"
	"encoding/json"
	"slices"
	"testing"

	"github.com/seed282dab8e/servent/sim/report"
)

// whole runs all points of a study, without a runner, and makes its report.
func whole(t *testing.T, s Study) *report.Report {
	t.Helper()
	page, err := s.Report(results(t, s))
	if err != nil {
		t.Fatal(err)
	}
	return page
}

// results runs all points, one after the other.
func results(t *testing.T, s Study) []json.RawMessage {
	t.Helper()
	if testing.Short() {
		t.Skip("takes long")
	}
	points, err := s.Points()
	if err != nil {
		t.Fatal(err)
	}
	raw := make([]json.RawMessage, len(points))
	for i, p := range points {
		got, err := p.Run(context.Background(), func(done float64) {
			if !(done >= 0 && done <= 1) {
				t.Errorf("%s: %v done", p.Name, done)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		if raw[i], err = json.Marshal(got); err != nil {
			t.Fatal(err)
		}
	}
	return raw
}

// checkStudy checks what every study promises: equal bytes from equal
// parameters, others from another seed, an end when it is told to, and a page
// however little was run.
func checkStudy(t *testing.T, small func(seed int) Study) {
	t.Helper()
	raw := results(t, small(1))
	if !slices.EqualFunc(raw, results(t, small(1)), equalJSON) {
		t.Error("equal parameters, other results")
	}
	if slices.EqualFunc(raw, results(t, small(2)), equalJSON) {
		t.Error("another seed, equal results")
	}
	checkEnds(t, small(1))
	checkPartial(t, small(1), raw)
}

func checkEnds(t *testing.T, s Study) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	points, err := s.Points()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range points {
		if _, err := p.Run(ctx, func(float64) {}); err == nil {
			t.Errorf("%s: ran although it was told to end", p.Name)
		}
	}
}

// checkPartial makes pages of nothing, and of each point alone.
func checkPartial(t *testing.T, s Study, raw []json.RawMessage) {
	t.Helper()
	for i := range len(raw) + 1 {
		part := make([]json.RawMessage, len(raw))
		if i < len(raw) {
			part[i] = raw[i]
		}
		page, err := s.Report(part)
		if err != nil {
			t.Fatalf("report of point %d alone: %v", i, err)
		}
		if page.Summary == "" || len(page.Sections) == 0 {
			t.Errorf("report of point %d alone says nothing", i)
		}
		checkShape(t, page)
	}
	if _, err := s.Report([]json.RawMessage{json.RawMessage(`"x"`)}); err == nil {
		t.Error("a report of garbage")
	}
}

// checkShape checks that the rows of a page fit its columns, that series have as
// many x as y, and that names of files are not given twice.
func checkShape(t *testing.T, page *report.Report) {
	t.Helper()
	names := map[string]bool{}
	once := func(name string) {
		if name == "" || names[name] {
			t.Errorf("name %q is empty or given twice", name)
		}
		names[name] = true
	}
	for _, s := range page.Sections {
		for _, table := range s.Tables {
			once(table.Name)
			columns := map[string]bool{}
			for _, c := range table.Columns {
				if columns[c.Name] || c.Name == "" {
					t.Errorf("table %s: column %q is empty or there twice", table.Name, c.Name)
				}
				columns[c.Name] = true
			}
			for _, row := range table.Rows {
				if len(row) != len(table.Columns) {
					t.Errorf("table %s: %d cells under %d columns", table.Name, len(row), len(table.Columns))
				}
			}
		}
		for _, f := range s.Figures {
			once(f.Name)
			for _, line := range f.Series {
				if f.Kind != report.Bars && len(line.X) != len(line.Y) || f.Kind == report.Bars && len(line.Y) > len(f.Labels) {
					t.Errorf("figure %s: series %s has %d x, %d y", f.Name, line.Name, len(line.X), len(line.Y))
				}
			}
		}
	}
}

// targets lists all targets of a page.
func targets(page *report.Report) []report.Target {
	var all []report.Target
	for _, s := range page.Sections {
		all = append(all, s.Targets...)
	}
	return all
}
