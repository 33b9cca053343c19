package study

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/seed282dab8e/servent/sim/graph"
)

func latencyInfo() Info {
	return Info{
		Name:  "latency",
		Title: "What hop-synchronous simulators get wrong",
		Short: "Floods whose messages take different times reach far fewer peers than hop counts say",
		Long: `Floods a graph twice: hop by hop, as if every message took the same time, and
with a random time for each message, where a peer passes on the copy that comes
first. That copy has often come by a longer way, with less TTL left. So the
flood ends earlier, and whoever counts hops alone overstates what flooding
reaches and what it costs.
With --graphs, the graph is the crawl of Gnutella of 31 August 2002 (SNAP,
p2p-Gnutella31).`,
		Example: "servent sim latency\nservent sim latency --fastest 5 --slowest 500\nservent sim latency --graphs snap-gnutella",
		New: func() Study {
			return &latency{Peers: 62586, Sources: 200, Fastest: 20, Slowest: 200, Seed: 1}
		},
	}
}

type latency struct {
	Graphs           string
	Peers, Sources   int
	Fastest, Slowest int
	Seed             int
}

func (s *latency) Params() []Param {
	return []Param{
		{Name: "graphs", Usage: "folder with p2p-Gnutella31.txt of snap.stanford.edu/data; without it, a random graph of as many links and a power law of degrees stands in", Text: &s.Graphs},
		{Name: "peers", Usage: "peers of the graph that stands in for the crawl", Int: &s.Peers, Min: 200, Max: 10_000_000},
		{Name: "sources", Usage: "random peers that floods begin at", Int: &s.Sources, Min: 1, Max: 1_000_000},
		{Name: "fastest", Usage: "the least that a message takes, in ms", Int: &s.Fastest, Min: 1, Max: graph.MaxDelay / 2},
		{Name: "slowest", Usage: "the most that a message takes, in ms", Int: &s.Slowest, Min: 1, Max: graph.MaxDelay / 2},
		{Name: "seed", Usage: "what all that is random follows from", Int: &s.Seed, Min: 0, Max: 1 << 53},
	}
}

const (
	latencyTTLs = 9  // floods have TTL 1 to this
	latencyTTL  = 7  // where the width of latency is varied
	latencyFar  = 50 // a TTL that ends no flood
	latencyDay  = "31"
)

// latencyCase is how the floods of one point go.
type latencyCase struct {
	name    string
	ttl     int
	byHops  bool // breadth-first search; lo and hi are not looked at
	lo, hi  int
	percent int // of the mean: how far latency goes to either side of it; -1: not one of those
}

// cases lists the points: by TTL, without end, by width.
func (s *latency) cases() []latencyCase {
	var cases []latencyCase
	both := func(ttl int, name string) {
		cases = append(cases,
			latencyCase{name: "hop by hop, " + name, ttl: ttl, byHops: true, percent: -1},
			latencyCase{name: fmt.Sprintf("%d to %d ms, %s", s.Fastest, s.Slowest, name), ttl: ttl, lo: s.Fastest, hi: s.Slowest, percent: -1})
	}
	for ttl := 1; ttl <= latencyTTLs; ttl++ {
		both(ttl, fmt.Sprintf("TTL %d", ttl))
	}
	both(latencyFar, "to the end")
	mean := (s.Fastest + s.Slowest) / 2
	for _, percent := range []int{0, 5, 10, 25, 50, 75, 100} {
		off := (mean*percent + 50) / 100
		c := latencyCase{ttl: latencyTTL, lo: max(mean-off, 1), hi: mean + off, percent: percent}
		c.name = fmt.Sprintf("%d to %d ms, TTL %d", c.lo, c.hi, c.ttl)
		cases = append(cases, c)
	}
	return cases
}

// Check finds the graph.
func (s *latency) Check() error { return haveSnap(s.Graphs, latencyDay) }

func (s *latency) Points() ([]Point, error) {
	if s.Fastest > s.Slowest {
		return nil, errors.New("--fastest is more than --slowest")
	}
	var points []Point
	for _, c := range s.cases() {
		points = append(points, Point{
			Name:   c.name,
			Weight: float64(1 + min(c.ttl, 10)),
			Memory: int64(max(s.Peers, 62586)) * 150,
			Run: func(ctx context.Context, tick func(float64)) (any, error) {
				return s.run(ctx, tick, c)
			},
		})
	}
	return points, nil
}

// latencyResult is what the floods of one point cost and reached.
type latencyResult struct {
	Peers, Links    int // of the graph
	Reach, Messages sample
	Least, Most     int       // reach from the worst and the best source
	Hops            []float64 // peers whose first copy had crossed 1, 2, ... links, on average
	Longer          sample    // of those reached, the share whose first copy did not come by a shortest way
}

func (s *latency) run(ctx context.Context, tick func(float64), c latencyCase) (*latencyResult, error) {
	g, err := s.graph()
	if err != nil {
		return nil, err
	}
	f := latencyFlooder{c: c, g: g, bfs: graph.NewBFS(g), events: graph.NewFlooder(g)}
	out := &latencyResult{Peers: g.Len(), Links: g.Size(), Least: math.MaxInt}
	r := stream(s.Seed, 1)
	for i := range s.Sources {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		out.add(f.flood(r.IntN(g.Len()), r.Uint64()))
		tick(float64(i+1) / float64(s.Sources))
	}
	for i := range out.Hops {
		out.Hops[i] /= float64(s.Sources)
	}
	return out, nil
}

// graph returns the crawl, or what stands in for it: as many links a peer as the
// crawl has, and as many of the busiest.
func (s *latency) graph() (*graph.Graph, error) {
	if s.Graphs == "" {
		return graph.PowerLaw(stream(s.Seed, 0), s.Peers, graph.Powers{Min: 1, Max: 95, Mean: 4.726})
	}
	d, err := readSnap(s.Graphs, latencyDay)
	if err != nil {
		return nil, err
	}
	return d.Undirected(), nil
}

// latencyFlooder runs the floods of one point.
type latencyFlooder struct {
	c      latencyCase
	g      *graph.Graph
	bfs    *graph.BFS
	events *graph.Flooder
}

// flood returns a flood, and the share of those it reached whose first copy came
// by a longer way than need be; that is found out only where the width varies.
func (f *latencyFlooder) flood(source int, seed uint64) (graph.Flood, float64) {
	if f.c.byHops {
		return f.bfs.Flood(source, f.c.ttl), 0
	}
	fl := f.events.Flood(source, f.c.ttl, graph.Delay{Lo: uint32(f.c.lo), Hi: uint32(f.c.hi), Seed: seed})
	if f.c.percent < 0 {
		return fl, 0
	}
	longer := 0
	distance := f.g.Distances(source)
	for _, v := range f.events.Order() {
		if f.events.Hops(v) > distance[v] {
			longer++
		}
	}
	return fl, perOne(float64(longer), float64(fl.Reached))
}

// add adds a flood to the point.
func (r *latencyResult) add(f graph.Flood, longer float64) {
	r.Reach.add(float64(f.Reached))
	r.Messages.add(float64(f.Messages))
	r.Longer.add(longer)
	r.Least, r.Most = min(r.Least, f.Reached), max(r.Most, f.Reached)
	for i, n := range f.ReachedAt {
		if i == len(r.Hops) {
			r.Hops = append(r.Hops, 0)
		}
		r.Hops[i] += float64(n)
	}
}
