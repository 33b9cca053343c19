package study

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/seed282dab8e/servent/sim/gia"
	"github.com/seed282dab8e/servent/sim/report"
)

func tinyGia(seed int) Study {
	return &gia2003{Peers: 80, Degree: 6, Replication: 0.05, Settle: 60, Work: 0.05, Exact: 3, Responses: 1, Sweep: "no", Seed: seed}
}

func TestGia2003(t *testing.T) { checkStudy(t, tinyGia) }

// published are results as the paper has them, of every point with the name of
// one of its designs.
func published(t *testing.T, s *gia2003, change func(string, *gia.Finding)) []json.RawMessage {
	t.Helper()
	cases := s.cases()
	raw := make([]json.RawMessage, len(cases)+1)
	for i, c := range cases {
		p := giaPublished(c.name)
		f := gia.Finding{Point: p.point, Hops: p.hops}
		change(c.name, &f)
		b, err := json.Marshal(f)
		if err != nil {
			t.Fatal(err)
		}
		raw[i] = b
	}
	return raw
}

// TestGiaTargetsMeetThePaper: its own figures meet every target, and what is
// not in its order does not.
func TestGiaTargetsMeetThePaper(t *testing.T) {
	s := gia2003Info().New().(*gia2003)
	s.Sweep = "no"
	check := func(change func(string, *gia.Finding)) (failed []string) {
		page, err := s.Report(published(t, s, change))
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range page.Sections[0].Targets {
			if x.Missing || x.Away {
				t.Errorf("%s is missing", x.What)
			}
			if !x.Met() {
				failed = append(failed, x.What)
			}
		}
		return failed
	}
	if failed := check(func(string, *gia.Finding) {}); failed != nil {
		t.Errorf("the paper fails its own targets: %q", failed)
	}
	for name, change := range map[string]func(*gia.Finding){
		"GIA-FLWCTL": func(f *gia.Finding) { f.Point = 6.5 },
		"GIA-OHR":    func(f *gia.Finding) { f.Hops = 900 },
		"RWRT":       func(f *gia.Finding) { f.Point = 0.0072 },
	} {
		failed := check(func(n string, f *gia.Finding) {
			if n == name {
				change(f)
			}
		})
		if len(failed) < 2 || !strings.Contains(strings.Join(failed, " "), "order") && name != "RWRT" {
			t.Errorf("%s is wrong, and only this failed: %q", name, failed)
		}
	}
}

// TestGiaOthersHaveNoPaper: figures of other networks are not held against the
// paper's.
func TestGiaOthersHaveNoPaper(t *testing.T) {
	s := tinyGia(1).(*gia2003)
	page, err := s.Report(published(t, s, func(string, *gia.Finding) {}))
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range page.Sections[0].Targets {
		if !x.Away {
			t.Errorf("%s applies", x.What)
		}
	}
}

// TestGiaSweep: cases come from rare to common, each once.
func TestGiaSweep(t *testing.T) {
	s := gia2003Info().New().(*gia2003)
	for _, d := range giaSwept() {
		cases := s.byReplication(d.Name)
		if len(cases) != len(giaRates())+1 {
			t.Errorf("%s: %d cases", d.Name, len(cases))
		}
		for i, c := range cases {
			if c.design.Name != d.Name || i > 0 && c.replication <= cases[i-1].replication {
				t.Errorf("%s: %+v", d.Name, cases)
			}
		}
	}
	seen := make(map[string]bool)
	for _, c := range s.cases() {
		if seen[c.name] {
			t.Errorf("%q comes twice", c.name)
		}
		seen[c.name] = true
	}
}

