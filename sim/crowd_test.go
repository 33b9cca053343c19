package sim

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/servent/overlay"
	"github.com/seed282dab8e/servent/sim/load"
)

// troubled is a crowd in which about everything happens: nodes find their roles or
// have them, come, go, crash, lie, damage messages, and are cut off for a while.
func troubled(seed uint64, nodes int) (CrowdConfig, CrowdPlan) {
	cfg := CrowdConfig{
		Seed: seed, Nodes: nodes, Places: 10, Ramp: 20 * time.Second, Loss: 0.01,
		Load:     load.Config{Copies: 3 * nodes, FreeRiders: 0.2, Firewalled: 0.2, Session: load.KAD()},
		Boasters: 0.1, FalseHits: 0.05, Garblers: 0.05, Check: true,
	}
	plan := CrowdPlan{Time: 4 * time.Minute, Partition: 10 * time.Second, Slow: 0.1, Searches: 15, Spacing: time.Second, Wait: 20 * time.Second, Crash: 0.2}
	if seed%2 == 0 {
		cfg.Supernodes, cfg.Places, plan.Time = nodes/8, 60, time.Minute
	}
	return cfg, plan
}

// TestInvariantsInCrowds runs seeds 1 to 50 and holds every step of every node that
// behaves to the invariants. Crowds of supernodes and leaves take their time: there
// are 32 nodes each.
func TestInvariantsInCrowds(t *testing.T) {
	seeds := uint64(50)
	if testing.Short() {
		seeds = 5
	}
	for seed := uint64(1); seed <= seeds; seed++ {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { // the name is what runs it again
			cfg, plan := troubled(seed, 32)
			r, err := RunCrowd(context.Background(), cfg, plan, nil)
			if err != nil {
				t.Fatal(err)
			}
			if r.Searches < 3 || r.Recall() < 0.7 {
				t.Errorf("%d searches, %d of %d files found", r.Searches, r.Found, r.Want)
			}
		})
	}
}

// TestQueuesAreBounded: where far more comes than a link takes, what waits on it stays
// within its bound, at every step, and the rest is dropped and counted.
func TestQueuesAreBounded(t *testing.T) {
	c := watched(Config{Bandwidth: 100})
	c.most = 2 * protocol.MaxPayload
	for range 3 {
		c.w.Add(NodeConfig{Overlay: overlay.Config{
			ConnectOnly: true, MaxQueue: c.most, Rate: overlay.Rate{PerSecond: 1e6, Burst: 1e6},
			StallLimit: 24 * time.Hour, KeepAlive: 24 * time.Hour, AliveTimeout: 48 * time.Hour,
		}})
	}
	for v := range NodeID(2) {
		if err := c.w.LinkBy(v, v+1, Wire{Bandwidth: []int{1_000_000, 100}[v]}); err != nil {
			t.Fatal(err)
		}
	}
	for n := range 3000 {
		c.w.EndQuery(c.w.Query(0, strings.Repeat("blue danube ", 12), 7))
		c.w.Run(10 * time.Millisecond)
		c.steps = queuesEvery - 1
		c.check(1, nil, nil)
		if len(c.faults) > 0 {
			t.Fatalf("after %d queries: %s", n, c.faults[0])
		}
	}
	st := c.w.Node(1).Stats()
	if q := st.Of(protocol.KindQuery); q.In < 2990 || st.Drops[overlay.DropQueueFull] == 0 || q.Out == 0 {
		t.Errorf("%d queries came, %d were passed on, %d dropped", q.In, q.Out, st.Drops[overlay.DropQueueFull])
	}
}

// TestCrowdIsDeterministic: equal configurations give equal results.
func TestCrowdIsDeterministic(t *testing.T) {
	run := func(seed uint64) *CrowdResult {
		cfg, plan := troubled(seed, 60)
		r, err := RunCrowd(context.Background(), cfg, plan, nil)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	a, b, c := run(3), run(3), run(5)
	if a.Trace != b.Trace || a.Trace == c.Trace {
		t.Errorf("traces %s, %s, and of another seed %s", a.Trace, b.Trace, c.Trace)
	}
}

// TestCrowdEnds: a run ends soon after its context does.
func TestCrowdEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	ticks := 0
	_, err := RunCrowd(ctx, CrowdConfig{Nodes: 20, Ramp: time.Minute}, CrowdPlan{}, func(done float64) {
		if ticks++; done > 0.1 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) || ticks < 5 || ticks > 200 {
		t.Errorf("%v after %d ticks", err, ticks)
	}
}

func TestCrowdRefuses(t *testing.T) {
	for want, cfg := range map[string]CrowdConfig{
		"Nodes 1 is not within 2":              {Nodes: 1},
		"Nodes -3 is not":                      {Nodes: -3},
		"Supernodes 1: use 0, or 2":            {Supernodes: 1},
		"to under Nodes, 400":                  {Supernodes: 400},
		"Boasters 1.5 is no part: use 0 to 1":  {Boasters: 1.5},
		"load: FreeRiders 1.5: from 0 to 0.99": {Load: load.Config{FreeRiders: 1.5}},
		"nodes find files by the words":        {Load: load.Config{NameWords: -1}},
		"Garblers -1":                          {Garblers: -1},
		"Hosts":                                {Hosts: -1},
	} {
		if _, err := NewCrowd(cfg); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", cfg, err, want)
		}
	}
}

