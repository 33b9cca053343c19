package model

import (
	"testing"

	"github.com/seed282dab8e/servent/sim/load"
	"github.com/seed282dab8e/servent/supernode"
)

// TestWave counts a wave by hand: on all links but the last it goes to all
// neighbours, on the last to those whose tables have the words, and never back
// to where it came from.
func TestWave(t *testing.T) {
	w := newLoad(t, load.Config{Seed: 4, Peers: 4000, Replication: load.Proportional})
	m := NewSupernodes(w, SupernodesConfig{Leaves: 9, Degree: 5, LastHop: true, Dynamic: true}, testNet())
	s, ok := m.Searcher().(*superSearcher)
	if !ok {
		t.Fatal("another searcher")
	}
	had, hadNot := 0, 0
	for id := range uint64(60) {
		q := w.Query(id)
		ttl := 1 + int(id%3)
		s.begin(&q)
		s.got.clear()
		s.order, s.sent = s.order[:0], 0
		s.findHolders()
		s.lookUp(&q)
		g := s.newGuide(s.enter(&q)[0], supernode.LeafTarget)
		to := g.neighbours[0].ID

		// Who has got the query, and who passes it on next: node and where from.
		got := map[int32]bool{int32(to): true}
		for _, v := range s.order {
			got[v] = true
		}
		type way struct{ node, by int32 }
		want, edge := int64(1), []way{{int32(to), g.node}}
		for left := ttl - 1; left > 0; left-- {
			var next []way
			for _, from := range edge {
				for _, n := range m.g.Neighbours(int(from.node)) {
					if n == from.by {
						continue
					}
					if left == 1 && !s.has(n) {
						hadNot++
						continue
					}
					had++
					want++
					if !got[n] {
						got[n] = true
						next = append(next, way{n, from.node})
					}
				}
			}
			edge = next
		}

		before, entries := s.out.Messages, len(s.order)
		s.wave(&q, g, int32(to), ttl, g.next)
		if sent := s.out.Messages - before; sent != want {
			t.Fatalf("query %d, TTL %d: %d messages, want %d", id, ttl, sent, want)
		}
		for _, v := range s.order[entries:] {
			if !got[v] {
				t.Fatalf("query %d, TTL %d: node %d got it", id, ttl, v)
			}
		}
	}
	if had == 0 || hadNot == 0 {
		t.Errorf("on %d links it went on and on %d not: the test looks away", had, hadNot)
	}
}
