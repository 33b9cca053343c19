package study

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/seed282dab8e/servent/sim/graph"
	"github.com/seed282dab8e/servent/sim/swarm"
)

// swarmStudy gives a file to many peers in several ways and holds the times
// against the fluid bound, and against what Kraken published.
type swarmStudy struct {
	seed, peers, seeds      int
	size, piece, rate, line int // MB, MB, MB/s, MB/s
	links, seedLinks        int
	pipeline, seedPipeline  int
	endgame                 int
	latency, spread, burst  float64 // ms, s, s

	// Not parameters, but less in tests: peers with real access links, runs in
	// which luck decides, and sizes of swarms.
	crowd, runs int
	sizes       []int
}

func swarmInfo() Info {
	return Info{
		Name:  "swarm",
		Title: "One file to many peers",
		Short: "Client and server, chain, and pieces, against the fluid bound and Kraken's run",
		Long: `Gives one file from its seeds to many peers: whole from one seed, along a
chain, and in pieces, rarest first, random or in order, with and without
endgame. It shows how near the times come to what no way to share can beat,
what the seed must send, what is wasted, and what happens with real access
links, when the seed leaves and when hosts stall. The default is the run that
Kraken published: 3 GB to 2600 hosts of 300 MB/s.`,
		Source:  "Uber Kraken, README, Benchmark; Kumar, Ross: Peer-Assisted File Distribution, 2006, for the bound",
		Example: "servent sim swarm\nservent sim swarm --peers 1000 --links 20 --endgame 20",
		New: func() Study {
			return &swarmStudy{
				seed: 1, peers: 2600, seeds: 3, size: 3000, piece: 4, rate: 300, line: 1250,
				links: 10, seedLinks: 300, pipeline: 3, seedPipeline: 5, endgame: 3,
				latency: 0.5, spread: 1, burst: 1,
				crowd: 1000, runs: 8, sizes: []int{30, 100, 300, 1000, 3000},
			}
		},
	}
}

// Params returns the parameters. The defaults are Kraken's, see swarmKraken.
func (s *swarmStudy) Params() []Param {
	return []Param{
		{Name: "seed", Usage: "what all that is random follows from", Int: &s.seed, Min: 0, Max: 1 << 53},
		{Name: "peers", Usage: "hosts that download", Int: &s.peers, Min: 20, Max: 100_000},
		{Name: "seeds", Usage: "hosts that have the file from the start", Int: &s.seeds, Min: 1, Max: 1000},
		{Name: "size", Usage: "MB of the file", Int: &s.size, Min: 1, Max: 1_000_000},
		{Name: "piece", Usage: "MB of a piece; two must divide the pieces of the file", Int: &s.piece, Min: 1, Max: 1000},
		{Name: "rate", Usage: "MB/s that a host sends, and as many that it takes in", Int: &s.rate, Min: 1, Max: 100_000},
		{Name: "line", Usage: "MB/s of a network card: what a seed sends, and at which a host sends what it has saved up", Int: &s.line, Min: 1, Max: 100_000},
		{Name: "links", Usage: "links of a peer", Int: &s.links, Min: 2, Max: 1000},
		{Name: "seed-links", Usage: "links of a seed in the last run of Kraken's and where endgame is looked at", Int: &s.seedLinks, Min: 30, Max: 30_000},
		{Name: "pipeline", Usage: "pieces asked for at once over a link", Int: &s.pipeline, Min: 1, Max: 256},
		{Name: "seed-pipeline", Usage: "pieces asked for at once over a link to a seed", Int: &s.seedPipeline, Min: 1, Max: 256},
		{Name: "endgame", Usage: "missing pieces at which a peer begins to ask several for one", Int: &s.endgame, Min: 1, Max: 1000},
		{Name: "latency", Usage: "ms that a message takes, one way", Float: &s.latency, Min: 0, Max: 10_000},
		{Name: "spread", Usage: "seconds in which the hosts begin, where there is a tracker", Float: &s.spread, Min: 0, Max: 3600},
		{Name: "burst", Usage: "seconds of its rate that a host saves up while idle, where it is set up as Kraken's", Float: &s.burst, Min: 0, Max: 60},
	}
}

// swarmCase is one run.
type swarmCase struct {
	part, name string // the section, and the row in it
	weight     float64
	runs       int // with other random streams, taken together; 0: one
	config     func(r *rand.Rand) swarm.Config
	classes    func(host int) int // which class a host is of; nil: all are alike
}

