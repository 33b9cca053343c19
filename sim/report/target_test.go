package report

import (
	"math"
	"strings"
	"testing"
)

// TestMet shows each kind of target the last figure that meets it and the
// first that does not.
func TestMet(t *testing.T) {
	above := func(v float64) float64 { return math.Nextafter(v, math.Inf(1)) }
	below := func(v float64) float64 { return math.Nextafter(v, math.Inf(-1)) }
	tests := []struct {
		name    string
		target  Target
		in, out []float64
	}{
		{"within", Target{Kind: Within, Paper: 100, Tolerance: 0.25}, []float64{75, 100, 125}, []float64{below(75), above(125), -100}},
		{"within, below zero", Target{Kind: Within, Paper: -100, Tolerance: 0.25}, []float64{-75, -125}, []float64{above(-75), below(-125)}},
		{"within, of nothing", Target{Kind: Within, Paper: 0, Tolerance: 0.25}, []float64{0}, []float64{above(0), below(0)}},
		{"factor", Target{Kind: Factor, Paper: 8, Tolerance: 2}, []float64{4, 16}, []float64{below(4), above(16), 0, -8}},
		{"at most", Target{Kind: AtMost, Paper: 5}, []float64{5, -6}, []float64{above(5)}},
		{"at least", Target{Kind: AtLeast, Paper: 5}, []float64{5, 6}, []float64{below(5)}},
		{"exact", Target{Kind: Exact, Paper: 5}, []float64{5}, []float64{above(5), below(5)}},
		{"sign", Target{Kind: Sign, Paper: -14}, []float64{-0.5, -300}, []float64{0, 0.5}},
		{"holds", Target{Kind: Holds, Paper: 1}, []float64{Bool(true)}, []float64{Bool(false), 2}},
	}
	for _, tt := range tests {
		for _, ours := range tt.in {
			if tt.target.Ours = ours; !tt.target.Met() {
				t.Errorf("%s: %v is not met", tt.name, ours)
			}
		}
		for _, ours := range append(tt.out, math.NaN()) {
			if tt.target.Ours = ours; tt.target.Met() {
				t.Errorf("%s: %v is met", tt.name, ours)
			}
		}
	}
}

// TestFailed shows that only what was run, is verified and is not accounted for
// can fail a study, and what was not fitted; an account alone, of what may be missed by any amount, or a
// miss that is said to be known without one, is not enough.
func TestFailed(t *testing.T) {
	bad := Target{What: "bad", Kind: AtMost, Paper: 1, Ours: 2}
	remembered, absent, good, away, known, fitted := bad, bad, bad, bad, bad, bad
	fitted.Fitted = true
	remembered.Unverified, absent.Missing, good.Ours, away.Away = true, true, 1, true
	known.Known, known.Why = true, "because"
	r := Report{Sections: []Section{{Targets: []Target{remembered, absent, away, known, fitted}}, {Targets: []Target{good, bad}}}}
	got := r.Failed()
	if len(got) != 1 || got[0] != bad {
		t.Errorf("failed: %v, want the bad one", got)
	}
	why, silent := bad, bad
	why.Why, silent.Known = "because", true
	r = Report{Sections: []Section{{Targets: []Target{why, silent}}}}
	if got := r.Failed(); len(got) != 2 {
		t.Errorf("failed: %v, want both", got)
	}
}

// TestAccounts: only what was put to the test is accounted for, in all files.
func TestAccounts(t *testing.T) {
	shown := func(x Target) bool {
		x.Kind, x.Paper, x.Why = Exact, 7, "the honest account"
		r := &Report{Title: "x", Sections: []Section{{Targets: []Target{x}}}}
		files := written(t, r)
		page := strings.Contains(string(files["index.html"]), x.Why)
		if page != strings.Contains(string(files["report.json"]), x.Why) || page != strings.Contains(rendered(t, r, 80), x.Why) {
			t.Errorf("%+v: not the same in all files", x)
		}
		return page
	}
	if shown(Target{Missing: true}) || shown(Target{Away: true}) || !shown(Target{}) || !shown(Target{Unverified: true}) {
		t.Error("accounts belong to what was put to the test")
	}
}

