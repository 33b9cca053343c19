package model

import (
	"math/rand/v2"
	"slices"
	"time"

	"github.com/seed282dab8e/servent/sim/graph"
	"github.com/seed282dab8e/servent/sim/load"
)

// Walkers is search by random walks, see [Walk] and [Blind.Walk]. Each walker has
// its own clock, but they take their steps in turn, so who comes to a peer
// first is a matter of steps. A step to a peer that is gone fails, and the
// walker tries another. Hits and checks go to the asker directly; a walker
// waits for the answer to a check, which is a message of the size of a query.
type Walkers struct {
	name string
	w    *load.Workload
	g    *graph.Graph
	p    Walk
	net  Net
	seed uint64
}

// NewWalkers has walkers walk over g, whose nodes are the peers of w.
func NewWalkers(w *load.Workload, g *graph.Graph, p Walk, net Net) *Walkers {
	name := "random walks"
	if p.Biased {
		name = "walk by degree"
	}
	return &Walkers{name, w, g, p, net, w.Config().Seed}
}

// Name returns "random walks" or "walk by degree".
func (m *Walkers) Name() string { return m.name }

// Upkeep is that of the links; where peers answer for their neighbours, each that comes
// also sends its list to all of them and gets theirs.
func (m *Walkers) Upkeep() Upkeep {
	u := linkUpkeep(m.w.Departures(), m.g)
	if m.p.Index {
		lists := float64(2 * m.w.Departures() * m.g.MeanDegree())
		u.Messages += lists
		u.Bytes += float64(lists * perPeer(m.w) * fileBytes)
	}
	return u
}

// Searcher makes one that runs searches.
func (m *Walkers) Searcher() Searcher {
	s := &walkSearcher{tally: newTally(m.w), m: m, blind: NewBlind(m.g), clocks: make([]time.Duration, m.p.Walkers), source: rand.NewPCG(0, 0)}
	s.r = rand.New(s.source)
	s.blind.Sent, s.blind.Checked = s.sent, s.checked
	return s
}

type walkSearcher struct {
	tally
	m      *Walkers
	blind  *Blind
	source *rand.PCG
	r      *rand.Rand

	q      *load.Query
	drawn  uint64          // delays
	clocks []time.Duration // of the walkers
	now    time.Duration   // of the one that walks
	here   int32           // where it is
}

func (s *walkSearcher) Search(q *load.Query) Outcome {
	s.begin(q)
	clear(s.clocks)
	s.q, s.drawn, s.now, s.here = q, 0, 0, q.From
	s.source.Seed(s.m.seed, q.ID)
	f := s.blind.Walk(s.m.p, q.From, s.look, s.r)
	s.query(f.Messages + f.Checks)
	s.out.Duplicates, s.out.Lost = f.Duplicates(), f.Lost
	s.out.Reached, s.out.Covered, s.out.Hops = f.Reached, f.Covered, f.Hops
	return s.end()
}

// sent passes the time that a step takes.
func (s *walkSearcher) sent(walker int, from, to int32) bool {
	s.send(from, to)
	s.clocks[walker] += s.delay()
	s.now, s.here = s.clocks[walker], to
	return !s.w.Left(to)
}

// checked is a question to the asker, and its answer.
func (s *walkSearcher) checked(walker int, at int32) {
	s.send(at, s.q.From)
	s.clocks[walker] += 2 * s.delay()
}

// look has the peer where the walker is tell the asker what a peer shares. What
// its own neighbours have, the asker knows.
func (s *walkSearcher) look(peer int32, _ int) int {
	i, ok := slices.BinarySearch(s.targets.Peers, peer)
	if !ok {
		return 0
	}
	files := int(s.targets.Counts[i])
	if s.here == s.q.From {
		s.hit(peer, files, s.now)
		return files
	}
	s.hit(peer, files, s.now+s.delay())
	s.out.Replies++
	s.out.Bytes += hitBytes + int64(files)*fileBytes
	s.send(s.here, s.q.From)
	return files
}

func (s *walkSearcher) delay() time.Duration {
	s.drawn++
	return s.m.net.between(s.q, s.drawn)
}
