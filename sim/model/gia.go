package model

import (
	"math/rand/v2"
	"slices"
	"time"

	"github.com/seed282dab8e/servent/sim/gia"
	"github.com/seed282dab8e/servent/sim/graph"
	"github.com/seed282dab8e/servent/sim/load"
)

// GiaConfig says how long a query of Gia lives.
type GiaConfig struct {
	Most int // hops
	Want int // copies that are enough: MAX_RESPONSES
}

// Gia is search by Chawathe, Ratnasamy, Breslau, Lanham, Shenker: Making
// Gnutella-like P2P systems scalable (SIGCOMM 2003): capable peers have many
// neighbours, everybody knows what its neighbours share, and one walker goes to
// the most capable neighbour that it has not come from or gone to. Peers have
// tokens for all their neighbours, as when there is little load; study gia2003
// is about what comes with load. A step to a peer that is gone fails, and the
// walker tries another. Hits go to the asker directly, as they do in the other
// walks here; the paper sends them back the way the query came.
type Gia struct {
	w     *load.Workload
	paths *gia.Paths
	g     *graph.Graph
	cfg   GiaConfig
	net   Net
}

// NewGia adapts a topology to the capacities of the peers of w.
func NewGia(w *load.Workload, c GiaConfig, net Net) (*Gia, error) {
	class := make([]uint8, w.Peers())
	for v := range class {
		for i, level := range gia.Classes() {
			if w.Capacity(int32(v)) >= float64(level.Capacity) {
				class[v] = uint8(i)
			}
		}
	}
	paths, g, err := gia.NewPaths(rand.New(rand.NewPCG(w.Config().Seed, 0x676961)), class)
	return &Gia{w, paths, g, c, net}, err
}

// Name returns "Gia".
func (m *Gia) Name() string { return "Gia" }

// Upkeep is that of the links; each that comes also sends its list to all its
// neighbours and gets theirs.
func (m *Gia) Upkeep() Upkeep {
	u := linkUpkeep(m.w.Departures(), m.g)
	lists := float64(2 * m.w.Departures() * m.g.MeanDegree())
	u.Messages += lists
	u.Bytes += float64(lists * perPeer(m.w) * fileBytes)
	return u
}

// Searcher makes one that runs searches.
func (m *Gia) Searcher() Searcher {
	source := rand.NewPCG(0, 0)
	return &giaSearcher{
		tally: newTally(m.w), m: m, walker: m.paths.Walker(), source: source, r: rand.New(source),
		reached: make([]bool, m.w.Peers()), covered: make([]bool, m.w.Peers()),
	}
}

type giaSearcher struct {
	tally
	m      *Gia
	walker *gia.Walker
	source *rand.PCG
	r      *rand.Rand

	reached, covered []bool
	touched          []int32 // who is covered
	named            int     // copies that were found, stale ones included
}

func (s *giaSearcher) Search(q *load.Query) Outcome {
	s.begin(q)
	for _, v := range s.touched {
		s.reached[v], s.covered[v] = false, false
	}
	s.touched, s.named = s.touched[:0], 0
	s.source.Seed(s.w.Config().Seed, q.ID)
	s.walker.Begin()
	s.reached[q.From], s.covered[q.From] = true, true
	s.touched = append(s.touched, q.From)
	s.walk(q)
	s.out.Duplicates = s.out.Messages - s.out.Lost - int64(s.out.Reached)
	return s.end()
}

// walk takes the query along its path.
func (s *giaSearcher) walk(q *load.Query) {
	at, now := q.From, time.Duration(0)
	s.cover(q, at, 0, now)
	for hops := 1; hops <= s.m.cfg.Most && s.named < s.m.cfg.Want; hops++ {
		to, ok := s.walker.Next(s.r, at)
		if !ok {
			return
		}
		s.query(1)
		s.send(at, to)
		now += s.m.net.between(q, uint64(2*hops))
		if s.w.Left(to) {
			s.out.Lost++
			continue
		}
		at = to
		if !s.reached[at] {
			s.reached[at] = true
			s.out.Reached++
			s.cover(q, at, hops, now)
		}
	}
}

// cover looks through the files of a peer and its neighbours, as far as that
// was not done before, and tells the asker of them at once.
func (s *giaSearcher) cover(q *load.Query, at int32, hops int, now time.Duration) {
	if at != q.From {
		now += s.m.net.between(q, uint64(2*hops+1))
	}
	files := s.look(at, now)
	for _, v := range s.m.g.Neighbours(int(at)) {
		files += s.look(v, now)
	}
	if files == 0 {
		return
	}
	s.named += files
	if s.out.Hops < 0 {
		s.out.Hops = hops
	}
	if at != q.From {
		s.out.Replies++
		s.out.Bytes += hitBytes + int64(files)*fileBytes
		s.send(at, q.From)
	}
}

// look returns how many files that match a peer has; 0 when it was looked at
// before.
func (s *giaSearcher) look(peer int32, now time.Duration) int {
	if s.covered[peer] {
		return 0
	}
	s.covered[peer] = true
	s.touched = append(s.touched, peer)
	s.out.Covered++
	i, ok := slices.BinarySearch(s.targets.Peers, peer)
	if !ok {
		return 0
	}
	files := int(s.targets.Counts[i])
	s.hit(peer, files, now)
	return files
}