func TestVerdictTexts(t *testing.T) {
	tests := []struct {
		target                                   Target
		published, found, ratio, allowed, worded string
	}{
		{Target{Kind: Within, Paper: 1000, Ours: 1025, Tolerance: 0.03}, "1,000", "1,025", "1.025", "± 3 %", "met"},
		{Target{Kind: Factor, Paper: 5, Ours: 15, Tolerance: 2, Unit: "hops"}, "5 hops", "15 hops", "3.000", "× or ÷ 2", "missed"},
		{Target{Kind: AtMost, Paper: 0, Ours: 0}, "0", "0", "–", "at most", "met"},
		{Target{Kind: AtLeast, Paper: 95, Ours: 98, Unverified: true}, "95", "98", "1.032", "at least", "unverified (agrees)"},
		{Target{Kind: AtLeast, Paper: 95, Ours: 9, Unverified: true}, "95", "9", "0.095", "at least", "unverified (differs)"},
		{Target{Kind: AtLeast, Paper: 95, Ours: 98, Fitted: true, Unverified: true}, "95", "98", "1.032", "at least", "fitted"},
		{Target{Kind: Sign, Paper: -14, Ours: 0.01, Unit: "%"}, "-14 %", "0.01 %", "-0.00071", "same sign", "missed"},
		{Target{Kind: Holds, Paper: 1, Ours: 1}, "true", "true", "–", "true", "met"},
		{Target{Kind: Holds, Paper: 1, Ours: 0}, "true", "false", "–", "true", "missed"},
		{Target{Kind: Exact, Paper: 7, Ours: 7, Missing: true, Unverified: true}, "7", "–", "–", "exact", "not run"},
		{Target{Kind: Exact, Paper: 7, Ours: 8, Away: true, Missing: true}, "7", "–", "–", "exact", "does not apply"},
		{Target{Kind: Exact, Paper: 8, Ours: 10, Known: true, Why: "because"}, "8", "10", "1.250", "exact", "missed, accounted for"},
		{Target{Kind: Exact, Paper: 12345.5, Ours: 12345.75}, "12345.5", "12345.75", "1.000", "exact", "missed"},
	}
	for _, tt := range tests {
		x := tt.target
		got := [...]string{x.published(), x.found(), x.ratio(), x.allowed(), x.word()}
		if want := [...]string{tt.published, tt.found, tt.ratio, tt.allowed, tt.worded}; got != want {
			t.Errorf("%+v:\ngot  %q\nwant %q", x, got, want)
		}
	}
}

func TestOutcome(t *testing.T) {
	good, bad := Target{Kind: Holds, Ours: 1}, Target{Kind: Holds}
	tests := []struct {
		targets []Target
		want    string
	}{
		{nil, ""},
		{[]Target{good, good}, "2 of 2 targets met."},
		{[]Target{good, bad}, "1 of 2 targets met, 1 missed."},
		{[]Target{good, {Kind: Holds, Known: true, Why: "because"}, {Away: true}}, "1 of 2 targets met, 1 missed with an account of why; 1 for other parameters than these."},
		{[]Target{good, {Kind: Holds, Ours: 1, Fitted: true}}, "1 of 1 targets met; 1 fitted, not counted."},
		{[]Target{{Unverified: true}, {Missing: true}}, "No target was put to the test; 1 known from memory only, not counted; 1 not run."},
	}
	for _, tt := range tests {
		r := Report{Sections: []Section{{Targets: tt.targets}}}
		if got := r.outcome(); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}

// TestManyTargets folds them, but for those that were missed.
func TestManyTargets(t *testing.T) {
	for n, folded := range map[int]bool{openVerdicts: false, openVerdicts + 1: true} {
		r := &Report{Title: "x", Sections: []Section{{Targets: make([]Target, n)}}}
		for i := range n {
			r.Sections[0].Targets[i] = Target{What: "one of them", Kind: Exact}
		}
		r.Sections[0].Targets[1] = Target{What: "the bad one", Kind: Exact, Paper: 1}
		page := string(written(t, r)["index.html"])
		_, details, found := strings.Cut(page, "<details>")
		if found != folded {
			t.Fatalf("%d targets: folded %v", n, found)
		}
		if folded && (strings.Count(page, "the bad one") != 2 || strings.Count(details, "the bad one") != 1 || strings.Count(details, "one of them") != n-1) {
			t.Error("what was missed is to stand above all others")
		}
	}
}
