package model

import (
	"math"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/sim/dht"
	"github.com/seed282dab8e/servent/sim/load"
)

func tables(w *load.Workload, byKey bool) []Model {
	var out []Model
	for _, kind := range []TableKind{Chord, Kademlia, Pastry, Plaxton, PrefixTree} {
		if byKey && kind == PrefixTree {
			continue
		}
		out = append(out, NewTable(w, TableConfig{Kind: kind, ByKey: byKey, Seed: 3}, testNet()))
	}
	return out
}

func TestTables(t *testing.T) {
	for _, session := range []load.Weibull{{}, {Scale: 30 * time.Minute, Shape: 1}} {
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
		if len(names) != 9 {
			t.Errorf("names %v", names)
		}
	}
}

// checkTable holds what a table finds to who shares it: all while nobody leaves,
// and by key the one file alone.
func checkTable(t *testing.T, w *load.Workload, m Model, byKey, down bool) {
	t.Helper()
	s := m.Searcher()
	var targets load.Targets
	var lost, stale int64
	found, there := 0, 0
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
		found += o.Found
		there += want
		if o.Found > want || o.Found < want && !down {
			t.Fatalf("%s, query %d: found %d of %d", m.Name(), id, o.Found, want)
		}
		if o.Hops >= 0 != (o.Found > 0) || o.First > 0 && o.First < 40*time.Millisecond {
			t.Errorf("%s, query %d: %+v", m.Name(), id, o)
		}
	}
	if lost > 0 != down || stale > 0 != down || 10*found < 7*there {
		t.Errorf("%s: %d messages lost, %d files of who has left; found %d of %d", m.Name(), lost, stale, found, there)
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

// TestTableUpkeepByHand: one more copy costs a message an hour for each of eight
// files when it is published; nothing is handed over.
func TestTableUpkeepByHand(t *testing.T) {
	w := newLoad(t, load.Config{Seed: 1, Peers: 500, Replication: load.Proportional, Session: load.Weibull{Scale: time.Hour, Shape: 1}})
	three := NewTable(w, TableConfig{ByKey: true}, testNet()).Upkeep()
	four := NewTable(w, TableConfig{ByKey: true, Copies: 4}, testNet()).Upkeep()
	if got, want := four.Messages-three.Messages, 500*8/3600.; math.Abs(got/want-1) > 1e-9 {
		t.Errorf("%v messages a second, want %v", got, want)
	}
	// 40 bytes a message, and 34 for each file that is published.
	if got, want := four.Bytes-three.Bytes, 500*(8*40+8*34)/3600.; math.Abs(got/want-1) > 1e-9 {
		t.Errorf("%v bytes a second, want %v", got, want)
	}
}

// TestPrefixTree: it finds what an index finds, and for a query of one word asks on
// the way to each vertex in turn. The leaves of words with many files are deep.
func TestPrefixTree(t *testing.T) {
	w := newLoad(t, load.Config{Seed: 2, Peers: 1000, Vocabulary: 3000, Replication: load.Proportional})
	at := 50 * time.Millisecond
	m := NewTable(w, TableConfig{Kind: PrefixTree, Seed: 9}, Net{at, at})
	plain := NewTable(w, TableConfig{Seed: 9}, Net{at, at})
	var p dht.Path
	for id := range uint64(300) {
		q := w.Query(id)
		o, same := m.Searcher().Search(&q), plain.Searcher().Search(&q)
		if o.Found != same.Found || o.Messages <= same.Messages {
			t.Fatalf("query %d: %+v, without a tree %+v", id, o, same)
		}
		if len(q.Words) > 1 {
			continue
		}
		asked, hops := 0, 0
		for _, key := range m.tree.appendWay(nil, q.Words[0]) {
			m.o.Lookup(q.From, key, nil, &p)
			asked += len(p.Asked)
			hops += p.Hops
		}
		if o.Messages != int64(asked) || o.Found > 0 && (o.Hops != hops || o.First != time.Duration(2*hops)*at) {
			t.Fatalf("query %d: %+v, want %d messages, %d hops", id, o, asked, hops)
		}
	}
	common, rare := m.tree.Depth(int(m.tree.place[0])), m.tree.Depth(int(m.tree.place[2999]))
	entries := 0
	for _, f := range w.Postings(0) {
		entries += len(w.Holders(f))
	}
	if got := m.tree.entries[m.tree.place[0]]; common <= rare || got <= leafEntries || got != entries {
		t.Errorf("%d entries %d bits deep, want %d; the rarest word %d", got, common, entries, rare)
	}
	// Publishing takes 40 bytes for each message of one lookup more than a lookup.
	a, b := m.Upkeep(), plain.Upkeep()
	if more := m.tree.lookups() - 1; more < 3 || math.Abs((a.Bytes-b.Bytes)/(a.Messages-b.Messages)/40-1) > 1e-9 {
		t.Errorf("%v lookups more, %+v, without a tree %+v", more, a, b)
	}
	each := 1000 * 8 * wordsPerName(w) / 3600 * (math.Log2(1000) + 2) // two messages a hop
	if got, want := a.Messages-b.Messages, each*(m.tree.lookups()-1); math.Abs(got/want-1) > 1e-9 {
		t.Errorf("%v messages a second more, want %v", got, want)
	}
}
