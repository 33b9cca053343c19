package sim

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/servent/overlay"
	"github.com/seed282dab8e/servent/sim/graph"
)

// watched makes a World of flat nodes that a watcher looks at.
func watched(cfg Config) *watcher {
	c := newWatcher(nil)
	cfg.Watch = c.check
	cfg.Role = overlay.RoleFlat
	c.w = New(cfg)
	return c
}

// checkEmptyQueues: when nothing is under way, no node believes that it is.
func (c *watcher) checkEmptyQueues() {
	for id := range c.w.Len() {
		n := c.w.Node(NodeID(id))
		if n == nil {
			continue
		}
		for _, l := range n.Links() {
			if l.Queued != 0 {
				c.fault("n%d has %d bytes queued on link %d for ever", id, l.Queued, l.ID)
			}
		}
	}
}

// report fails the test with what was found, and with the seed.
func (c *watcher) report(t *testing.T, seed uint64) {
	t.Helper()
	for _, f := range c.faults {
		t.Errorf("seed %d: %s", seed, f)
	}
	if c.relays == 0 || c.hits == 0 {
		t.Errorf("seed %d: %d relays and %d hits checked", seed, c.relays, c.hits)
	}
}

func songs(v int) NodeConfig {
	return NodeConfig{Files: []string{fmt.Sprintf("song %d.ogg", v%7), fmt.Sprintf("tune %d.ogg", v%11)}}
}

// TestInvariantsInChurn runs seeds 1 to 50 with about everything that can
// happen, and checks every step.
func TestInvariantsInChurn(t *testing.T) {
	for seed := uint64(1); seed <= 50; seed++ {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { invariantsInChurn(t, seed) }) // the name is what runs it again
	}
}

func invariantsInChurn(t *testing.T, seed uint64) {
	c := watched(Config{Seed: seed, Latency: Uniform(5*time.Millisecond, 300*time.Millisecond), Bandwidth: 2000 + int(seed)*500, Loss: 0.05})
	w, r := c.w, random(seed, 3)
	for v := range 40 {
		cfg := songs(v)
		cfg.Overlay.UDP, cfg.Overlay.HostCache, cfg.Filtered = true, v%3 == 0, v%5 == 4
		id := w.Add(cfg)
		w.Step(id, overlay.Heard{Addrs: addrsOf(w, 0)})
		w.Run(100 * time.Millisecond)
	}
	for range 100 {
		w.Run(time.Duration(r.IntN(1500)) * time.Millisecond)
		id := NodeID(r.IntN(w.Len()))
		switch r.IntN(10) {
		case 0:
			w.Crash(id)
		case 1:
			w.Leave(id)
		case 2:
			w.Vanish(id)
		case 9:
			w.Step(id, overlay.AskCaches{Addrs: addrsOf(w, NodeID(r.IntN(w.Len())))})
		case 3, 4:
			w.Start(id)
			w.Step(id, overlay.Heard{Addrs: addrsOf(w, 0, id/2)})
		default:
			w.Query(id, fmt.Sprintf("song %d", r.IntN(9)), uint8(r.IntN(8)))
		}
	}
	w.RunUntilIdle()
	c.checkEmptyQueues()
	c.report(t, seed)
	if c.udp.answers == 0 || c.udp.held == 0 {
		t.Errorf("seed %d: %d answers over UDP, %d after a proof", seed, c.udp.answers, c.udp.held)
	}
}

// TestRecall: without churn a flood finds every holder that its TTL reaches, and
// nobody else; how far that is at random latency, TTL 15 leaves no doubt.
func TestRecall(t *testing.T) {
	for seed := uint64(1); seed <= 50; seed++ {
		g := graph.Random(random(seed, 1), 60, 100)
		constant := watched(Config{Seed: seed})
		checkRecall(t, constant, seed, g, 2+int(seed)%6)
		anyhow := watched(Config{Seed: seed, Latency: Uniform(5*time.Millisecond, 50*time.Millisecond)})
		checkRecall(t, anyhow, seed, g, overlay.HardTTL)
	}
}

