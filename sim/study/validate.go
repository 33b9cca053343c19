package study

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/seed282dab8e/servent/sim"
	"github.com/seed282dab8e/servent/sim/graph"
	"github.com/seed282dab8e/servent/sim/report"
)

func validateInfo() Info {
	return Info{
		Name:  "validate",
		Title: "Do the levels of the simulator agree?",
		Short: "Check that formulas, engines and real nodes count the same, query by query",
		Long: `Floods the same graphs from the same sources in several ways: by formula where
there is one, by breadth-first search, by the event engine, by the engine that
runs many floods at once, and with thousands of the very nodes that servent
ships. Where all messages take equally long, all must send the same messages
and reach the same peers, query by query. With --graphs, the nine published
crawls of Gnutella are read and must have their published counts.`,
		Example: "servent sim validate\nservent sim validate --graphs snap-gnutella",
		New: func() Study {
			return &validate{nodes: 10_000, degree: 5, queries: 100, seed: 1}
		},
	}
}

type validate struct {
	graphs  string
	nodes   int
	degree  int
	queries int
	seed    int
}

func (v *validate) Params() []Param {
	return []Param{
		{Name: "graphs", Usage: "folder with the p2p-Gnutella files of snap.stanford.edu/data; without it they are left out", Text: &v.graphs},
		{Name: "nodes", Usage: "real nodes", Int: &v.nodes, Min: 100, Max: 100_000},
		{Name: "degree", Usage: "links of each, on average", Int: &v.degree, Min: 3, Max: 50},
		{Name: "queries", Usage: "floods in each graph", Int: &v.queries, Min: 1, Max: 10_000},
		{Name: "seed", Usage: "what all that is random follows from", Int: &v.seed, Min: 0, Max: 1 << 53},
	}
}

// agreed is how many floods of one kind were counted in two ways, and how many
// came out alike.
type agreed struct {
	Graph, Ways  string
	Floods, Same int
	Messages     int    // of all floods, by the first way
	First        string // what the first that differed was
}

// Points returns a point for each graph and pair of ways.
func (v *validate) Points() ([]Point, error) {
	points := []Point{
		v.agreement("formulas", 1, v.formulas),
		v.agreement("real nodes", 20, v.realNodes),
		v.agreement("generated graphs", 5, v.generated),
		{Name: "one core and two", Weight: 4, Memory: 32 << 20, Wide: true, Run: v.cores},
	}
	if v.graphs == "" {
		return points, nil
	}
	for _, d := range graph.Crawls() {
		points = append(points, Point{
			Name: "crawl " + d.Day, Weight: 2,
			Run: func(ctx context.Context, _ func(float64)) (any, error) { return v.crawl(ctx, d) },
		})
	}
	return points, nil
}

// Check finds the graphs.
func (v *validate) Check() error {
	var days []string
	for _, d := range graph.Crawls() {
		days = append(days, d.Day)
	}
	return haveSnap(v.graphs, days...)
}

// agreement is a point that compares ways to flood.
func (v *validate) agreement(name string, weight float64, run func(context.Context, func(float64)) ([]agreed, error)) Point {
	return Point{
		Name: name, Weight: weight, Memory: int64(v.nodes) * 40_000,
		Run: func(ctx context.Context, tick func(float64)) (any, error) {
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			return run(ctx, tick)
		},
	}
}

// note compares one flood. peers says whether both reached the same ones.
func (a *agreed) note(one, other graph.Flood, which string, peers bool) {
	a.Floods++
	a.Messages += one.Messages
	if peers && equalFlood(one, other) {
		a.Same++
		return
	}
	if a.First == "" {
		a.First = fmt.Sprintf("%s: %d messages, %d reached against %d, %d", which, one.Messages, one.Reached, other.Messages, other.Reached)
	}
}

// within returns which nodes are at most ttl links from source, itself included.
func within(g *graph.Graph, source, ttl int) []bool {
	near := make([]bool, g.Len())
	for v, d := range g.Distances(source) {
		near[v] = d >= 0 && d <= ttl
	}
	return near
}

// same says whether just the nodes that are near were reached.
func same(near []bool, reached func(v int) bool) bool {
	for v, is := range near {
		if is != reached(v) {
			return false
		}
	}
	return true
}

func equalFlood(a, b graph.Flood) bool {
	return a.Messages == b.Messages && a.Reached == b.Reached && a.Duplicates == b.Duplicates &&
		slices.Equal(a.SentAt, b.SentAt) && slices.Equal(a.ReachedAt, b.ReachedAt)
}

// formulas floods graphs that a child could count.
func (v *validate) formulas(context.Context, func(float64)) ([]agreed, error) {
	const n = 1000
	out := agreed{Graph: "line, ring, clique", Ways: "formula, breadth-first"}
	for ttl := 1; ttl <= 20; ttl++ {
		want := graph.Flood{Messages: 2 * ttl, Reached: 2 * ttl, SentAt: slices.Repeat([]int{2}, ttl), ReachedAt: slices.Repeat([]int{2}, ttl)}
		out.note(want, graph.Line(n).Flood(n/2, ttl), fmt.Sprintf("line, TTL %d", ttl), true)
		out.note(want, graph.Ring(n).Flood(7, ttl), fmt.Sprintf("ring, TTL %d", ttl), true)
	}
	const m = 50
	clique := graph.Clique(m)
	out.note(graph.Flood{Messages: m - 1, Reached: m - 1, SentAt: []int{m - 1}, ReachedAt: []int{m - 1}}, clique.Flood(3, 1), "clique, TTL 1", true)
	second := (m - 1) * (m - 2)
	out.note(graph.Flood{Messages: m - 1 + second, Reached: m - 1, Duplicates: second, SentAt: []int{m - 1, second}, ReachedAt: []int{m - 1, 0}}, clique.Flood(3, 9), "clique, TTL 9", true)
	return []agreed{out}, nil
}

