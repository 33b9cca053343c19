package model

import (
	"time"

	"github.com/seed282dab8e/servent/sim/graph"
	"github.com/seed282dab8e/servent/sim/load"
)

// Rings is flooding with a TTL that grows until enough is found, see [Ring]. The
// asker gives each round as long as its query may take there and back. Peers
// answer in every round.
type Rings struct {
	flat *Flat
	p    Ring
}

// NewRings floods g, whose nodes are the peers of w.
func NewRings(w *load.Workload, g *graph.Graph, p Ring, net Net) *Rings {
	return &Rings{NewFlat(w, g, p.Most, net), p}
}

// Name returns "expanding ring".
func (m *Rings) Name() string { return "expanding ring" }

// Upkeep is that of flat flooding.
func (m *Rings) Upkeep() Upkeep { return m.flat.Upkeep() }

// Searcher makes one that runs searches.
func (m *Rings) Searcher() Searcher {
	s := &ringSearcher{flatSearcher{newTally(m.flat.w), m.flat, graph.NewFlooder(m.flat.g)}, m.p, nil}
	s.flooder.Down = m.flat.w.Down()
	return s
}

type ringSearcher struct {
	flatSearcher
	p     Ring
	heard []bool // of the targets
}

func (s *ringSearcher) Search(q *load.Query) Outcome {
	s.begin(q)
	s.heard = append(s.heard[:0], make([]bool, len(s.targets.Peers))...)
	since, files := time.Duration(0), 0
	for ttl := min(s.p.First, s.p.Most); ttl > 0 && ttl <= s.p.Most; ttl += s.p.Add {
		files += s.round(q, ttl, since)
		if files >= max(1, s.p.Want) || s.p.Add <= 0 {
			break
		}
		since += time.Duration(2*ttl) * s.flat.net.Hi
	}
	return s.end()
}

// round floods once, and returns how many files it brought that were not heard
// of in a round before.
func (s *ringSearcher) round(q *load.Query, ttl int, since time.Duration) (files int) {
	fl := s.flooder.Flood(int(q.From), ttl, s.flat.net.delay(q))
	s.query(int64(fl.Messages))
	s.out.Duplicates += int64(fl.Duplicates)
	s.out.Lost += int64(fl.Lost)
	s.out.Reached, s.out.Covered = max(s.out.Reached, fl.Reached), max(s.out.Covered, fl.Reached)
	countFlood(s.flooder, s.flat.g, q.From, ttl, func(v int32) *uint32 { return &s.load[v] })
	first := time.Duration(-1)
	for i, p := range s.targets.Peers {
		if !s.flooder.Seen(p) {
			continue
		}
		n := int(s.targets.Counts[i])
		s.reply(p, n)
		if s.heard[i] {
			continue
		}
		s.heard[i] = true
		files += n
		at := since + 2*time.Duration(s.flooder.Arrival(p))*time.Millisecond
		s.hit(p, n, at)
		if s.out.Hops < 0 || first >= 0 && at < first {
			first, s.out.Hops = at, s.flooder.Hops(p)
		}
	}
	return files
}
