package swarm

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// Two seeds, one of them slow. Without endgame the peer waits for what it asked
// of the slow one; with it, it asks the other for that, too.
func TestEndgameHelps(t *testing.T) {
	c := Config{
		Size: 10e6, Piece: 1e6, Seeds: 2, Order: InOrder, Pipeline: 1, Edges: Star(2, 3),
		Hosts: []Host{{Up: 1e6, Down: 1}, {Up: 1e4, Down: 1}, {Up: 1, Down: 1e9}},
	}
	if got := run(t, c).Took; got != 100*time.Second+time.Millisecond {
		t.Errorf("without endgame: %v, want 100 s and a piece in", got)
	}
	c.Endgame = 1
	res := run(t, c)
	if res.Took != 10*(time.Second+time.Millisecond) {
		t.Errorf("with it: %v, want ten pieces from the fast one", res.Took)
	}
	if res.Wasted != 0 {
		t.Errorf("%d bytes wasted before the end", res.Wasted)
	}
}

// What a peer asked twice for comes twice, unless it takes the ask back before
// the piece is sent.
func TestEndgameWaste(t *testing.T) {
	c := Config{
		Size: 2e6, Piece: 1e6, Seeds: 2, Order: InOrder, Pipeline: 2, Endgame: 2, Edges: Star(2, 3),
		Hosts: []Host{{Up: 1e6, Down: 1}, {Up: 1e6, Down: 1}, {Up: 1, Down: 1e6}},
	}
	keep := run(t, c)
	c.Cancel = true
	if took := run(t, c); took.Wasted > keep.Wasted || took.Took > keep.Took {
		t.Errorf("taken back: %v; not: %v", took, keep)
	}
}

// One peer and some seeds: asking the others too never makes it wait longer,
// but for what comes twice over its own access link.
func TestEndgameNeverSlowsThePeer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 6).Draw(t, "seeds")
		c := Config{
			Size: 1000 * rapid.Int64Range(1, 60).Draw(t, "pieces"), Piece: 1000, Seeds: n,
			Order: InOrder, Pipeline: rapid.IntRange(1, 4).Draw(t, "pipeline"), Edges: Star(n, n+1),
			Latency: time.Duration(rapid.IntRange(0, 100).Draw(t, "latency, ms")) * time.Millisecond,
			Cancel:  rapid.Bool().Draw(t, "cancel"),
		}
		for range n {
			c.Hosts = append(c.Hosts, Host{Up: rapid.Int64Range(100, 10_000).Draw(t, "up"), Down: 1})
		}
		c.Hosts = append(c.Hosts, Host{Up: 1, Down: 1e9})
		plain := run(t, c).Took
		c.Endgame = rapid.IntRange(1, 60).Draw(t, "endgame")
		twice := time.Duration(n*c.Endgame) * span(1000, 1, 1e9)
		if got := run(t, c).Took; got > plain+c.Latency+twice {
			t.Fatalf("with endgame %v, without %v", got, plain)
		}
	})
}

// The seed leaves when it has sent 2.5 times the file. Who asked for the rarest
// piece has them all among the peers; in order, all have the same few.
func TestSeedLeaves(t *testing.T) {
	done := func(o Order) int {
		c := Config{Size: 100e3, Piece: 1e3, Seeds: 1, Order: o, Pipeline: 1, Hosts: uniform(20, 10e3, 10e3)}
		for v := range int32(20) {
			for w := range v {
				c.Edges = append(c.Edges, Edge{w, v})
			}
		}
		c.Hosts[0].Leave = 25 * time.Second
		n := 0
		for _, d := range run(t, c).Done {
			if d >= 0 {
				n++
			}
		}
		return n
	}
	if got := done(RarestFirst); got != 19 {
		t.Errorf("rarest first: %d of 19 done", got)
	}
	if got := done(InOrder); got != 0 {
		t.Errorf("in order: %d of 19 done, although pieces are lost", got)
	}
}

// A peer that waits for a host that says nothing more gives it up after the
// timeout; without one it waits for ever.
func TestStall(t *testing.T) {
	c := Config{
		Size: 10e3, Piece: 1e3, Seeds: 2, Order: InOrder, Pipeline: 1, Edges: Star(2, 3),
		Hosts: uniform(3, 1e3, 1e6),
	}
	c.Hosts[1].Stall = 2500 * time.Millisecond
	if got := run(t, c).Done[0]; got != -1 {
		t.Errorf("without a timeout: done at %v", got)
	}
	c.Timeout = 4 * time.Second
	// Asked at 2.001 s, looked at every 2 s, found late at 8 s: by then all
	// else is there, and the other seed sends it in a second.
	if got := run(t, c).Done[0]; got != 9*time.Second+time.Millisecond {
		t.Errorf("with a timeout of 4 s: done at %v, want 9.001 s", got)
	}
}

// Who leaves midway is not done, and takes nothing from the others.
func TestLeave(t *testing.T) {
	c := Config{Size: 100e3, Piece: 1e3, Seeds: 1, Pipeline: 2, Edges: Star(1, 4), Hosts: uniform(4, 10e3, 10e3)}
	c.Hosts[2].Leave = 15 * time.Second
	res := run(t, c)
	if res.Done[1] != -1 || res.Done[0] < 24*time.Second || res.Done[0] > 27*time.Second {
		t.Errorf("done %v, want about 25 s, never, about 25 s", res.Done)
	}
	c.Hosts[2].Leave = 40 * time.Second
	if res = run(t, c); slices.Contains(res.Done, -1) {
		t.Errorf("who left when done is counted as not done: %v", res.Done)
	}
}

