package model

import (
	"math"
	"time"

	"github.com/seed282dab8e/servent/sim/dht"
	"github.com/seed282dab8e/servent/sim/exact"
	"github.com/seed282dab8e/servent/sim/load"
)

type tableSearcher struct {
	tally
	t       *Table
	path    dht.Path
	reached marks
	way     []dht.ID
	lists   []list
	files   []int32
	nth     uint64 // of what is random about the search
}

// list is what was published under one key: the peer that has it, and how long ago
// it was published at the earliest.
type list struct {
	peer int32
	kept time.Duration
}

func (s *tableSearcher) Search(q *load.Query) Outcome {
	s.begin(q)
	s.reached.clear()
	s.reached.add(q.From)
	s.nth = 0
	if s.t.cfg.ByKey || len(q.Words) == 0 {
		s.byKey(q)
	} else {
		s.byWords(q)
	}
	if s.out.Found == 0 {
		s.out.Hops = -1
	}
	return s.end()
}

// find looks up what was published under the last of the keys; each is asked for
// after the one before. It is false when the way to one was lost. at is when the
// asker knows.
func (s *tableSearcher) find(q *load.Query, keys []dht.ID) (found list, hops int, at time.Duration, ok bool) {
	for _, key := range keys {
		s.t.o.Lookup(s.t.node[q.From], key, s.t.dead, &s.path)
		s.count(q.From)
		for range s.path.Hops {
			at += s.roundTrip(q)
		}
		at += time.Duration(s.path.Timeouts) * tableTimeout / time.Duration(s.t.lanes)
		hops += s.path.Hops
		if !s.path.Found {
			return list{}, hops, at, false
		}
	}
	return list{s.t.peer[s.path.Owner], s.t.kept(keys[len(keys)-1])}, hops, at, true
}

// count counts what a lookup sends.
func (s *tableSearcher) count(from int32) {
	for _, v := range s.path.Asked {
		s.query(1)
		p := s.t.peer[v]
		if p < 0 {
			s.waste(from)
			continue
		}
		s.send(from, p)
		if s.w.Left(p) {
			s.out.Lost++
			continue
		}
		s.send(p, from)
		s.out.Replies++
		s.out.Bytes += answerBytes + s.t.told
		if s.reached.add(p) {
			s.out.Reached++
		}
	}
}

func (s *tableSearcher) roundTrip(q *load.Query) time.Duration {
	s.nth++
	return 2 * s.t.net.between(q, s.nth)
}

func (s *tableSearcher) oneWay(q *load.Query) time.Duration { return s.roundTrip(q) / 2 }

// byKey looks the one file up. The owner's answer names who has it.
func (s *tableSearcher) byKey(q *load.Query) {
	s.way = append(s.way[:0], fileKey(q.File))
	found, hops, at, ok := s.find(q, s.way)
	if !ok {
		return
	}
	s.out.Hops, s.out.Covered = hops, s.w.Peers()-1
	told := 0
	for _, p := range s.w.Holders(q.File) {
		if p != q.From && s.t.has(p, found.kept) {
			s.hit(p, 1, at)
			told++
		}
	}
	s.tell(q, told, nodeBytes)
}

// tell counts the entries of an answer, so many of them of peers of the workload:
// those of peers that have left come with them.
func (s *tableSearcher) tell(q *load.Query, told int, bytes int64) {
	stale := s.withStale(q, told) - told
	s.out.Stale += stale
	s.out.Bytes += int64(told+stale) * bytes
}

// withStale returns how many entries there are in a list when there are so many
// of peers of the workload. Parts of an entry are rounded up as often as they
// are large.
func (s *tableSearcher) withStale(q *load.Query, entries int) int {
	if s.t.records == 0 {
		return entries
	}
	s.nth++
	part := float64(exact.Unit(exact.Mix(q.ID<<20 ^ s.nth)))
	return entries + int(float64(float64(entries)*s.t.records)+part)
}

// byWords looks up the nodes with the lists of all words at a time. The list of
// the first goes to the node with that of the second, what both have to the
// third, and what is left to the asker.
func (s *tableSearcher) byWords(q *load.Query) {
	s.lists = s.lists[:0]
	var at time.Duration
	kept := time.Duration(math.MaxInt64)
	for _, v := range q.Words {
		found, hops, ready, ok := s.find(q, s.keys(v))
		if !ok {
			return // one list is out of reach: nobody knows which files have all words
		}
		s.lists = append(s.lists, found)
		at, kept = max(at, ready), min(kept, found.kept)
		s.out.Hops = max(s.out.Hops, hops)
	}
	s.out.Covered = s.w.Peers() - 1
	if len(s.lists) > 1 {
		at += s.join(q)
	}
	told := 0
	for i, p := range s.targets.Peers {
		if n := int(s.targets.Counts[i]); s.t.has(p, kept) {
			s.hit(p, n, at)
			told += n
		}
	}
	s.tell(q, told, fileBytes)
}

// keys returns what is looked up, one after the other, to find the list of a word.
func (s *tableSearcher) keys(v load.Word) []dht.ID {
	if s.way = s.way[:0]; s.t.tree == nil {
		s.way = append(s.way, wordKey(v))
	} else {
		s.way = s.t.tree.appendWay(s.way, v)
	}
	return s.way
}

// join has the nodes find what all their lists have, and returns how long that
// takes until the asker has it.
func (s *tableSearcher) join(q *load.Query) time.Duration {
	s.query(1)
	s.send(q.From, s.lists[0].peer)
	took := s.oneWay(q)
	part := load.Query{File: q.File}
	kept := time.Duration(math.MaxInt64)
	for i, from := range s.lists[:len(s.lists)-1] {
		to := s.lists[i+1].peer
		part.Words = q.Words[:i+1]
		s.files = s.w.AppendMatches(s.files[:0], &part)
		kept = min(kept, from.kept)
		s.query(1)
		s.send(from.peer, to)
		s.ship(q, from.peer, to, kept)
		took += s.oneWay(q)
	}
	s.out.Replies++
	s.out.Bytes += answerBytes
	s.send(s.lists[len(s.lists)-1].peer, q.From)
	s.out.Hops += len(s.lists)
	return took + s.oneWay(q)
}

// ship sends the entries of the files that are left, one for each copy: the
// first in the message that asks for them, the others in more of them.
func (s *tableSearcher) ship(q *load.Query, from, to int32, kept time.Duration) {
	n := 0
	for _, f := range s.files {
		n += s.named(f, kept)
	}
	n = s.withStale(q, n)
	s.out.Bytes += int64(n) * dht.EntryBytes
	for n -= maxReply; n > 0; n -= maxReply {
		s.out.Replies++
		s.send(from, to)
	}
}

// named returns how many of those that share a file are named in lists that have
// been kept for so long.
func (s *tableSearcher) named(file int32, kept time.Duration) int {
	all := s.w.Holders(file)
	if kept >= s.t.publish {
		return len(all)
	}
	n := 0
	for _, p := range all {
		if s.t.has(p, kept) {
			n++
		}
	}
	return n
}
