package dht

import (
	"math/rand/v2"
	"testing"
	"time"
)

func exponential(mean time.Duration) func(*rand.Rand) time.Duration {
	return func(r *rand.Rand) time.Duration { return time.Duration(r.ExpFloat64() * float64(mean)) }
}

func testChurn(mean time.Duration) Churn {
	return Churn{Nodes: 200, Successors: 8, Period: 30 * time.Second, Session: exponential(mean), Lookups: 1000, Length: time.Hour}
}

func always(float64) bool { return true }

func TestChurnEnds(t *testing.T) {
	calls, last := 0, 0.0
	o := testChurn(time.Hour).Run(random(1), func(done float64) bool {
		if calls++; done < last || done > 1 {
			t.Errorf("%v done after %v", done, last)
		}
		last = done
		return calls < 10
	})
	if calls != 10 || o.Lookups != 10 {
		t.Errorf("%d calls, %d lookups, want 10", calls, o.Lookups)
	}
}

func TestNobodyLeaves(t *testing.T) {
	c := testChurn(10000 * time.Hour)
	o := c.Run(random(1), always)
	if o.Lookups != 1000 || o.Found != o.Lookups || o.Timeouts != 0 || o.Joins != 0 {
		t.Errorf("%+v", o)
	}
	near(t, "hops", float64(o.Hops)/1000, ChordHops(200)+1, 0.2)
	near(t, "stabilising", o.Second.Stabilise, 5./30, 0.001)
	near(t, "a finger each time", o.Second.Fingers*30, 2*ChordHops(200)+0.5, 1)
	c.AllFingers = true
	near(t, "all fingers", c.Run(random(1), always).Second.Fingers/o.Second.Fingers, 7.6, 1) // log2 200
}

func TestChurnCosts(t *testing.T) {
	calm, wild := testChurn(5*time.Hour).Run(random(2), always), testChurn(10*time.Minute).Run(random(2), always)
	near(t, "joins", float64(wild.Joins), 200*3, 75)
	if calm.Found < 990 || wild.Found < 975 || wild.Found >= calm.Found {
		t.Errorf("of 1000 keys found %d with long sessions, %d with short", calm.Found, wild.Found)
	}
	if wild.Timeouts < 10*calm.Timeouts || wild.Hops <= calm.Hops || wild.Second.Join < 10*calm.Second.Join {
		t.Errorf("long sessions %+v, short %+v", calm, wild)
	}
	if again := testChurn(10*time.Minute).Run(random(2), always); again != wild {
		t.Errorf("equal seeds: %+v and %+v", again, wild)
	}
}

// TestAgesAtFirst: nodes that are there at first are as old as if it had always gone on.
// Sessions are Weibull with shape 1/2 here: the mean is twice the scale.
func TestAgesAtFirst(t *testing.T) {
	c := testChurn(0)
	c.Session = func(r *rand.Rand) time.Duration {
		x := r.ExpFloat64()
		return time.Duration(x * x * float64(time.Hour))
	}
	c.Length, c.Nodes = 20*time.Minute, 1000
	near(t, "joins", float64(c.Run(random(7), always).Joins), 1000./12, 25)
}

// TestRingHeals: some time after everybody has come or gone, each node knows
// those that come after it, and the one before.
func TestRingHeals(t *testing.T) {
	end := 20 * time.Minute
	var g *ringing
	c := testChurn(0)
	c.Session = func(r *rand.Rand) time.Duration {
		if g.now < end {
			return time.Duration(r.ExpFloat64() * float64(8*time.Minute))
		}
		return 1000 * time.Hour
	}
	g = &ringing{cfg: c, r: random(3)}
	g.begin()
	for g.now < 3*time.Hour {
		at, e := g.queue.Pop()
		g.now = at
		if e.leaves && g.now > end {
			continue
		}
		g.happen(e)
	}
	if g.out.Joins < 300 {
		t.Fatalf("only %d joined", g.out.Joins)
	}
	n := len(g.live)
	for i, v := range g.live {
		if got := g.nodes[v].before; got != g.live[(i+n-1)%n] {
			t.Fatalf("node %d: predecessor %d, want %d", v, got, g.live[(i+n-1)%n])
		}
		if len(g.nodes[v].list) != 8 {
			t.Fatalf("node %d: list %v", v, g.nodes[v].list)
		}
		for j, w := range g.nodes[v].list {
			if w != g.live[(i+1+j)%n] {
				t.Fatalf("node %d: successor %d is %d, want %d", v, j, w, g.live[(i+1+j)%n])
			}
		}
		for _, f := range g.nodes[v].fingers {
			if g.down[f] {
				t.Fatalf("node %d: finger %d has left", v, f)
			}
		}
	}
}

