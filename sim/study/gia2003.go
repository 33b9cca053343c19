package study

import (
	"context"
	"fmt"
	"time"

	"github.com/seed282dab8e/servent/sim/gia"
)

const giaPaper = "Chawathe, Ratnasamy, Breslau, Lanham, Shenker: Making Gnutella-like P2P systems scalable (SIGCOMM 2003)"

func gia2003Info() Info {
	return Info{
		Name:  "gia2003",
		Title: "Gia: how many queries a network bears",
		Short: "Gia and its components: the load at which answers cease to come",
		Long: `Peers can process from 1 to 10,000 messages a second, and what comes faster
waits. Looks for the collapse point: the queries a second of each peer beyond
which fewer than 90 % find an answer; for floods, random walks, supernodes and
Gia, for Gia without each of its components, for a random walk with each, and
for rare and common files.`,
		Source:  giaPaper,
		Example: "servent sim gia2003\nservent sim gia2003 --peers 1000 --replication 0.01 --work 400",
		New: func() Study {
			s := gia.DefaultSearch(gia.Gia())
			c := gia.DefaultConfig()
			return &gia2003{
				Peers: c.Peers, Degree: c.Degree, Replication: c.Replication, Settle: int(c.Settle / time.Second),
				Work: 1, Exact: s.Exact, Responses: 1, Sweep: "yes", Seed: 1,
			}
		},
	}
}

type gia2003 struct {
	Peers, Degree int
	Replication   float64
	Settle        int
	Work, Exact   float64
	TTL           int
	Responses     int
	Sweep         string
	Seed          int
}

func (s *gia2003) Params() []Param {
	return []Param{
		{Name: "peers", Usage: "peers in the network", Int: &s.Peers, Min: 50, Max: 1_000_000},
		{Name: "degree", Usage: "mean links of a peer in random topologies, and of supernodes", Int: &s.Degree, Min: 3, Max: 40},
		{Name: "replication", Usage: "part of the peers that has what a query asks for", Float: &s.Replication, Min: 1e-6, Max: 0.5},
		{Name: "settle", Usage: "seconds for which a topology adapts before queries begin", Int: &s.Settle, Min: 1, Max: 100_000},
		{Name: "work", Usage: "how long runs are: 2 is twice the default; longer ones find that less load collapses", Float: &s.Work, Min: 0.05, Max: 1000},
		{Name: "exact", Usage: "how exactly collapse points are found: 1.1 is to ten percent", Float: &s.Exact, Min: 1.001, Max: 4},
		{Name: "ttl", Usage: "hops after which a walk ends; 0: it does not", Int: &s.TTL, Min: 0, Max: 1_000_000},
		{Name: "responses", Usage: "copies that a walk looks for (MAX_RESPONSES)", Int: &s.Responses, Min: 1, Max: 1000},
		{Name: "sweep", Usage: "look at rare and common files, too", Text: &s.Sweep, Choices: []string{"yes", "no"}},
		{Name: "seed", Usage: "what all that is random follows from", Int: &s.Seed, Min: 0, Max: 1 << 53},
	}
}

// giaCase is a point that looks for a collapse point.
type giaCase struct {
	name        string
	design      gia.Design
	replication float64
	change      func(*gia.Config, *gia.Search) // what is other than in the table; nil: nothing
}

// giaDesigns are the rows of the paper's tables and figures.
func giaDesigns() []gia.Design {
	d := []gia.Design{gia.Flood(), gia.RWRT(), gia.Super(), gia.Gia()}
	return append(append(d, gia.Without()...), gia.With()...)
}

// giaSwept are the designs that are compared from rare to common files.
func giaSwept() []gia.Design { return giaDesigns()[:4] }

// giaRates are the replications of the sweep, beside the one of the table.
func giaRates() []float64 { return []float64{0.0001, 0.01} }

