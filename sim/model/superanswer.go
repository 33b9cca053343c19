package model

import (
	"math"
	"slices"
	"time"

	"github.com/seed282dab8e/servent/sim/load"
)

// answer brings the hits of all nodes that got the query back to the asker. A
// node answers for its leaves, so one file of a leaf may be told of by several;
// it counts once, when the asker first hears of it.
func (s *superSearcher) answer(q *load.Query) {
	first := time.Duration(math.MaxInt64)
	for i, p := range s.targets.Peers {
		at, hops := s.heard(p)
		if hops < 0 {
			continue
		}
		s.hit(p, int(s.targets.Counts[i]), at)
		if at < first && !s.w.Left(p) {
			first, s.out.Hops = at, hops
		}
	}
	for _, node := range s.order {
		if files := s.matching(node); files > 0 {
			s.reply(q, node, files)
		}
	}
	s.cover(q)
}

// heard returns when the asker first hears of a peer's files, and from how many hops
// away; -1: it does not.
func (s *superSearcher) heard(peer int32) (first time.Duration, hops int) {
	hops = -1
	for _, node := range s.net.of(peer) {
		if !s.got.has(node) {
			continue
		}
		v := s.visit[node]
		if back := v.at + v.travel; hops < 0 || back < first {
			first, hops = back, int(v.hops)
		}
	}
	return first, hops
}

// reply sends the hits of one node back the way that the query came.
func (s *superSearcher) reply(q *load.Query, node int32, files int) {
	for node >= 0 {
		to := s.visit[node].by
		peer := q.From
		if to >= 0 {
			peer = s.net.super[to]
		}
		if peer != s.net.super[node] { // else the asker is this supernode
			s.out.Replies++
			s.out.Bytes += hitBytes + int64(files)*fileBytes
			s.send(s.net.super[node], peer)
		}
		node = to
	}
}

// cover counts whom the search has looked at, in one way or another.
func (s *superSearcher) cover(q *load.Query) {
	s.out.Reached = len(s.order)
	if s.net.node[q.From] >= 0 {
		s.out.Reached-- // the asker itself
	}
	s.out.Covered = s.net.Covered(s.got.has)
	if slices.ContainsFunc(s.net.of(q.From), s.got.has) {
		s.out.Covered--
	}
}
