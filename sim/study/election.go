package study

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/seed282dab8e/servent/sim"
	"github.com/seed282dab8e/servent/sim/load"
	"github.com/seed282dab8e/servent/sim/report"
)

func electionInfo() Info {
	return Info{
		Name:  "election",
		Title: "Do the right nodes become supernodes, and no more than are needed?",
		Short: "Let a network of real nodes find its supernodes, under churn and among liars",
		Long: `All nodes know one other only, and find out by themselves which of them serve.
They come and go as in KAD; half cannot be connected to, and three in ten claim
what they have not. The page says how full supernodes are, how often roles
change, how many liars serve, what searches find, and how soon all is well
after a fifth of the supernodes has crashed at once. The nodes are those that
servent ships.`,
		Example: "servent sim election\nservent sim election --nodes 10000 --places 300 --searches 300 --runs 1",
		New:     func() Study { return newElection() },
	}
}

// election is the study of that name. Its fields are its parameters.
type election struct {
	seed, runs, nodes, places, hours, searches int
	firewalled, boasters, crash                float64
	check                                      string
}

func newElection() *election {
	return &election{seed: 1, runs: 2, nodes: 400, places: 60, hours: 2, searches: 60, firewalled: 0.5, boasters: 0.3, crash: 0.2, check: no}
}

// Params lists what can be set.
func (s *election) Params() []Param {
	return []Param{
		{Name: "seed", Usage: "what all that is random follows from; each run has the next", Int: &s.seed, Max: 1 << 53},
		{Name: "runs", Usage: "runs, each with a seed of its own", Int: &s.runs, Min: 1, Max: 1000},
		{Name: "nodes", Usage: "nodes in the network", Int: &s.nodes, Min: 20, Max: 100_000},
		{Name: "places", Usage: "leaves that a supernode takes; 300 in servent", Int: &s.places, Min: 5, Max: 10_000},
		{Name: "hours", Usage: "virtual hours: half an hour of joining, then churn", Int: &s.hours, Min: 1, Max: 1000},
		{Name: "searches", Usage: "searches of each run", Int: &s.searches, Min: 1, Max: 100_000},
		{Name: "firewalled", Usage: "part of the nodes that cannot be connected to", Float: &s.firewalled, Max: 1},
		{Name: "boasters", Usage: "part of the nodes that claim what they have not", Float: &s.boasters, Max: 1},
		{Name: "crash", Usage: "part of the supernodes that crash at once in the end", Float: &s.crash, Max: 1},
		{Name: "check", Usage: "hold every step to the invariants; takes time and memory", Text: &s.check, Choices: []string{yes, no}},
	}
}

// Points returns a point for each run.
func (s *election) Points() ([]Point, error) {
	var points []Point
	for i := range s.runs {
		seed := s.seed + i
		points = append(points, Point{
			Name: fmt.Sprintf("seed %d", seed), Weight: float64(s.nodes), Memory: crowdMemory(s.nodes, s.nodes/15, filesEach),
			Run: func(ctx context.Context, tick func(float64)) (any, error) {
				cfg, plan := s.config(seed)
				r, err := sim.RunCrowd(ctx, cfg, plan, tick)
				return ran{seed, r}, s.shown(seed, err)
			},
		})
	}
	return points, nil
}

// shown adds the command that shows it to what a run broke.
func (s *election) shown(seed int, err error) error {
	var broken *sim.BrokenError
	if !errors.As(err, &broken) {
		return err
	}
	one := *s
	one.seed, one.runs = seed, 1
	return fmt.Errorf("%w; the command that shows it: %s", err, newResults(electionInfo(), &one, 0).command(electionInfo()))
}

// filesEach is how many files the workload has for each node.
const filesEach = 8

// mostCrashes is the part of the sessions that end without a goodbye: more than the
// workload's own, since roles must hold in bad times.
const mostCrashes = 0.5

func (s *election) config(seed int) (sim.CrowdConfig, sim.CrowdPlan) {
	cfg := sim.CrowdConfig{
		Seed: uint64(seed), Nodes: s.nodes, Places: s.places, Boasters: s.boasters, Check: s.check == yes,
		Load: load.Config{Firewalled: s.firewalled, Session: load.KAD(), Crashes: mostCrashes},
	}
	return cfg, sim.CrowdPlan{Time: time.Duration(s.hours) * time.Hour, Searches: s.searches, Crash: s.crash}
}

// Report makes the page.
func (s *election) Report(results []json.RawMessage) (*report.Report, error) {
	p := electionPage{s: s}
	for _, raw := range results {
		r, err := decode[ran](raw)
		if err != nil {
			return nil, err
		}
		if r != nil && r.Result != nil {
			p.runs = append(p.runs, r)
		}
	}
	return p.page(), nil
}
