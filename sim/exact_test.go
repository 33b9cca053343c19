package sim

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/servent/overlay"
	"github.com/seed282dab8e/servent/sim/graph"
)

func random(seed, stream uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, stream)) }

// build makes a World of g: flat nodes that keep to their links.
func build(t testing.TB, cfg Config, g *graph.Graph, node func(v int) NodeConfig) *World {
	t.Helper()
	cfg.Role = overlay.RoleFlat
	w := New(cfg)
	for v := range g.Len() {
		nc := node(v)
		nc.Overlay.ConnectOnly = true
		nc.Overlay.MaxLinks = max(g.Degree(v), 4)
		w.Add(nc)
	}
	for e := range g.Edges() {
		if err := w.Link(NodeID(e.A), NodeID(e.B)); err != nil {
			t.Fatal(err)
		}
	}
	w.RunUntilIdle()
	return w
}

func plain(int) NodeConfig { return NodeConfig{} }

// sameCounts says whether what a flood did is what breadth-first search counts.
func sameCounts(f *Flood, want graph.Flood) error {
	reachedAt := want.ReachedAt
	for len(reachedAt) > 0 && reachedAt[len(reachedAt)-1] == 0 {
		reachedAt = reachedAt[:len(reachedAt)-1]
	}
	switch {
	case f.Messages != want.Messages || f.Reached != want.Reached:
		return fmt.Errorf("%d messages, %d reached; breadth-first %d and %d", f.Messages, f.Reached, want.Messages, want.Reached)
	case !slices.Equal(f.SentAt, want.SentAt) || !slices.Equal(f.ReachedAt, reachedAt):
		return fmt.Errorf("by hop sent %v, reached %v; breadth-first %v and %v", f.SentAt, f.ReachedAt, want.SentAt, reachedAt)
	}
	return nil
}

// duplicates adds up the query duplicates that all nodes count.
func duplicates(w *World) int {
	n := uint64(0)
	for id := range w.Len() {
		st := w.Node(NodeID(id)).Stats()
		n += st.Of(protocol.KindQuery).Duplicate
	}
	return int(n)
}

// TestFloodsEqualBreadthFirst: at constant latency 200 floods over 1,000 real
// nodes send exactly the messages, and reach exactly the nodes, that
// breadth-first search says, flood by flood and hop by hop.
func TestFloodsEqualBreadthFirst(t *testing.T) {
	for seed := range uint64(3) {
		for name, g := range map[string]*graph.Graph{
			"regular": graph.Regular(random(seed, 1), 1000, 4),
			"random":  graph.Random(random(seed, 1), 1000, 2500), // some nodes have no link
		} {
			t.Run(fmt.Sprint(name, seed), func(t *testing.T) { floodsEqual(t, seed, g) })
		}
	}
}

func floodsEqual(t *testing.T, seed uint64, g *graph.Graph) {
	start := time.Now()
	w := build(t, Config{Seed: seed}, g, plain)
	r := random(seed, 2)
	messages, again, floods := 0, 0, 200
	if testing.Short() {
		floods = 20
	}
	for n := range floods {
		source, ttl := r.IntN(g.Len()), min(1+r.IntN(14), 7)
		want := g.Flood(source, ttl)
		f := w.Query(NodeID(source), "blue danube", uint8(ttl))
		w.RunUntilIdle()
		if err := sameCounts(f, want); err != nil {
			t.Fatalf("seed %d, flood %d from %d with TTL %d: %v", seed, n, source, ttl, err)
		}
		messages += want.Messages
		again += want.Duplicates
	}
	if got := duplicates(w); got != again {
		t.Errorf("seed %d: nodes count %d duplicates, breadth-first %d", seed, got, again)
	}
	t.Logf("%d messages in %s", messages, time.Since(start).Round(time.Millisecond))
}

// TestManyFloodsAtOnce: floods that run at the same time do not touch each other.
func TestManyFloodsAtOnce(t *testing.T) {
	g := graph.Regular(random(3, 1), 200, 4)
	w := build(t, Config{Seed: 3}, g, plain)
	var floods []*Flood
	for v := range g.Len() {
		floods = append(floods, w.Query(NodeID(v), "blue danube", 5))
	}
	w.RunUntilIdle()
	for v, f := range floods {
		if err := sameCounts(f, g.Flood(v, 5)); err != nil {
			t.Errorf("flood from %d: %v", v, err)
		}
	}
}