func checkRecall(t *testing.T, c *watcher, seed uint64, g *graph.Graph, ttl int) {
	t.Helper()
	for v := range g.Len() {
		cfg := songs(v)
		cfg.Overlay = overlay.Config{ConnectOnly: true, TTL: overlay.HardTTL}
		c.w.Add(cfg)
	}
	for e := range g.Edges() {
		if err := c.w.Link(NodeID(e.A), NodeID(e.B)); err != nil {
			t.Fatal(err)
		}
	}
	for v := range 10 {
		f := c.w.Query(NodeID(v), "tune 5", uint8(ttl))
		c.w.RunUntilIdle()
		var got, want []int
		for _, h := range f.Hits {
			got = append(got, int(h.Node))
		}
		for node, d := range g.Distances(v) {
			if node%11 == 5 && d > 0 && d <= ttl {
				want = append(want, node)
			}
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("seed %d: from %d with TTL %d found at %v, want %v", seed, v, ttl, got, want)
		}
	}
	c.report(t, seed)
}

// TestRoutesAge: a query is answered for ten minutes at least, and forgotten in
// twenty.
func TestRoutesAge(t *testing.T) {
	w := build(t, Config{Seed: 1}, graph.Line(4), plain)
	f := w.Query(0, "blue danube", 0)
	late := overlay.LocalHits{ID: f.ID, Files: []protocol.FileRecord{FileNamed("blue danube.ogg")}}
	w.Run(9*time.Minute + 50*time.Second)
	w.Step(3, late)
	w.RunUntilIdle()
	if len(f.Hits) != 1 {
		t.Fatalf("%d hits before ten minutes have passed, want 1", len(f.Hits))
	}
	w.Run(11 * time.Minute)
	w.Step(3, late)
	w.RunUntilIdle()
	if st := w.Node(3).Stats(); len(f.Hits) != 1 || st.Of(protocol.KindQueryHit).Out != 1 {
		t.Errorf("%d hits, %d sent after twenty minutes, want still 1", len(f.Hits), st.Of(protocol.KindQueryHit).Out)
	}
}

// TestWatcherCanFail shows the watcher each fault once.
func TestWatcherCanFail(t *testing.T) {
	id := protocol.GUID{1}
	message := func(kind protocol.Kind, ttl, hops uint8) []byte {
		return protocol.AppendMessage(nil, protocol.Header{ID: id, Kind: kind, TTL: ttl, Hops: hops}, nil)
	}
	query := protocol.AppendMessage(nil, protocol.Header{ID: id, Kind: protocol.KindQuery, TTL: 3, Hops: 2}, protocol.Query{Text: []byte("blue")})
	send := func(link overlay.LinkID, msg []byte, ttl, hops uint8) overlay.Action {
		return overlay.Action{Op: overlay.OpSend, Link: link, Msg: msg, TTL: ttl, Hops: hops}
	}
	for name, a := range map[string]overlay.Action{
		"back to its sender": send(1, query, 2, 3),
		"TTL kept":           send(2, query, 3, 3),
		"TTL 0":              send(2, query, 0, 3),
		"hops kept":          send(2, query, 2, 2),
		"TTL too high":       send(2, message(protocol.KindPing, 9, 7), 9, 7),
		"hit another way":    send(2, message(protocol.KindQueryHit, 3, 0), 3, 0),
		"hit not ours":       {Op: overlay.OpHit, ID: id},
	} {
		c := watched(Config{})
		c.w.Add(NodeConfig{})
		c.check(0, overlay.Received{Link: 1, Msg: query}, []overlay.Action{a})
		if len(c.faults) == 0 {
			t.Errorf("%s: not found", name)
		}
	}
	c := watched(Config{})
	c.w.Add(NodeConfig{})
	c.check(0, overlay.Received{Link: 1, Msg: query}, []overlay.Action{
		send(2, query, 2, 3), send(3, query, 1, 3), send(1, message(protocol.KindQueryHit, 4, 0), 4, 0),
	})
	if len(c.faults) > 0 {
		t.Errorf("faults where there are none: %v", c.faults)
	}
}
