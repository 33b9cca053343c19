package study

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func smallLatency(seed int) Study {
	return &latency{Peers: 2000, Sources: 10, Fastest: 20, Slowest: 200, Seed: seed}
}

func TestLatency(t *testing.T) { checkStudy(t, smallLatency) }

// TestLatencyHolds: what must hold of any graph holds of a small one, and the
// rest is not asked of it.
func TestLatencyHolds(t *testing.T) {
	for i, target := range targets(whole(t, smallLatency(1))) {
		if crawl := i < 4; target.Away != crawl || !crawl && !target.Met() {
			t.Errorf("%s: %g, want %g (not asked: %v)", target.What, target.Ours, target.Paper, target.Away)
		}
	}
}

// TestLatencyTargets: on the crawl the means are near those of others, even over
// a few sources.
func TestLatencyTargets(t *testing.T) {
	folder := snapFolder(t)
	s := &latency{Graphs: folder, Sources: 40, Fastest: 20, Slowest: 200, Seed: 1}
	page := latencyPage{s: s, cases: s.cases()}
	for _, c := range page.cases {
		if c.ttl != latencyTTL || c.percent >= 0 {
			page.found = append(page.found, nil)
			continue
		}
		r, err := s.run(t.Context(), func(float64) {}, c)
		if err != nil {
			t.Fatal(err)
		}
		page.found = append(page.found, r)
	}
	for _, target := range page.targets()[:4] {
		if target.Missing || math.Abs(target.Ours/target.Paper-1) > 0.06 {
			t.Errorf("%s: %.0f, want about %.0f", target.What, target.Ours, target.Paper)
		}
	}
}

// TestLatencyWidens: the more latency varies, the more first copies come by a
// longer way, and the fewer peers are reached.
func TestLatencyWidens(t *testing.T) {
	s := smallLatency(1).(*latency)
	reach, longer := math.Inf(1), -1.0
	for _, c := range s.cases() {
		if c.percent != 0 && c.percent != 25 && c.percent != 100 {
			continue
		}
		r, err := s.run(t.Context(), func(float64) {}, c)
		if err != nil {
			t.Fatal(err)
		}
		if r.Reach.mean() > reach || r.Longer.mean() <= longer {
			t.Errorf("%s: %v reached, %v by a longer way; with less width %v and %v", c.name, r.Reach.mean(), r.Longer.mean(), reach, longer)
		}
		reach, longer = r.Reach.mean(), r.Longer.mean()
	}
}

// TestLatencyDefaults: as it is called without flags, but for --graphs, the study
// is held against all targets.
func TestLatencyDefaults(t *testing.T) {
	s := latencyInfo().New().(*latency)
	s.Graphs = "somewhere"
	p := latencyPage{s: s, cases: s.cases()}
	for range p.cases {
		p.found = append(p.found, &latencyResult{})
	}
	for _, target := range p.targets() {
		if target.Missing {
			t.Errorf("%s is not asked", target.What)
		}
	}
}

func TestLatencyRefuses(t *testing.T) {
	for want, s := range map[string]*latency{
		"--fastest is more than --slowest": {Peers: 500, Fastest: 3, Slowest: 2},
		"p2p-Gnutella31":                   {Graphs: t.TempDir(), Fastest: 1, Slowest: 2},
	} {
		if _, err := Ready(s); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

// TestLatencyMerges: parts that were run where the graph is are joined elsewhere.
func TestLatencyMerges(t *testing.T) {
	s := latencyInfo().New().(*latency)
	s.Graphs = filepath.Join(t.TempDir(), "nowhere")
	if _, err := Ready(s); err == nil || !strings.Contains(err.Error(), "p2p-Gnutella31.txt") {
		t.Errorf("it runs without the graph: %v", err)
	}
	points, err := s.Points()
	if err != nil {
		t.Fatal(err)
	}
	r := newResults(latencyInfo(), s, len(points))
	for i, p := range points {
		r.Points[i].Name = p.Name
	}
	if _, err := r.Report(); err != nil {
		t.Errorf("no page without the graph: %v", err)
	}
}

// snapFolder is where the SNAP collection's Gnutella graphs are: what
// SERVENT_GRAPHS says, or beside the repository. Without them the test is skipped.
func snapFolder(t *testing.T) string {
	t.Helper()
	folder := os.Getenv("SERVENT_GRAPHS")
	if folder == "" {
		folder = filepath.FromSlash("../../../shared/data/snap-gnutella")
	}
	if _, err := snapFile(folder, "31"); err != nil {
		t.Skip("no SNAP graphs here: set SERVENT_GRAPHS to their folder")
	}
	return folder
}
