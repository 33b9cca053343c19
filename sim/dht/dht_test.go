package dht

import (
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func random(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0)) }

// overlays has one of each kind, small lists and long.
func overlays(ring *Ring) []Overlay {
	return []Overlay{
		NewChord(ring, 1), NewChord(ring, 16), NewListChord(ring, 8),
		NewKademlia(ring, 1, 1), NewKademlia(ring, 4, 3), NewKademlia(ring, 20, 3),
		NewPastry(ring, 2), NewPastry(ring, 16), NewPlaxton(ring, 1), NewPlaxton(ring, 3),
	}
}

// drawRing draws a ring of up to 60 nodes whose identifiers share many digits
// or few, and a key that may be one of them.
func drawRing(t *rapid.T) (*Ring, ID) {
	mask := rapid.SampledFrom([]ID{^ID(0), 0xff, 0xff << 56, 0xf0f << 40}).Draw(t, "mask")
	ids := rapid.SliceOfN(rapid.Uint64(), 1, 60).Draw(t, "ids")
	ring := make([]ID, len(ids))
	for i, id := range ids {
		ring[i] = ID(id) & mask
	}
	key := ID(rapid.Uint64().Draw(t, "key"))
	if rapid.Bool().Draw(t, "near") {
		key = ring[0] + ID(rapid.IntRange(-1, 1).Draw(t, "by"))
	}
	return NewRing(ring), key
}

// owner says by the definition of each kind who owns key: the node for which no
// other comes first.
func owner(o Overlay, r *Ring, key ID, dead Dead) int32 {
	first := map[string]func(v, w int32) bool{
		"Chord":    func(v, w int32) bool { return r.ID(v)-key < r.ID(w)-key },
		"Kademlia": func(v, w int32) bool { return r.ID(v)^key < r.ID(w)^key },
		"Pastry": func(v, w int32) bool {
			a, b := min(r.ID(v)-key, key-r.ID(v)), min(r.ID(w)-key, key-r.ID(w))
			return a < b || a == b && r.ID(v)-key < r.ID(w)-key
		},
		"Plaxton": func(v, w int32) bool { // digit by digit the least step up from the key's
			for shift := 60; shift >= 0; shift -= 4 {
				a, b := (r.ID(v)>>shift-key>>shift)&15, (r.ID(w)>>shift-key>>shift)&15
				if a != b {
					return a < b
				}
			}
			return false
		},
	}[o.Name()]
	best := int32(-1)
	for v := range int32(r.Len()) {
		if !dead.has(v) && (best < 0 || first(v, best)) {
			best = v
		}
	}
	return best
}

func drawDead(t *rapid.T, n int) Dead {
	return rapid.SliceOfN(rapid.Bool(), n, n).Draw(t, "dead")
}

func TestOwnerIsByDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ring, key := drawRing(t)
		dead := drawDead(t, ring.Len())
		for _, o := range overlays(ring) {
			if got, want := o.Owner(key, nil), owner(o, ring, key, nil); got != want {
				t.Errorf("%s: owner of %x is %d, want %d", o.Name(), key, got, want)
			}
			if got, want := o.Owner(key, dead), owner(o, ring, key, dead); got != want {
				t.Errorf("%s: owner of %x with dead %v is %d, want %d", o.Name(), key, dead, got, want)
			}
		}
	})
}

func TestLookupsEndAtTheOwner(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ring, key := drawRing(t)
		from := int32(rapid.IntRange(0, ring.Len()-1).Draw(t, "from"))
		var p Path
		for i, o := range overlays(ring) {
			o.Lookup(from, key, nil, &p)
			if !p.Found || p.Owner != owner(o, ring, key, nil) || p.Timeouts != 0 {
				t.Errorf("%d %s: %+v, want the owner %d", i, o.Name(), p, owner(o, ring, key, nil))
			}
			if p.Hops > 0 && !slices.Contains(p.Asked, p.Owner) {
				t.Errorf("%d %s: the owner %d is not among those asked: %v", i, o.Name(), p.Owner, p.Asked)
			}
		}
	})
}

