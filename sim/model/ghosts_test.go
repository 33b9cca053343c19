package model

import (
	"math"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/sim/dht"
	"github.com/seed282dab8e/servent/sim/load"
)

// leaving is a workload whose sessions have no memory and this mean, so that all
// shares have closed forms.
func leaving(t *testing.T, mean time.Duration) *load.Workload {
	t.Helper()
	return newLoad(t, load.Config{Seed: 4, Peers: 4000, Zipf: -1, Vocabulary: 2000, Replication: load.Proportional, Session: load.Weibull{Scale: mean, Shape: 1}})
}

// within fails when got is further than tolerance from want, in parts of want.
func within(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance*want) {
		t.Errorf("%s: %v, want %v within %v", what, got, want, tolerance)
	}
}

// TestGhostsTimeOut: with sessions of 20 min, looked at every 20 min, a part of
// 1-(1-1/e) of all entries is dead, and so is of those that are asked where no
// neighbours on the ring have noticed. Each costs a timeout, of which Kademlia
// waits for three at a time.
func TestGhostsTimeOut(t *testing.T) {
	w := leaving(t, 20*time.Minute)
	const stale = 1 / math.E
	hop := 50 * time.Millisecond
	for kind, part := range map[TableKind][2]float64{Chord: {0.7, 0.9}, Kademlia: {0.97, 1.03}, Pastry: {0.7, 0.9}, Plaxton: {0.97, 1.03}} {
		m := NewTable(w, TableConfig{Kind: kind, ByKey: true, Seed: 3}, Net{hop, hop})
		dead, asked, lost := 0, int64(0), int64(0)
		var p dht.Path
		for _, d := range m.dead {
			if d {
				dead++
			}
		}
		within(t, m.Name()+": dead nodes", float64(dead)/float64(len(m.dead)), stale, 1e-3)
		s := tableSearcherOf(t, m)
		for id := range uint64(2000) {
			q := w.Query(id)
			o := s.Search(&q)
			asked += o.Messages
			lost += o.Lost
			m.o.Lookup(m.node[q.From], fileKey(q.File), m.dead, &p)
			if int(o.Messages) != len(p.Asked) || int(o.Lost) != p.Timeouts {
				t.Fatalf("%s, query %d: %+v, want %+v", m.Name(), id, o, p)
			}
			if took := time.Duration(2*o.Hops)*hop + time.Duration(o.Lost)*time.Second/time.Duration(m.lanes); o.Found > 0 && o.First != took {
				t.Fatalf("%s, query %d: %s after %d hops and %d timeouts", m.Name(), id, o.First, o.Hops, o.Lost)
			}
		}
		if share := float64(lost) / float64(asked) / stale; share < part[0] || share > part[1] {
			t.Errorf("%s: the part of requests that are lost is %v times that of dead entries", m.Name(), share)
		}
		if s.nobody < lost*95/100 || s.nobody >= lost {
			t.Errorf("%s: %d messages lost, %d of them to ghosts", m.Name(), lost, s.nobody)
		}
		if (m.lanes == 3) != (kind == Kademlia) {
			t.Errorf("%s: %d requests at a time", m.Name(), m.lanes)
		}
	}
}

func tableSearcherOf(t *testing.T, m Model) *tableSearcher {
	t.Helper()
	s, ok := m.Searcher().(*tableSearcher)
	if !ok {
		t.Fatal("another searcher")
	}
	return s
}

// TestNoGhosts: while nobody leaves, peers are the nodes, and nothing is lost.
func TestNoGhosts(t *testing.T) {
	w := newLoad(t, load.Config{Seed: 4, Peers: 300})
	m := NewTable(w, TableConfig{Seed: 3}, testNet())
	for p := range int32(300) {
		if m.node[p] != p || m.peer[p] != p || !m.has(p, m.kept(fileKey(p))) {
			t.Fatalf("peer %d is node %d", p, m.node[p])
		}
	}
	if len(m.peer) != 300 || m.dead != nil || m.records != 0 {
		t.Errorf("%d nodes, %v dead, %v stale records", len(m.peer), m.dead, m.records)
	}
	// Nor where tables are dead beyond what they bear.
	m = NewTable(leaving(t, time.Second), TableConfig{Seed: 3}, testNet())
	if len(m.peer) != 10*4000 {
		t.Errorf("%d nodes", len(m.peer))
	}
}

// TestStaleRecords: with sessions of an hour and lists that keep what was
// published in the last one, 1/(1-1/e) peers are named for each that is up.
func TestStaleRecords(t *testing.T) {
	w := leaving(t, time.Hour)
	const named = 1 / (1 - 1/math.E)
	for _, cfg := range []TableConfig{{ByKey: true, Copies: 300}, {Copies: 300}, {Copies: 1}} {
		cfg.Kind, cfg.Seed = Pastry, 3
		m := NewTable(w, cfg, testNet())
		s := m.Searcher()
		found, stale, joined := 0, 0, 0
		for id := range uint64(2000) {
			q := w.Query(id)
			o := s.Search(&q)
			found, stale = found+o.Found, stale+o.Stale
			rest := o.Bytes - o.Messages*queryBytes - o.Replies*(answerBytes+nodeBytes)
			switch {
			case cfg.ByKey && rest != int64(o.Found+o.Stale)*nodeBytes:
				t.Fatalf("query %d: %d bytes for %d+%d entries", id, rest, o.Found, o.Stale)
			case !cfg.ByKey && len(q.Words) == 1 && rest != int64(o.Found+o.Stale)*fileBytes:
				t.Fatalf("query %d: %d bytes for %d+%d files", id, rest, o.Found, o.Stale)
			case !cfg.ByKey && len(q.Words) == 2 && o.Hops > 0:
				joined++
				checkShipped(t, w, m, &q, o)
			}
		}
		within(t, m.Name()+": named", float64(found+stale)/float64(found), named, 0.01)
		if !cfg.ByKey && joined < 100 {
			t.Errorf("%d lists were sent about", joined)
		}
	}
}

