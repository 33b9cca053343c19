package study

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"time"

	"github.com/seed282dab8e/servent/sim"
	"github.com/seed282dab8e/servent/sim/load"
	"github.com/seed282dab8e/servent/sim/report"
)

func nodesInfo() Info {
	return Info{
		Name:  "nodes",
		Title: "A network of the shipped nodes, under load, churn and faults",
		Short: "Run thousands of real nodes under virtual time, with churn and faults",
		Long: `Runs the very nodes that servent ships, under virtual time and in one process:
they find their roles, share, search, come and go. A part of them may lie about
what they are or have, damage what they send, be slow, or be cut off for a
while. Every step of every node that behaves is held to the invariants of
docs/simulation.md. Where one is broken, the run is made as small as it can
be, and the command that shows the fault is printed.`,
		Example: `servent sim nodes
servent sim nodes --nodes 2000 --garblers 0.05 --partition 60
servent sim nodes --runs 1 --record run.jsonl
servent sim nodes --replay run.jsonl
servent sim nodes --nodes 100000 --supernodes 3000 --churn no --check no --minutes 3 --runs 1 --memory 8GiB`,
		New: func() Study { return newNodes() },
	}
}

// nodes is the study of that name. Its fields are its parameters.
type nodes struct {
	seed, runs, nodes, supernodes, parents, places, files, hosts, minutes, partition, searches int
	freeRiders, firewalled, boasters, falseHits, garblers, loss, slow, crash                   float64
	churn, check, record, replay                                                               string

	crowd crowdRunner
}

// crowdRunner is sim.RunCrowd, or what a test puts in its place.
type crowdRunner func(context.Context, sim.CrowdConfig, sim.CrowdPlan, func(float64)) (*sim.CrowdResult, error)

func newNodes() *nodes {
	return &nodes{
		seed: 1, runs: 3, nodes: 400, parents: 3, files: 8, minutes: 60, searches: 60,
		freeRiders: 0.4, firewalled: 0.3, crash: 0.2, churn: yes, check: yes,
		crowd: sim.RunCrowd,
	}
}

const yes, no = "yes", "no"

// Params lists what can be set.
func (s *nodes) Params() []Param {
	part := func(name, usage string, v *float64) Param {
		return Param{Name: name, Usage: "part of the nodes that " + usage, Float: v, Max: 1}
	}
	return []Param{
		{Name: "seed", Usage: "what all that is random follows from; each run has the next", Int: &s.seed, Max: 1 << 53},
		{Name: "runs", Usage: "runs, each with a seed of its own", Int: &s.runs, Min: 1, Max: 1000},
		{Name: "nodes", Usage: "nodes in the network", Int: &s.nodes, Min: 2, Max: 1_000_000},
		{Name: "supernodes", Usage: "nodes that are supernodes, all others being leaves; 0: they find their roles themselves", Int: &s.supernodes, Max: 100_000},
		{Name: "parents", Usage: "supernodes of a leaf, where --supernodes says which they are", Int: &s.parents, Min: 1, Max: 10},
		{Name: "places", Usage: "leaves that a supernode takes; 0: 60, or what --supernodes makes necessary", Int: &s.places, Max: 100_000},
		{Name: "files", Usage: "files of a node, on average over all", Int: &s.files, Min: 1, Max: 400},
		{Name: "hosts", Usage: "addresses that a node knows at most; 0: as many as servent does", Int: &s.hosts, Max: 10_000},
		{Name: "minutes", Usage: "virtual minutes before the searches", Int: &s.minutes, Min: 1, Max: 100_000},
		{Name: "searches", Usage: "searches of each run", Int: &s.searches, Min: 1, Max: 100_000},
		{Name: "churn", Usage: "let nodes come and go", Text: &s.churn, Choices: []string{yes, no}},
		{Name: "free-riders", Usage: "part of the nodes that share nothing", Float: &s.freeRiders, Max: 0.99},
		part("firewalled", "cannot be connected to", &s.firewalled),
		part("boasters", "claim to be fit for what they are not", &s.boasters),
		part("false-hits", "answer every query with a file that nobody has", &s.falseHits),
		part("garblers", "damage one in ten of their messages", &s.garblers),
		part("slow", "are ten times as slow from the middle on", &s.slow),
		{Name: "loss", Usage: "part of the packets that get lost", Float: &s.loss, Max: 0.5},
		{Name: "partition", Usage: "seconds for which half of the nodes are cut off from the others", Int: &s.partition, Max: 86_400},
		{Name: "crash", Usage: "part of the supernodes that crash at once in the end", Float: &s.crash, Max: 1},
		{Name: "check", Usage: "hold every step to the invariants; takes time and memory", Text: &s.check, Choices: []string{yes, no}},
		{Name: "record", Usage: "file to write all that was done to the nodes into, with --runs 1", Text: &s.record},
		{Name: "replay", Usage: "file of --record to do again, instead of all else", Text: &s.replay},
	}
}

// What a node takes in memory: a leaf with its part of three supernodes, each file
// that it shares, and what a supernode takes beside that. TestMemoryOfNodes of sim has
// them, ours are larger by the garbage that is not yet collected.
const leafMemory, fileMemory, supernodeMemory = 50_000, 3_500, 250_000