// TestUpkeepAsSimulated holds the formula for Chord against what nodes sent.
func TestUpkeepAsSimulated(t *testing.T) {
	for _, mean := range []time.Duration{20 * time.Minute, 5 * time.Hour} {
		got := testChurn(mean).Run(random(4), always).Second
		want := NewChord(RandomRing(random(5), 200), 8).Upkeep(NewCare(200, mean, 0))
		near(t, "tables", got.Stabilise+got.Fingers, want.Tables.Messages, 0.1*want.Tables.Messages)
		near(t, "joins", got.Join, want.Joins.Messages, 0.3*want.Joins.Messages)
	}
}

// TestUpkeepByHand: 65,536 nodes, one in a thousand of which goes and one comes
// each second; each publishes 36 keys an hour, one in 100 s.
func TestUpkeepByHand(t *testing.T) {
	ring := RandomRing(random(6), 1000)
	care := NewCare(1<<16, 1000*time.Second, 36)
	cost := func(messages, nodes, entries float64) Traffic {
		return Traffic{messages, 40*messages + 26*nodes + 34*entries}
	}
	asked := 20 + 16/KademliaBits(20) // in one lookup
	tests := []struct {
		o    Overlay
		want Upkeep
	}{
		{NewChord(ring, 8), Upkeep{ // 8 hops and one more find an owner
			Tables:  cost(5/30.0+16/30.0, 8/30.0+16/30.0, 0),
			Joins:   cost(0.001*(18+2), 0.001*(18+8+16), 0),
			Publish: cost(0.01*(18+3), 0, 0.01*3),
			Move:    cost(0.002*3, 0, 0.002*3*36),
		}},
		{NewKademlia(ring, 20, 3), Upkeep{ // 16 buckets, keys on 20 nodes
			Tables:  cost(16/3600.0*2*asked, 16/3600.0*asked*20, 0),
			Joins:   cost(0.017*2*asked, 0.017*asked*20, 0),
			Publish: cost(0.01*(2*asked+20), 0.01*asked*20, 0.01*20),
			Move:    cost(0.002*20, 0, 0.002*20*36),
		}},
		{NewPastry(ring, 16), Upkeep{ // four rows of 15, and 16 leaves
			Tables:  cost(16/30.0+2*4/1200.0, 4*15/1200.0, 0),
			Joins:   cost(0.001*(2*4+4*15+3*16), 0.001*(2*4*15+16+16*16), 0),
			Publish: cost(0.01*(8+3), 0, 0.01*3),
			Move:    cost(0.002*3, 0, 0.002*3*36),
		}},
		{NewPlaxton(ring, 3), Upkeep{ // four levels of 15 entries with two backups each
			Tables:  cost(2*180/1200.0, 0, 0),
			Joins:   cost(0.001*(2*4+180), 0.001*2*180, 0),
			Publish: cost(0.01*(8+3), 0, 0.01*3),
			Move:    cost(0.002*3, 0, 0.002*3*36),
		}},
	}
	for _, tt := range tests {
		got := tt.o.Upkeep(care)
		for _, part := range []struct {
			name      string
			got, want Traffic
		}{
			{"tables", got.Tables, tt.want.Tables},
			{"joins", got.Joins, tt.want.Joins},
			{"publish", got.Publish, tt.want.Publish},
			{"move", got.Move, tt.want.Move},
		} {
			near(t, tt.o.Name()+": messages of "+part.name, part.got.Messages, part.want.Messages, 1e-9*part.want.Messages)
			near(t, tt.o.Name()+": bytes of "+part.name, part.got.Bytes, part.want.Bytes, 1e-9*part.want.Bytes)
		}
	}
}

func TestUpkeepGrows(t *testing.T) {
	ring := RandomRing(random(6), 1000)
	for _, o := range []Overlay{NewChord(ring, 16), NewKademlia(ring, 20, 3), NewPastry(ring, 16), NewPlaxton(ring, 3)} {
		base := o.Upkeep(NewCare(1000, time.Hour, 10))
		short := o.Upkeep(NewCare(1000, time.Minute, 10))
		large := o.Upkeep(NewCare(1_000_000, time.Hour, 10))
		rich := o.Upkeep(NewCare(1000, time.Hour, 1000))
		if short.Joins.Messages < 59*base.Joins.Messages || short.Tables != base.Tables || short.Publish != base.Publish {
			t.Errorf("%s: %+v with sessions of an hour, %+v of a minute", o.Name(), base, short)
		}
		if large.Total().Messages <= base.Total().Messages || rich.Publish.Bytes < 99*base.Publish.Bytes || rich.Move.Bytes < 10*base.Move.Bytes {
			t.Errorf("%s: %+v, larger %+v, richer %+v", o.Name(), base, large, rich)
		}
	}
}

func TestStale(t *testing.T) {
	all := Stale(time.Hour, func(d time.Duration) float64 { return d.Hours() })
	near(t, "half of what leaves within an hour", all, 0.5, 1e-9)
}
