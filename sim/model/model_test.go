package model

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/sim/graph"
	"github.com/seed282dab8e/servent/sim/load"
)

func newLoad(t testing.TB, c load.Config) *load.Workload {
	t.Helper()
	w, err := load.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func testNet() Net { return Net{20 * time.Millisecond, 200 * time.Millisecond} }

// far is a TTL that no network here uses up.
const far = 100

func regular(w *load.Workload) *graph.Graph {
	return graph.Regular(rand.New(rand.NewPCG(1, 1)), w.Peers(), 4)
}

// all returns every model over w, and with it whether it searches the whole network.
func all(w *load.Workload) map[Model]bool {
	super := func(c SupernodesConfig) Model { c.Leaves, c.Degree = 9, 8; return NewSupernodes(w, c, testNet()) }
	return map[Model]bool{
		NewCentral(w, testNet()):                              true,
		NewFlat(w, regular(w), far, testNet()):                true,
		NewFlat(w, regular(w), 3, testNet()):                  false,
		super(SupernodesConfig{TTL: far}):                     true,
		super(SupernodesConfig{TTL: far, LastHop: true}):      true,
		super(SupernodesConfig{TTL: 2}):                       false,
		super(SupernodesConfig{TTL: 2, LastHop: true}):        false,
		super(SupernodesConfig{LastHop: true, Dynamic: true}): false,
		super(SupernodesConfig{TTL: 1, Parents: 1}):           false,
	}
}

func TestSearchInvariants(t *testing.T) {
	for _, session := range []load.Weibull{{}, {Scale: 10 * time.Minute, Shape: 1}} {
		w := newLoad(t, load.Config{Seed: 3, Peers: 600, Vocabulary: 2000, Replication: load.Proportional, Session: session, Crashes: 1})
		if session.Scale > 0 && w.Down() == nil {
			t.Fatal("nobody is down")
		}
		for m, whole := range all(w) {
			checkModel(t, w, m, whole && session.Scale == 0)
		}
	}
}

func checkModel(t *testing.T, w *load.Workload, m Model, whole bool) {
	s := m.Searcher()
	var targets load.Targets
	var messages, sum int64
	for id := range uint64(150) {
		q := w.Query(id)
		w.Find(&q, &targets)
		o := s.Search(&q)
		messages += o.Messages + o.Replies
		switch {
		case o.Found > targets.Copies:
			t.Fatalf("%s, query %d: found %d of %d", m.Name(), id, o.Found, targets.Copies)
		case whole && (o.Found != targets.Copies || o.Covered != w.Peers()-1):
			t.Fatalf("%s, query %d: found %d of %d, looked at %d peers", m.Name(), id, o.Found, targets.Copies, o.Covered)
		case o.First >= 0 != (o.Found > 0) || o.Tenth >= 0 != (o.Found >= 10) || o.Tenth >= 0 && o.Tenth < o.First:
			t.Fatalf("%s, query %d: found %d, first after %s, tenth after %s", m.Name(), id, o.Found, o.First, o.Tenth)
		case o.Bytes < o.Messages*queryBytes || o.Stale > 0 && w.Down() == nil || o.Lost > 0 && w.Down() == nil:
			t.Fatalf("%s, query %d: %+v", m.Name(), id, o)
		}
		if again := m.Searcher().Search(&q); again != o {
			t.Fatalf("%s, query %d: %+v after others, %+v alone", m.Name(), id, o, again)
		}
	}
	for _, n := range s.Load() {
		sum += int64(n)
	}
	if t, ok := s.(*tableSearcher); ok {
		sum += t.nobody
	}
	if sum != 2*messages {
		t.Errorf("%s: peers have sent and received %d messages, of %d", m.Name(), sum, messages)
	}
	if messages == 0 {
		t.Errorf("%s sends nothing", m.Name())
	}
}

// TestFlatByHand: on a line everybody within the TTL is found, and hits come
// back after as long again.
func TestFlatByHand(t *testing.T) {
	w := newLoad(t, load.Config{Peers: 20, Files: 1, Copies: 6, NameWords: -1, FreeRiders: -1, Replication: load.Uniform})
	q := load.Query{From: 10}
	want, near := 0, far
	for _, p := range w.Holders(0) {
		if d := int(max(p-10, 10-p)); d > 0 && d <= 5 {
			want++
			near = min(near, d)
		}
	}
	if want == 0 {
		t.Fatal("nobody near has the file")
	}
	hop := 50 * time.Millisecond
	got := NewFlat(w, graph.Line(20), 5, Net{hop, hop}).Searcher().Search(&q)
	if got.Found != want || got.Messages != 10 || got.Duplicates != 0 || got.Reached != 10 || got.Hops != near || got.First != 2*time.Duration(near)*hop {
		t.Errorf("%+v, want %d found after %d hops", got, want, near)
	}
}

// TestTablesOnlySave: with tables on the last hop a query finds the same with
// fewer messages.
func TestTablesOnlySave(t *testing.T) {
	w := newLoad(t, load.Config{Seed: 8, Peers: 2000, Replication: load.Proportional})
	c := SupernodesConfig{Leaves: 9, Degree: 6, TTL: 2, Seed: 4}
	even := Net{50 * time.Millisecond, 50 * time.Millisecond} // so that no copy overtakes another
	plain := NewSupernodes(w, c, even)
	c.LastHop = true
	tables := NewSupernodes(w, c, even)
	a, b := plain.Searcher(), tables.Searcher()
	var without, with int64
	for id := range uint64(200) {
		q := w.Query(id)
		x, y := a.Search(&q), b.Search(&q)
		if x.Found != y.Found || x.Hops != y.Hops {
			t.Fatalf("query %d: found %d after %d hops without tables, %d after %d with them", id, x.Found, x.Hops, y.Found, y.Hops)
		}
		without += x.Messages
		with += y.Messages
	}
	if with*3 > without*2 {
		t.Errorf("%d messages with tables, %d without", with, without)
	}
}

// TestDynamicStops: a query for what everybody has stops early; one for what is
// nowhere asks all.
func TestDynamicStops(t *testing.T) {
	w := newLoad(t, load.Config{Seed: 8, Peers: 3000, Files: 2, Copies: 500, NameWords: -1, Replication: load.Uniform})
	m := NewSupernodes(w, SupernodesConfig{Leaves: 9, Degree: 10, LastHop: true, Dynamic: true}, testNet())
	common := load.Query{ID: 1, From: 5}
	o := m.Searcher().Search(&common)
	if o.Found < 100 || o.Found > 450 || o.Messages > 100 {
		t.Errorf("common: found %d of %d with %d messages", o.Found, w.Copies()/2, o.Messages)
	}
	rare := newLoad(t, load.Config{Seed: 8, Peers: 3000, Files: 1, Copies: 1, NameWords: -1})
	m = NewSupernodes(rare, SupernodesConfig{Leaves: 9, Degree: 10, LastHop: true, Dynamic: true}, testNet())
	q := load.Query{ID: 1, From: 5}
	if got := m.Searcher().Search(&q); got.Messages < 3*o.Messages || got.Found != 1 {
		t.Errorf("rare: found %d with %d messages", got.Found, got.Messages)
	}
}

func TestSupernodesAreTheStrongest(t *testing.T) {
	w := newLoad(t, load.Config{Seed: 1, Peers: 1000})
	m := NewSupernodes(w, SupernodesConfig{}, testNet())
	least := 1e9
	for _, p := range m.super {
		least = min(least, w.Capacity(p))
	}
	stronger := 0
	for p := range int32(1000) {
		if w.Capacity(p) > least {
			stronger++
		}
		if len(m.of(p)) != 3 && m.node[p] < 0 || m.node[p] >= 0 && (len(m.of(p)) != 1 || m.super[m.of(p)[0]] != p) {
			t.Errorf("peer %d has supernodes %v", p, m.of(p))
		}
	}
	if stronger > len(m.super) || len(m.super) != 1000/32 {
		t.Errorf("%d supernodes, %d peers have more capacity than one of them", len(m.super), stronger)
	}
}

// TestUpkeep: nothing changes hands but pings where nobody leaves, and more does
// the sooner they leave.
func TestUpkeep(t *testing.T) {
	at := func(session load.Weibull) map[string]Upkeep {
		w := newLoad(t, load.Config{Seed: 1, Peers: 500, Session: session})
		up := map[string]Upkeep{}
		for m := range all(w) {
			if u, ok := up[m.Name()]; !ok || u.Bytes < m.Upkeep().Bytes {
				up[m.Name()] = m.Upkeep()
			}
		}
		return up
	}
	still, slow, fast := at(load.Weibull{}), at(load.Weibull{Scale: 2 * time.Hour, Shape: 1}), at(load.Weibull{Scale: time.Hour, Shape: 1})
	for name, u := range slow {
		if f, s := fast[name], still[name]; f.Bytes <= u.Bytes || u.Bytes <= s.Bytes || s.Bytes < 0 {
			t.Errorf("%s: %v, %v, %v bytes a second", name, s.Bytes, u.Bytes, f.Bytes)
		}
	}
	if c := still["central index"]; c != (Upkeep{}) {
		t.Errorf("an index that nobody changes costs %+v", c)
	}
}

// TestUpkeepByHand: 1,000 peers that stay for 1,000 s on average, so that one goes
// and one comes each second, with eight files each.
func TestUpkeepByHand(t *testing.T) {
	w := newLoad(t, load.Config{Seed: 1, Peers: 1000, Replication: load.Proportional, Session: load.Weibull{Scale: 1000 * time.Second, Shape: 1}})
	net := testNet()
	super := func(lastHop bool) Model {
		return NewSupernodes(w, SupernodesConfig{Leaves: 9, Degree: 8, LastHop: lastHop}, net)
	}
	tests := []struct {
		m               Model
		messages, bytes float64
	}{
		// The list of who comes, and its handshake; a message to the server for each.
		{NewCentral(w, net), 3 + 1, 1500 + 8*70},
		// Four links made a second; 2,000 links with a ping and pong a minute each way.
		{NewFlat(w, regular(w), 7, net), 4*3 + 2*2000/60.0*2, 4*1500 + 2*2000/60.0*60},
		// 100 supernodes with 8 links each, of which 0.8 are made a second; 900
		// leaves with three, of which 5.4 are made, half of them because a supernode went.
		{super(false), 0.8*3 + 2*400/60.0*2 + 5.4*4 + 2*2700/60.0*2, 0.8*1500 + 2*400/60.0*60 + 5.4*(1500+8*70) + 2*2700/60.0*60},
		// A table for each leaf's link, and one each way for those between supernodes.
		{super(true), 0.8*3 + 2*400/60.0*2 + 5.4*5 + 2*2700/60.0*2 + 1.6, 0.8*1500 + 2*400/60.0*60 + 5.4*(1500+8*70+4096) + 2*2700/60.0*60 + 1.6*24576},
	}
	for _, tt := range tests {
		got := tt.m.Upkeep()
		if math.Abs(got.Messages/tt.messages-1) > 1e-9 || math.Abs(got.Bytes/tt.bytes-1) > 1e-9 {
			t.Errorf("%s: %v messages and %v bytes a second, want %v and %v", tt.m.Name(), got.Messages, got.Bytes, tt.messages, tt.bytes)
		}
	}
}

// TestRetry: a leaf whose first supernode is gone waits before it asks another.
func TestRetry(t *testing.T) {
	w := newLoad(t, load.Config{Seed: 5, Peers: 3000, Replication: load.Proportional, Session: load.Weibull{Scale: time.Minute, Shape: 1}, Crashes: 1})
	m := NewSupernodes(w, SupernodesConfig{Leaves: 9, Degree: 8, TTL: far}, testNet())
	s := m.Searcher()
	waited, at := 0, 0
	for id := range uint64(300) {
		q := w.Query(id)
		o := s.Search(&q)
		if m.node[q.From] >= 0 || o.First < 0 {
			continue
		}
		gone := 0
		for gone < 3 && w.Left(m.super[m.of(q.From)[gone]]) {
			gone++
		}
		least := time.Duration(gone) * retryAfter
		if o.First < least || o.First > least+retryAfter {
			t.Fatalf("query %d: %d supernodes are gone, and the first hit comes after %s", id, gone, o.First)
		}
		if waited++; gone > 0 {
			at++
		}
	}
	if at == 0 || at == waited {
		t.Errorf("of %d leaves %d had to wait", waited, at)
	}
}

// TestEnoughAtHome: a supernode whose own leaves have enough asks nobody. That is
// less for a leaf, which asks three, than for the supernode's own search.
func TestEnoughAtHome(t *testing.T) {
	w := newLoad(t, load.Config{Seed: 2, Peers: 400, Files: 1, Copies: 110, NameWords: -1, FreeRiders: -1, Replication: load.Uniform})
	m := NewSupernodes(w, SupernodesConfig{Leaves: 99, Degree: 3, LastHop: true, Dynamic: true}, testNet())
	s := m.Searcher()
	for p := range int32(400) {
		q := load.Query{ID: uint64(p), From: p}
		o := s.Search(&q)
		if own := m.node[p] >= 0; own && o.Messages == 0 || !own && o.Messages != 3 {
			t.Fatalf("peer %d, supernode %v: %d messages, %d found", p, own, o.Messages, o.Found)
		}
	}
}

// TestFirstToTell: a file of which several supernodes know is heard of when the
// first of their answers comes.
func TestFirstToTell(t *testing.T) {
	w := newLoad(t, load.Config{Seed: 6, Peers: 900, Files: 300, Copies: 300, NameWords: -1})
	m := NewSupernodes(w, SupernodesConfig{Leaves: 9, Degree: 6, TTL: far}, testNet())
	s, ok := m.Searcher().(*superSearcher)
	if !ok {
		t.Fatal("another searcher")
	}
	several := 0
	for id := range uint64(100) {
		q := w.Query(id)
		o := s.Search(&q)
		first := time.Duration(math.MaxInt64)
		for _, p := range s.targets.Peers {
			for _, node := range m.of(p) {
				if s.got.has(node) {
					first = min(first, s.visit[node].at+s.visit[node].travel)
				}
			}
			several += len(m.of(p)) - 1
		}
		if o.Found > 0 && o.First != first {
			t.Fatalf("query %d: the first hit after %s, the first answer after %s", id, o.First, first)
		}
	}
	if several == 0 {
		t.Error("no file was known to two supernodes")
	}
}

// TestSupernodesHops: the first hit comes from as many hops away as its time says, where
// all links take equally long; peers that have left answer nothing.
func TestSupernodesHops(t *testing.T) {
	w := newLoad(t, load.Config{Seed: 8, Peers: 3000, Replication: load.Proportional, Session: load.Weibull{Scale: 20 * time.Minute, Shape: 1}, Crashes: 1, Lag: 10 * time.Minute})
	const hop = 50 * time.Millisecond
	s := NewSupernodes(w, SupernodesConfig{Leaves: 9, Degree: 6, TTL: 3, Seed: 4}, Net{hop, hop}).Searcher()
	found, stale := 0, 0
	for id := range uint64(300) {
		q := w.Query(id)
		o := s.Search(&q)
		if stale += o.Stale; o.Found == 0 {
			continue
		}
		found++
		if late := o.First - 2*time.Duration(o.Hops)*hop; late < 0 || late%retryAfter != 0 { // its own supernode may have gone
			t.Fatalf("query %d: the first hit comes after %v from %d hops away", id, o.First, o.Hops)
		}
	}
	if found < 100 || stale == 0 {
		t.Errorf("%d searches found something, %d stale", found, stale)
	}
}
