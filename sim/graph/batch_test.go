package graph

import (
	"reflect"
	"testing"

	"pgregory.net/rapid"
)

// TestBatch: floods that run at once are those that run one by one.
func TestBatch(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := anyGraph(t)
		n := rapid.SampledFrom([]int{1, 63, 64, 65, laneCount - 1, laneCount}).Draw(t, "floods")
		from := sources(g, n)
		b := newBatch(coreOf(g))
		for range 2 {
			ttl := rapid.IntRange(-1, 12).Draw(t, "ttl")
			floods := make([]Flood, n)
			b.flood(from, ttl, floods)
			for i, got := range floods {
				if want := plainFlood(g, int(from[i]), ttl); !reflect.DeepEqual(got, want) {
					t.Fatalf("flood %d from %d: %+v\nwant %+v", i, from[i], got, want)
				}
			}
		}
	})
}

// TestLaneCounter: lanes are counted as if one by one, through all carries.
func TestLaneCounter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var (
			c         laneCounter
			got, want [laneCount]hopCount
		)
		r := random(rapid.Uint64().Draw(t, "seed"))
		for round := range 3 { // it counts from 0 each time
			weight := hopCount{1 + round, 7 * round}
			for range rapid.IntRange(0, 100).Draw(t, "sets") {
				set := c.next()
				for i := range set {
					set[i] = r.Uint64() | r.Uint64()
				}
				if r.IntN(4) == 0 {
					continue // not kept
				}
				c.keep()
				for lane := range want {
					if set[lane/64]>>(lane%64)&1 != 0 {
						want[lane].reached += weight.reached
						want[lane].degrees += weight.degrees
					}
				}
			}
			c.take(weight, &got)
		}
		if got != want {
			t.Fatalf("lane 0 counts %v, want %v", got[0], want[0])
		}
	})
}

// TestCore: the core has no leaves, and every node's neighbours are found again.
func TestCore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := anyGraph(t)
		c := coreOf(g)
		leaves := 0
		for v := range g.Len() {
			n := int(c.number[v])
			if c.isLeaf(v) {
				leaves++
				if parent := g.Neighbours(v)[0]; int(c.number[parent]) != n || c.isLeaf(int(parent)) {
					t.Fatalf("leaf %d of %d is counted at %d", v, parent, n)
				}
				continue
			}
			if c.Degree(n)+int(c.leaves[n]) != g.Degree(v) {
				t.Fatalf("node %d: %d neighbours and %d leaves, want %d", v, c.Degree(n), c.leaves[n], g.Degree(v))
			}
		}
		if c.Len()+leaves != g.Len() || int(c.first[len(c.first)-1]) != c.Len() {
			t.Fatalf("%d nodes of %d, %d leaves, classes from %v", c.Len(), g.Len(), leaves, c.first)
		}
		for i, begin := range c.first[:len(c.first)-1] {
			for v := begin; v < c.first[i+1]; v++ {
				if c.Degree(int(v)) != c.Degree(int(begin)) {
					t.Fatalf("nodes %d and %d are of one class", begin, v)
				}
			}
		}
	})
}