// TestLookupsAmongDead checks what must hold however many have left: a lookup
// ends, says truly whether it found the owner, asks nobody twice when he is
// dead, and counts whom it asked.
func TestLookupsAmongDead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ring, key := drawRing(t)
		dead := drawDead(t, ring.Len())
		from := int32(rapid.IntRange(0, ring.Len()-1).Draw(t, "from"))
		dead[from] = false
		var p Path
		for i, o := range overlays(ring) {
			o.Lookup(from, key, dead, &p)
			if p.Found != (p.Owner == owner(o, ring, key, dead)) {
				t.Errorf("%d %s: found %v at %d", i, o.Name(), p.Found, p.Owner)
			}
			gone := slices.DeleteFunc(slices.Clone(p.Asked), func(v int32) bool { return !dead[v] })
			slices.Sort(gone)
			if len(gone) != p.Timeouts || len(slices.Compact(gone)) != p.Timeouts {
				t.Errorf("%d %s: %d timeouts at %v", i, o.Name(), p.Timeouts, gone)
			}
			if p.Messages() != 2*len(p.Asked)-p.Timeouts {
				t.Errorf("%d %s: %d messages", i, o.Name(), p.Messages())
			}
		}
	})
}

// TestListsBearLoss shows that longer lists find what short ones do not.
func TestListsBearLoss(t *testing.T) {
	r := random(1)
	ring := RandomRing(r, 2000)
	dead := make(Dead, ring.Len())
	for _, v := range r.Perm(ring.Len())[:600] {
		dead[v] = true
	}
	found := func(o Overlay) (n int) {
		r := random(2)
		var p Path
		for range 1000 {
			from := int32(r.IntN(ring.Len()))
			for dead[from] {
				from = int32(r.IntN(ring.Len()))
			}
			o.Lookup(from, ID(r.Uint64()), dead, &p)
			if p.Found {
				n++
			}
		}
		return n
	}
	pairs := [][2]Overlay{
		{NewChord(ring, 1), NewChord(ring, 20)},
		{NewKademlia(ring, 1, 1), NewKademlia(ring, 20, 3)},
		{NewPastry(ring, 2), NewPastry(ring, 32)},
		{NewPlaxton(ring, 1), NewPlaxton(ring, 3)},
	}
	for _, p := range pairs {
		if few, many := found(p[0]), found(p[1]); few > 900 || many <= few || many < 930 {
			t.Errorf("%s: of 1000 keys found %d with short lists, %d with long", p[0].Name(), few, many)
		}
	}
}

func TestSameLookupTwice(t *testing.T) {
	a, b := overlays(RandomRing(random(3), 500)), overlays(RandomRing(random(3), 500))
	var p, q Path
	b[5].Lookup(1, 2, nil, &q) // a used path, and lookups in another order, change nothing
	for i := range a {
		a[i].Lookup(7, Hash(uint64(i)), nil, &p)
		b[i].Lookup(7, Hash(uint64(i)), nil, &q)
		if p.Hops != q.Hops || !slices.Equal(p.Asked, q.Asked) {
			t.Errorf("%s: %v and %v", a[i].Name(), p.Asked, q.Asked)
		}
	}
}

func TestLookupsAllocateNothing(t *testing.T) {
	ring := RandomRing(random(4), 5000)
	var p Path
	for i, o := range overlays(ring) {
		key := uint64(0)
		run := func() {
			key++
			o.Lookup(int32(key%5000), Hash(key), nil, &p)
		}
		for range 2000 {
			run()
		}
		if n := testing.AllocsPerRun(200, run); n >= 1 {
			t.Errorf("%d %s: %v allocations a lookup", i, o.Name(), n)
		}
	}
}

