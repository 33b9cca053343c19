package load

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/sim/exact"
)

func make1(t *testing.T, c Config) *Workload {
	t.Helper()
	w, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// near fails when got is further than tolerance from want, in parts of want.
func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if math.Abs(got-want) > tolerance*math.Abs(want) {
		t.Errorf("%s: %v, want %v within %v", what, got, want, tolerance)
	}
}

func TestEqualSeedEqualWorkload(t *testing.T) {
	c := Config{Seed: 7, Peers: 500, Replication: Proportional, Session: Weibull{time.Hour, 0.5}}
	a, b := make1(t, c), make1(t, c)
	if !slices.Equal(a.holders, b.holders) || !slices.Equal(a.down, b.down) {
		t.Error("equal seeds place files differently")
	}
	c.Seed = 8
	if other := make1(t, c); slices.Equal(a.holders, other.holders) {
		t.Error("another seed places files alike")
	}
	for id := range uint64(50) {
		qa, qb := a.Query(id), b.Query(id)
		if qa.From != qb.From || qa.File != qb.File || !slices.Equal(qa.Words, qb.Words) {
			t.Errorf("query %d: %v and %v", id, qa, qb)
		}
	}
}

// TestPublishedFigures holds the workload to what was measured of users.
func TestPublishedFigures(t *testing.T) {
	w := make1(t, Config{Seed: 1, Peers: 20_000, Replication: Proportional})
	var words, short, sharing int
	const queries = 20_000
	for id := range uint64(queries) {
		n := len(w.Query(id).Words)
		words += n
		if n <= 5 {
			short++
		}
	}
	near(t, "words in a query", float64(words)/queries, 3.54, 0.02)
	near(t, "queries of at most 5 words", float64(short)/queries, 0.83, 0.02)
	for p := range w.Peers() {
		if w.Shares(int32(p)) {
			sharing++
		}
	}
	near(t, "peers that share", float64(sharing)/20_000, 0.6, 0.02)
	near(t, "copies", float64(w.Copies()), 160_000, 0)

	shelves := w.Shelves()
	sizes := make([]int, w.Peers())
	for p := range sizes {
		sizes[p] = len(shelves.Of(int32(p)))
	}
	slices.Sort(sizes)
	slices.Reverse(sizes)
	top := 0
	for _, n := range sizes[:len(sizes)*7/100] {
		top += n
	}
	near(t, "what 7 % of the peers share", float64(top)/float64(w.Copies()), 0.48, 0.1)
}

func TestCapacitiesAndAccess(t *testing.T) {
	w := make1(t, Config{Seed: 3, Peers: 100_000})
	count := map[float64]int{}
	up := map[int]int{}
	for p := range w.Peers() {
		count[w.Capacity(int32(p))]++
		up[w.Access(int32(p)).Up]++
	}
	for _, l := range capacities() {
		near(t, "peers of one capacity", float64(count[l.value]), float64(l.weight)*100, 0.5/math.Sqrt(float64(l.weight)))
	}
	near(t, "peers on DSL", float64(up[87_355]), 100_000*1601/2664.0, 0.02)
}

// TestPlaces: nobody has a file twice, free riders have none, and both ways to
// look at it agree.
func TestPlaces(t *testing.T) {
	for _, s := range []Strategy{Owner, Uniform, Proportional, SquareRoot} {
		w := make1(t, Config{Seed: 5, Peers: 300, Files: 100, Copies: 4000, Replication: s})
		shelves := w.Shelves()
		copies := 0
		for f := range int32(100) {
			holders := w.Holders(f)
			if !slices.IsSorted(holders) || len(slices.Compact(slices.Clone(holders))) != len(holders) || len(holders) == 0 {
				t.Fatalf("%s: file %d: holders %v", s, f, holders)
			}
			for _, p := range holders {
				if !w.Shares(p) || !slices.Contains(shelves.Of(p), f) {
					t.Fatalf("%s: peer %d of file %d: shares %v, shelf %v", s, p, f, w.Shares(p), shelves.Of(p))
				}
			}
			copies += len(holders)
		}
		if copies != w.Copies() || s != Owner && copies != 4000 {
			t.Errorf("%s: %d copies, counted as %d", s, copies, w.Copies())
		}
	}
}

