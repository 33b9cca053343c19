package model

import (
	"testing"
	"time"

	"github.com/seed282dab8e/servent/sim/load"
)

func TestGia(t *testing.T) {
	for _, session := range []load.Weibull{{}, {Scale: 10 * time.Minute, Shape: 1}} {
		w := newLoad(t, load.Config{Seed: 3, Peers: 600, Vocabulary: 2000, Replication: load.Proportional, Session: session, Crashes: 1})
		m, err := NewGia(w, GiaConfig{Most: 300, Want: 10}, testNet())
		if err != nil {
			t.Fatal(err)
		}
		checkModel(t, w, m, false)
		s := m.Searcher()
		var lost, most int64
		for id := range uint64(100) {
			q := w.Query(id)
			o := s.Search(&q)
			lost += o.Lost
			most = max(most, o.Messages)
			if o.Covered < o.Reached || o.Found == 0 && o.Stale == 0 && o.Messages != 300 {
				t.Errorf("query %d: %+v", id, o)
			}
		}
		if lost > 0 != (session.Scale > 0) || most > 300 {
			t.Errorf("%d messages lost, at most %d for a query", lost, most)
		}
		if u := m.Upkeep(); !(u.Messages > 0 && u.Bytes > u.Messages) {
			t.Errorf("upkeep %+v", u)
		}
	}
}

// TestGiaFindsOne: a walk that may go on finds the only copy, and stops there.
func TestGiaFindsOne(t *testing.T) {
	w, holder := one(t, 300)
	m, err := NewGia(w, GiaConfig{Most: 100_000, Want: 1}, testNet())
	if err != nil {
		t.Fatal(err)
	}
	s := m.Searcher()
	for from := range int32(4) {
		q := load.Query{ID: uint64(from), From: from, File: 0}
		o := s.Search(&q)
		if o.Found != 1 || o.Messages != int64(o.Hops) || o.Covered < 1 || o.First < time.Duration(o.Hops)*testNet().Lo {
			t.Errorf("from %d to %d: %+v", from, holder, o)
		}
	}
}
