package swarm

import (
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// No way to share beats the fluid bound, and all are served in the end.
func TestBoundIsNeverBeaten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := anySwarm(t)
		res := run(t, c)
		if slices.Contains(res.Done, -1) {
			t.Fatalf("not all done: %v", res.Done)
		}
		if bound := Bound(c); res.Took < bound {
			t.Fatalf("took %v, which is less than the bound, %v", res.Took, bound)
		}
	})
}

// passage is a piece that passed an access link.
type passage struct {
	from, to, bytes int64
}

// traced runs c and returns what passed each host's link, down and up. Whoever
// sends a piece has it.
func traced(t *rapid.T, c Config) (*Result, [2][][]passage) {
	c.fill()
	e := newEngine(c, rand.New(rand.NewPCG(1, 1)))
	var links [2][][]passage
	for i := range links {
		links[i] = make([][]passage, len(c.Hosts))
	}
	e.trace = func(h int32, up bool, a *ask, from, to int64) {
		way := 0
		if up {
			way = 1
			if from < e.now || e.set(e.have, a.to)[a.piece/64]>>(a.piece%64)&1 == 0 {
				t.Fatalf("%d sends piece %d, which it lacks, or sends in the past", a.to, a.piece)
			}
		}
		links[way][h] = append(links[way][h], passage{from, to, e.size(a.piece)})
	}
	e.start()
	e.loop(nil)
	return e.result(), links
}

// No host sends or takes in more than it can in any stretch of time, but for
// what it has saved up.
func TestCapacity(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := troubled(t)
		c.Burst = time.Duration(rapid.IntRange(0, 2000).Draw(t, "burst, ms")) * time.Millisecond
		c.Line = rapid.Int64Range(0, 20_000).Draw(t, "line")
		_, links := traced(t, c)
		for h, host := range c.Hosts {
			within(t, links[0][h], host.Down, c)
			within(t, links[1][h], host.Up, c)
		}
	})
}

func within(t *rapid.T, passed []passage, perSecond int64, c Config) {
	for i, first := range passed {
		bytes := int64(0)
		for _, last := range passed[i:] {
			bytes += last.bytes
			if may := time.Duration(last.to-first.from) + c.Burst; span(uint64(bytes), 1, uint64(perSecond)) > may+time.Duration(len(passed)) {
				t.Fatalf("%d bytes in %v at %d a second", bytes, may, perSecond)
			}
		}
		if i > 0 && first.from < passed[i-1].to {
			t.Fatalf("two pieces at once: %v, %v", passed[i-1], first)
		}
		if least := span(uint64(first.bytes), 1, uint64(max(perSecond, c.Line))); first.to-first.from < int64(least) {
			t.Fatalf("%d bytes in %d ns, faster than the line", first.bytes, first.to-first.from)
		}
	}
}

// Who is done took in its file once, and what came twice is counted.
func TestConservation(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := anySwarm(t)
		c.Hosts[0].Start = 0
		res, links := traced(t, c)
		var in, sent, seeds int64
		for h := range c.Hosts {
			for _, p := range links[0][h] {
				if p.to <= int64(res.Took) {
					in += p.bytes
				}
			}
			for _, p := range links[1][h] {
				if p.to > int64(res.Took) {
					continue
				}
				sent += p.bytes
				if h < c.Seeds {
					seeds += p.bytes
				}
			}
		}
		want := c.Size * int64(len(res.Done))
		if off := in - want - res.Wasted; off < 0 || off > int64(len(c.Hosts))*c.Piece {
			t.Fatalf("%d bytes came, %d are wanted, %d wasted", in, want, res.Wasted)
		}
		if off := sent - res.Sent; off < 0 || off > int64(len(c.Hosts))*c.Piece || res.SeedSent > seeds || res.SeedSent < c.Size {
			t.Fatalf("%d bytes sent, %d counted; by seeds %d, counted %d", sent, res.Sent, seeds, res.SeedSent)
		}
		if c.Endgame == 0 && res.Wasted != 0 {
			t.Fatalf("%d bytes wasted without an endgame", res.Wasted)
		}
	})
}

// A host that saves up for a second of ten starts with it and ends that much
// sooner.
func TestBurst(t *testing.T) {
	c := Config{Size: 10e6, Piece: 1e4, Seeds: 1, Pipeline: 8, Edges: Star(1, 2), Hosts: uniform(2, 1e6, 1e6)}
	plain := run(t, c).Took
	c.Burst, c.Line = time.Second, 100e6
	if got := plain - run(t, c).Took; got < 990*time.Millisecond || got > 1010*time.Millisecond {
		t.Errorf("a second saved up saved %v", got)
	}
}