// TestFind compares with looking at every name.
func TestFind(t *testing.T) {
	w := make1(t, Config{Seed: 9, Peers: 400, Vocabulary: 60, Replication: Uniform, Session: Weibull{time.Minute, 1}, Crashes: 1})
	var targets Targets
	left := 0
	for id := range uint64(300) {
		q := w.Query(id)
		w.Find(&q, &targets)
		has := map[int32]int32{}
		copies := 0
		for f := range int32(w.Files()) {
			name := w.AppendName(nil, f)
			if slices.ContainsFunc(q.Words, func(v Word) bool { return !slices.Contains(name, v) }) {
				continue
			}
			for _, p := range w.Holders(f) {
				switch {
				case p == q.From:
					continue
				case w.Left(p):
					left++
				default:
					copies++
				}
				has[p]++
			}
		}
		if copies != targets.Copies || len(has) != len(targets.Peers) || !slices.IsSorted(targets.Peers) {
			t.Fatalf("query %d %v: %d copies at %d peers, want %d at %d", id, q.Words, targets.Copies, len(targets.Peers), copies, len(has))
		}
		for i, p := range targets.Peers {
			if targets.Counts[i] != has[p] {
				t.Fatalf("query %d: peer %d has %d, want %d", id, p, targets.Counts[i], has[p])
			}
		}
	}
	if left == 0 {
		t.Error("no copy was at a peer that had left: the test looks away")
	}
}

func TestFilesWithoutNames(t *testing.T) {
	w := make1(t, Config{Seed: 2, Peers: 50, NameWords: -1})
	q := w.Query(4)
	var targets Targets
	w.Find(&q, &targets)
	if len(q.Words) != 0 || w.Vocabulary() != 0 || !slices.Equal(targets.Files, []int32{q.File}) {
		t.Errorf("query %v finds files %v", q, targets.Files)
	}
}

// TestPopularity: what is asked for follows Zipf's law.
func TestPopularity(t *testing.T) {
	w := make1(t, Config{Seed: 4, Peers: 100, Files: 1000, Zipf: 1.2})
	const queries = 100_000
	asked := make([]int, w.Files())
	for id := range uint64(queries) {
		asked[w.Query(id).File]++
	}
	var sum float64
	for i := range 1000 {
		sum += math.Pow(float64(i+1), -1.2)
	}
	near(t, "the first", float64(asked[0])/queries, 1/sum, 0.03)
	near(t, "the tenth", float64(asked[9])/queries, math.Pow(10, -1.2)/sum, 0.1)
}

func TestSessions(t *testing.T) {
	exponential := Weibull{100 * time.Second, 1}
	near(t, "mean", exponential.Mean().Seconds(), 100, 1e-9)
	near(t, "median", exponential.Median().Seconds(), 100*math.Ln2, 1e-9)
	near(t, "quantile", exponential.Quantile(0.5).Seconds(), exponential.Median().Seconds(), 1e-9)
	kad := Weibull{time.Duration(357.7 * float64(time.Minute)), 0.545}
	near(t, "KAD's mean in minutes", kad.Mean().Minutes(), 617, 0.01)
	for _, d := range []Weibull{exponential, kad} {
		r := d.Residuals()
		// The part that leaves within a short x is x/mean, as many as come.
		x := d.Mean() / 500
		n := 0
		for i := range uint64(200_000) {
			if r.At(exact.Mix(i)) < x {
				n++
			}
		}
		near(t, "leave within a 500th of the mean", float64(n)/200_000, 1.0/500, 0.15)
	}
	// Exponential sessions have no memory: what remains is as a whole one.
	r := exponential.Residuals()
	near(t, "median that remains", r.at64[residualSteps/2].Seconds(), 100*math.Ln2, 0.01)
}

// TestLeaving: sessions without a memory have a closed form, and what is drawn
// for one peer agrees with the part of them all.
func TestLeaving(t *testing.T) {
	near(t, "of no memory", Weibull{time.Hour, 1}.Leaving(time.Hour), 1-1/math.E, 1e-4)
	near(t, "all in the end", Weibull{time.Hour, 0.5}.Leaving(1000*time.Hour), 1, 1e-3)
	d := Weibull{time.Hour, 0.6}
	r := d.Residuals()
	const draws = 200_000
	for _, within := range []time.Duration{10 * time.Minute, time.Hour, 5 * time.Hour} {
		n := 0
		for i := range uint64(draws) {
			if r.At(exact.Mix(i)) < within {
				n++
			}
		}
		near(t, "drawn and integrated", float64(n)/draws, d.Leaving(within), 0.01)
	}
	if v := (Weibull{}).Leaving(time.Hour); v != 0 {
		t.Errorf("of peers that stay, %v leave", v)
	}
}