// threeNodes are two supernodes that are linked, and between them a leaf of both with a
// file.
func threeNodes(t *testing.T) *watcher {
	t.Helper()
	c := watched(Config{})
	for _, role := range []overlay.Role{overlay.RoleSupernode, overlay.RoleLeaf, overlay.RoleSupernode} {
		cfg := NodeConfig{Overlay: overlay.Config{Role: role, ConnectOnly: true}}
		if role == overlay.RoleLeaf {
			cfg.Files = []string{"blue danube.ogg"}
		}
		c.w.Add(cfg)
	}
	for _, pair := range [][2]NodeID{{1, 0}, {1, 2}, {0, 2}} {
		if err := c.w.Link(pair[0], pair[1]); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// linkTo returns the link from one node to another.
func linkTo(c *watcher, from, to NodeID) overlay.LinkID {
	for _, e := range c.w.nodes[from].ends {
		if e.peer.node == to {
			return e.id
		}
	}
	return 0
}

// TestWatcherFindsInCrowds shows the watcher what only leaves and dynamic queries can
// do wrong.
func TestWatcherFindsInCrowds(t *testing.T) {
	query := func(text string, ttl, hops uint8) []byte {
		h := protocol.Header{ID: protocol.GUID{1}, Kind: protocol.KindQuery, TTL: ttl, Hops: hops}
		return protocol.AppendMessage(nil, h, protocol.Query{Text: []byte(text)})
	}
	send := func(link overlay.LinkID, msg []byte, ttl, hops uint8) []overlay.Action {
		return []overlay.Action{{Op: overlay.OpSend, Link: link, Msg: msg, TTL: ttl, Hops: hops}}
	}
	for name, do := range map[string]func(c *watcher){
		"which its table excludes": func(c *watcher) {
			c.check(1, overlay.Received{Link: linkTo(c, 1, 0), Msg: query("red", 1, 1)}, nil)
		},
		"together they were 3": func(c *watcher) { // a question that goes out later goes too far
			c.check(0, overlay.Received{Link: linkTo(c, 0, 1), Msg: query("blue", 3, 0)}, nil)
			c.check(0, nil, send(linkTo(c, 0, 2), query("blue", 3, 1), 3, 1))
		},
		"back to where it came from": func(c *watcher) { // likewise, to who asked
			c.check(0, overlay.Received{Link: linkTo(c, 0, 2), Msg: query("blue", 3, 0)}, nil)
			c.check(0, nil, send(linkTo(c, 0, 2), query("blue", 2, 1), 2, 1))
		},
		"bytes queued": func(c *watcher) {
			c.w.nodes[0].node.Step(c.w.clock(), overlay.UserQuery{ID: protocol.GUID{1}, Text: "blue", TTL: 3}, nil) // and nobody sends it off
			c.steps, c.most = queuesEvery-1, 1
			c.check(0, nil, nil)
		},
	} {
		c := threeNodes(t)
		if do(c); len(c.faults) != 1 || !strings.Contains(c.faults[0], name) {
			t.Errorf("%s: faults %q", name, c.faults)
		}
	}
	c := threeNodes(t)
	c.check(1, overlay.Received{Link: linkTo(c, 1, 0), Msg: query("danube blue", 1, 1)}, nil)
	c.check(0, overlay.Received{Link: linkTo(c, 0, 2), Msg: query("blue", 1, 0)}, send(linkTo(c, 0, 1), query("blue", 1, 0), 1, 1))
	c.check(0, nil, nil)
	if len(c.faults) > 0 || c.asked != 1 {
		t.Errorf("faults where there are none: %q; %d questions of leaves", c.faults, c.asked)
	}
}