// giaVariants hold what the paper leaves open, or we do not know of it, against
// the other way to have it.
func giaVariants(replication float64) []giaCase {
	vary := func(name string, d gia.Design, change func(*gia.Config, *gia.Search)) giaCase {
		return giaCase{name, d, replication, change}
	}
	return []giaCase{
		vary("GIA, adapted for 60 s only", gia.Gia(), func(c *gia.Config, _ *gia.Search) { c.Settle = time.Minute }),
		vary("GIA, one's own queries cost capacity", gia.Gia(), func(_ *gia.Config, s *gia.Search) { s.Load.Costly = true }),
		vary("RWRT, runs half as long", gia.RWRT(), func(_ *gia.Config, s *gia.Search) { s.Work, s.Patience = s.Work/2, s.Patience/2 }),
		vary("RWRT, walks end after 1024 hops", gia.RWRT(), func(_ *gia.Config, s *gia.Search) { s.Load.TTL = 1024 }),
	}
}

// cases returns the points but the last, which is about adaptation.
func (s *gia2003) cases() []giaCase {
	var out []giaCase
	for _, d := range giaDesigns() {
		out = append(out, giaCase{name: d.Name, design: d, replication: s.Replication})
	}
	if s.Sweep == "no" {
		return out
	}
	for _, rate := range giaRates() {
		for _, d := range giaSwept() {
			rate := rate
			if d == gia.RWRT() {
				rate = max(rate, 0.0005) // a walk to rarer files takes minutes to simulate
			}
			name := fmt.Sprintf("%s, files at %g %% of the peers", d.Name, rate*100)
			out = append(out, giaCase{name: name, design: d, replication: rate})
		}
	}
	return append(out, giaVariants(s.Replication)...)
}

func (s *gia2003) Points() ([]Point, error) {
	if s.Degree >= s.Peers {
		return nil, fmt.Errorf("--degree %d: as many links as there are other peers or more (--peers %d)", s.Degree, s.Peers)
	}
	var points []Point
	for i, c := range s.cases() {
		points = append(points, Point{
			Name:   c.name,
			Weight: giaWeight(c),
			Memory: int64(s.Peers) * giaMemory(c.design),
			Run: func(ctx context.Context, tick func(float64)) (any, error) {
				return s.search(ctx, tick, i, c)
			},
		})
	}
	return append(points, Point{
		Name: "how the topology adapts", Weight: 0.2, Memory: int64(s.Peers) * 2000,
		Run: func(ctx context.Context, tick func(float64)) (any, error) { return s.adapt(ctx, tick) },
	}), nil
}

// giaWeight says how long a point takes beside the others: walks without
// an index of neighbours take long to find rare files.
func giaWeight(c giaCase) float64 {
	switch {
	case c.design.OneHop || c.design.Flood:
		return 1
	case c.design.Adapted:
		return max(4, 0.004/c.replication)
	default:
		return max(1, 0.001/c.replication)
	}
}

// giaMemory is how many bytes a point needs for each peer: queries that are
// stuck, and the books that are kept of them.
func giaMemory(d gia.Design) int64 {
	if !d.OneHop && !d.Flood {
		return 130_000
	}
	return 100_000
}

// most is how far a collapse point is looked for. A random walk with tokens alone
// bears so much here that beyond five times what it does in the paper runs
// take many minutes.
func (s *gia2003) most(d gia.Design) float64 {
	if !d.Tokens || d.OneHop || d.Adapted || !s.published() {
		return 0
	}
	return 5 * giaPublished(d.Name).point
}

func (s *gia2003) search(ctx context.Context, tick func(float64), point int, c giaCase) (gia.Finding, error) {
	if err := ctx.Err(); err != nil {
		return gia.Finding{}, err
	}
	r := stream(s.Seed, uint64(point))
	config := gia.DefaultConfig()
	config.Peers, config.Degree, config.Replication = s.Peers, s.Degree, c.replication
	config.Settle = time.Duration(s.Settle) * time.Second
	search := gia.DefaultSearch(c.design)
	search.Work *= s.Work
	search.Patience = max(search.Patience, search.Patience*s.Work)
	search.Exact, search.Tick = s.Exact, tick
	search.Load.Responses, search.Most = s.Responses, s.most(c.design)
	if !c.design.Flood {
		search.Load.TTL = s.TTL
	}
	if c.change != nil {
		c.change(&config, &search)
	}
	n, err := gia.Build(r, config, c.design)
	if err != nil {
		return gia.Finding{}, fmt.Errorf("--degree %d: %w", s.Degree, err)
	}
	return gia.Collapse(ctx, r, n, search)
}
