package model

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/seed282dab8e/servent/sim/graph"
)

func random(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0)) }

// at is a look at peers of which the given ones have one file each.
func at(holders ...int32) Look {
	return func(peer int32, _ int) int {
		if slices.Contains(holders, peer) {
			return 1
		}
		return 0
	}
}

// star joins node 0 to n others.
func star(n int) *graph.Graph {
	var edges []graph.Edge
	for v := range n {
		edges = append(edges, graph.Edge{A: 0, B: int32(v + 1)})
	}
	return graph.New(n+1, edges)
}

func TestMarks(t *testing.T) {
	m := newMarks(4)
	if m.has(1) || !m.add(1) || m.add(1) || !m.has(1) || m.has(2) {
		t.Error("1 was added once")
	}
	m.clear()
	if m.has(1) {
		t.Error("cleared, and holds 1")
	}
	m.add(2)
	m.now = ^uint32(0) // as after four billion searches
	m.add(0)
	m.clear()
	for i := range int32(4) {
		if m.has(i) {
			t.Errorf("cleared at the wrap, and holds %d", i)
		}
	}
}

// TestBlindForgets: what a search gives does not depend on those before.
func TestBlindForgets(t *testing.T) {
	g := graph.Random(random(1), 100, 200)
	b := NewBlind(g)
	for _, p := range []Walk{
		{Walkers: 3, Check: 4, Most: 50},
		{Walkers: 3, Check: 4, Most: 50, Keep: true},
		{Walkers: 1, Most: 20, Biased: true},
	} {
		first := b.Walk(p, 5, at(50), random(2))
		b.Ring(Flood(7), 9, at(51))
		b.Walk(p, 7, at(52), random(3))
		if again := b.Walk(p, 5, at(50), random(2)); again != first {
			t.Errorf("%+v: first %+v, later %+v", p, first, again)
		}
		if new := NewBlind(g).Walk(p, 5, at(50), random(2)); new != first {
			t.Errorf("%+v: %+v, from a new one %+v", p, first, new)
		}
	}
}

// TestBlindLooksOnce: each peer is asked once, never the searcher, and Reached
// and Hits are what was asked and answered.
func TestBlindLooksOnce(t *testing.T) {
	for seed := range uint64(20) {
		g := graph.Random(random(seed), 60, 120)
		b := NewBlind(g)
		asked := map[int32]int{}
		far := -1
		look := func(peer int32, hops int) int {
			asked[peer]++
			far = max(far, hops)
			return 2
		}
		searches := map[string]func() Found{
			"ring": func() Found { return b.Ring(Ring{First: 1, Add: 2, Most: 9, Want: 40}, 3, look) },
			"walk": func() Found { return b.Walk(Walk{Walkers: 4, Check: 3, Most: 40, Want: 30}, 3, look, random(seed)) },
		}
		for name, search := range searches {
			clear(asked)
			far = -1
			f := search()
			for peer, n := range asked {
				if n != 1 || peer == 3 {
					t.Errorf("seed %d, %s: peer %d was asked %d times", seed, name, peer, n)
				}
			}
			if f.Reached != len(asked) || f.Hits != 2*len(asked) || far > f.Last {
				t.Errorf("seed %d, %s: %+v, and %d peers were asked, up to %d hops away", seed, name, f, len(asked), far)
			}
			if f.Duplicates() != f.Messages-int64(len(asked)) {
				t.Errorf("seed %d, %s: %d duplicates of %d messages", seed, name, f.Duplicates(), f.Messages)
			}
		}
	}
}