// Two files at the same time take a host as long as one of both sizes.
func TestFilesShareAHost(t *testing.T) {
	c := Config{Size: 4e6, Piece: 1e4, Seeds: 1, Pipeline: 8, Edges: Star(1, 3), Hosts: uniform(3, 1e6, 1e6)}
	one := run(t, c)
	c.Size, c.Files = 2e6, 2
	two := run(t, c)
	if one.Took != two.Took || len(two.Done) != 4 {
		t.Errorf("one file %v, two halves %v, %d downloads", one.Took, two.Took, len(two.Done))
	}
	if two.Done[0] < 9*two.Took/10 {
		t.Errorf("the first file is done at %v of %v: they do not share", two.Done[0], two.Took)
	}
}

// Equal seeds, equal runs; and the same run on any machine.
func TestSameBytes(t *testing.T) {
	c := kraken(120, 200e6)
	c.Hosts[50].Leave, c.Hosts[60].Stall, c.Timeout = 300*time.Millisecond, 200*time.Millisecond, time.Second
	c.Burst, c.Line, c.Files = 100*time.Millisecond, 1e9, 2
	a, b := run(t, c), run(t, c)
	if fmt.Sprint(a) != fmt.Sprint(b) {
		t.Errorf("two runs: %v, %v", a, b)
	}
	const want = "1747b528e23e887d"
	if got := fmt.Sprintf("%x", sha256.Sum256(fmt.Append(nil, a)))[:16]; got != want {
		t.Errorf("digest %s, was %s: the same seed gives another run than it did", got, want)
	}
	other, err := Run(c, rand.New(rand.NewPCG(2, 1)), nil)
	if err != nil || fmt.Sprint(other) == fmt.Sprint(a) {
		t.Errorf("another seed gives the same run (%v)", err)
	}
}

func TestTick(t *testing.T) {
	last, calls := 0.0, 0
	_, err := Run(kraken(200, 400e6), rand.New(rand.NewPCG(1, 1)), func(done float64) bool {
		if done < last || done > 1 {
			t.Errorf("%v done after %v", done, last)
		}
		last = done
		calls++
		return true
	})
	if err != nil || calls == 0 {
		t.Fatalf("%d ticks, error %v", calls, err)
	}
	_, err = Run(kraken(200, 400e6), rand.New(rand.NewPCG(1, 1)), func(float64) bool { return false })
	if err == nil || !strings.Contains(err.Error(), "stopped") {
		t.Errorf("a run that was stopped: %v", err)
	}
}

func TestValidate(t *testing.T) {
	good := func() Config {
		return Config{Size: 100, Piece: 10, Seeds: 1, Hosts: uniform(3, 1, 1), Edges: Line(3)}
	}
	if c := good(); c.validate() != nil {
		t.Fatal(c.validate())
	}
	tracker := Tracker{Links: 2, Handout: 3, Interval: time.Second}
	for name, spoil := range map[string]func(c *Config){
		"size":             func(c *Config) { c.Size = 0 },
		"size 2":           func(c *Config) { c.Size = maxBytes + 1 },
		"piece":            func(c *Config) { c.Piece = 0 },
		"piece 1":          func(c *Config) { c.Size, c.Piece = maxPieces+1, 1 },
		"files":            func(c *Config) { c.Files = 17 },
		"3 hosts":          func(c *Config) { c.Seeds = 3 },
		"0 hosts":          func(c *Config) { c.Hosts = nil },
		"pipeline -1":      func(c *Config) { c.Pipeline = -1 },
		"pipeline 0, at":   func(c *Config) { c.SeedPipeline = maxPipe + 1 },
		"latency":          func(c *Config) { c.Latency = -1 },
		"latency 0s, poll": func(c *Config) { c.Poll = -1 },
		"3 edges":          func(c *Config) { c.Tracker = &tracker; c.Edges = append(c.Edges, Edge{0, 2}) },
		"0 edges":          func(c *Config) { c.Edges = nil },
		"host 2":           func(c *Config) { c.Hosts[2].Up = 0 },
		"edge 1":           func(c *Config) { c.Edges[1].B = 3 },
		"tracker: links":   func(c *Config) { c.Edges = nil; c.Tracker = &Tracker{Handout: 1, Interval: 1} },
		"tracker: handout": func(c *Config) { c.Edges = nil; c.Tracker = &Tracker{Links: 1, Interval: 1} },
	} {
		c := good()
		spoil(&c)
		what, _, _ := strings.Cut(name, " 1")
		what, _, _ = strings.Cut(what, " 2")
		if _, err := Run(c, rand.New(rand.NewPCG(1, 1)), nil); err == nil || !strings.HasPrefix(err.Error(), strings.Fields(what)[0]) {
			t.Errorf("%s: %v", name, err)
		}
	}
	c := good()
	c.Edges, c.Tracker = nil, &tracker
	run(t, c)
	if tracker.SeedLinks != 0 {
		t.Error("the caller's tracker was changed")
	}
}
