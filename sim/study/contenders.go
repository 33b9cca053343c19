package study

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/seed282dab8e/servent/sim/graph"
	"github.com/seed282dab8e/servent/sim/load"
	"github.com/seed282dab8e/servent/sim/model"
)

// contender is one way to find files in a comparison.
type contender struct {
	key, name string
	about     string  // what it does, and what it cannot find
	ttls      []int   // that the sweep over TTLs tries; none: it has no TTL
	work      float64 // of a search beside that of a flat flood
	bytes     int64   // a peer, where it is more than for others
	alike     bool    // all peers have links, --degree on average
	supers    bool    // only supernodes have
	build     func(c *compare, w *load.Workload, ttl int) (model.Model, error)
}

// contenders lists the models in the order of tables.
func contenders() []contender {
	return []contender{
		{
			key: "central", name: "central index",
			about: "One server knows what everybody shares, as Napster had it. It finds all; it is one machine that all depend on.",
			work:  0.01, build: buildCentral,
		},
		{
			key: "flat", name: "flat flooding",
			about: "All peers are equal and pass a search on to all neighbours until its TTL is used up, as the first Gnutella did. It finds what is within the TTL.",
			ttls:  []int{4, 7, 9, 11, 13, 15}, work: 1, alike: true, build: buildFlat,
		},
		{
			key: "rings", name: "expanding ring",
			about: "Flooding that begins with a small TTL and is repeated with larger ones until ten files are found. Rare files cost all rounds.",
			work:  1, alike: true, build: buildRings,
		},
		{
			key: "walks", name: "32 walkers",
			about: "32 copies of a search go from peer to peer at random until ten files are found. Rare files are mostly missed.",
			work:  0.3, alike: true, build: buildWalks(model.Walk{Walkers: 32, Check: 4, Most: 256, Want: 10, Keep: true}),
		},
		{
			key: "biased", name: "walk by degree",
			about: "One walker goes to the neighbour with most links, and peers answer for their neighbours. Few peers get nearly all of it.",
			work:  0.2, alike: true, build: buildWalks(model.Walk{Walkers: 1, Check: 1, Most: 1024, Want: 10, Biased: true, Index: true}),
		},
		{
			key: "gia", name: "Gia",
			about: "As before, over a network in which the most capable peers have made most links (Gia). Rare files are often missed.",
			work:  0.3, bytes: 500, build: buildGia,
		},
		{
			key: "super", name: "supernodes",
			about: "The most capable peers keep the file lists of the others, and flood searches among themselves, as Kazaa did. Lists may name files that have just gone.",
			ttls:  []int{1, 2, 3, 4}, work: 0.3, supers: true, build: buildSupernodes(false, false),
		},
		{
			key: "tables", name: "supernodes, tables",
			about: "The same; supernodes also know the words of their neighbours' files and leave out, on the last link, who cannot answer.",
			ttls:  []int{1, 2, 3, 4}, work: 0.2, supers: true, build: buildSupernodes(true, false),
		},
		{
			key: "dynamic", name: "supernodes, dynamic",
			about: "The same, as servent does it: one supernode after the other is asked, until there are 50 hits. It finds enough, not all.",
			work:  0.2, supers: true, build: buildSupernodes(true, true),
		},
		{
			key: "chord", name: "Chord, by words",
			about: "A hash table over all peers in which each word has an owner that lists the files with it. It finds all; the lists of several words are shipped and compared, and publishing each word costs all the time.",
			work:  0.3, build: buildTable(model.TableConfig{Kind: model.Chord}),
		},
		{
			key: "kademlia", name: "Kademlia, by words",
			about: "The same over another hash table, with more tables to refresh.",
			work:  0.3, build: buildTable(model.TableConfig{Kind: model.Kademlia}),
		},
		{
			key: "exact", name: "Kademlia, by key",
			about: "A hash table asked for the key of one file, which the searcher must know already: it cannot search by words at all. Other files with the same words are not found.",
			work:  0.1, build: buildTable(model.TableConfig{Kind: model.Kademlia, ByKey: true}),
		},
	}
}

// modelKeys are what --models calls them.
func modelKeys() []string {
	var keys []string
	for _, m := range contenders() {
		keys = append(keys, m.key)
	}
	return keys
}

func contenderOf(key string) contender {
	for _, m := range contenders() {
		if m.key == key {
			return m
		}
	}
	return contender{key: key, name: key}
}

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
		ttl = ttlFor(g, c.delay())
	}
	return model.NewFlat(w, g, ttl, c.net()), nil
}

// buildRings wants ten hits, as a user does, and goes as far as flooding does until
// it has them.
func buildRings(c *compare, w *load.Workload, _ int) (model.Model, error) {
	g := c.flatGraph(w.Peers())
	return model.NewRings(w, g, model.Ring{First: 1, Add: 2, Most: ttlFor(g, c.delay()), Want: 10}, c.net()), nil
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
		return m.WithTTL(ttlFor(m.Graph(), c.delay())), nil
	}
}

func (c *compare) delay() graph.Delay {
	return graph.Delay{Lo: uint32(c.fastest), Hi: uint32(c.slowest), Seed: uint64(c.seed)}
}

// enough is the part of a graph that a flood should reach where nobody says how
// far it goes, and tries the floods that its TTL is chosen by.
const (
	enough = 0.6
	tries  = 10
	maxTTL = 40
)

// ttlFor returns the smallest TTL at which floods reach enough of a graph, on
// average; maxTTL when none does. So all are compared at about the same reach.
func ttlFor(g *graph.Graph, d graph.Delay) int {
	f := graph.NewFlooder(g)
	r := rand.New(rand.NewPCG(d.Seed, 3))
	sources := make([]int, tries)
	for i := range sources {
		sources[i] = r.IntN(g.Len())
	}
	for ttl := 1; ttl < maxTTL; ttl++ {
		reached := 0
		for i, s := range sources {
			d.Seed = uint64(i)
			reached += f.Flood(s, ttl, d).Reached + 1
		}
		if float64(reached) >= enough*float64(tries*g.Len()) {
			return ttl
		}
	}
	return maxTTL
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
