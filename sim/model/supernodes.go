package model

import (
	"cmp"
	"math/rand/v2"
	"slices"

	"github.com/seed282dab8e/servent/sim/graph"
	"github.com/seed282dab8e/servent/sim/load"
)

// SupernodesConfig describes a network of two classes. Zero fields mean the
// defaults named beside them: those of a servent, or what was measured.
type SupernodesConfig struct {
	Leaves  int // leaves for each supernode, on average; 31
	Parents int // supernodes that have a leaf's list; 3
	Degree  int // links of a supernode to others; 30 (Stutzbach, Rejaie, Sen: IMC 2005)
	TTL     int // links between supernodes that a query crosses; 3
	// LastHop: supernodes have the route tables of their neighbours, and the last
	// one on a query's way sends it only where it is answered (QRP).
	LastHop bool
	// Dynamic: the supernode that a query comes to first asks its neighbours one
	// after the other until there are enough hits. It needs LastHop.
	Dynamic bool
	Seed    uint64
}

func (c *SupernodesConfig) setDefaults() {
	c.Leaves = cmp.Or(c.Leaves, 31)
	c.Parents = cmp.Or(c.Parents, 3)
	c.Degree = cmp.Or(c.Degree, 30)
	c.TTL = cmp.Or(c.TTL, 3)
}

// Supernodes is a network in which the peers with most capacity serve the others:
// each knows the file lists of its leaves, answers for them, and floods queries
// among its like. Kazaa, as Liang, Kumar, Ross found it (The FastTrack overlay,
// Computer Networks 2006); with LastHop and Dynamic, Gnutella 0.6 as this servent
// speaks it.
type Supernodes struct {
	cfg     SupernodesConfig
	w       *load.Workload
	net     Net
	g       *graph.Graph // of supernodes
	super   []int32      // the peer at each of its nodes, ascending
	node    []int32      // of each peer in g; -1 for leaves
	parents []int32      // nodes of g, cfg.Parents for each peer; its own for a supernode
	down    []uint64     // nodes of g
}

// NewSupernodes makes the peers with the highest capacity supernodes.
func NewSupernodes(w *load.Workload, cfg SupernodesConfig, net Net) *Supernodes {
	cfg.setDefaults()
	n := max(1, w.Peers()/(cfg.Leaves+1))
	cfg.Parents = min(cfg.Parents, n)
	r := rand.New(rand.NewPCG(cfg.Seed, 1))
	s := &Supernodes{cfg: cfg, w: w, net: net, super: strongest(w, n)}
	most := n * (n - 1) / 2
	s.g = graph.Random(r, n, min(n*cfg.Degree/2, most))
	s.node = make([]int32, w.Peers())
	for p := range s.node {
		s.node[p] = -1
	}
	for i, p := range s.super {
		s.node[p] = int32(i)
	}
	s.adopt(r)
	if w.Down() != nil {
		s.down = make([]uint64, (n+63)/64)
		for i, p := range s.super {
			if w.Left(p) {
				s.down[i/64] |= 1 << (i % 64)
			}
		}
	}
	return s
}

// strongest returns the n peers with the highest capacity, ascending; of equals
// the first.
func strongest(w *load.Workload, n int) []int32 {
	peers := make([]int32, w.Peers())
	for p := range peers {
		peers[p] = int32(p)
	}
	slices.SortStableFunc(peers, func(a, b int32) int { return cmp.Compare(w.Capacity(b), w.Capacity(a)) })
	peers = slices.Clone(peers[:n])
	slices.Sort(peers)
	return peers
}

// adopt gives each leaf its supernodes.
func (s *Supernodes) adopt(r *rand.Rand) {
	k := s.cfg.Parents
	s.parents = make([]int32, k*s.w.Peers())
	for p := range s.w.Peers() {
		own := s.parents[p*k : p*k : (p+1)*k]
		if s.node[p] >= 0 {
			for range k {
				own = append(own, s.node[p])
			}
			continue
		}
		for len(own) < k {
			if parent := int32(r.IntN(len(s.super))); !slices.Contains(own, parent) {
				own = append(own, parent)
			}
		}
	}
}

// of returns the supernodes that know what a peer shares, as nodes of g.
func (s *Supernodes) of(peer int32) []int32 {
	k := int32(s.cfg.Parents)
	if s.node[peer] >= 0 {
		k = 1
	}
	from := int(peer) * s.cfg.Parents
	return s.parents[from : from+int(k)]
}

// Covered counts the peers whose files are known to one at least of the nodes of
// its graph that got a query.
func (s *Supernodes) Covered(got func(node int32) bool) int {
	n := 0
	for p := range int32(s.w.Peers()) {
		if slices.ContainsFunc(s.of(p), got) {
			n++
		}
	}
	return n
}

// Name tells which kind it is.
func (s *Supernodes) Name() string {
	switch {
	case s.cfg.Dynamic:
		return "supernodes, dynamic"
	case s.cfg.LastHop:
		return "supernodes, tables"
	}
	return "supernodes"
}

// Upkeep is for this: a leaf that comes sets up its links and sends each supernode its list;
// when one of those goes, it finds another. Supernodes hold links among each
// other and, with LastHop, send each other the tables of all their leaves each
// time that a link is made.
func (s *Supernodes) Upkeep() Upkeep {
	each := s.w.Departures() / float64(s.w.Peers()) // of one peer
	supers, k := float64(len(s.super)), float64(s.cfg.Parents)
	leaves := float64(s.w.Peers()) - supers
	core := linkUpkeep(each*supers, s.g)
	joins := float64(2 * each * leaves * k) // it came, or a supernode went
	lists := float64(joins * perPeer(s.w) * fileBytes)
	pings := 2 * leaves * k / pingEach
	core.Messages += float64(joins*(linkMessages+1)) + float64(pings*pingMessages)
	core.Bytes += float64(joins*linkBytes) + lists + float64(pings*pingBytes)
	if s.cfg.LastHop {
		links := float64(each * supers * s.g.MeanDegree())
		core.Messages += joins + float64(2*links)
		core.Bytes += float64(joins*tableBytes) + float64(2*links*joinedBytes)
	}
	return core
}

// Searcher makes one that runs searches.
func (s *Supernodes) Searcher() Searcher {
	n := s.g.Len()
	q := &superSearcher{
		tally: newTally(s.w), net: s, flooder: graph.NewFlooder(s.g),
		level: make([]int16, n), known: newMarks(n),
		match: make([]int32, n), holds: newMarks(n), got: newMarks(n), visit: make([]visit, n),
	}
	q.flooder.Down = s.down
	return q
}

// Graph returns the links between supernodes.
func (s *Supernodes) Graph() *graph.Graph { return s.g }

// TTL returns how many links between supernodes a query crosses.
func (s *Supernodes) TTL() int { return s.cfg.TTL }

// WithTTL returns the same network, whose queries go further or less far.
func (s *Supernodes) WithTTL(ttl int) *Supernodes {
	other := *s
	other.cfg.TTL = ttl
	return &other
}
