package graph

import (
	"context"
	"errors"
	"math"
	"reflect"
	"runtime"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestFloods: each flood is the plain one, whichever way they are run.
func TestFloods(t *testing.T) {
	large := Regular(random(1), 3000, 4)
	tests := []struct {
		name   string
		g      *Graph
		n, ttl int
		atOnce bool
	}{
		{"many that reach all", large, laneCount + 100, 12, true},
		{"many that reach few", large, laneCount + 100, 3, false},
		{"few", large, samples - 1, 12, false},
		{"none", large, 0, 12, false},
		{"TTL 0", large, laneCount, 0, false},
		{"no edges", New(10, nil), laneCount, 7, false},
		{"in pieces", New(90, slices.Collect(Clique(60).Edges())), laneCount, 7, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			from := sources(tt.g, tt.n)
			if got := atOnce(tt.g, from, tt.ttl); got != tt.atOnce {
				t.Errorf("run at once: %v, want %v", got, tt.atOnce)
			}
			got, err := Floods(t.Context(), tt.g, from, tt.ttl)
			if err != nil || len(got) != tt.n {
				t.Fatalf("%d floods, error %v", len(got), err)
			}
			for i, f := range got {
				if want := plainFlood(tt.g, int(from[i]), tt.ttl); !reflect.DeepEqual(f, want) {
					t.Fatalf("flood %d from %d: %+v\nwant %+v", i, from[i], f, want)
				}
			}
		})
	}
}

// TestMemoryOfBatches: where batches would take too much, floods run one by one.
func TestMemoryOfBatches(t *testing.T) {
	g := Line(mostBatches/batchBytes + 1)
	if from := make([]int32, laneCount); atOnce(g, from, 1) {
		t.Errorf("a batch of %d nodes", g.Len())
	}
}

// runAll is floods with latency and without, as a study runs them.
func runAll(t *testing.T, g *Graph) (latent, even []Flood, orders [][]int32) {
	t.Helper()
	from := sources(g, laneCount+50)
	latent, orders = make([]Flood, len(from)), make([][]int32, len(from))
	err := share(t.Context(), len(from), func() func(int) {
		f := NewFlooder(g)
		return func(i int) {
			latent[i] = f.Flood(int(from[i]), 7, Delay{20, 200, uint64(i)})
			orders[i] = slices.Clone(f.Order())
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if even, err = Floods(t.Context(), g, from, 7); err != nil {
		t.Fatal(err)
	}
	return latent, even, orders
}

// TestCores: one core finds what two and four find.
func TestCores(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	g := Random(random(3), 500, 1200)
	latent, even, orders := runAll(t, g)
	for _, cores := range []int{2, 4} {
		runtime.GOMAXPROCS(cores)
		l, e, o := runAll(t, g)
		if !reflect.DeepEqual(l, latent) || !reflect.DeepEqual(e, even) || !reflect.DeepEqual(o, orders) {
			t.Errorf("%d cores find something else than one", cores)
		}
	}
}

func TestStopped(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	g := Ring(100)
	calls := 0
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	err := share(ctx, 1000, func() func(int) {
		return func(int) {
			if calls++; calls == 10 {
				stop()
			}
		}
	})
	if !errors.Is(err, context.Canceled) || calls != 10 {
		t.Errorf("%d calls, error %v", calls, err)
	}
	if _, err := Floods(ctx, g, sources(g, 100), 7); !errors.Is(err, context.Canceled) {
		t.Errorf("floods: error %v", err)
	}
}

// TestDelays: delays are spread evenly, whatever the seeds and slots; another
// seed gives others.
func TestDelays(t *testing.T) {
	const lo, hi, rounds = 20, 200, 181_000
	byOrder := []func(i int) uint32{
		func(i int) uint32 { return Delay{lo, hi, 1}.drawn().of(uint64(i)) },
		func(i int) uint32 { return Delay{lo, hi, uint64(i)}.drawn().of(1) },
		func(i int) uint32 { return Delay{lo, hi, uint64(i / 100)}.drawn().of(uint64(i % 100)) },
	}
	for n, delay := range byOrder {
		counts := make([]int, hi+1)
		near := 0
		for i := range rounds {
			d := delay(i)
			counts[d]++ // panics when it is too large
			if next := delay(i + 1); max(d, next)-min(d, next) <= 5 {
				near++
			}
		}
		chi := 0.0
		for d, count := range counts {
			if d < lo {
				if count > 0 {
					t.Errorf("%d: a delay of %d", n, d)
				}
				continue
			}
			chi += float64(count-1000) * float64(count-1000) / 1000
		}
		if chi > 260 { // of 180 degrees of freedom: once in 10,000
			t.Errorf("%d: chi square %.0f", n, chi)
		}
		if want := rounds * 0.0599; math.Abs(float64(near)-want) > 5*math.Sqrt(want) {
			t.Errorf("%d: %d neighbours are within 5 ticks, want about %.0f", n, near, want)
		}
	}
}

// TestDelayLimits: the longest delay goes; one that is longer panics, and so does
// a flood that takes more ticks than can be told.
func TestDelayLimits(t *testing.T) {
	f := NewFlooder(Line(3))
	if f.Flood(0, 2, Delay{MaxDelay, MaxDelay, 0}); f.Arrival(2) != 2*MaxDelay {
		t.Errorf("arrival at %d", f.Arrival(2))
	}
	if f.Flood(0, 2, Delay{9, 3, 0}); f.Arrival(2) != 18 {
		t.Errorf("Hi under Lo: arrival at %d, want 18", f.Arrival(2))
	}
	defer func() {
		if recover() == nil {
			t.Error("a longer delay does not panic")
		}
		defer func() {
			if recover() == nil {
				t.Error("a longer flood does not panic")
			}
		}()
		f.begin(0, 2, Delay{20, 20, 0})
		f.turn(MaxTicks + 1)
	}()
	f.Flood(0, 2, Delay{0, MaxDelay + 1, 0})
}

// TestManyEpochs: floods stay right when the epochs run out and begin anew.
func TestManyEpochs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := Random(random(rapid.Uint64().Draw(t, "seed")), 30, 60)
		f := NewFlooder(g)
		for i := range 3 {
			f.epoch = max(f.epoch, 1<<32-1-rapid.Uint32Range(0, 3000).Draw(t, "left"))
			d := Delay{20, 200, uint64(i)}
			want, order, _ := plainFirst(g, i, 7, d, nil)
			if got := f.Flood(i, 7, d); !reflect.DeepEqual(got, want) || !slices.Equal(f.Order(), order) {
				t.Fatalf("flood %d: %+v\nwant %+v", i, got, want)
			}
		}
	})
}

func TestBeforeTheFirstFlood(t *testing.T) {
	f := NewFlooder(Line(2))
	if f.Seen(0) || f.Hops(0) != -1 || f.Parent(0) != -1 || len(f.Order()) != 0 {
		t.Error("something was reached")
	}
}
