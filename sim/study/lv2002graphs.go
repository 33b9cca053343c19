package study

import (
	"math"
	"math/rand/v2"

	"github.com/seed282dab8e/servent/sim/exact"
	"github.com/seed282dab8e/servent/sim/graph"
)

// lvKind is one kind of graphs.
type lvKind struct {
	key, name string
	make      func(r *rand.Rand, scale float64) *graph.Graph
	ttls      []int // to flood with
	work      float64

	nodes, links int // of the paper's graph, from memory; 0: it had none such
}

func lvKinds() []lvKind {
	ttls := []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}
	return []lvKind{
		{key: "random", name: "random", make: lvRandom, ttls: ttls, work: 4, nodes: 9836, links: 20099},
		{key: "power-law", name: "power law", make: lvPowerLaw, ttls: ttls, work: 2, nodes: 9230, links: 20599},
		{key: "gnutella", name: "Gnutella", make: lvGnutella, ttls: ttls, work: 1, nodes: 4736, links: 13022},
		{key: "grid", name: "grid", make: lvGrid, ttls: []int{1, 2, 5, 7, 10, 20, 40, 80, 120, 198}, work: 2, nodes: 10000, links: 19800},
	}
}

// kinds are the four of the paper and, where --graphs says where it is, a real
// one.
func (s *lv2002) kinds() []lvKind {
	kinds := lvKinds()
	if s.graphs != "" {
		kinds = append(kinds, lvKind{key: lvSnap, name: "Gnutella 2002 (SNAP)", ttls: kinds[0].ttls, work: 1})
	}
	return kinds
}

// lvSnap is the key of the graph that is read and not made, and lvDay its day.
const lvSnap, lvDay = "snap", "08"

// Check finds the graph of --graphs.
func (s *lv2002) Check() error { return haveSnap(s.graphs, lvDay) }

// graph makes or reads the graph of a kind.
func (s *lv2002) graph(kind lvKind, r *rand.Rand) (*graph.Graph, error) {
	if kind.key != lvSnap {
		return kind.make(r, s.scale), nil
	}
	d, err := readSnap(s.graphs, lvDay)
	if err != nil {
		return nil, err
	}
	return largest(d.Undirected()), nil
}

// lvRandom is the largest component of a random graph, in which 2 % of the nodes
// have no links: with 9974 nodes and 20102 links, about 9780 nodes of mean degree
// 4.11.
func lvRandom(r *rand.Rand, scale float64) *graph.Graph {
	return largest(graph.Random(r, int(math.Round(9974*scale)), int(math.Round(20_102*scale))))
}

// lvPowerLaw has 1712 / i^0.8 links at the node of rank i, as in the paper's
// model of a network with a few huge hubs.
func lvPowerLaw(r *rand.Rand, scale float64) *graph.Graph {
	return lvRanked(r, 9860, scale, 1712, 0.8, 1712)
}

// lvGnutella stands in for a crawl of Gnutella of October 2000 that is not
// public: it has about as many nodes and links, and as many at the busiest, 136.
func lvGnutella(r *rand.Rand, scale float64) *graph.Graph {
	return lvRanked(r, 4737, scale, 760, 0.7, 136)
}

// lvRanked is the largest component of a random graph whose node of rank i has
// first / i^exponent links, but at least one and at most most.
func lvRanked(r *rand.Rand, nodes int, scale, first, exponent, most float64) *graph.Graph {
	degrees := make([]int32, int(math.Round(float64(nodes)*scale)))
	most = min(most, float64(len(degrees)/2))
	sum := int32(0)
	for i := range degrees {
		degrees[i] = int32(max(1, min(most, first*exact.Pow(float64(i+1)/scale, -exponent))))
		sum += degrees[i]
	}
	degrees[len(degrees)-1] += sum % 2
	return largest(graph.Configuration(r, degrees))
}

func lvGrid(_ *rand.Rand, scale float64) *graph.Graph {
	side := int(math.Round(math.Sqrt(10_000 * scale)))
	return graph.Grid(side, side, false)
}

func largest(g *graph.Graph) *graph.Graph {
	g, _ = g.Largest()
	return g
}
