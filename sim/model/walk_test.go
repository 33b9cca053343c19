package model

import (
	"math"
	"testing"

	"github.com/seed282dab8e/servent/sim/graph"
)

func TestWalk(t *testing.T) {
	tests := []struct {
		name    string
		g       *graph.Graph
		p       Walk
		holders []int32
		want    Found
	}{
		{"there and back", graph.Line(2), Walk{Walkers: 1, Most: 5}, []int32{1}, Found{Messages: 5, Reached: 1, Covered: 1, Hits: 1, Hops: 1, Last: 5}},
		{"check ends it", graph.Line(2), Walk{Walkers: 2, Check: 4, Most: 9}, []int32{1}, Found{Messages: 8, Checks: 2, Reached: 1, Covered: 1, Hits: 1, Hops: 1, Last: 4}},
		{"check in time", graph.Line(2), Walk{Walkers: 2, Check: 1, Most: 9}, []int32{1}, Found{Messages: 2, Checks: 2, Reached: 1, Covered: 1, Hits: 1, Hops: 1, Last: 1}},
		{"nothing there", graph.Line(2), Walk{Walkers: 3, Check: 4, Most: 9}, nil, Found{Messages: 27, Checks: 6, Reached: 1, Covered: 1, Hops: -1, Last: 9}},
		{"two wanted", graph.Line(2), Walk{Walkers: 1, Check: 2, Most: 6, Want: 2}, []int32{1}, Found{Messages: 6, Checks: 3, Reached: 1, Covered: 1, Hits: 1, Hops: 1, Last: 6}},
		{"nobody there", graph.Line(1), Walk{Walkers: 3, Check: 4, Most: 9}, nil, Found{Hops: -1}},
		{"no walkers", graph.Line(2), Walk{Check: 1, Most: 2}, []int32{1}, Found{Hops: -1, Last: 2}},
		{"no steps", graph.Line(2), Walk{Walkers: 3}, []int32{1}, Found{Hops: -1}},
		// Of peers that keep what they sent, three walkers take three ways.
		{"kept", star(3), Walk{Walkers: 3, Most: 1, Keep: true}, []int32{1, 2, 3}, Found{Messages: 3, Reached: 3, Covered: 3, Hits: 3, Hops: 1, Last: 1}},
		{"kept, and all ways taken", star(3), Walk{Walkers: 5, Most: 1, Keep: true}, nil, Found{Messages: 5, Reached: 3, Covered: 3, Hops: -1, Last: 1}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := NewBlind(tt.g).Walk(tt.p, 0, at(tt.holders...), random(1)); got != tt.want {
				t.Errorf("found %+v\nwant  %+v", got, tt.want)
			}
		})
	}
}

// TestWalkIndex: peers answer for those next to them; what the searcher's own
// neighbours have it knows without a message.
func TestWalkIndex(t *testing.T) {
	p := Walk{Walkers: 1, Check: 1, Most: 9, Index: true, Biased: true}
	b := NewBlind(graph.Line(10))
	if got, want := b.Walk(p, 0, at(1), random(1)), (Found{Covered: 1, Hits: 1}); got != want {
		t.Errorf("next to it: %+v, want %+v", got, want)
	}
	want := Found{Messages: 3, Checks: 3, Reached: 3, Covered: 4, Hits: 1, Hops: 3, Last: 3}
	if got := b.Walk(p, 0, at(4), random(1)); got != want {
		t.Errorf("four away: %+v, want %+v", got, want)
	}
}

// TestWalkLoses: a walker that cannot get to a peer stays and tries another.
func TestWalkLoses(t *testing.T) {
	b := NewBlind(graph.Line(3))
	asked := 0
	b.Sent = func(_ int, from, to int32) bool {
		if asked++; from != 1 {
			t.Errorf("a walker is at %d", from)
		}
		return to != 0
	}
	// It goes to 0 in vain, which has no more links than 2 and stands before it.
	f := b.Walk(Walk{Walkers: 1, Check: 1, Most: 2, Biased: true, Want: 2}, 1, at(2), random(1))
	if want := (Found{Messages: 2, Checks: 2, Lost: 1, Reached: 1, Covered: 1, Hits: 1, Hops: 2, Last: 2}); f != want || asked != 2 {
		t.Errorf("found %+v\nwant  %+v", f, want)
	}
}

