package gia

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

func seeded(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 7)) }

// linked makes an overlay of peers of the given classes with the given links.
func linked(class []uint8, links ...[2]int32) *Overlay {
	o := NewOverlay(seeded(1), DefaultRules(), class)
	for _, l := range links {
		o.nbrs[l[0]] = append(o.nbrs[l[0]], l[1])
		o.nbrs[l[1]] = append(o.nbrs[l[1]], l[0])
	}
	return o
}

func TestCapacities(t *testing.T) {
	if got := sizes(10000); got != [classes]int{2000, 4500, 3000, 490, 10} {
		t.Errorf("classes of 10,000 peers: %v", got)
	}
	class := Capacities(777)
	if len(class) != 777 || !slices.IsSorted(class) {
		t.Errorf("%d peers, ascending %v", len(class), slices.IsSorted(class))
	}
}

func TestBound(t *testing.T) {
	for capacity, want := range map[int32]int{1: 3, 10: 3, 16: 4, 100: 25, 511: 127, 512: 128, 10000: 128} {
		if got := DefaultRules().bound(capacity); got != want {
			t.Errorf("capacity %d: %d neighbours, want %d", capacity, got, want)
		}
	}
}

// TestWait holds T*K^-(1-S) against a pocket calculator: 10 s, 256.
func TestWait(t *testing.T) {
	for s, want := range map[float64]float64{0: 10.0 / 256, 0.25: 10.0 / 64, 0.5: 10.0 / 16, 0.75: 2.5, 1: 10} {
		got := float64(DefaultRules().wait(s)) / float64(Second)
		if math.Abs(got/want-1) > 1e-6 {
			t.Errorf("satisfaction %v: waits %v s, want %v", s, got, want)
		}
	}
}

// TestSatisfaction is algorithm 2 by hand. Peer 0 has capacity 100 and takes up
// to 25 neighbours.
func TestSatisfaction(t *testing.T) {
	class := []uint8{2, 1, 1, 1, 2, 0}
	for _, c := range []struct {
		name  string
		links [][2]int32
		want  float64
	}{
		{"alone", nil, 0},
		{"two, and three are the least", [][2]int32{{0, 1}, {0, 2}}, 0},
		{"three of 10, with nobody else", [][2]int32{{0, 1}, {0, 2}, {0, 3}}, 0.3},
		{"one of them has two", [][2]int32{{0, 1}, {0, 2}, {0, 3}, {1, 5}}, 0.25},
		{"one of 100 more than does", [][2]int32{{0, 1}, {0, 2}, {0, 4}}, 1},
	} {
		if got := linked(class, c.links...).Satisfaction(0); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
	full := linked(class, [2]int32{5, 1}, [2]int32{5, 2}, [2]int32{5, 3})
	if got := full.Satisfaction(5); got != 1 {
		t.Errorf("as many neighbours as it takes: %v, want 1", got)
	}
}

// TestDecide is algorithm 1 by hand. Peers 0 to 2 take three neighbours.
func TestDecide(t *testing.T) {
	class := []uint8{1, 1, 1, 1, 1, 1, 2, 2, 0, 3}
	full := [][2]int32{{0, 1}, {0, 2}, {0, 6}}
	crowd := append(slices.Clone(full), [2]int32{1, 3}, [2]int32{1, 4}, [2]int32{1, 5}, [2]int32{1, 8}, [2]int32{1, 9})
	for _, c := range []struct {
		name  string
		links [][2]int32
		y     int32
		drop  int32
		ok    bool
	}{
		{"room", full[:2], 3, -1, true},
		{"no neighbour is as weak as 8", full, 8, -1, false},
		{"9 is above all; of those with most links the first goes", full, 9, 1, true},
		{"7 is not above 6", full, 7, 1, false},
		{"five more than 3 are not enough", crowd, 3, 1, false},
		{"six more than 7 are", crowd, 7, 1, true},
	} {
		o := linked(class, c.links...)
		drop, ok := o.decide(0, c.y)
		if ok != c.ok || ok && drop != c.drop {
			t.Errorf("%s: drops %d, takes %v; want %d, %v", c.name, drop, ok, c.drop, c.ok)
		}
	}
}

// TestOverlayHoldsTogether: at all times links are mutual, nobody has more than
// it takes, and in the end the network is one and the least capable are satisfied; others
// may want more neighbours than a small network has to spare.
func TestOverlayHoldsTogether(t *testing.T) {
	for seed := range uint64(5) {
		class := Capacities(1000)
		o := NewOverlay(seeded(seed), DefaultRules(), class)
		for _, s := range []time.Duration{1, 3, 10, 40, 300} {
			o.Adapt(s * time.Second)
			checkLinks(t, o)
		}
		if parts := o.Graph().Components(); len(parts) != 1 {
			t.Errorf("seed %d: parts of %v", seed, parts)
		}
		for v := range class {
			if s := o.Satisfaction(int32(v)); s < 1 && class[v] < 2 {
				t.Fatalf("seed %d: peer %d of class %d is satisfied to %v", seed, v, class[v], s)
			}
		}
	}
}

func checkLinks(t *testing.T, o *Overlay) {
	t.Helper()
	for v, list := range o.nbrs {
		if most := o.rules.bound(o.capacity[v]); len(list) > most {
			t.Fatalf("peer %d has %d neighbours and takes %d", v, len(list), most)
		}
		for i, w := range list {
			if int(w) == v || slices.Contains(list[:i], w) || !slices.Contains(o.nbrs[w], int32(v)) {
				t.Fatalf("peer %d has %v, peer %d has %v", v, list, w, o.nbrs[w])
			}
		}
	}
}

func TestOverlayIsReproducible(t *testing.T) {
	grow := func(seed uint64) [][]int32 {
		o := NewOverlay(seeded(seed), DefaultRules(), Capacities(300))
		o.Adapt(50 * time.Second)
		return o.nbrs
	}
	same := func(a, b [][]int32) bool {
		return slices.EqualFunc(a, b, func(x, y []int32) bool { return slices.Equal(x, y) })
	}
	if !same(grow(1), grow(1)) || same(grow(1), grow(2)) {
		t.Error("links are not those of the seed")
	}
}
