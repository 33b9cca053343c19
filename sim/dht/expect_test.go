package dht

import (
	"math"
	"testing"
)

// meanHops looks up a hundred keys from random nodes of each of several rings.
func meanHops(seed uint64, n, rings int, build func(*Ring) Overlay) float64 {
	const keys = 100
	r := random(seed)
	hops := 0
	var p Path
	for range rings {
		o := build(RandomRing(r, n))
		for range keys {
			o.Lookup(int32(r.IntN(n)), ID(r.Uint64()), nil, &p)
			hops += p.Hops
		}
	}
	return float64(hops) / float64(rings*keys)
}

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if math.Abs(got-want) > tolerance {
		t.Errorf("%s: %.4f, want %.4f +- %.4f", what, got, want, tolerance)
	}
}

// TestEvenChordIsExact: with equal distances the hops to the predecessor are
// the ones in the binary number of places to it.
func TestEvenChordIsExact(t *testing.T) {
	for log := 1; log <= 10; log++ {
		ring := EvenRing(log)
		c := NewChord(ring, 4)
		n, hops := ring.Len(), 0
		var p Path
		for v := range int32(n) {
			c.Lookup(5%int32(n), ring.ID(v)-1, nil, &p)
			hops += p.Hops - 1
		}
		if 2*hops != n*log {
			t.Errorf("2^%d nodes: %d hops to all, want %d", log, hops, n*log/2)
		}
	}
}

func TestChordIsAsExpected(t *testing.T) {
	for _, n := range []int{64, 100, 1000, 1500} {
		got := meanHops(1, n, 400, func(r *Ring) Overlay { return NewChord(r, 8) }) - 1
		near(t, "Chord", got, ChordHops(n), 0.03)
	}
	near(t, "offset at 2^20", ChordHops(1<<20)-10, -0.1373, 0.0005)
	near(t, "offset at 10^5", ChordHops(100_000)-math.Log2(100_000)/2, -0.1375, 0.0005)
}

// TestChordFollowsItsFingers holds lookups against fingers and jumps that are
// found by looking at all nodes.
func TestChordFollowsItsFingers(t *testing.T) {
	for seed := range uint64(4) {
		ring := RandomRing(random(seed), 50)
		followChord(t, ring, NewChord(ring, 5), 0)
		followChord(t, ring, NewListChord(ring, 5), 5)
	}
}

// followChord jumps to fingers and to so many nodes that come next.
func followChord(t *testing.T, ring *Ring, c *Chord, list int32) {
	t.Helper()
	r := random(2)
	var p Path
	for range 300 {
		from, key := int32(r.IntN(50)), ID(r.Uint64())
		hops := 1
		for v := from; ; hops++ {
			best := v
			for i := range min(list, ring.ahead(v, ring.successor(key))-1) {
				best = ring.step(v, i+1)
			}
			for i := range 64 {
				f := v
				for w := range int32(50) {
					if ring.ID(w)-ring.ID(v)-1<<i < ring.ID(f)-ring.ID(v)-1<<i {
						f = w
					}
				}
				if d := ring.ID(f) - ring.ID(v); d < key-ring.ID(v) && d > ring.ID(best)-ring.ID(v) {
					best = f
				}
			}
			if best == v {
				break
			}
			v = best
		}
		if c.Lookup(from, key, nil, &p); p.Hops != hops {
			t.Fatalf("from %d to %x: %d hops, want %d", from, key, p.Hops, hops)
		}
	}
}

func TestPlaxtonIsAsExpected(t *testing.T) {
	near(t, "one node", PlaxtonHops(1), 0, 0)
	near(t, "two nodes", PlaxtonHops(2), 0.5, 1e-9) // either may be the root
	for _, n := range []int{3, 10, 16, 100, 1000} {
		got := meanHops(2, n, 400, func(r *Ring) Overlay { return NewPlaxton(r, 1) })
		near(t, "Plaxton", got, PlaxtonHops(n), 0.015)
	}
	got := meanHops(2, 500, 400, func(r *Ring) Overlay { return NewPlaxton(r, 3) })
	near(t, "Plaxton with backups", got, PlaxtonHops(500), 0.015)
	// Sixteen times as many nodes take 15/16 of a hop more, the digits that
	// agree by chance not being hops.
	near(t, "growth", PlaxtonHops(1<<16)-PlaxtonHops(1<<12), 15./16, 1e-3)
}

func TestKademliaIsAsExpected(t *testing.T) {
	near(t, "two nodes", KademliaHops(2, 20), 0.5, 1e-9)
	for _, k := range []int{1, 3, 20} {
		for _, n := range []int{3, 30, 1000, 3000} {
			got := meanHops(3, n, 200, func(r *Ring) Overlay { return NewKademlia(r, k, 1) })
			near(t, "Kademlia", got, KademliaHops(n, k), 0.03)
		}
	}
	near(t, "bits, k=1", KademliaBits(1), 2, 1e-9)
	near(t, "bits, k=2", KademliaBits(2), 1+2-1./3, 1e-9) // sum of 2/2^i - 1/4^i, and 1
	for _, k := range []int{1, 20} {
		near(t, "growth", KademliaHops(1<<20, k)-KademliaHops(1<<14, k), 6/KademliaBits(k), 0.02)
	}
}

// TestPastryAsPublished: 100,000 nodes, b = 4, l = 16; Rowstron, Druschel 2001,
// figure 5 has the shares of 1 to 5 hops as told here from memory.
func TestPastryAsPublished(t *testing.T) {
	r := random(4)
	o := NewPastry(RandomRing(r, 100_000), 16)
	var p Path
	var share [16]float64
	const keys = 20_000
	for range keys {
		o.Lookup(int32(r.IntN(o.Len())), ID(r.Uint64()), nil, &p)
		share[p.Hops] += 1. / keys
	}
	for hops, want := range []float64{0, 0.0006, 0.0156, 0.1643, 0.6449, 0.1745, 0} {
		near(t, "share", share[hops], want, 0.03)
	}
}

func TestBinomial(t *testing.T) {
	for _, c := range []struct {
		m int
		p float64
	}{{0, 0.5}, {1, 0.25}, {7, 0.5}, {300, 1. / 16}, {5, 1}} {
		lo, weights := binomial(c.m, c.p)
		sum, mean := 0.0, 0.0
		for i, w := range weights {
			sum += w
			mean += w * float64(lo+i)
		}
		near(t, "sum", sum, 1, 1e-9)
		near(t, "mean", mean, float64(c.m)*c.p, 1e-9)
	}
	_, w := binomial(3, 0.5)
	for i, want := range []float64{1. / 8, 3. / 8, 3. / 8, 1. / 8} {
		near(t, "of three", w[i], want, 1e-15)
	}
}