// sources draws where floods begin.
func (v *validate) sources(r *rand.Rand, g *graph.Graph) []int32 {
	out := make([]int32, v.queries)
	for i := range out {
		out[i] = r.Int32N(int32(g.Len()))
	}
	return out
}

// realNodes floods a random graph with real nodes, query by query.
func (v *validate) realNodes(ctx context.Context, tick func(float64)) ([]agreed, error) {
	r := rand.New(rand.NewPCG(uint64(v.seed), 1))
	g := graph.Random(r, v.nodes, v.nodes*v.degree/2)
	world, err := sim.FloodGraph(g, uint64(v.seed))
	if err != nil {
		return nil, err
	}
	tick(0.3)
	name := fmt.Sprintf("random, %s nodes", thousands(v.nodes))
	bfs := agreed{Graph: name, Ways: "real nodes, breadth-first"}
	event := agreed{Graph: name, Ways: "real nodes, event engine"}
	f := graph.NewFlooder(g)
	for i, s := range v.sources(r, g) {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		ttl := 1 + i%maxNodeTTL
		which := fmt.Sprintf("source %d, TTL %d", s, ttl)
		got, err := world.Flood(int(s), ttl)
		if err != nil {
			return nil, err
		}
		plain, fast := g.Flood(int(s), ttl), f.Flood(int(s), ttl, graph.Delay{Lo: 20, Hi: 20})
		near := within(g, int(s), ttl)
		bfs.note(got, plain, which, same(near, world.Reached))
		event.note(got, fast, which, same(near, func(v int) bool { return f.Seen(int32(v)) }))
		tick(0.3 + 0.7*float64(i+1)/float64(v.queries))
	}
	return []agreed{bfs, event}, nil
}

// maxNodeTTL is the largest TTL that is tried with real nodes.
const maxNodeTTL = 10

// generated floods graphs of several kinds with all engines.
func (v *validate) generated(ctx context.Context, _ func(float64)) ([]agreed, error) {
	r := rand.New(rand.NewPCG(uint64(v.seed), 2))
	var out []agreed
	for _, one := range []struct {
		kind string
		g    *graph.Graph
	}{
		{"4-regular", graph.Regular(r, 10*v.nodes, 4)},
		{"random", graph.Random(r, 5*v.nodes, 10*v.nodes)},
		{"two-tier", graph.TwoTier(r, v.nodes, float64(v.degree), 9*v.nodes, 3)},
		{"ring", graph.Ring(v.nodes / 10)},
	} {
		a, err := v.engines(ctx, fmt.Sprintf("%s, %s nodes", one.kind, thousands(one.g.Len())), one.g, r)
		if err != nil {
			return nil, err
		}
		out = append(out, a...)
	}
	return out, nil
}

// engines floods one graph with each engine.
func (v *validate) engines(ctx context.Context, name string, g *graph.Graph, r *rand.Rand) ([]agreed, error) {
	event := agreed{Graph: name, Ways: "breadth-first, event engine"}
	many := agreed{Graph: name, Ways: "breadth-first, many at once"}
	f := graph.NewFlooder(g)
	for _, ttl := range []int{3, 7, 30} {
		sources := v.sources(r, g)
		floods, err := graph.Floods(ctx, g, sources, ttl)
		if err != nil {
			return nil, err
		}
		for i, s := range sources {
			which := fmt.Sprintf("source %d, TTL %d", s, ttl)
			plain := g.Flood(int(s), ttl)
			event.note(plain, f.Flood(int(s), ttl, graph.Delay{Lo: 20, Hi: 20}), which,
				same(within(g, int(s), ttl), func(v int) bool { return f.Seen(int32(v)) }))
			many.note(plain, floods[i], which, true) // it counts, and does not say whom
		}
	}
	return []agreed{event, many}, nil
}

// crawled is what a published crawl gave.
type crawled struct {
	Day    string
	Counts graph.Counts
	Agreed []agreed
}

func (v *validate) crawl(ctx context.Context, d graph.Crawl) (*crawled, error) {
	g, err := readSnap(v.graphs, d.Day)
	if err != nil {
		return nil, err
	}
	r := rand.New(rand.NewPCG(uint64(v.seed), 3))
	a, err := v.engines(ctx, "crawl "+d.Day, g.Undirected(), r)
	return &crawled{d.Day, g.Counts(), a}, err
}

// Report makes the page.
func (v *validate) Report(results []json.RawMessage) (*report.Report, error) {
	p := validatePage{v: v}
	for i, raw := range results {
		if err := p.add(i, raw); err != nil {
			return nil, err
		}
	}
	return p.page(), nil
}
