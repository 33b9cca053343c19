package study

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/sim"
	"github.com/seed282dab8e/servent/sim/load"
)

// fewNodes is the study with about everything in it, but small.
func fewNodes(seed int) Study {
	s := newNodes()
	s.seed, s.runs, s.nodes, s.places, s.minutes, s.searches = seed, 2, 30, 10, 6, 10
	s.boasters, s.falseHits, s.garblers, s.slow, s.partition, s.loss = 0.1, 0.05, 0.05, 0.1, 10, 0.01
	return s
}

func TestNodes(t *testing.T) { checkStudy(t, fewNodes) }

func TestNodesPage(t *testing.T) {
	page := whole(t, fewNodes(1))
	if !strings.Contains(page.Summary, "In 2 runs of 30 of the nodes") || !strings.Contains(page.Summary, "none was broken") {
		t.Error(page.Summary)
	}
	if all := targets(page); len(all) != 1 || !all[0].Met() {
		t.Errorf("%+v", all)
	}
	rows := page.Sections[0].Tables[0].Rows
	if len(rows) != 2 || rows[0][0] != 1 || rows[1][0] != 2 || rows[0][13] == rows[1][13] {
		t.Errorf("%v", rows)
	}
	if found := rows[0][3].(float64); found < 50 || found > 100 {
		t.Errorf("%v %% found", found)
	}
}

// TestNodesWithSupernodes: the roles may be given, and nobody need come or go.
func TestNodesWithSupernodes(t *testing.T) {
	s := newNodes()
	s.runs, s.nodes, s.supernodes, s.minutes, s.searches, s.churn, s.crash = 1, 40, 4, 2, 20, no, 0
	page := whole(t, s)
	shapes := page.Sections[1].Tables[0].Rows
	last := shapes[len(shapes)-1]
	if last[2] != 40 || last[3] != 36 || last[4] != 4 || last[7] != 0 {
		t.Errorf("in the end %v", last)
	}
	if row := page.Sections[0].Tables[0].Rows[0]; row[3] != 100.0 || row[12] != nil {
		t.Errorf("%v", row)
	}
}