// Peers that leave as soon as they are done leave the others to the seed.
func TestLinger(t *testing.T) {
	c := Config{Size: 100e3, Piece: 1e3, Seeds: 1, Pipeline: 2, Edges: Line(3), Hosts: uniform(3, 10e3, 1e6)}
	c.Hosts[2].Start = 20 * time.Second // when the one before it is done
	if res := run(t, c); res.Done[1] < 0 {
		t.Errorf("the chain is whole: %v", res.Done)
	}
	c.Linger = -1
	if res := run(t, c); res.Done[1] != -1 {
		t.Errorf("the chain is broken, yet %v", res.Done)
	}
}

// With a tracker nobody has more links than it may, full peers refuse, and all
// are done, those that come late sooner, for many have the file by then.
func TestTracker(t *testing.T) {
	c := kraken(300, 400e6)
	for i := range c.Hosts {
		c.Hosts[i].Start = time.Duration(i) * 20 * time.Millisecond
	}
	res := run(t, c)
	if slices.Contains(res.Done, -1) || res.Refused == 0 {
		t.Errorf("refused %d, done %v", res.Refused, res.Done)
	}
	first, last := res.Done[:100], res.Done[200:]
	if slices.Max(last) > slices.Max(first) {
		t.Errorf("late comers took %v at most, early ones %v", slices.Max(last), slices.Max(first))
	}
	c.Tracker.SeedLinks = 100
	if more := run(t, c); more.SeedSent <= res.SeedSent {
		t.Errorf("seeds with 100 links sent %d bytes, with 10 %d", more.SeedSent, res.SeedSent)
	}
}

// The tracker hands out who is done, then the seeds, then others, each of them
// once.
func TestHandout(t *testing.T) {
	c := kraken(100, 400e6)
	c.fill()
	e := newEngine(c, rand.New(rand.NewPCG(1, 1)))
	for v := int32(3); v < 103; v++ {
		e.listed[0] = append(e.listed[0], v)
		if v%10 == 0 {
			e.peers[v].missing = 0
		}
	}
	seen := make([]int, 103)
	for range 1000 {
		ranks := e.handout(0)
		if len(ranks[0])+len(ranks[2]) != 50 || len(ranks[1]) != 3 {
			t.Fatalf("%v", ranks)
		}
		for i, rank := range ranks {
			for _, v := range rank {
				seen[v]++
				if want := i == 0; i != 1 && want != (v%10 == 0) || i == 1 && v > 2 {
					t.Fatalf("%d has rank %d", v, i)
				}
			}
		}
	}
	for v, n := range seen[3:] {
		if n < 400 || n > 600 { // 500, and six deviations
			t.Errorf("%d was handed out %d times of 1000", v+3, n)
		}
	}
}

// Asks wait at a slow seed. Those that are taken back before their turn are
// never sent.
func TestCancelSavesWhatWaits(t *testing.T) {
	c := Config{
		Size: 10e6, Piece: 1e6, Seeds: 2, Order: InOrder, Pipeline: 4, Endgame: 10, Edges: Star(2, 4),
		Hosts: []Host{{Up: 1e7, Down: 1}, {Up: 1e6, Down: 1}, {Up: 1, Down: 1e9}, {Up: 1, Down: 1e9}},
	}
	// Both peers end when the fast seed has sent all; the slow one has sent two
	// by then, and goes on with what nobody waits for, unless it is told.
	sent := func(cancel bool) int64 {
		c.Cancel = cancel
		e := newEngine(c, rand.New(rand.NewPCG(1, 1)))
		e.fill()
		e.start()
		e.loop(nil)
		for {
			ev, ok := e.next()
			if !ok {
				return e.hosts[1].sent
			}
			e.now = ev.at
			e.happen(ev)
		}
	}
	c.fill()
	keep, back := sent(false), sent(true)
	if back >= keep || back > 4e6 {
		t.Errorf("the slow seed sends %d bytes, %d when asks are taken back", keep, back)
	}
}

// A peer that refused is left alone until the time is over.
func TestShun(t *testing.T) {
	c := kraken(10, 400e6)
	c.fill()
	e := newEngine(c, rand.New(rand.NewPCG(1, 1)))
	e.start()
	full := int32(5)
	e.peers[full].open = int32(c.Tracker.Links)
	e.peers[4].begun, e.peers[4].pending = true, 1
	e.dialled(4, full)
	if e.refused != 1 || e.peers[4].pending != 0 || e.linked(4, full) {
		t.Fatalf("a full peer takes a link: %+v", e.peers[4])
	}
	for _, c := range []struct {
		at   time.Duration
		want bool
	}{{0, true}, {30*time.Second - 1, true}, {30 * time.Second, false}} {
		if e.now = int64(c.at); e.shuns(4, full) != c.want {
			t.Errorf("at %v: shuns %v", c.at, !c.want)
		}
	}
	e.now = 0
	e.listed[0] = []int32{4, full}
	e.seedsOff()
	e.announce(4)
	if e.peers[4].pending != 0 {
		t.Error("it asks a peer that refused it again")
	}
	e.now = int64(time.Minute)
	e.announce(4)
	if e.peers[4].pending != 1 {
		t.Error("it never asks again")
	}
}

// seedsOff takes the seeds out of handouts: they are shunned for ever.
func (e *engine) seedsOff() {
	for s := range int32(e.Seeds) {
		e.peers[4].shunned = append(e.peers[4].shunned, shun{s, never})
	}
}
