package gia

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

func TestMask(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		slots := rapid.SliceOfDistinct(rapid.IntRange(0, maxDegree-1), rapid.ID[int]).Draw(t, "slots")
		n := rapid.IntRange(0, maxDegree).Draw(t, "below")
		var m mask
		in := make(map[int]bool)
		lowest := maxDegree
		for _, i := range slots {
			m.set(i)
			in[i] = true
			lowest = min(lowest, i)
		}
		for i := range maxDegree {
			if m.has(i) != in[i] || m.and(below(n)).has(i) != (in[i] && i < n) || m.not(below(n)).has(i) != (in[i] && i >= n) {
				t.Fatalf("slot %d of %v, below %d", i, slots, n)
			}
		}
		if m.len() != len(slots) || m.empty() != (len(slots) == 0) {
			t.Fatalf("%v: %d slots, empty %v", slots, m.len(), m.empty())
		}
		if len(slots) == 0 {
			return
		}
		if m.first() != lowest {
			t.Fatalf("first of %v is %d", slots, m.first())
		}
		m.clear(slots[0])
		if m.has(slots[0]) || m.len() != len(slots)-1 {
			t.Fatalf("%d of %v was not cleared", slots[0], slots)
		}
	})
}

// TestMaskAny: each slot is as likely, in both words.
func TestMaskAny(t *testing.T) {
	var m mask
	for _, i := range []int{0, 5, 63, 64, 100, 127} {
		m.set(i)
	}
	r, counts := seeded(3), make([]int, maxDegree)
	for range 60000 {
		counts[m.any(r)]++
	}
	for i, n := range counts {
		if m.has(i) && (n < 9500 || n > 10500) || !m.has(i) && n > 0 {
			t.Errorf("slot %d came %d times of 60,000", i, n)
		}
	}
}

// TestTried holds the book against a map, with peers of few slots and of many,
// from the first mark until the book holds all pages.
func TestTried(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := &Network{start: []int32{0}}
		for _, slots := range rapid.SliceOfN(rapid.IntRange(1, maxDegree), 1, 60).Draw(t, "slots") {
			n.class = append(n.class, 0)
			n.start = append(n.start, n.start[len(n.start)-1]+int32(slots))
		}
		n.paginate()
		var book tried
		for range 3 { // again with the memory of what was before
			want := make([]mask, len(n.class))
			for range rapid.IntRange(0, 400).Draw(t, "marks") {
				v := rapid.Int32Range(0, int32(len(want))-1).Draw(t, "peer")
				if rapid.IntRange(0, 9).Draw(t, "flush") == 0 {
					book.flush(n, v)
					want[v] = mask{}
					continue
				}
				slot := rapid.IntRange(0, n.degree(v)-1).Draw(t, "slot")
				book.mark(n, v, slot)
				want[v].set(slot)
			}
			for v := range want {
				if got := book.of(n, int32(v)); got != want[v] {
					t.Fatalf("peer %d of %d slots: %v, want %v", v, n.degree(int32(v)), got, want[v])
				}
			}
			book.reset()
		}
	})
}

// TestLines: events come in the order of their times, whatever lines they are
// on.
func TestLines(t *testing.T) {
	l := newLines(sizes(100), true)
	r := seeded(5)
	idle := make([][]int32, lineKind)
	var peer int32
	for k := range idle {
		for range sizes(100)[k%classes] {
			idle[k] = append(idle[k], peer)
			peer++
		}
	}
	now, out := int64(0), 0
	for range 20000 {
		if k := r.IntN(lineKind); len(idle[k]) > 0 && r.IntN(2) == 0 {
			l.push(k, now, idle[k][0])
			idle[k] = idle[k][1:]
			out++
		}
		k, at := l.next()
		if at == math.MaxInt64 {
			if out > 0 {
				t.Fatal("an event was lost")
			}
			continue
		}
		if at < now {
			t.Fatalf("%d after %d", at, now)
		}
		if r.IntN(2) == 0 {
			idle[k] = append(idle[k], l.pop(k))
			now = at
			out--
		}
	}
}

func TestAsker(t *testing.T) {
	a, r := newAsker(sizes(1000), 5), seeded(1)
	const queries = 200_000
	var by [classes]int
	class := Capacities(1000)
	last := int64(-1)
	for range queries {
		a.next(r)
		if a.at < last {
			t.Fatal("time goes back")
		}
		last = a.at
		by[class[a.peer]]++
	}
	// 200 peers ask once a second, as they can no more, 800 five times.
	if got, want := float64(last)/float64(Second), float64(queries)/4200; math.Abs(got/want-1) > 0.001 {
		t.Errorf("took %v s, want %v", got, want)
	}
	for c, want := range [classes]float64{200, 450 * 5, 300 * 5, 49 * 5, 5} {
		if got := float64(by[c]) / queries * 4200; math.Abs(got-want) > 0.03*want+1 {
			t.Errorf("class %d asks %v times a second, want %v", c, got, want)
		}
	}
}
