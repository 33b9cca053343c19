package swarm

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestSpan(t *testing.T) {
	for _, c := range []struct {
		size, times, perSecond uint64
		want                   time.Duration
	}{
		{1000, 1, 1000, time.Second},
		{1, 1, 3, 333333334}, // rounded up: never faster than it can be
		{3e9, 1, 300e6, 10 * time.Second},
		{3e9, 2600, 781e9, 9987196 * time.Microsecond}, // more than 64 bits on the way
		{1 << 50, 1 << 20, 1, 1<<63 - 1},               // more than there is
		{1 << 63, 4, 1, 1<<63 - 1},
		{0, 5, 1, 0},
	} {
		if got := span(c.size, c.times, c.perSecond); got.Round(time.Microsecond) != c.want.Round(time.Microsecond) || c.want < time.Second && got != c.want {
			t.Errorf("span(%d, %d, %d) = %v, want %v", c.size, c.times, c.perSecond, got, c.want)
		}
	}
}

// The three terms of the bound, each the greatest once.
func TestBound(t *testing.T) {
	for _, c := range []struct {
		name     string
		seed, up int64
		down     int64
		n        int
		want     time.Duration
	}{
		{"the seed is slow", 10, 1000, 1000, 5, 100 * time.Second},
		{"one peer takes in slowly", 1000, 1000, 20, 5, 50 * time.Second},
		{"all together are slow", 100, 20, 1000, 5, 25 * time.Second}, // 5*1000/(100+5*20)
	} {
		cfg := Config{Size: 1000, Piece: 10, Seeds: 1, Hosts: []Host{{Up: c.seed, Down: 1}}}
		for range c.n {
			cfg.Hosts = append(cfg.Hosts, Host{Up: c.up, Down: 5000})
		}
		cfg.Hosts[3].Down = c.down
		if got := Bound(cfg); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
		cfg.Files = 2
		if got := Bound(cfg); got != 2*c.want {
			t.Errorf("%s, two files: %v, want %v", c.name, got, 2*c.want)
		}
	}
}

// Kraken's run: F/d is 10 s, and so is, nearly, all of it over all uplinks.
func TestBoundKraken(t *testing.T) {
	if got := Bound(kraken(2600, 3e9)); got != 10*time.Second {
		t.Errorf("%v, want 10 s", got)
	}
}

// All from the seed: the model and N F/u agree to the nanosecond.
func TestFromSeed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 20).Draw(t, "peers")
		up := rapid.Int64Range(1, 1e6).Draw(t, "up") * 1000
		down := up * rapid.Int64Range(1, 5).Draw(t, "down, times up")
		c := Config{
			Size: 1e6 * rapid.Int64Range(1, 30).Draw(t, "pieces"), Piece: 1e6, Seeds: 1,
			Order: Order(rapid.IntRange(0, 2).Draw(t, "order")), Pipeline: 2,
			Edges: Star(1, n+1), Hosts: uniform(n+1, up, down),
		}
		if got, want := run(t, c).Took, FromSeed(c, n, up, down); got-want > time.Duration(n)*time.Duration(c.Size/c.Piece) || got < want {
			t.Fatalf("%v, want %v and a nanosecond a piece at most", got, want)
		}
	})
}

func TestFromSeedExact(t *testing.T) {
	c := Config{
		Size: 10e6, Piece: 1e6, Seeds: 1, Pipeline: 4, Latency: time.Millisecond,
		Edges: Star(1, 9), Hosts: uniform(9, 1e6, 5e6), Order: InOrder,
	}
	want := 80*time.Second + 200*time.Millisecond + 2*time.Millisecond
	if got := FromSeed(c, 8, 1e6, 5e6); got != want {
		t.Errorf("formula: %v, want %v", got, want)
	}
	if got := run(t, c).Took; got != want {
		t.Errorf("model: %v, want %v", got, want)
	}
}

// A chain: the model and the formula agree to the nanosecond, whichever of the
// two directions is the slower.
func TestChain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 20).Draw(t, "peers")
		pieces := rapid.Int64Range(1, 40).Draw(t, "pieces")
		c := Config{
			Size: 1e6 * pieces, Piece: 1e6, Seeds: 1, Order: InOrder, Pipeline: 8,
			Latency: time.Duration(rapid.IntRange(0, 50).Draw(t, "latency, ms")) * time.Millisecond,
			Edges:   Line(n + 1),
		}
		up := rapid.Int64Range(1, 10).Draw(t, "up") * 1e6
		down := rapid.Int64Range(1, 10).Draw(t, "down") * 1e6
		c.Hosts = uniform(n+1, up, down)
		got, want := run(t, c).Took, Chain(c, n, up, down)
		if off := got - want; off > time.Duration(pieces)+time.Duration(n) || off < -time.Duration(pieces)-time.Duration(n) {
			t.Fatalf("%v, want %v", got, want)
		}
	})
}
