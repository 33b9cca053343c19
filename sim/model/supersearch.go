package model

import (
	"time"

	"github.com/seed282dab8e/servent/sim/graph"
	"github.com/seed282dab8e/servent/sim/load"
)

// retryAfter is how long a leaf waits for the answer of a supernode that is gone.
const retryAfter = 5 * time.Second

// superSearcher runs searches on Supernodes. Nodes are those of its graph.
type superSearcher struct {
	tally
	net     *Supernodes
	flooder *graph.Flooder
	sent    uint64 // messages of this search that were drawn a delay for

	level []int16 // how many of the query's words the table of each node has, while levels has it
	known marks
	words int16

	match []int32 // files that each node answers with, while holds has it
	holds marks

	got   marks // nodes that got the query
	visit []visit
	order []int32 // they, as they got it
}

// visit is how a node got the query.
type visit struct {
	by     int32         // the node it came from; -1: from the asker
	hops   int16         // links that it has crossed, the one from the asker to its supernode included
	at     time.Duration // since the search began
	travel time.Duration // of that, on links
}

// reach notes that a node gets the query, and says whether for the first time.
// One that is down gets nothing.
func (s *superSearcher) reach(node int32, v visit) bool {
	switch {
	case s.isDown(node):
		s.out.Lost++
		return false
	case !s.got.add(node):
		s.out.Duplicates++
		return false
	}
	s.visit[node] = v
	s.order = append(s.order, node)
	return true
}

func (s *superSearcher) isDown(node int32) bool { return s.w.Left(s.net.super[node]) }

// delay draws how long the next message takes.
func (s *superSearcher) delay(q *load.Query) time.Duration {
	s.sent++
	return s.net.net.between(q, s.sent)
}

// Search asks the asker's supernodes: one of them where queries are flooded, all
// of them where each looks on its own for what is missing.
func (s *superSearcher) Search(q *load.Query) Outcome {
	s.begin(q)
	s.got.clear()
	s.order, s.sent = s.order[:0], 0
	s.findHolders()
	if s.net.cfg.LastHop {
		s.lookUp(q)
	}
	entries := s.enter(q)
	switch {
	case s.net.cfg.Dynamic:
		s.dynamic(q, entries)
	case len(entries) > 0:
		s.flood(q, entries[0])
	}
	s.answer(q)
	return s.end()
}

// enter brings the query to the asker's supernodes that are there.
func (s *superSearcher) enter(q *load.Query) []int32 {
	if node := s.net.node[q.From]; node >= 0 {
		s.got.add(node)
		s.visit[node] = visit{by: -1}
		s.order = append(s.order, node)
		return []int32{node}
	}
	var entries []int32
	waited := time.Duration(0)
	for _, node := range s.net.of(q.From) {
		s.query(1)
		s.send(q.From, s.net.super[node])
		took := s.delay(q)
		if !s.reach(node, visit{by: -1, hops: 1, at: waited + took, travel: took}) {
			waited += retryAfter
			continue
		}
		entries = append(entries, node)
		if !s.net.cfg.Dynamic {
			break
		}
	}
	return entries
}

// flood sends the query from one node as far as the TTL takes it. With tables,
// the copies of the last hop come after all others: that one of them overtakes a
// copy with TTL to spare is left out.
func (s *superSearcher) flood(q *load.Query, from int32) {
	ttl := s.net.cfg.TTL
	if s.net.cfg.LastHop {
		ttl--
	}
	start := s.visit[from]
	fl := s.flooder.Flood(int(from), ttl, s.net.net.delay(q))
	s.query(int64(fl.Messages))
	s.out.Duplicates += int64(fl.Duplicates)
	s.out.Lost += int64(fl.Lost)
	countFlood(s.flooder, s.net.g, from, ttl, func(v int32) *uint32 { return &s.load[s.net.super[v]] })
	for _, v := range s.flooder.Order() {
		s.got.add(v)
		took := time.Duration(s.flooder.Arrival(v)) * time.Millisecond
		s.visit[v] = visit{s.flooder.Parent(v), start.hops + int16(s.flooder.Hops(v)), start.at + took, start.travel + took}
		s.order = append(s.order, v)
	}
	if !s.net.cfg.LastHop {
		return
	}
	last := start.hops + int16(ttl)
	for _, v := range s.order { // it grows by those that do not pass it on
		if s.visit[v].hops == last {
			s.passLast(q, v)
		}
	}
}

// passLast sends the query from a node to those of its neighbours whose tables
// have all words.
func (s *superSearcher) passLast(q *load.Query, from int32) {
	for _, to := range s.net.g.Neighbours(int(from)) {
		if to != s.visit[from].by && s.has(to) {
			s.pass(q, from, to)
		}
	}
}

// pass sends the query from one node to another.
func (s *superSearcher) pass(q *load.Query, from, to int32) {
	s.query(1)
	s.send(s.net.super[from], s.net.super[to])
	took := s.delay(q)
	v := s.visit[from]
	s.reach(to, visit{from, v.hops + 1, v.at + took, v.travel + took})
}

// lookUp finds the nodes whose tables have all words of the query: each among
// the files of some of its leaves, not all in one name. That two words may share
// a slot of a table is left out: it is rare with 64 Ki slots.
func (s *superSearcher) lookUp(q *load.Query) {
	s.known.clear()
	add := func(files []int32) {
		for _, f := range files {
			for _, p := range s.w.Holders(f) {
				s.raise(p)
			}
		}
		s.words++
	}
	s.words = 0
	for _, word := range q.Words {
		add(s.w.Postings(word))
	}
	if len(q.Words) == 0 {
		add([]int32{q.File})
	}
}

// raise notes that the nodes which know the peer's files have one more word.
func (s *superSearcher) raise(peer int32) {
	for _, n := range s.net.of(peer) {
		if s.words == 0 && s.known.add(n) {
			s.level[n] = 0
		}
		if s.known.has(n) && s.level[n] == s.words {
			s.level[n]++
		}
	}
}

// has says whether a node's table has all words.
func (s *superSearcher) has(node int32) bool {
	return s.known.has(node) && s.level[node] == s.words
}

// findHolders finds the nodes that know matching files, and how many.
func (s *superSearcher) findHolders() {
	s.holds.clear()
	for i, p := range s.targets.Peers {
		for _, node := range s.net.of(p) {
			if s.holds.add(node) {
				s.match[node] = 0
			}
			s.match[node] += s.targets.Counts[i]
		}
	}
}

// matching is how many files a node answers with.
func (s *superSearcher) matching(node int32) int {
	if !s.holds.has(node) {
		return 0
	}
	return int(s.match[node])
}
