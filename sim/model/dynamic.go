package model

import (
	"math/rand/v2"
	"time"

	"github.com/seed282dab8e/servent/sim/load"
	"github.com/seed282dab8e/servent/supernode"
)

// guide is a supernode that runs a dynamic query, by the policy that servents
// ship with ([supernode.Querying]).
type guide struct {
	node       int32
	querying   *supernode.Querying
	neighbours []supernode.Neighbour
	next       time.Duration // when it goes on
	done       bool
}

// maxGuideTTL is the TTL that supernodes take from each other.
const maxGuideTTL = 4

// dynamic runs the query of each of the asker's supernodes until all have enough
// or nobody is left. They go by one search's id: a node that got it from one
// drops it from another.
func (s *superSearcher) dynamic(q *load.Query, entries []int32) {
	r := rand.New(rand.NewPCG(q.ID, s.net.cfg.Seed))
	target := supernode.LeafTarget
	if s.net.node[q.From] >= 0 {
		target = supernode.OwnTarget
	}
	guides := make([]*guide, len(entries))
	for i, node := range entries {
		guides[i] = s.newGuide(node, target)
	}
	for {
		g := earliest(guides)
		if g == nil {
			return
		}
		s.step(q, g, r)
	}
}

// earliest returns the guide that goes on first; nil when all are done.
func earliest(guides []*guide) *guide {
	var first *guide
	for _, g := range guides {
		if !g.done && (first == nil || g.next < first.next) {
			first = g
		}
	}
	return first
}

func (s *superSearcher) newGuide(node int32, target int) *guide {
	g := &guide{node: node, querying: supernode.NewQuerying(target, false), next: s.visit[node].at}
	for _, n := range s.net.g.Neighbours(int(node)) {
		g.neighbours = append(g.neighbours, supernode.Neighbour{
			ID: uint32(n), Degree: s.net.g.Degree(int(n)), MaxTTL: maxGuideTTL, Holds: s.has(n),
		})
	}
	g.querying.Found(s.matching(node))
	return g
}

// step has a guide count the hits that have come and ask whom it asks next.
func (s *superSearcher) step(q *load.Query, g *guide, r *rand.Rand) {
	ask, again := g.querying.Next(g.next, r, g.neighbours)
	if len(ask) == 0 {
		g.done = true
		return
	}
	now := g.next
	found := 0
	for _, a := range ask {
		found += s.wave(q, g, int32(a.ID), int(a.TTL), now)
	}
	g.querying.Found(found)
	g.next = again
}

// wave sends the query to one neighbour, which passes it on while there is TTL,
// on the last link only to those that have it. It returns how many hits that
// brings. All copies of one hop go out in the order in which they came.
func (s *superSearcher) wave(q *load.Query, g *guide, to int32, ttl int, now time.Duration) (found int) {
	from := s.visit[g.node]
	start := len(s.order)
	s.query(1)
	s.send(s.net.super[g.node], s.net.super[to])
	took := s.delay(q)
	if !s.reach(to, visit{g.node, from.hops + 1, now + took, from.travel + took}) {
		return 0
	}
	for i, end := start, 0; ttl > 1 && i < len(s.order); ttl-- {
		for end = len(s.order); i < end; i++ {
			s.passOn(q, s.order[i], ttl == 2)
		}
	}
	for _, node := range s.order[start:] {
		found += s.matching(node)
	}
	return found
}

// passOn sends the query on to all neighbours of a node, or on the last link to
// those that have it.
func (s *superSearcher) passOn(q *load.Query, from int32, last bool) {
	if last {
		s.passLast(q, from)
		return
	}
	for _, to := range s.net.g.Neighbours(int(from)) {
		if to != s.visit[from].by {
			s.pass(q, from, to)
		}
	}
}