// checkShipped: the list that was sent about names what the first node has, and
// those that have left as well.
func checkShipped(t *testing.T, w *load.Workload, m *Table, q *load.Query, o Outcome) {
	t.Helper()
	entries, kept := 0, m.kept(wordKey(q.Words[0]))
	for _, f := range w.Postings(q.Words[0]) {
		for _, p := range w.Holders(f) {
			if m.has(p, kept) {
				entries++
			}
		}
	}
	all := float64(entries) * (1 + m.records)
	more := int64(max(0, math.Ceil(all/maxReply)-1)) // messages of nothing but entries
	rest := o.Bytes - o.Messages*queryBytes - (o.Replies-more)*(answerBytes+nodeBytes) + nodeBytes - int64(o.Found+o.Stale)*fileBytes
	if got := float64(rest) / dht.EntryBytes; math.Abs(got-all) > 1 && math.Abs(all/maxReply-math.Round(all/maxReply)) > 0.02 {
		t.Fatalf("query %d: %v entries were sent, want %v", q.ID, got, all)
	}
}

// TestLostRecords: with sessions of an hour and publishing once in an hour, a peer
// has published up to an hour u ago, with density e^-u/(1-1/e), and what it
// published is still there with one copy in e^-u of cases, with c copies in
// 1-(1-e^-u)^c. A search for n words needs it in n lists.
func TestLostRecords(t *testing.T) {
	w := leaving(t, time.Hour)
	mean := func(power float64) float64 { // of (e^-u)^power
		return (1 - math.Exp(-1-power)) / (1 + power) / (1 - 1/math.E)
	}
	single := mean(1) // 0.684
	three := 3*mean(1) - 3*mean(2) + mean(3)
	for _, tt := range []struct {
		copies int
		want   float64
	}{{1, single}, {3, three}, {300, 1}} {
		m := NewTable(w, TableConfig{ByKey: true, Copies: tt.copies, Seed: 3}, testNet())
		s := m.Searcher()
		found, there := 0, 0
		for file := range int32(4000) {
			q := load.Query{ID: uint64(file), File: file}
			found += s.Search(&q).Found
			for _, p := range w.Holders(file) {
				if p != 0 && !w.Left(p) {
					there++
				}
			}
		}
		within(t, "found with copies", float64(found)/float64(there), tt.want, 0.03) // few peers share most
		kept := 0
		for i := range int32(40_000) {
			if m.has(i%4000, m.kept(fileKey(i))) {
				kept++
			}
		}
		within(t, "kept with copies", float64(kept)/40_000, tt.want, 0.01)
	}
	m := NewTable(w, TableConfig{Copies: 1, Seed: 3}, testNet())
	s := m.Searcher()
	var targets load.Targets
	found, want := 0.0, 0.0
	for id := range uint64(4000) {
		q := w.Query(id)
		w.Find(&q, &targets)
		found += float64(s.Search(&q).Found) / float64(max(1, targets.Copies))
		if targets.Copies > 0 {
			want += mean(float64(len(q.Words)))
		}
	}
	within(t, "found by words", found, want, 0.06)
}

// TestBeside: of the peers that an index names, some that have left are peers of the
// workload; the others are beside them.
func TestBeside(t *testing.T) {
	w := newLoad(t, load.Config{Seed: 4, Peers: 1000, Session: load.Weibull{Scale: 2 * time.Minute, Shape: 1}, Crashes: 1})
	up := 0.0
	for p := range int32(1000) {
		if !w.Left(p) {
			up += 0.001
		}
	}
	if up < 0.5 || up > 0.95 {
		t.Fatalf("%v of the peers are up", up)
	}
	within(t, "three for one", beside(w, 3), 3*up-1, 1e-9)
	if got := beside(w, 1); got != 0 {
		t.Errorf("those that are up alone: %v beside them", got)
	}
}

// TestThreeLists: the list of the first word goes to the second node, and what both
// have, and no more, to the third.
func TestThreeLists(t *testing.T) {
	w := newLoad(t, load.Config{Seed: 4, Peers: 300, Vocabulary: 100})
	m := NewTable(w, TableConfig{Kind: Chord, Seed: 3}, Net{time.Millisecond, time.Millisecond})
	s := tableSearcherOf(t, m)
	tried, kept := 0, 0
	for id := range uint64(2000) {
		q := w.Query(id)
		if len(q.Words) != 3 {
			continue
		}
		entries := func(words int) (n int64) {
			for _, f := range w.AppendMatches(nil, &load.Query{File: q.File, Words: q.Words[:words]}) {
				n += int64(len(w.Holders(f)))
			}
			return n
		}
		sent := entries(1) + entries(2)
		o := s.Search(&q)
		rest := o.Bytes - o.Messages*queryBytes - int64(o.Found)*fileBytes
		more := max(0, (entries(1)-1)/maxReply) + max(0, (entries(2)-1)/maxReply) // messages of nothing but entries
		if rest -= (o.Replies - more) * (answerBytes + nodeBytes); rest != sent*dht.EntryBytes-nodeBytes {
			t.Fatalf("query %d: %d bytes of lists, want %d entries", id, rest, sent)
		}
		tried++
		if entries(2) < entries(1) {
			kept++
		}
	}
	if tried < 100 || kept < 50 {
		t.Errorf("%d searches for three words, %d with a shorter second list", tried, kept)
	}
}
