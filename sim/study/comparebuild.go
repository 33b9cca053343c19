package study

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/seed282dab8e/servent/sim/graph"
	"github.com/seed282dab8e/servent/sim/load"
	"github.com/seed282dab8e/servent/sim/model"
)

func (c *compare) net() model.Net {
	return model.Net{Lo: time.Duration(c.fastest) * time.Millisecond, Hi: time.Duration(c.slowest) * time.Millisecond}
}

func buildCentral(c *compare, w *load.Workload, _ int) (model.Model, error) {
	return model.NewCentral(w, c.net()), nil
}

// flatGraph is a graph in which all peers are alike.
func (c *compare) flatGraph(peers int) *graph.Graph {
	return graph.Regular(rand.New(rand.NewPCG(uint64(c.seed), 2)), peers, c.degree)
}

func buildFlat(c *compare, w *load.Workload, ttl int) (model.Model, error) {
	g := c.flatGraph(w.Peers())
	if ttl == 0 {
		ttl = ttlFor(g, c.delay(), flooded(g))
	}
	return model.NewFlat(w, g, ttl, c.net()), nil
}

// buildRings wants ten hits, as a user does, and goes as far as flooding does until
// it has them.
func buildRings(c *compare, w *load.Workload, _ int) (model.Model, error) {
	g := c.flatGraph(w.Peers())
	return model.NewRings(w, g, model.Ring{First: 1, Add: 2, Most: ttlFor(g, c.delay(), flooded(g)), Want: 10}, c.net()), nil
}

// buildWalks lets walkers go over the links that flooding has. Where they go by
// degree these are as unequal as those of Gnutella were: in a graph where all
// degrees are equal there is nothing to go by.
func buildWalks(p model.Walk) func(*compare, *load.Workload, int) (model.Model, error) {
	return func(c *compare, w *load.Workload, _ int) (model.Model, error) {
		if !p.Biased {
			return model.NewWalkers(w, c.flatGraph(w.Peers()), p, c.net()), nil
		}
		g, err := c.unequalGraph(w.Peers())
		if err != nil {
			return nil, err
		}
		return model.NewWalkers(w, g, p, c.net()), nil
	}
}

// mostLinks is how many neighbours the busiest of unequal peers has.
func (c *compare) mostLinks(peers int) int { return max(20, peers/100) }

// unequalGraph has as many links as flatGraph, of which few peers have many.
func (c *compare) unequalGraph(peers int) (*graph.Graph, error) {
	r := rand.New(rand.NewPCG(uint64(c.seed), 5))
	g, err := graph.PowerLaw(r, peers, graph.Powers{Min: 2, Max: c.mostLinks(peers), Mean: float64(c.degree)})
	if err != nil {
		return nil, fmt.Errorf("--degree %d: %w", c.degree, err)
	}
	return g, nil
}

func buildSupernodes(lastHop, dynamic bool) func(*compare, *load.Workload, int) (model.Model, error) {
	return func(c *compare, w *load.Workload, ttl int) (model.Model, error) {
		cfg := model.SupernodesConfig{Leaves: c.leaves, Degree: c.links, TTL: ttl, LastHop: lastHop, Dynamic: dynamic, Seed: uint64(c.seed)}
		m := model.NewSupernodes(w, cfg, c.net())
		if ttl > 0 || dynamic {
			return m, nil
		}
		return m.WithTTL(ttlFor(m.Graph(), c.delay(), func(f *graph.Flooder) float64 {
			return float64(m.Covered(f.Seen)) / float64(w.Peers())
		})), nil
	}
}

func (c *compare) delay() graph.Delay {
	return graph.Delay{Lo: uint32(c.fastest), Hi: uint32(c.slowest), Seed: uint64(c.seed)}
}

// enough is the part of the peers whose files a flood should look through where
// nobody says how far it goes, and tries the floods that its TTL is chosen by.
const (
	enough = 0.6
	tries  = 10
	maxTTL = 40
)

// ttlFor returns the smallest TTL at which floods look through the files of enough
// peers, on average; maxTTL when none does. So all are compared at about the same
// reach. covered says which part of the peers the last flood looked through.
func ttlFor(g *graph.Graph, d graph.Delay, covered func(*graph.Flooder) float64) int {
	f := graph.NewFlooder(g)
	r := rand.New(rand.NewPCG(d.Seed, 3))
	sources := make([]int, tries)
	for i := range sources {
		sources[i] = r.IntN(g.Len())
	}
	for ttl := 1; ttl < maxTTL; ttl++ {
		sum := 0.0
		for i, s := range sources {
			d.Seed = uint64(i)
			f.Flood(s, ttl, d)
			sum += covered(f)
		}
		if sum >= enough*tries {
			return ttl
		}
	}
	return maxTTL
}

// flooded is the part of the peers that a flood among equals looks through.
func flooded(g *graph.Graph) func(*graph.Flooder) float64 {
	return func(f *graph.Flooder) float64 { return float64(len(f.Order())+1) / float64(g.Len()) }
}

// buildGia adapts a network of its own. A walker goes as far as one by degree.
func buildGia(c *compare, w *load.Workload, _ int) (model.Model, error) {
	return model.NewGia(w, model.GiaConfig{Most: 1024, Want: 10}, c.net())
}

// buildTable makes a distributed hash table. By key it finds one file, of which
// the searcher has learned the key elsewhere.
func buildTable(cfg model.TableConfig) func(*compare, *load.Workload, int) (model.Model, error) {
	return func(c *compare, w *load.Workload, _ int) (model.Model, error) {
		cfg.Seed = uint64(c.seed)
		return model.NewTable(w, cfg, c.net()), nil
	}
}