func BenchmarkLookup(b *testing.B) {
	ring := RandomRing(random(5), 1_000_000)
	for _, o := range []Overlay{NewChord(ring, 16), NewKademlia(ring, 20, 3), NewPastry(ring, 16), NewPlaxton(ring, 3)} {
		b.Run(o.Name(), func(b *testing.B) {
			var p Path
			r := random(6)
			for b.Loop() {
				o.Lookup(int32(r.IntN(ring.Len())), ID(r.Uint64()), nil, &p)
			}
		})
	}
}

// TestPickIsFair: whatever the block's size, each node is chosen, and is first,
// as often as the others.
func TestPickIsFair(t *testing.T) {
	for _, m := range []int32{1, 2, 3, 5} {
		chosen, first := make([]int, m), make([]int, m)
		const times = 20_000
		for seed := range ID(times) {
			got := pick(block{10, 10 + m}, 3, seed<<20, nil)
			if len(got) != min(3, int(m)) {
				t.Fatalf("%d of %d: %v", 3, m, got)
			}
			first[got[0]-10]++
			for _, v := range got {
				chosen[v-10]++
			}
		}
		for v := range m {
			near(t, "chosen", float64(chosen[v])/times, min(1, 3/float64(m)), 0.02)
			near(t, "first", float64(first[v])/times, 1/float64(m), 0.02)
		}
	}
}

// TestEntries counts what tables hold by looking at all nodes.
func TestEntries(t *testing.T) {
	ring := RandomRing(random(8), 400)
	kinds := []Overlay{NewChord(ring, 6), NewKademlia(ring, 7, 3), NewPastry(ring, 8), NewPlaxton(ring, 3)}
	for v := range int32(400) {
		known := map[int32]bool{}
		var shared [65]int        // nodes, by the leading bits that they share with v
		var slots [16][16]int     // by shared digits and the next one
		for i := range int32(6) { // the list
			known[ring.step(v, i+1)] = true
		}
		for i := range 64 {
			known[ring.successor(ring.ID(v)+1<<i)] = true
		}
		delete(known, v)
		for w := range int32(400) {
			if w != v {
				n := common(ring.ID(v), ring.ID(w))
				shared[n]++
				slots[n/4][ring.ID(w)>>(60-n/4*4)&15]++
			}
		}
		want := [4]int{len(known), 0, 8, 0}
		for _, n := range shared {
			want[1] += min(7, n)
		}
		for _, row := range slots {
			for _, n := range row {
				want[2] += min(1, n)
				want[3] += min(3, n)
			}
		}
		for i, o := range kinds {
			if got := o.Entries(v); got != want[i] {
				t.Fatalf("%s: node %d has %d entries, want %d", o.Name(), v, got, want[i])
			}
		}
	}
}

func TestHolders(t *testing.T) {
	ring := RandomRing(random(9), 30)
	for _, o := range overlays(ring) {
		key := ID(12345) << 40
		gone := make(Dead, 30)
		for i, v := range Holders(o, key, 5, nil) {
			if want := owner(o, ring, key, gone); v != want {
				t.Errorf("%s: holder %d is %d, want %d", o.Name(), i, v, want)
			}
			gone[v] = true
		}
		if all := Holders(o, key, 100, nil); len(all) != 30 {
			t.Errorf("%s: %d nodes hold 100 copies", o.Name(), len(all))
		}
	}
}

// TestKademliaAsksTheNearest: before a value is stored, the k nearest that are up
// have been asked; a lookup for a value ends earlier.
func TestKademliaAsksTheNearest(t *testing.T) {
	const n, k = 500, 10
	r := random(10)
	ring := RandomRing(r, n)
	o := NewKademlia(ring, k, 3)
	dead := make(Dead, n)
	for _, v := range r.Perm(n)[:150] {
		dead[v] = true
	}
	var p Path
	asked, missed := 0, 0
	for range 200 {
		key, from := ID(r.Uint64()), int32(r.IntN(n))
		if dead[from] {
			continue
		}
		o.Lookup(from, key, dead, &p)
		asked -= len(p.Asked)
		o.Nodes(from, key, dead, &p)
		asked += len(p.Asked)
		gone := slices.Clone(dead)
		for range k {
			v := owner(o, ring, key, gone)
			gone[v] = true
			if v != from && !slices.Contains(p.Asked, v) {
				missed++
			}
		}
	}
	if missed > 140 || asked < 140*5 { // of some 1400
		t.Errorf("%d of the nearest were not asked; %d more asked than for a value", missed, asked)
	}
}

