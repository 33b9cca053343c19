package gia

import (
	"math"
	"testing"

	"github.com/seed282dab8e/servent/sim/graph"
)

// star makes walks over a middle, the last peer, with one leaf of each given
// class, ascending.
func star(t *testing.T, d Design, class ...uint8) *walks {
	t.Helper()
	middle := int32(len(class))
	var edges []graph.Edge
	for i := range class {
		edges = append(edges, graph.Edge{A: int32(i), B: middle})
	}
	n := over(t, d, graph.New(len(class)+1, edges), append(class, 4), 0.01)
	nobodyKnows(n) // so walks go on
	x := &run{net: n, r: seeded(1), lines: newLines(n.sizes, d.Tokens), load: Load{Responses: 1, Backlog: DefaultBacklog}}
	return newWalks(x)
}

// middle returns the peer that all others are neighbours of.
func (w *walks) middle() int32 { return int32(len(w.peer) - 1) }

// TestBiasedGoesUp: the most capable first, those of one class in any order,
// none twice until all were asked.
func TestBiasedGoesUp(t *testing.T) {
	w := star(t, Design{Biased: true}, 0, 0, 1, 2, 3, 3)
	for range 50 {
		q := walk{came: -1}
		for i, want := range []uint8{3, 3, 2, 1, 0, 0, 3} {
			open := w.net.best(w.middle(), w.open(w.middle(), &q))
			slot := open.any(w.r)
			if got := w.net.class[w.net.neighbours(w.middle())[slot]]; got != want {
				t.Fatalf("step %d: class %d, want %d", i, got, want)
			}
			q.tried.mark(w.net, w.middle(), slot)
		}
	}
}

// TestUnbiasedGoesAnywhere, but nowhere twice until it was everywhere.
func TestUnbiasedGoesAnywhere(t *testing.T) {
	w := star(t, Design{}, 0, 1, 2, 3)
	firsts := make([]int, 4)
	for range 4000 {
		q := walk{came: -1}
		var went mask
		for i := range 4 {
			slot := w.open(w.middle(), &q).any(w.r)
			if went.has(slot) {
				t.Fatal("was there before")
			}
			if i == 0 {
				firsts[slot]++
			}
			went.set(slot)
			q.tried.mark(w.net, w.middle(), slot)
		}
	}
	for slot, n := range firsts {
		if n < 850 || n > 1150 {
			t.Errorf("slot %d was first %d times of 4000", slot, n)
		}
	}
}

// TestNotStraightBack: a query does not return over the link it came by while
// there is another.
func TestNotStraightBack(t *testing.T) {
	w := star(t, Design{}, 1, 1, 1)
	w.ask(0, 0, true) // goes to the middle, its only neighbour
	i := w.peer[w.middle()].serving
	if i == 0 {
		t.Fatal("did not arrive")
	}
	open := w.open(w.middle(), &w.all[i])
	for slot, v := range w.net.neighbours(w.middle()) {
		if open.has(slot) == (v == 0) {
			t.Errorf("to %d: %v", v, open.has(slot))
		}
	}
}

// TestNoTokenNoQuery: without a token a query waits, with the next it goes.
func TestNoTokenNoQuery(t *testing.T) {
	w := star(t, Design{Tokens: true}, 1, 1, 1)
	m := w.middle()
	w.bucket[m].has = mask{}
	w.ask(m, 0, true)
	if w.peer[m].waiting.head == 0 || w.peer[m].backlog != 1 {
		t.Fatal("does not wait")
	}
	for v := range m {
		w.bucket[v].ticking = true // gives no other at once
	}
	w.got(m, 1)
	if w.peer[m].waiting.head != 0 || w.peer[m].backlog != 0 || w.bucket[m].has.has(1) {
		t.Error("did not go, or has kept the token")
	}
	if to := w.net.neighbours(m)[1]; w.peer[to].serving == 0 {
		t.Error("did not arrive")
	}
}

// TestTokensAreFair: neighbours that spend all they get, get in proportion to
// their capacities; one that spends none gets one.
func TestTokensAreFair(t *testing.T) {
	w := star(t, Design{Tokens: true}, 0, 1, 1, 2, 3)
	m := w.middle()
	slots := w.net.neighbours(m)
	got := make([]int, len(slots))
	for slot, v := range slots {
		if v != 1 { // 1 is idle
			w.bucket[v].has.clear(0)
			w.used(m, slot)
		}
	}
	const rounds = 111_100
	for range rounds {
		w.bucket[m].ticking = false
		w.give(m)
		for slot, v := range slots {
			if v != 1 && w.bucket[v].has.has(0) {
				got[slot]++
				w.bucket[v].has.clear(0)
				w.bucket[m].want.set(slot)
				w.tag[w.net.start[m]+int32(slot)] = max(w.tag[w.net.start[m]+int32(slot)], w.bucket[m].virtual)
			}
		}
		k, _ := w.lines.next()
		w.lines.pop(k)
	}
	for slot, v := range slots {
		share := float64(rounds) / 1111 * float64(Classes()[w.net.class[v]].Capacity)
		if v == 1 {
			share = 0
		}
		if math.Abs(float64(got[slot])-share) > 0.01*share+3 {
			t.Errorf("capacity %d got %d tokens, want %v", Classes()[w.net.class[v]].Capacity, got[slot], share)
		}
	}
}

// TestLongQueueGivesFewer: tokens come creep times slower.
func TestLongQueueGivesFewer(t *testing.T) {
	w := star(t, Design{Tokens: true}, 1, 1)
	m := w.middle()
	for _, backlog := range []int32{1000, 1001} {
		w.peer[m].backlog = backlog // a tenth of a second is 1000
		w.bucket[m].ticking = false
		w.bucket[0].has.clear(0)
		w.used(m, 0)
		k, at := w.lines.next()
		want := Second / most
		if backlog > 1000 {
			want *= creep
		}
		if at != want {
			t.Errorf("backlog %d: next token after %d, want %d", backlog, at, want)
		}
		w.lines.pop(k)
	}
}

// TestWalker: a walk goes along links, to the most capable that is left, and
// not over a link twice while there are others.
func TestWalker(t *testing.T) {
	class := make([]uint8, 400)
	r := seeded(6)
	for v := range class {
		class[v] = uint8(r.IntN(classes)) // in no order
	}
	p, g, err := NewPaths(r, class)
	if err != nil {
		t.Fatal(err)
	}
	w := p.Walker()
	for range 30 {
		w.Begin()
		passed := make(map[[2]int32]bool)
		for v := r.Int32N(400); len(passed) < 60; {
			to, ok := w.Next(r, v)
			if !ok {
				t.Fatal("nowhere to go")
			}
			left, best := 0, uint8(0)
			for _, x := range g.Neighbours(int(v)) {
				if !passed[[2]int32{v, x}] {
					left, best = left+1, max(best, class[x])
				}
			}
			if left == 0 {
				break // the book is flushed
			}
			if passed[[2]int32{v, to}] || class[to] != best || !contains(g.Neighbours(int(v)), to) {
				t.Fatalf("from %d to %d of class %d; the best is %d", v, to, class[to], best)
			}
			passed[[2]int32{v, to}], passed[[2]int32{to, v}] = true, true
			v = to
		}
	}
}

// nobodyKnows takes all files away.
func nobodyKnows(n *Network) {
	for k := range keywords {
		n.files.holders[k] = nil
		clear(n.files.known[k])
	}
}
