package gia

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/seed282dab8e/servent/sim/graph"
)

// Config is what a network is made of.
type Config struct {
	Peers       int
	Degree      int           // mean, of random topologies: 8 (section 5.1)
	Replication float64       // part of the peers that have a file that is asked for
	Rules       Rules         // of adapted topologies
	Settle      time.Duration // how long they adapt before they are taken as they are
}

// DefaultConfig returns the paper's, at the size and replication of its table
// of components.
func DefaultConfig() Config {
	return Config{Peers: 10000, Degree: 8, Replication: 0.001, Rules: DefaultRules(), Settle: 400 * time.Second}
}

// maxDegree is how many neighbours a walk can keep book of.
const maxDegree = 128

// Network is a topology with files that does not change. It may be used by any
// number of goroutines.
type Network struct {
	design Design
	class  []uint8 // of each peer
	sizes  [classes]int
	files  *catalogue

	// The links of v are start[v] to start[v+1]: a place among them is a slot.
	// The neighbours of the highest class come first, those of one class in
	// random order.
	start []int32
	to    []int32
	back  []uint8 // the slot of the same link at its other end; floods need none
	// upto[v][c] is how many neighbours of v have class c or a higher one.
	upto [][classes + 1]uint8

	bits  []uint32 // where the slots of each peer begin in a book: see tried
	pages int      // that a book has
}

// Build makes the network of a design.
func Build(r *rand.Rand, c Config, d Design) (*Network, error) {
	class := Capacities(c.Peers)
	return Over(r, c, d, class, topology(r, c, d, class))
}

// Over makes the network of a design over a topology that is there, of peers of
// the given classes, which ascend.
func Over(r *rand.Rand, c Config, d Design, class []uint8, g *graph.Graph) (*Network, error) {
	n, err := lay(r, d, class, g)
	if err != nil {
		return nil, err
	}
	n.files = newCatalogue(r, n, c.Replication)
	return n, nil
}

// lay makes a network without files.
func lay(r *rand.Rand, d Design, class []uint8, g *graph.Graph) (*Network, error) {
	n := &Network{design: d, class: class}
	for _, c := range class {
		n.sizes[c]++
	}
	return n, n.link(r, g)
}

// topology returns who is linked to whom.
func topology(r *rand.Rand, c Config, d Design, class []uint8) *graph.Graph {
	switch {
	case d.Super:
		return superTopology(r, c, class)
	case d.Adapted:
		o := NewOverlay(r, c.Rules, class)
		o.Adapt(c.Settle)
		return o.Graph()
	default:
		return connected(r, c.Peers, c.Degree)
	}
}

// connected returns a random graph of a mean degree, of whose components each
// but the first has got one more edge into the first.
func connected(r *rand.Rand, n, degree int) *graph.Graph {
	g := graph.Random(r, n, min(n*degree/2, n*(n-1)/2))
	edges := slices.Collect(g.Edges())
	for {
		dist := g.Distances(0)
		v := slices.Index(dist, -1)
		if v < 0 {
			return g
		}
		w := r.Int32N(int32(n))
		if dist[w] >= 0 {
			edges = append(edges, graph.Edge{A: w, B: int32(v)})
			g = graph.New(n, edges)
		}
	}
}

// superTopology joins the supernodes as a random graph and every other peer to
// one of them.
func superTopology(r *rand.Rand, c Config, class []uint8) *graph.Graph {
	first := slices.Index(class, superClass) // classes ascend
	if first < 0 {
		first = c.Peers - 1
	}
	supers := c.Peers - first
	var edges []graph.Edge
	for e := range connected(r, supers, c.Degree).Edges() {
		edges = append(edges, graph.Edge{A: e.A + int32(first), B: e.B + int32(first)})
	}
	for leaf := range first {
		edges = append(edges, graph.Edge{A: int32(leaf), B: int32(first) + r.Int32N(int32(supers))})
	}
	return graph.New(c.Peers, edges)
}

// superClass is the lowest class of supernodes: 1000 messages a second (section
// 5.1).
const superClass = 3

// link lays out g.
func (n *Network) link(r *rand.Rand, g *graph.Graph) error {
	n.start = make([]int32, g.Len()+1)
	n.upto = make([][classes + 1]uint8, g.Len())
	n.to = make([]int32, 0, 2*g.Size())
	for v := range g.Len() {
		if !n.design.Flood && g.Degree(v) > maxDegree {
			return fmt.Errorf("a peer has %d neighbours, and a walk keeps book of %d: take fewer", g.Degree(v), maxDegree)
		}
		list := slices.Clone(g.Neighbours(v))
		r.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
		slices.SortStableFunc(list, func(a, b int32) int { return cmp.Compare(n.class[b], n.class[a]) })
		n.to = append(n.to, list...)
		n.start[v+1] = int32(len(n.to))
		if !n.design.Flood {
			n.countClasses(v)
		}
	}
	if !n.design.Flood {
		n.pair()
		n.paginate()
	}
	return nil
}

func (n *Network) countClasses(v int) {
	for _, w := range n.neighbours(int32(v)) {
		for c := range n.class[w] + 1 {
			n.upto[v][c]++
		}
	}
}

// pair finds the other end of every link.
func (n *Network) pair() {
	type link struct{ from, at int32 }
	ends := make([][]link, len(n.class)) // by whom they lead to; from ascends
	for v := range n.class {
		for i := n.start[v]; i < n.start[v+1]; i++ {
			ends[n.to[i]] = append(ends[n.to[i]], link{int32(v), i})
		}
	}
	n.back = make([]uint8, len(n.to))
	for v := range n.class {
		for i := n.start[v]; i < n.start[v+1]; i++ {
			k, _ := slices.BinarySearchFunc(ends[v], n.to[i], func(l link, w int32) int { return cmp.Compare(l.from, w) })
			n.back[i] = uint8(ends[v][k].at - n.start[n.to[i]])
		}
	}
}

func (n *Network) neighbours(v int32) []int32 { return n.to[n.start[v]:n.start[v+1]] }

func (n *Network) degree(v int32) int { return int(n.start[v+1] - n.start[v]) }
