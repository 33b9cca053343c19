package model

import (
	"testing"
	"time"

	"github.com/seed282dab8e/servent/sim/graph"
	"github.com/seed282dab8e/servent/sim/load"
)

// blindModels returns models that search without knowing where files are.
func blindModels(w *load.Workload) []Model {
	g := regular(w)
	return []Model{
		NewRings(w, g, Ring{First: 1, Add: 2, Most: 7}, testNet()),
		NewRings(w, g, Ring{First: 2, Add: 1, Most: 5, Want: 20}, testNet()),
		NewWalkers(w, g, Walk{Walkers: 16, Check: 4, Most: 100, Want: 10}, testNet()),
		NewWalkers(w, g, Walk{Walkers: 4, Most: 30, Keep: true}, testNet()),
		NewWalkers(w, g, Walk{Walkers: 1, Check: 1, Most: 100, Biased: true, Index: true, Want: 3}, testNet()),
	}
}

func TestBlindModels(t *testing.T) {
	for _, session := range []load.Weibull{{}, {Scale: 10 * time.Minute, Shape: 1}} {
		w := newLoad(t, load.Config{Seed: 3, Peers: 600, Vocabulary: 2000, Replication: load.Proportional, Session: session, Crashes: 1})
		down, stale := session.Scale > 0, 0
		for _, m := range blindModels(w) {
			checkModel(t, w, m, false)
			s, lost := m.Searcher(), int64(0)
			for id := range uint64(50) {
				q := w.Query(id)
				o := s.Search(&q)
				lost += o.Lost
				stale += o.Stale
			}
			if lost > 0 != down {
				t.Errorf("%s: %d messages lost, peers have left: %v", m.Name(), lost, down)
			}
		}
		if stale > 0 != down { // neighbours' lists may be out of date
			t.Errorf("%d hits of who has left: %v", stale, down)
		}
	}
}

// one returns a workload of peers of whom one, not peer 0, shares the one file.
func one(t *testing.T, peers int) (w *load.Workload, holder int32) {
	t.Helper()
	for seed := range uint64(100) {
		w = newLoad(t, load.Config{Seed: seed, Peers: peers, Files: 1, Copies: 1, NameWords: -1, FreeRiders: -1})
		if holder = w.Holders(0)[0]; holder > 3 {
			return w, holder
		}
	}
	t.Fatal("peer 0 to 3 have it always")
	return nil, 0
}

const hop = 50 * time.Millisecond

// TestRingsByHand: on a line, rounds of TTL 1, 3, ... send as many messages and take
// twice as long, and the last brings the hit.
func TestRingsByHand(t *testing.T) {
	w, holder := one(t, 12)
	want := Outcome{Found: 1, Hops: int(holder)}
	waited := 0
	for ttl := 1; ; ttl += 2 {
		sent := min(ttl, 11)
		want.Messages += int64(sent)
		want.Reached, want.Covered = sent, sent
		if ttl >= int(holder) {
			break
		}
		waited += 2 * ttl
	}
	want.Replies = int64(holder)
	want.Bytes = want.Messages*queryBytes + want.Replies*(hitBytes+fileBytes)
	want.First, want.Tenth = time.Duration(waited+2*int(holder))*hop, -1
	s := NewRings(w, graph.Line(12), Ring{First: 1, Add: 2, Most: 99}, Net{hop, hop}).Searcher()
	if got := s.Search(&load.Query{}); got != want {
		t.Errorf("%+v\nwant %+v", got, want)
	}
	if got := s.Load()[0]; got == 0 {
		t.Error("the asker has sent nothing")
	}
}

// TestRingsHearOnce: what rounds bring again is not found again.
func TestRingsHearOnce(t *testing.T) {
	w := newLoad(t, load.Config{Seed: 1, Peers: 50, Files: 1, Copies: 12, NameWords: -1, FreeRiders: -1, Replication: load.Uniform})
	q := load.Query{From: 3}
	var targets load.Targets
	w.Find(&q, &targets)
	got := NewRings(w, graph.Ring(50), Ring{First: 5, Add: 5, Most: 40, Want: 1000}, Net{hop, hop}).Searcher().Search(&q)
	if got.Found != targets.Copies || got.Found < 11 {
		t.Errorf("found %d of %d", got.Found, targets.Copies)
	}
}

// TestWalkersByHand: by degree, a walker goes down a line; it waits for the
// answer to each check.
func TestWalkersByHand(t *testing.T) {
	w, holder := one(t, 12)
	steps := int64(holder+1) / 2 * 2 // to the next check
	want := Outcome{
		Messages: steps + steps/2, Replies: 1, Reached: int(min(steps, 11)), Covered: int(min(steps, 11)), Found: 1, Hops: int(holder),
		First: time.Duration(int64(holder)+2*(int64(holder-1)/2)+1) * hop, Tenth: -1,
	}
	want.Bytes = want.Messages*queryBytes + hitBytes + fileBytes
	want.Duplicates = steps - int64(want.Reached)
	m := NewWalkers(w, graph.Line(12), Walk{Walkers: 1, Check: 2, Most: 99, Biased: true}, Net{hop, hop})
	if got := m.Searcher().Search(&load.Query{}); got != want {
		t.Errorf("holder %d: %+v\nwant %+v", holder, got, want)
	}
}

// TestWalkersKnowNeighbours: what neighbours have costs no message, and what
// theirs have is told by them.
func TestWalkersKnowNeighbours(t *testing.T) {
	w, holder := one(t, 12)
	m := NewWalkers(w, graph.Line(12), Walk{Walkers: 1, Check: 1, Most: 99, Index: true}, Net{hop, hop})
	s := m.Searcher()
	want := Outcome{Covered: 2, Found: 1, Tenth: -1}
	if holder == 11 {
		want.Covered = 1
	}
	if got := s.Search(&load.Query{From: holder - 1}); got != want {
		t.Errorf("from next to it %+v\nwant %+v", got, want)
	}
	got := s.Search(&load.Query{From: holder - 2, ID: 5})
	if load := s.Load(); got.Found != 1 || got.Replies != 1 || load[holder] != 0 || load[holder-1] == 0 {
		t.Errorf("from two away %+v; the holder sent or got %d messages", got, load[holder])
	}
	busy := newLoad(t, load.Config{Peers: 12, Session: load.Weibull{Scale: time.Hour, Shape: 1}})
	plain := NewWalkers(busy, graph.Line(12), Walk{}, testNet()).Upkeep()
	indexed := NewWalkers(busy, graph.Line(12), Walk{Index: true}, testNet()).Upkeep()
	if indexed.Bytes <= plain.Bytes || indexed.Messages <= plain.Messages {
		t.Errorf("lists cost nothing: %+v, without %+v", indexed, plain)
	}
}
