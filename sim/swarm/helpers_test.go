package swarm

import (
	"math/rand/v2"
	"time"

	"pgregory.net/rapid"
)

// fataler is a test or a property.
type fataler interface {
	Helper()
	Fatal(...any)
}

func run(t fataler, c Config) *Result {
	t.Helper()
	res, err := Run(c, rand.New(rand.NewPCG(1, 1)), nil)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// uniform is n hosts that can do the same.
func uniform(n int, up, down int64) []Host {
	hosts := make([]Host, n)
	for i := range hosts {
		hosts[i] = Host{Up: up, Down: down}
	}
	return hosts
}

// anySwarm draws a small swarm of hosts that all start at once, stay and send.
func anySwarm(t *rapid.T) Config {
	n := rapid.IntRange(2, 12).Draw(t, "hosts")
	c := Config{
		Size: rapid.Int64Range(1, 100_000).Draw(t, "size"), Piece: 1000,
		Files: rapid.IntRange(1, 2).Draw(t, "files"), Seeds: rapid.IntRange(1, n-1).Draw(t, "seeds"),
		Order:        Order(rapid.IntRange(0, 2).Draw(t, "order")),
		Pipeline:     rapid.IntRange(1, 4).Draw(t, "pipeline"),
		SeedPipeline: rapid.IntRange(0, 4).Draw(t, "pipeline at a seed"),
		Endgame:      rapid.IntRange(0, 10).Draw(t, "endgame"), Cancel: rapid.Bool().Draw(t, "cancel"),
		Latency: time.Duration(rapid.IntRange(0, 30).Draw(t, "latency, ms")) * time.Millisecond,
		Poll:    time.Duration(max(0, rapid.IntRange(-500, 500).Draw(t, "poll, ms"))) * time.Millisecond,
		Claims:  rapid.Bool().Draw(t, "claims"),
	}
	for range n {
		c.Hosts = append(c.Hosts, Host{
			Up:   rapid.Int64Range(100, 10_000).Draw(t, "up"),
			Down: rapid.Int64Range(100, 10_000).Draw(t, "down"),
		})
	}
	if rapid.Bool().Draw(t, "tracker") {
		c.Tracker = &Tracker{Links: n, Handout: n, Interval: 20 * time.Second, Shun: 30 * time.Second}
		return c
	}
	for v := 1; v < n; v++ { // connected
		c.Edges = append(c.Edges, Edge{int32(v), rapid.Int32Range(0, int32(v-1)).Draw(t, "edge to")})
	}
	return c
}

// troubled draws a swarm in which hosts come late, leave and stall.
func troubled(t *rapid.T) Config {
	c := anySwarm(t)
	second := func(what string) time.Duration {
		return time.Duration(max(0, rapid.IntRange(-10_000, 20_000).Draw(t, what))) * time.Millisecond
	}
	for i := range c.Hosts {
		h := &c.Hosts[i]
		h.Start, h.Leave, h.Stall = second("start"), second("leave"), second("stall")
	}
	c.Timeout = time.Duration(rapid.IntRange(0, 3).Draw(t, "timeout, of 50 s")) * 50 * time.Second
	c.Linger = second("linger")
	if c.Tracker != nil {
		c.Tracker.Links = rapid.IntRange(1, len(c.Hosts)).Draw(t, "links")
		c.Tracker.Handout = rapid.IntRange(1, len(c.Hosts)).Draw(t, "handout")
	}
	return c
}