// crowdMemory is what a crowd takes.
func crowdMemory(nodes, supernodes, files int) int64 {
	return int64(nodes)*int64(leafMemory+files*fileMemory) + int64(supernodes)*supernodeMemory
}

// Points returns a point for each run, or one that replays.
func (s *nodes) Points() ([]Point, error) {
	switch {
	case s.replay != "":
		return []Point{{Name: "replay " + s.replay, Run: s.runReplay}}, nil
	case s.record != "" && s.runs != 1:
		return nil, fmt.Errorf("--record: only one run can be recorded: use --runs 1")
	case s.supernodes == 1 || s.supernodes >= s.nodes:
		return nil, fmt.Errorf("--supernodes: %d of %d nodes: use 0, or 2 to under --nodes", s.supernodes, s.nodes)
	case s.partition > s.minutes*60/2:
		return nil, fmt.Errorf("--partition %d: it begins after half of --minutes %d, and would outlast them: use %d at most", s.partition, s.minutes, s.minutes*60/2)
	case s.supernodes > 0 && s.boasters > 0:
		return nil, errors.New("--boasters: those claim to be fit for supernodes, and with --supernodes nobody is asked: leave one of the two out")
	case s.garblers == 1 || s.falseHits == 1:
		return nil, errors.New("--garblers and --false-hits: some node must behave, or nothing is tested: use less than 1")
	}
	memory := crowdMemory(s.nodes, max(s.supernodes, s.nodes/15), s.files)
	if s.check == yes {
		memory += memory / 2
	}
	var points []Point
	for i := range s.runs {
		seed := s.seed + i
		points = append(points, Point{
			Name: fmt.Sprintf("seed %d", seed), Weight: float64(s.nodes), Memory: memory,
			Run: func(ctx context.Context, tick func(float64)) (any, error) { return s.run(ctx, seed, tick) },
		})
	}
	return points, nil
}

// ran is the result of a run.
type ran struct {
	Seed   int
	Result *sim.CrowdResult
}

// config is what a run with this seed does.
func (s *nodes) config(seed int) (sim.CrowdConfig, sim.CrowdPlan) {
	length := time.Duration(s.minutes) * time.Minute
	cfg := sim.CrowdConfig{
		Seed: uint64(seed), Nodes: s.nodes, Supernodes: s.supernodes, Parents: s.parents, Places: s.places,
		Hosts: s.hosts, Ramp: min(length/3, 30*time.Minute),
		Load: load.Config{Files: s.distinct(), Copies: s.nodes * s.files, FreeRiders: s.freeRiders, Firewalled: s.firewalled},
		Loss: s.loss, Boasters: s.boasters, FalseHits: s.falseHits, Garblers: s.garblers,
		Check: s.check == yes,
	}
	if s.freeRiders == 0 {
		cfg.Load.FreeRiders = -1 // 0 would be the default
	}
	if s.churn == yes {
		cfg.Load.Session = load.KAD()
	}
	return cfg, sim.CrowdPlan{
		Time: length, Every: max(length/20, time.Second), Partition: time.Duration(s.partition) * time.Second,
		Slow: s.slow, Searches: s.searches, Crash: s.crash,
	}
}

// distinct is how many different files there are: as many as nodes, and more where
// these are few, or share many. A file can be with a part of those who share only, so
// too few would leave nodes with less than they are to have.
func (s *nodes) distinct() int {
	const spread = 0.15 // half of that part
	return min(s.nodes*s.files, max(s.nodes, int(math.Ceil(float64(s.files)/float64(spread*(1-s.freeRiders))))))
}

func (s *nodes) run(ctx context.Context, seed int, tick func(float64)) (any, error) {
	cfg, plan := s.config(seed)
	var file *os.File
	if s.record != "" {
		var err error
		if file, err = os.OpenFile(s.record, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666); err != nil {
			return nil, fmt.Errorf("--record: %w", err)
		}
		defer file.Close()
		cfg.Record = file
	}
	r, err := s.crowd(ctx, cfg, plan, tick)
	if err != nil {
		if err = s.smallest(ctx, seed, err); file != nil {
			err = fmt.Errorf("%w; what was done is in %s", err, s.record)
		}
		return nil, err
	}
	if file != nil {
		if err := file.Close(); err != nil {
			return nil, fmt.Errorf("--record: %w", err)
		}
	}
	return ran{seed, r}, nil
}

// replayed is what a recording gave.
type replayed struct {
	Trace string
	Nodes int
	Time  time.Duration
}

func (s *nodes) runReplay(ctx context.Context, _ func(float64)) (any, error) {
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	file, err := os.Open(s.replay)
	if err != nil {
		return nil, fmt.Errorf("--replay: %w", err)
	}
	defer file.Close()
	w, err := sim.Replay(file)
	if err != nil {
		return nil, fmt.Errorf("--replay: %s: %w", s.replay, err)
	}
	return replayed{fmt.Sprintf("%016x", w.Trace().Hash), w.Len(), w.Now()}, nil
}

// Report makes the page.
func (s *nodes) Report(results []json.RawMessage) (*report.Report, error) {
	if s.replay != "" {
		return replayPage(results)
	}
	p := nodesPage{s: s}
	for _, raw := range results {
		r, err := decode[ran](raw)
		if err != nil {
			return nil, err
		}
		if r != nil {
			p.runs = append(p.runs, r)
		}
	}
	return p.page(), nil
}