// TestWalkGoesAllWays: of 4000 walkers about a quarter take each of four links.
func TestWalkGoesAllWays(t *testing.T) {
	b, r := NewBlind(star(4)), random(1)
	for _, keep := range []bool{false, true} {
		var went [5]int
		for range 4000 {
			b.Walk(Walk{Walkers: 1, Most: 1, Keep: keep}, 0, func(peer int32, _ int) int { went[peer]++; return 0 }, r)
		}
		for v := 1; v <= 4; v++ {
			if went[v] < 880 || went[v] > 1120 {
				t.Errorf("keep %v: %v", keep, went)
			}
		}
	}
}

// TestWalkHittingTime holds the mean steps to a peer against what is known of
// random walks: d(n-d) to distance d on a ring of n, n-1 in a clique, (n-1)²
// from end to end of a line.
func TestWalkHittingTime(t *testing.T) {
	tests := []struct {
		name   string
		g      *graph.Graph
		holder int32
		want   float64
	}{
		{"ring", graph.Ring(10), 3, 21},
		{"clique", graph.Clique(12), 7, 11},
		{"line", graph.Line(6), 5, 25},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			const runs = 20_000
			b, r, steps := NewBlind(tt.g), random(4), 0
			for range runs {
				f := b.Walk(Walk{Walkers: 1, Check: 1, Most: 10_000}, 0, at(tt.holder), r)
				if f.Hops != f.Last || f.Messages != int64(f.Last) {
					t.Fatalf("found %+v: one walker that always asks ends at its hit", f)
				}
				steps += f.Hops
			}
			if mean := float64(steps) / runs; math.Abs(mean/tt.want-1) > 0.03 {
				t.Errorf("%.2f steps, want %g", mean, tt.want)
			}
		})
	}
}

// TestWalkByBruteForce: two walkers in a clique of 4 of whom one has the file miss
// it with 4/9 at each step; the mean of the steps to the hit is 9/5.
func TestWalkByBruteForce(t *testing.T) {
	const runs = 20_000
	b, r, steps := NewBlind(graph.Clique(4)), random(5), 0
	for range runs {
		steps += b.Walk(Walk{Walkers: 2, Check: 4, Most: 1000}, 0, at(3), r).Hops
	}
	if mean := float64(steps) / runs; math.Abs(mean/1.8-1) > 0.03 {
		t.Errorf("%.3f steps, want 1.8", mean)
	}
}

// TestWalkBiased: from 0 the walk goes to the peers with most links first, and
// back to no one before all around have the query.
func TestWalkBiased(t *testing.T) {
	//   4 - 1 - 0 - 2 - 3     degrees: 1 has 3, 2 has 4
	//       |       |\
	//       5       6 7
	g := graph.New(8, []graph.Edge{{A: 0, B: 1}, {A: 0, B: 2}, {A: 1, B: 4}, {A: 1, B: 5}, {A: 2, B: 3}, {A: 2, B: 6}, {A: 2, B: 7}})
	var way []int32
	look := func(peer int32, hops int) int { way = append(way, peer, int32(hops)); return 0 }
	f := NewBlind(g).Walk(Walk{Walkers: 1, Most: 3, Biased: true}, 0, look, random(1))
	// 2 has most links; of its equal neighbours 3 is first; from there it can only go back.
	if want := []int32{2, 1, 3, 2}; len(way) != 4 || [4]int32(way) != [4]int32(want) {
		t.Errorf("way %v, want %v", way, want)
	}
	if want := (Found{Messages: 3, Reached: 2, Covered: 2, Hops: -1, Last: 3}); f != want {
		t.Errorf("found %+v, want %+v", f, want)
	}
}

func TestBlindAllocatesNothing(t *testing.T) {
	b, r, look := NewBlind(graph.Random(random(1), 1000, 3000)), random(1), at(500)
	n := testing.AllocsPerRun(20, func() {
		b.Ring(Ring{First: 1, Add: 2, Most: 9}, 3, look)
		b.Walk(Walk{Walkers: 32, Check: 4, Most: 500, Keep: true}, 3, look, r)
	})
	if n > 1 { // a ring that is wider than those before
		t.Errorf("%v allocations a search", n)
	}
}