// TestPastryAmong: the leaf set of a node reaches from the first of it to the last.
func TestPastryAmong(t *testing.T) {
	r := random(11)
	o := NewPastry(RandomRing(r, 100), 8)
	for range 2000 {
		v, key := int32(r.IntN(100)), ID(r.Uint64())
		first, last := o.ID(o.step(v, -4)), o.ID(o.step(v, 4))
		if got, want := o.among(v, key), key-first <= last-first; got != want {
			t.Fatalf("key %x at %d: %v, from %x to %x", key, v, got, first, last)
		}
	}
}

// TestPastryAmongDead: until the key is among a leaf set, lookups go to nodes that
// share as many digits with it or more; and the rest of the table finds ways
// where the leaf set alone knows none.
func TestPastryAmongDead(t *testing.T) {
	const n = 5000
	r := random(12)
	o := NewPastry(RandomRing(r, n), 4)
	dead := make(Dead, n)
	for _, v := range r.Perm(n)[:n/3] {
		dead[v] = true
	}
	var p Path
	lookups, found := 0, 0
	for range 2000 {
		key, v := ID(r.Uint64()), int32(r.IntN(n))
		if dead[v] {
			continue
		}
		o.Lookup(v, key, dead, &p)
		lookups++
		if p.Found {
			found++
		}
		for _, w := range p.Asked {
			if dead[w] {
				continue
			}
			if !o.among(v, key) && common(o.ID(w), key)/digit < common(o.ID(v), key)/digit {
				t.Fatalf("from %x to %x on the way to %x", o.ID(v), o.ID(w), key)
			}
			v = w
		}
	}
	if found*10 < lookups*9 {
		t.Errorf("found %d of %d", found, lookups)
	}
}

// TestNoticed: where the neighbours of the dead do without them, nobody asks a dead
// one among its 16 successors, or eight on each side; others still run into them.
// So nodes that know all of a small ring have no timeouts.
func TestNoticed(t *testing.T) {
	for _, n := range []int{12, 3000} {
		r := random(13)
		ring := RandomRing(r, n)
		dead := make(Dead, n)
		for _, v := range r.Perm(n)[:n/3] {
			dead[v] = true
		}
		chord, pastry := NewChord(ring, 16), NewPastry(ring, 16)
		chord.Noticed, pastry.Noticed = dead, dead
		for i, o := range []Overlay{chord, pastry} {
			near := func(v, w int32) bool {
				return i == 0 && ring.ahead(v, w) <= 16 || i == 1 && min(ring.ahead(v, w), ring.ahead(w, v)) <= 8
			}
			var p Path
			timeouts := 0
			for range 3000 {
				v := int32(r.IntN(n))
				if dead[v] {
					continue
				}
				o.Lookup(v, ID(r.Uint64()), dead, &p)
				timeouts += p.Timeouts
				for _, w := range p.Asked {
					if dead[w] && near(v, w) {
						t.Fatalf("%s of %d: node %d asks %d", o.Name(), n, v, w)
					}
					if !dead[w] {
						v = w
					}
				}
				if !p.Found && n == 12 {
					t.Errorf("%s: the owner was not found", o.Name())
				}
			}
			if timeouts == 0 != (n == 12) {
				t.Errorf("%s of %d: %d timeouts", o.Name(), n, timeouts)
			}
		}
	}
}
