package model

import (
	"testing"
	"time"

	"github.com/seed282dab8e/servent/sim/dht"
	"github.com/seed282dab8e/servent/sim/load"
)

func tables(w *load.Workload, byKey bool) []Model {
	var out []Model
	for _, kind := range []TableKind{Chord, Kademlia, Pastry, Plaxton} {
		out = append(out, NewTable(w, TableConfig{Kind: kind, ByKey: byKey, Seed: 3}, testNet()))
	}
	return out
}

func TestTables(t *testing.T) {
	for _, session := range []load.Weibull{{}, {Scale: 5 * time.Minute, Shape: 1}} {
		w := newLoad(t, load.Config{Seed: 3, Peers: 600, Vocabulary: 2000, Replication: load.Proportional, Session: session, Crashes: 1})
		down := session.Scale > 0
		names := map[string]bool{}
		for _, byKey := range []bool{false, true} {
			for _, m := range tables(w, byKey) {
				names[m.Name()] = true
				checkModel(t, w, m, !byKey && !down)
				checkTable(t, w, m, byKey, down)
			}
		}
		if len(names) != 8 {
			t.Errorf("names %v", names)
		}
	}
}

// checkTable holds what a table finds to who shares it: all, unless a list was
// lost, and by key the one file alone.
func checkTable(t *testing.T, w *load.Workload, m Model, byKey, down bool) {
	t.Helper()
	s := m.Searcher()
	var targets load.Targets
	var lost, stale int64
	found, nothing := 0, 0
	for id := range uint64(300) {
		q := w.Query(id)
		w.Find(&q, &targets)
		want := targets.Copies
		if byKey {
			want = 0
			for _, p := range w.Holders(q.File) {
				if p != q.From && !w.Left(p) {
					want++
				}
			}
		}
		o := s.Search(&q)
		lost += o.Lost
		stale += int64(o.Stale)
		switch {
		case o.Found == want:
			found++
		case o.Found == 0 && down:
			nothing++
		default:
			t.Fatalf("%s, query %d: found %d of %d", m.Name(), id, o.Found, want)
		}
		if o.Hops >= 0 != (o.Found > 0) || o.First > 0 && o.First < 40*time.Millisecond {
			t.Errorf("%s, query %d: %+v", m.Name(), id, o)
		}
	}
	if lost > 0 != down || stale > 0 != down || nothing > 30 {
		t.Errorf("%s: %d messages lost, %d files of who has left; found nothing %d times", m.Name(), lost, stale, nothing)
	}
}

// TestTableByHand adds up one search.
func TestTableByHand(t *testing.T) {
	w := newLoad(t, load.Config{Seed: 2, Peers: 500, Vocabulary: 300})
	at := 50 * time.Millisecond
	m := NewTable(w, TableConfig{Kind: Pastry, Seed: 9}, Net{at, at})
	for id := range uint64(100) {
		q := w.Query(id)
		if len(q.Words) != 2 {
			continue
		}
		var p dht.Path
		asked, longest := int64(0), 0
		for _, v := range q.Words {
			m.o.Lookup(q.From, wordKey(v), nil, &p)
			asked += int64(len(p.Asked))
			longest = max(longest, p.Hops)
		}
		entries := 0
		for _, f := range w.Postings(q.Words[0]) {
			entries += len(w.Holders(f))
		}
		more := int64(max(0, (entries-1)/maxReply)) // messages that the list takes beside the first
		o := m.Searcher().Search(&q)
		if o.Messages != asked+2 || o.Replies != asked+1+more {
			t.Errorf("%d messages, %d replies, want %d and %d", o.Messages, o.Replies, asked+2, asked+1+more)
		}
		files := 0
		var targets load.Targets
		w.Find(&q, &targets)
		for _, n := range targets.Counts {
			files += int(n)
		}
		bytes := (asked+2)*queryBytes + asked*(answerBytes+nodeBytes) + answerBytes + int64(entries)*dht.EntryBytes + int64(files)*fileBytes
		if o.Bytes != bytes {
			t.Errorf("%d bytes, want %d", o.Bytes, bytes)
		}
		if o.Found > 0 && o.Hops != longest+2 {
			t.Errorf("%d hops, want %d to the lists and 2 more", o.Hops, longest)
		}
		if took := time.Duration(2*longest+3) * at; o.Found > 0 && o.First != took {
			t.Errorf("took %s, want %s", o.First, took)
		}
		return
	}
	t.Fatal("no query has two words")
}

// TestTableLoses: with one copy, what the owner had is lost when it has left, and
// nothing wrong is found; who is asked in vain costs a timeout.
func TestTableLoses(t *testing.T) {
	w := newLoad(t, load.Config{Seed: 3, Peers: 600, Vocabulary: 2000, Session: load.Weibull{Scale: 2 * time.Minute, Shape: 1}, Crashes: 1})
	single := NewTable(w, TableConfig{ByKey: true, Copies: 1, Seed: 3}, testNet())
	more := NewTable(w, TableConfig{ByKey: true, Copies: 5, Seed: 3}, testNet())
	lost, late := 0, 0
	for id := range uint64(300) {
		q := w.Query(id)
		a, b := single.Searcher().Search(&q), more.Searcher().Search(&q)
		gone := w.Left(single.o.Owner(fileKey(q.File), nil))
		if gone {
			lost++
		}
		if gone && a.Found+a.Stale > 0 || !gone && a.Found+a.Stale != b.Found+b.Stale {
			t.Fatalf("query %d, owner has left %v: one copy %+v, five %+v", id, gone, a, b)
		}
		if b.Lost > 0 && b.First >= 0 {
			late++
			if b.First < time.Duration(b.Lost)*tableTimeout {
				t.Fatalf("query %d: %d messages lost, found after %s", id, b.Lost, b.First)
			}
		}
	}
	if lost < 30 || late < 30 {
		t.Errorf("%d keys lost, %d found late: the test looks away", lost, late)
	}
}

// TestTableOfFilesWithoutNames: there is nothing but keys to search by.
func TestTableOfFilesWithoutNames(t *testing.T) {
	w := newLoad(t, load.Config{Seed: 2, Peers: 100, NameWords: -1})
	for _, m := range tables(w, false) {
		checkModel(t, w, m, true)
	}
}

func TestTableUpkeep(t *testing.T) {
	at := func(session load.Weibull, byKey bool) []Model {
		return tables(newLoad(t, load.Config{Seed: 1, Peers: 500, Session: session}), byKey)
	}
	still, slow, fast := at(load.Weibull{}, true), at(load.Weibull{Scale: 2 * time.Hour, Shape: 1}, true), at(load.Weibull{Scale: time.Hour, Shape: 1}, true)
	words := at(load.Weibull{Scale: time.Hour, Shape: 1}, false)
	for i := range still {
		a, b, c := still[i].Upkeep(), slow[i].Upkeep(), fast[i].Upkeep()
		if !(a.Bytes > 0 && a.Bytes < b.Bytes && b.Bytes < c.Bytes && a.Messages < b.Messages && b.Messages < c.Messages) {
			t.Errorf("%s: %+v, %+v, %+v", still[i].Name(), a, b, c)
		}
		if w := words[i].Upkeep(); w.Messages < c.Messages+500*8*4/3600. {
			t.Errorf("%s: %+v with words, %+v with keys", still[i].Name(), w, c)
		}
	}
}
