package study

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/seed282dab8e/servent/sim/graph"
	"github.com/seed282dab8e/servent/sim/load"
	"github.com/seed282dab8e/servent/sim/model"
)

const cohenPaper = "Cohen, Shenker: Replication strategies in unstructured peer-to-peer networks (SIGCOMM 2002)"

func cohen2002Info() Info {
	return Info{
		Name:  "cohen2002",
		Title: "How many copies of what",
		Short: "Copies uniform, by popularity or by its square root: how long searches take",
		Long: `Shares a fixed number of copies out among the objects of a network in three
ways, and counts how many peers a search looks at until it has found one: by
formula, by probing peers at random, and by a random walk. The same number of
each and numbers in proportion to popularity are equally good on average; the
square root of popularity is the best that can be.`,
		Source:  cohenPaper,
		Example: "servent sim cohen2002\nservent sim cohen2002 --objects 10000 --copies-per-peer 10",
		New: func() Study {
			return &cohen2002{Peers: 100_000, Objects: 1000, Copies: 2, Searches: 50_000, Walks: 5000, Degree: 4, Seed: 1}
		},
	}
}

type cohen2002 struct {
	Peers, Objects  int
	Copies          float64 // a peer
	Searches, Walks int
	Degree          int
	Seed            int
}

func (s *cohen2002) Params() []Param {
	return []Param{
		{Name: "peers", Usage: "peers in the network", Int: &s.Peers, Min: 10, Max: 10_000_000},
		{Name: "objects", Usage: "objects that are searched for", Int: &s.Objects, Min: 2, Max: 1_000_000},
		{Name: "copies-per-peer", Usage: "copies in the network for each peer", Float: &s.Copies, Min: 0.001, Max: 1000},
		{Name: "searches", Usage: "searches by random probes, for each exponent and strategy", Int: &s.Searches, Min: 100, Max: 100_000_000},
		{Name: "walks", Usage: "searches by random walks, likewise", Int: &s.Walks, Min: 100, Max: 10_000_000},
		{Name: "degree", Usage: "links a peer has in the random graph that is walked on", Int: &s.Degree, Min: 3, Max: 100},
		{Name: "seed", Usage: "what all that is random follows from", Int: &s.Seed, Min: 0, Max: 1 << 53},
	}
}

// cohenExponents are the Zipf exponents of popularity that are compared.
func cohenExponents() []float64 { return []float64{0, 0.2, 0.4, 0.6, 0.8, 1, 1.2, 1.4} }

func cohenStrategies() []load.Strategy {
	return []load.Strategy{load.Uniform, load.Proportional, load.SquareRoot}
}

func (s *cohen2002) budget() int { return int(math.Round(s.Copies * float64(s.Peers))) }

func (s *cohen2002) Points() ([]Point, error) {
	switch {
	case s.budget() < s.Objects:
		return nil, fmt.Errorf("--copies-per-peer %g of %d peers are %d copies: too few for --objects %d", s.Copies, s.Peers, s.budget(), s.Objects)
	case s.budget() > s.Peers*s.Objects:
		return nil, fmt.Errorf("--copies-per-peer %g is more than --objects %d, and no peer has two copies of one", s.Copies, s.Objects)
	case s.Degree >= s.Peers || s.Degree*s.Peers%2 != 0:
		return nil, errors.New("--degree must be less than --peers, and one of them even")
	}
	var points []Point
	for i, exponent := range cohenExponents() {
		points = append(points, Point{
			Name:   fmt.Sprintf("Zipf %.1f", exponent),
			Memory: int64(s.Peers) * int64(40+16*s.Degree),
			Run: func(ctx context.Context, tick func(float64)) (any, error) {
				return s.run(ctx, tick, i, exponent)
			},
		})
	}
	return points, nil
}

// cohenSize is how large searches are with one strategy, on average.
type cohenSize struct {
	Formula      float64 // by the formula of the paper
	Copies       float64 // by the copies there are, which are whole numbers
	Probes, Walk weighted
	Most, Least  int     // copies of the first and of the last object
	Hottest      float64 // searches that a copy of the busiest object answers, beside the mean of all
}

func (s *cohen2002) run(ctx context.Context, tick func(float64), point int, exponent float64) ([]cohenSize, error) {
	q := zipf(s.Objects, exponent)
	searcher := &cohenSearcher{
		blind:   model.NewBlind(graph.Regular(stream(s.Seed, 0), s.Peers, s.Degree)),
		peers:   int32(s.Peers),
		holders: make([]int32, s.Peers),
	}
	var sizes []cohenSize
	for i, strategy := range cohenStrategies() {
		copies := load.Replicate(strategy, q, s.budget(), s.Peers)
		size := cohenSize{Formula: s.formula(strategy, q), Most: copies[0], Least: copies[len(copies)-1]}
		for object, n := range copies {
			size.Copies += float64(q[object] * float64(s.Peers) / float64(n))
			size.Hottest = max(size.Hottest, q[object]/float64(n)*float64(s.budget()))
		}
		searcher.r = stream(s.Seed, 1, uint64(point), uint64(i))
		part := func(done float64) { tick((float64(i) + done) / 3) }
		if err := searcher.searchAll(ctx, part, s, q, copies, &size); err != nil {
			return nil, err
		}
		sizes = append(sizes, size)
	}
	return sizes, nil
}

// formula is the expected search size where copies may be split (section 3).
func (s *cohen2002) formula(strategy load.Strategy, q []float64) float64 {
	perPeer := float64(s.budget()) / float64(s.Peers)
	if strategy != load.SquareRoot {
		return float64(s.Objects) / perPeer
	}
	var roots float64
	for _, v := range q {
		roots += math.Sqrt(v)
	}
	return float64(roots*roots) / perPeer
}