// Points returns the runs.
func (s *swarmStudy) Points() ([]Point, error) {
	pieces := s.size / s.piece
	if pieces < 2 || s.size%(2*s.piece) != 0 {
		return nil, fmt.Errorf("--piece %d: the file of %d MB must be a whole and even number of pieces", s.piece, s.size)
	}
	if (s.peers+s.seeds)*s.links%2 != 0 {
		return nil, fmt.Errorf("--links %d: must be even, or the peers and seeds together", s.links)
	}
	if s.links >= s.peers {
		return nil, fmt.Errorf("--links %d: must be less than the peers, %d", s.links, s.peers)
	}
	var points []Point
	for _, c := range s.cases() {
		points = append(points, Point{
			Name:   c.part + ", " + c.name,
			Weight: c.weight,
			Memory: int64(s.peers+s.seeds)*int64(4*pieces+40*s.links*(s.pipeline+s.seedPipeline)) + 32<<20,
			Run:    func(ctx context.Context, tick func(float64)) (any, error) { return s.run(ctx, c, tick) },
		})
	}
	return points, nil
}

// run does one case, as often as it says.
func (s *swarmStudy) run(ctx context.Context, c swarmCase, tick func(float64)) (any, error) {
	runs := max(1, c.runs)
	var cfg swarm.Config
	all := new(swarm.Result)
	for i := range runs {
		stream := 2 * uint64(i)
		cfg = c.config(rand.New(rand.NewPCG(uint64(s.seed), stream+1)))
		res, err := swarm.Run(cfg, rand.New(rand.NewPCG(uint64(s.seed), stream+2)), func(done float64) bool {
			tick((float64(i) + done) / float64(runs))
			return ctx.Err() == nil
		})
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			return nil, err
		}
		gather(all, res)
	}
	return newSwarmRun(cfg, all, c.classes), nil
}

// gather adds the downloads of one more run.
func gather(all, one *swarm.Result) {
	all.Done = append(all.Done, one.Done...)
	all.Took = max(all.Took, one.Took)
	all.SeedSent += one.SeedSent
	all.Wasted += one.Wasted
	all.Events += one.Events
}

// swarmRun is what a case gave. Times are in seconds; they are from a host's
// start to its end, of those that were done.
type swarmRun struct {
	Bound  float64
	Times  []float64 // that 0, 1, ..., 100 % of the downloads took at most
	P999   float64
	Took   float64 // until the last was done
	Done   float64 // share
	Copies float64 // of the file that left the seeds
	Wasted float64 // share of what was wanted that came a second time
	Hist   []int   // downloads of up to 2 s, 4 s, ...; the last: more
	Events int64

	Class []swarmClass `json:",omitempty"`
}

// swarmClass is a class of hosts in a run.
type swarmClass struct {
	Hosts          int
	Done, P50, P99 float64
}

const swarmBuckets = 16 // of 2 s, as in Kraken's plot

func newSwarmRun(c swarm.Config, res *swarm.Result, classes func(int) int) *swarmRun {
	files := max(c.Files, 1)
	runs := len(res.Done) / (files * (len(c.Hosts) - c.Seeds))
	r := &swarmRun{
		Bound: swarm.Bound(c).Seconds(), Took: res.Took.Seconds(), Events: res.Events,
		Copies: float64(res.SeedSent) / float64(c.Size*int64(files*runs)),
		Wasted: float64(res.Wasted) / float64(c.Size*int64(len(res.Done))),
		Hist:   make([]int, swarmBuckets+1),
	}
	done := doneOf(res.Done)
	r.Done = float64(len(done)) / float64(len(res.Done))
	for p := range 101 {
		r.Times = append(r.Times, rank(done, 10*p))
	}
	r.P999 = rank(done, 999)
	for _, d := range done {
		r.Hist[min(swarmBuckets, max(0, int((d-1)/(2*time.Second))))]++
	}
	if classes != nil {
		r.Class = classed(c, res, classes)
	}
	return r
}

// classed looks at each class of hosts alone.
func classed(c swarm.Config, res *swarm.Result, classes func(int) int) []swarmClass {
	var of [][]time.Duration
	for i, d := range res.Done {
		k := classes(c.Seeds + i%(len(c.Hosts)-c.Seeds))
		for len(of) <= k {
			of = append(of, nil)
		}
		of[k] = append(of[k], d)
	}
	var out []swarmClass
	for _, times := range of {
		done := doneOf(times)
		out = append(out, swarmClass{
			Hosts: len(times), Done: float64(len(done)) / float64(max(1, len(times))),
			P50: rank(done, 500), P99: rank(done, 990),
		})
	}
	return out
}

// doneOf returns the times of what was done, ascending.
func doneOf(times []time.Duration) []time.Duration {
	done := slices.DeleteFunc(slices.Clone(times), func(d time.Duration) bool { return d < 0 })
	slices.Sort(done)
	return done
}

// rank is the time, in seconds, that so many of a thousand took at most.
func rank(done []time.Duration, perMille int) float64 {
	if len(done) == 0 {
		return 0
	}
	return done[max(0, (len(done)*perMille+999)/1000-1)].Seconds()
}

// mesh is a random regular graph of n hosts.
func mesh(r *rand.Rand, n, links int) []swarm.Edge {
	edges := make([]swarm.Edge, 0, n*links/2)
	for e := range graph.Regular(r, n, links).Edges() {
		edges = append(edges, swarm.Edge{A: e.A, B: e.B})
	}
	return edges
}