// TestNodesRecord: a run that was recorded can be replayed, and nothing is written over.
func TestNodesRecord(t *testing.T) {
	file := filepath.Join(t.TempDir(), "run.jsonl")
	s := fewNodes(3).(*nodes)
	s.runs, s.record = 1, file
	trace := whole(t, s).Sections[0].Tables[0].Rows[0][13].(string)
	again := newNodes()
	again.replay = file
	page := whole(t, again)
	if !strings.Contains(page.Summary, trace) || !targets(page)[0].Met() {
		t.Errorf("trace %s: %s", trace, page.Summary)
	}
	points, err := s.Points()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := points[0].Run(context.Background(), func(float64) {}); !errors.Is(err, os.ErrExist) {
		t.Errorf("the file is there: %v", err)
	}
	if err := os.WriteFile(file, []byte("{}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	points, _ = again.Points()
	if _, err := points[0].Run(context.Background(), nil); err == nil || !strings.Contains(err.Error(), "--replay: "+file+": line 1: ") {
		t.Errorf("%v", err)
	}
	if page, err := again.Report(nil); err != nil || !targets(page)[0].Missing {
		t.Errorf("nothing was replayed: %v", err)
	}
}

func TestNodesRefuse(t *testing.T) {
	for want, change := range map[string]func(*nodes){
		"--record: only one run":           func(s *nodes) { s.record = "x" },
		"--supernodes: 1 of 400 nodes":     func(s *nodes) { s.supernodes = 1 },
		"--partition 901: it begins":       func(s *nodes) { s.partition, s.minutes = 901, 30 },
		"--boasters: those claim":          func(s *nodes) { s.supernodes, s.boasters = 20, 0.1 },
		"--garblers and --false-hits: ":    func(s *nodes) { s.garblers = 1 },
		"and --false-hits: some node must": func(s *nodes) { s.falseHits = 1 },
		"--supernodes: 400 of 400 nodes: ": func(s *nodes) { s.supernodes = 400 },
	} {
		s := newNodes()
		change(s)
		if _, err := s.Points(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// TestNodesShrink: a run that breaks an invariant is told of by the smallest that does.
func TestNodesShrink(t *testing.T) {
	tries := 0
	breaks := func(most int) crowdRunner {
		return func(_ context.Context, cfg sim.CrowdConfig, plan sim.CrowdPlan, _ func(float64)) (*sim.CrowdResult, error) {
			if tries++; cfg.Nodes < most || plan.Time < 3*time.Minute {
				return &sim.CrowdResult{}, nil
			}
			return nil, &sim.BrokenError{Seed: cfg.Seed, Faults: []string{fmt.Sprintf("%d nodes for %v", cfg.Nodes, plan.Time)}}
		}
	}
	s := newNodes()
	s.seed, s.minutes, s.crash, s.loss, s.crowd = 6, 60, 1, 0.25, breaks(40)
	_, err := s.run(context.Background(), 7, nil)
	const want = "an invariant is broken: 50 nodes for 3m0s; the shortest command that shows it: servent sim nodes --seed 7 --runs 1 --nodes 50 --minutes 3 --searches 1"
	if err == nil || err.Error() != want {
		t.Errorf("%v\nwant %s", err, want)
	}
	if tries > 3*maxTries+1 {
		t.Errorf("%d runs", tries)
	}
	s.nodes, s.supernodes, s.crowd = 100, 5, breaks(1)
	if _, err = s.run(context.Background(), 7, nil); err == nil || !strings.Contains(err.Error(), "--nodes 50 --supernodes 2 --minutes 3") {
		t.Errorf("%v", err)
	}
	s.crowd = func(context.Context, sim.CrowdConfig, sim.CrowdPlan, func(float64)) (*sim.CrowdResult, error) {
		return nil, context.Canceled
	}
	if _, err := s.run(context.Background(), 7, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

// TestNodesNothingToFind: that nobody shares is not told as a failure to find.
func TestNodesNothingToFind(t *testing.T) {
	p := nodesPage{s: fewNodes(1).(*nodes)}
	p.runs = append(p.runs, &ran{Result: &sim.CrowdResult{}})
	if got := p.page().Summary; !strings.Contains(got, "nothing to find") {
		t.Error(got)
	}
}

// TestNodesCrash: the summary tells whether leaves found supernodes again, in all runs.
func TestNodesCrash(t *testing.T) {
	for want, runs := range map[string][]*ran{
		"": {{Result: &sim.CrowdResult{Crashed: 3}}},
		" 20 s after supernodes crashed, every leaf that had all of its own has them again.": {
			{Result: &sim.CrowdResult{Full: 10, Healed: 20 * time.Second}}, {Result: &sim.CrowdResult{Full: 10, Healed: 5 * time.Second}},
		},
		" Five minutes after supernodes crashed, 2 of 20 leaves have not all of theirs again.": {
			{Result: &sim.CrowdResult{Full: 10, Unhealed: 2}}, {Result: &sim.CrowdResult{Full: 10, Healed: 5 * time.Second}},
		},
	} {
		p := nodesPage{s: newNodes(), runs: runs}
		if got := p.crash(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// TestNodesShareEnough: nodes have the files that --files says, on average, in small
// networks, too, and where they share many.
func TestNodesShareEnough(t *testing.T) {
	for _, tt := range []struct{ nodes, files int }{{10, 8}, {30, 8}, {400, 8}, {400, 400}, {20, 100}} {
		s := newNodes()
		s.nodes, s.files = tt.nodes, tt.files
		cfg, _ := s.config(1)
		cfg.Load.Seed, cfg.Load.Peers = 1, tt.nodes
		w, err := load.New(cfg.Load)
		if err != nil {
			t.Fatal(err)
		}
		copies := 0
		for f := range int32(w.Files()) {
			copies += len(w.Holders(f))
		}
		if copies != tt.nodes*tt.files {
			t.Errorf("%d nodes with %d files: %d copies, want %d", tt.nodes, tt.files, copies, tt.nodes*tt.files)
		}
	}
}

// TestNodesAfterGoodbye: a query that comes on a link which a node has just closed, for
// what it got there, counts for nothing; its hits go back where the next copy came from.
func TestNodesAfterGoodbye(t *testing.T) {
	s := newNodes()
	s.seed, s.runs, s.nodes, s.minutes, s.searches, s.falseHits, s.garblers = 5005, 1, 60, 10, 10, 0.3, 0.3
	if page := whole(t, s); !targets(page)[0].Met() {
		t.Error(page.Summary)
	}
}

// TestNodesTrouble: what goes wrong in a run is on its page, and nothing else.
func TestNodesTrouble(t *testing.T) {
	s := newNodes()
	s.crash = 0
	if got := s.trouble(); got != "" {
		t.Errorf("%q", got)
	}
	s.garblers, s.partition, s.crash = 0.1, 60, 0.5
	const want = " What happens to it: 10 % of the nodes damage what they send; half of the nodes are cut off from the others for 60 s after half of the time; 50 % of the supernodes crash in the end."
	if got := s.trouble(); got != want {
		t.Errorf("%q", got)
	}
}