func TestGiaSweepTargets(t *testing.T) {
	s := gia2003Info().New().(*gia2003)
	for _, x := range []struct {
		spoil string
		met   [2]bool
	}{
		{"", [2]bool{true, true}},
		{"SUPER, files at 0.01 % of the peers", [2]bool{false, true}},
		{"RWRT, files at 1 % of the peers", [2]bool{true, false}},
	} {
		r := &giaResults{cases: s.cases()}
		for _, c := range r.cases {
			f := &gia.Finding{Point: map[string]float64{"GIA": 7000, "RWRT": 0.5}[c.design.Name] * c.replication}
			switch {
			case c.name == x.spoil && c.design.Flood:
				f.Point = 1e6
			case c.name == x.spoil:
				f.Point = 0
			}
			r.found = append(r.found, f)
		}
		for i, target := range s.sweepTargets(r) {
			if target.Missing || target.Met() != x.met[i] {
				t.Errorf("%q: %s: missing %v, met %v", x.spoil, target.What, target.Missing, target.Met())
			}
		}
	}
}

// TestGiaAdapting: what is drawn are parts of all, and the network holds
// together.
func TestGiaAdapting(t *testing.T) {
	s := &gia2003{Peers: 500, Replication: 0.01, Seed: 1}
	a, err := s.adapt(t.Context(), func(float64) {})
	if err != nil {
		t.Fatal(err)
	}
	section := adaptSection(a)
	for _, line := range section.Figures[1].Series {
		sum := 0.0
		for _, y := range line.Y {
			sum += y
		}
		if len(line.Y) > 0 && math.Abs(sum-100) > 1e-9 {
			t.Errorf("%s: %v %% of the peers", line.Name, sum)
		}
	}
	last := a.Moments[len(a.Moments)-1]
	if last.Parts != 1 || last.Hops == 0 || last.Satisfaction[0] != 1 {
		t.Errorf("in the end: %+v", last)
	}
	a.Degrees[gia.Levels-1] = []int{0, 0} // as in a smaller network
	last.Satisfaction[gia.Levels-1] = 0
	section = adaptSection(a)
	if row := section.Tables[0].Rows[0]; row[gia.Levels] != nil || row[2*gia.Levels] != nil || row[1] == nil || len(section.Figures[0].Series[gia.Levels-1].X) > 0 {
		t.Errorf("capacities that nobody has: %v", row)
	}
	if !section.Targets[0].Met() {
		t.Errorf("%+v", section.Targets[0])
	}
	for _, m := range a.Moments {
		if m.Parts > 1 && m.Hops != 0 {
			t.Errorf("a walk over parts: %+v", m)
		}
	}
}

func TestGiaBadParams(t *testing.T) {
	for want, s := range map[string]*gia2003{
		"--degree": {Peers: 50, Degree: 50, Replication: 0.1},
	} {
		if _, err := s.Points(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v", s, err)
		}
	}
}

// TestGiaCollapsedFromTheStart: a network that bears nothing is told of, too.
func TestGiaCollapsedFromTheStart(t *testing.T) {
	s := gia2003Info().New().(*gia2003)
	page, err := s.Report(published(t, s, func(_ string, f *gia.Finding) { f.Point, f.Hops = 0, 0 }))
	if err != nil {
		t.Fatal(err)
	}
	for _, section := range page.Sections {
		for _, f := range section.Figures {
			checkLogs(t, f)
		}
	}
}

func checkLogs(t *testing.T, f report.Figure) {
	t.Helper()
	for _, line := range f.Series {
		for _, y := range line.Y {
			if f.LogY && y <= 0 {
				t.Errorf("%s has %v on a logarithmic axis", f.Name, y)
			}
		}
	}
}

// TestGiaWorth: that one design bears less than another is said only where both were
// measured, and not where its point is a lower bound.
func TestGiaWorth(t *testing.T) {
	const alone = "No component does that alone."
	s := gia2003Info().New().(*gia2003)
	for _, bound := range []bool{false, true} {
		page, err := s.Report(published(t, s, func(name string, f *gia.Finding) { f.AtLeast = bound && name == "RWRT+FLWCTL" }))
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(page.Summary, alone); got == bound {
			t.Errorf("with a lower bound (%v): %s", bound, page.Summary)
		}
	}
}