// TestNamed: sessions without a memory have a closed form; others are counted,
// one after the other.
func TestNamed(t *testing.T) {
	near(t, "of no memory", Weibull{time.Hour, 1}.Named(2*time.Hour), 2/(1-math.Exp(-2)), 1e-9)
	near(t, "of long sessions", Weibull{5000 * time.Hour, 1}.Named(time.Hour), 1.0001, 1e-6)
	d := Weibull{20 * time.Minute, 0.6}
	var up, named float64
	const sessions = 500_000
	for i := range sessions {
		hours := d.Quantile((float64(i) + 0.5) / sessions).Hours()
		up += hours
		named += math.Ceil(hours)
	}
	near(t, "an hour, by session", d.Named(time.Hour), named/up, 1e-3)
	if v := (Weibull{}).Named(time.Hour); v != 1 {
		t.Errorf("%v are named for each peer of those that stay", v)
	}
}

func TestCrashedUnnoticed(t *testing.T) {
	c := Config{Seed: 6, Peers: 100_000, Session: Weibull{time.Hour, 1}, Crashes: 0.5, Lag: 6 * time.Minute}
	w := make1(t, c)
	down := 0
	for p := range w.Peers() {
		if w.Left(int32(p)) {
			down++
		}
	}
	near(t, "crashed unnoticed", float64(down)/100_000, 0.5*(1-math.Exp(-0.1)), 0.05)
	near(t, "departures a second", w.Departures(), 100_000/3600.0, 0.01)
	if q := w.Query(1); w.Left(q.From) {
		t.Error("a peer that has left asks")
	}
	c.Session = Weibull{}
	if w := make1(t, c); w.Down() != nil || w.Departures() != 0 {
		t.Error("peers leave that stay for ever")
	}
}

func TestConfigLimits(t *testing.T) {
	ok := Config{Peers: 2, FreeRiders: -1, Files: 1, Copies: 1, NameWords: 1, Vocabulary: 1}
	tests := []struct {
		field string
		set   func(c *Config)
	}{
		{"Peers", func(c *Config) { c.Peers = 1 }},
		{"Peers", func(c *Config) { c.Peers = MaxPeers + 1 }},
		{"Files", func(c *Config) { c.Files = -1 }},
		{"Copies", func(c *Config) { c.Files, c.Copies = 3, 2 }},
		{"Copies", func(c *Config) { c.Copies = MaxCopies + 1 }},
		{"Zipf", func(c *Config) { c.Zipf = math.NaN() }},
		{"Zipf", func(c *Config) { c.Zipf = 4.1 }},
		{"FreeRiders", func(c *Config) { c.FreeRiders = 1 }},
		{"Firewalled", func(c *Config) { c.Firewalled = -0.1 }},
		{"NameWords", func(c *Config) { c.NameWords = MaxNameWords + 1 }},
		{"Vocabulary", func(c *Config) { c.Vocabulary = -1 }},
		{"Session.Shape", func(c *Config) { c.Session.Scale = 1 }},
		{"Session.Scale", func(c *Config) { c.Session.Scale = -1 }},
		{"Crashes", func(c *Config) { c.Crashes = 1.1 }},
		{"none shares", func(c *Config) { c.FreeRiders = 0.99 }},
	}
	for _, tt := range tests {
		c := ok
		tt.set(&c)
		if _, err := New(c); err == nil || !strings.Contains(err.Error(), tt.field) {
			t.Errorf("%s: error %v", tt.field, err)
		}
	}
	ok.NameWords = MaxNameWords
	if _, err := New(ok); err != nil {
		t.Errorf("at the limits: %v", err)
	}
}

// TestMemoryEstimate: what is kept is under the estimate, which is not far off.
func TestMemoryEstimate(t *testing.T) {
	c := Config{Seed: 1, Peers: 50_000, Replication: Proportional}
	var w *Workload
	r := testing.Benchmark(func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			w = make1(t, c)
		}
	})
	if got, want := r.AllocedBytesPerOp(), c.Memory(); got > 2*want || got < want/3 {
		t.Errorf("%d bytes are allocated, estimated %d", got, want)
	}
	if w.Peers() != 50_000 {
		t.Error("no workload")
	}
}

func BenchmarkFind(b *testing.B) {
	w, err := New(Config{Seed: 1, Peers: 100_000, Replication: Proportional})
	if err != nil {
		b.Fatal(err)
	}
	var t Targets
	copies, id := 0, uint64(0)
	for b.Loop() {
		q := w.Query(id)
		w.Find(&q, &t)
		copies += t.Copies
		id++
	}
	b.ReportMetric(float64(copies)/float64(id), "copies/query")
}
