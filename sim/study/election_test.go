package study

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/sim"
	"github.com/seed282dab8e/servent/sim/report"
)

func smallElection(seed int) Study {
	s := newElection()
	s.seed, s.runs, s.nodes, s.places, s.hours, s.searches, s.check = seed, 1, 24, 10, 1, 10, yes
	return s
}

func TestElection(t *testing.T) { checkStudy(t, smallElection) }

// TestElectionTargets: what was measured is held against what is wanted, for each run.
func TestElectionTargets(t *testing.T) {
	good := sim.CrowdResult{
		Shapes: []sim.Shape{
			{At: 30 * time.Minute, Taken: 1, Places: 1}, // not settled
			{At: 70 * time.Minute, Taken: 6, Places: 10, Supernodes: 99, BoasterPlaces: 1},
			{At: 80 * time.Minute, Taken: 8, Places: 10, Supernodes: 100},
		},
		RoleChanges: 0.09, Found: 995, Want: 1000, Soon: 900, Crashed: 5, Full: 10, Healed: 20 * time.Second,
		Why: map[string]int{"asked": 2, "alone": 1},
	}
	for name, change := range map[string]func(*sim.CrowdResult){
		"":                 func(*sim.CrowdResult) {},
		"at the least":     func(r *sim.CrowdResult) { r.Shapes[1].Taken = 4 },
		"at the most":      func(r *sim.CrowdResult) { r.Shapes[2].Taken = 9 },
		"role changes":     func(r *sim.CrowdResult) { r.RoleChanges = 0.11 },
		"held by liars":    func(r *sim.CrowdResult) { r.Shapes[1].BoasterPlaces = 9 },
		"files found":      func(r *sim.CrowdResult) { r.Found = 980 },
		"supernodes again": func(r *sim.CrowdResult) { r.Healed = time.Minute },
	} {
		r := good
		r.Shapes = append([]sim.Shape(nil), good.Shapes...)
		change(&r)
		raw, err := json.Marshal(ran{4, &r})
		if err != nil {
			t.Fatal(err)
		}
		page, err := newElection().Report([]json.RawMessage{raw})
		if err != nil {
			t.Fatal(err)
		}
		checkTarget(t, page, name)
		if !strings.Contains(page.Summary, "400 nodes") || page.Sections[2].Tables[0].Rows[0][0] != "alone" {
			t.Errorf("%s; %v", page.Summary, page.Sections[2].Tables[0].Rows)
		}
	}
}

// TestElectionAfterCrash: the page says that leaves have recovered only where they have.
func TestElectionAfterCrash(t *testing.T) {
	for want, r := range map[string]sim.CrowdResult{
		" 4 s after":                   {Crashed: 9, Full: 3, Healed: 4 * time.Second},
		"2 of 3 leaves still have not": {Crashed: 9, Full: 3, Unhealed: 2, Healed: 5 * time.Minute},
		"":                             {Crashed: 9},
	} {
		if got := healedText(&r); !strings.Contains(got, want) || (got == "") != (want == "") {
			t.Errorf("%q, want %q", got, want)
		}
		if r.Crashed = 0; healedText(&r) != "" {
			t.Error("a crash is told of where none was")
		}
	}
}

// checkTarget checks that just this target of a page is missed.
func checkTarget(t *testing.T, page *report.Report, missed string) {
	t.Helper()
	all := targets(page)
	if len(all) != 6 {
		t.Errorf("%d targets", len(all))
	}
	for _, target := range all {
		if want := missed != "" && strings.Contains(target.What, missed); target.Met() == want || !strings.HasPrefix(target.What, "seed 4: ") {
			t.Errorf("%q: %s is met: %v", missed, target.What, target.Met())
		}
	}
}

// TestElectionShows: a run that breaks an invariant is told of with its command.
func TestElectionShows(t *testing.T) {
	s := newElection()
	s.nodes, s.check = 50, yes
	err := s.shown(7, &sim.BrokenError{Seed: 7, Faults: []string{"it is broken"}})
	const want = "an invariant is broken: it is broken; the command that shows it: servent sim election --seed 7 --runs 1 --nodes 50 --check yes"
	if err.Error() != want {
		t.Errorf("%v\nwant %s", err, want)
	}
	if err := s.shown(7, errors.New("another")); err.Error() != "another" {
		t.Error(err)
	}
}