// TestRingAndClique: each holder answers once, whoever asks, and the duplicates
// that the nodes count are those of breadth-first search.
func TestRingAndClique(t *testing.T) {
	for name, g := range map[string]*graph.Graph{"ring": graph.Ring(8), "clique": graph.Clique(8)} {
		t.Run(name, func(t *testing.T) {
			holders := []NodeID{1, 2, 5, 7}
			w := build(t, Config{Seed: 1}, g, func(v int) NodeConfig {
				if slices.Contains(holders, NodeID(v)) {
					return NodeConfig{Files: []string{fmt.Sprintf("blue danube %d.ogg", v), "other.txt"}}
				}
				return NodeConfig{Files: []string{"blue.txt", "danube.txt"}}
			})
			again := 0
			for v := range g.Len() {
				f := w.Query(NodeID(v), "danube blue", 7)
				w.RunUntilIdle()
				want := g.Flood(v, 7)
				again += want.Duplicates
				if err := sameCounts(f, want); err != nil {
					t.Errorf("from %d: %v", v, err)
				}
				checkHolders(t, f, holders)
				checkHops(t, f, g.Distances(v))
			}
			if got := duplicates(w); got != again {
				t.Errorf("nodes count %d duplicates, breadth-first %d", got, again)
			}
		})
	}
}

// checkHolders wants one hit with one file of each holder but who asks.
func checkHolders(t *testing.T, f *Flood, holders []NodeID) {
	t.Helper()
	var got, want []NodeID
	for _, h := range f.Hits {
		got = append(got, h.Node)
		if len(h.Files) != 1 || h.Files[0].Name != fmt.Sprintf("blue danube %d.ogg", h.Node) {
			t.Errorf("node %d answers %v", h.Node, h.Files)
		}
	}
	for _, h := range holders {
		if h != f.From {
			want = append(want, h)
		}
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("asked by %d: %v answer, want %v", f.From, got, want)
	}
}

// checkHops wants each hit to have come by a shortest way.
func checkHops(t *testing.T, f *Flood, distance []int) {
	t.Helper()
	for _, h := range f.Hits {
		if int(h.Hops) != distance[h.Node]-1 {
			t.Errorf("hit of %d came with hops %d over distance %d", h.Node, h.Hops, distance[h.Node])
		}
	}
}

// busyRun is a run in which about everything happens: random latency, little
// bandwidth, hits, crashes, new nodes, dials.
func busyRun(seed uint64) Trace {
	w := New(Config{Role: overlay.RoleFlat, Seed: seed, Latency: Uniform(5*time.Millisecond, 200*time.Millisecond), Bandwidth: 20000})
	r := random(seed, 9)
	for v := range 60 {
		cfg := NodeConfig{Files: []string{fmt.Sprintf("song %d.ogg", v%7)}}
		if v%3 == 0 {
			cfg.Overlay.Links = 2
		}
		id := w.Add(cfg)
		w.Step(id, overlay.Heard{Addrs: addrsOf(w, 0)})
	}
	for range 120 {
		w.Run(time.Second)
		id := NodeID(r.IntN(w.Len()))
		switch r.IntN(6) {
		case 0:
			w.Crash(id)
		case 1:
			w.Leave(id)
		case 2:
			w.Start(id)
			w.Step(id, overlay.Heard{Addrs: addrsOf(w, 0, id/2)})
		default:
			w.Query(id, fmt.Sprintf("song %d", r.IntN(9)), 0)
		}
	}
	return w.Trace()
}

func addrsOf(w *World, ids ...NodeID) (addrs []netip.AddrPort) {
	for _, id := range ids {
		addrs = append(addrs, w.Addr(id))
	}
	return addrs
}

// TestSeeds: equal seeds give equal traces, others others.
func TestSeeds(t *testing.T) {
	seen := map[uint64]uint64{}
	for seed := range uint64(10) {
		a, b := busyRun(seed), busyRun(seed)
		if a.Hash != b.Hash {
			t.Errorf("seed %d: trace %x, then %x", seed, a.Hash, b.Hash)
		}
		if other, ok := seen[a.Hash]; ok {
			t.Errorf("seeds %d and %d have one trace", other, seed)
		}
		seen[a.Hash] = seed
	}
}
