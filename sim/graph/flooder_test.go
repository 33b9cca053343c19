package graph

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// anyGraph draws small graphs of all kinds: sparse, dense, in pieces, trees,
// stars, one node.
func anyGraph(t *rapid.T) *Graph {
	n := rapid.IntRange(1, 40).Draw(t, "nodes")
	r := random(rapid.Uint64().Draw(t, "seed"))
	m := rapid.IntRange(0, min(n*(n-1)/2, 3*n)).Draw(t, "edges")
	switch rapid.SampledFrom([]string{"random", "star", "ring", "two"}).Draw(t, "kind") {
	case "star":
		var edges []Edge
		for v := 1; v < n; v++ {
			edges = append(edges, Edge{0, int32(v)})
		}
		return New(n, edges)
	case "ring":
		return Ring(n)
	case "two":
		a := slices.Collect(Random(r, n, m).Edges())
		for _, e := range slices.Clone(a) {
			a = append(a, Edge{e.A + int32(n), e.B + int32(n)})
		}
		return New(2*n, a)
	default:
		return Random(r, n, m)
	}
}

// plainFlood is Graph.Flood with nothing clever in it.
func plainFlood(g *Graph, source, ttl int) Flood {
	var f Flood
	seen := make([]bool, g.Len())
	seen[source] = true
	front := []int32{int32(source)}
	for hop := 0; hop < ttl; hop++ {
		var next []int32
		sent := 0
		for _, v := range front {
			sent += g.Degree(int(v))
			if hop > 0 {
				sent--
			}
			next = g.visit(v, seen, next)
		}
		if sent == 0 {
			break
		}
		f.SentAt, f.ReachedAt = append(f.SentAt, sent), append(f.ReachedAt, len(next))
		f.Messages += sent
		f.Reached += len(next)
		front = next
	}
	f.Duplicates = f.Messages - f.Reached
	return f
}

// visit appends to next the neighbours of v that were not seen, and marks them.
func (g *Graph) visit(v int32, seen []bool, next []int32) []int32 {
	for _, w := range g.Neighbours(int(v)) {
		if !seen[w] {
			seen[w] = true
			next = append(next, w)
		}
	}
	return next
}

// message is a copy on its way in plainFirst.
type message struct {
	at, from, to, hops int
}

// first is what plainFirst knows of a node.
type first struct{ at, from, hops int }

// plainFirst is Flooder.Flood with nothing clever in it: all messages in one
// list, the next one searched for.
func plainFirst(g *Graph, source, ttl int, d Delay, down []uint64) (Flood, []int32, []first) {
	got := make([]first, g.Len())
	for v := range got {
		got[v] = first{-1, -1, -1}
	}
	got[source] = first{0, -1, 0}
	var (
		fl    = Flood{}
		sent  = make([]int, g.Len()+1)
		came  = make([]int, g.Len()+1)
		order []int32
		queue []message
	)
	send := func(v, now int) {
		for i, w := range g.Neighbours(v) {
			if f := got[v]; int(w) != f.from && f.hops < ttl {
				delay := int(d.drawn().of(uint64(g.start[v]) + uint64(i)))
				queue = append(queue, message{now + delay, v, int(w), f.hops + 1})
				sent[f.hops+1]++
			}
		}
	}
	send(source, 0)
	for len(queue) > 0 {
		next := 0
		for i, m := range queue {
			if m.at < queue[next].at {
				next = i
			}
		}
		m := queue[next]
		queue = slices.Delete(queue, next, next+1)
		switch {
		case down != nil && m.to != source && down[m.to/64]>>(m.to%64)&1 == 1:
			fl.Lost++
		case got[m.to].at >= 0:
			fl.Duplicates++
		default:
			got[m.to] = first{m.at, m.from, m.hops}
			came[m.hops]++
			order = append(order, int32(m.to))
			send(m.to, m.at)
		}
	}
	for hops := 1; hops <= g.Len() && sent[hops] > 0; hops++ {
		fl.SentAt, fl.ReachedAt = append(fl.SentAt, sent[hops]), append(fl.ReachedAt, came[hops])
		fl.Messages += sent[hops]
		fl.Reached += came[hops]
	}
	return fl, order, got
}

// TestFlooderIsFirstArrival: what the wheel does is what a list of messages
// does, node by node, flood after flood.
func TestFlooderIsFirstArrival(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := anyGraph(t)
		f := NewFlooder(g)
		for range 3 {
			source, ttl := rapid.IntRange(0, g.Len()-1).Draw(t, "source"), rapid.IntRange(-1, 12).Draw(t, "ttl")
			lo := rapid.Uint32Range(0, 6).Draw(t, "lo")
			d := Delay{lo, lo + rapid.Uint32Range(0, 30).Draw(t, "more"), rapid.Uint64().Draw(t, "draw")}
			f.Down = nil
			if rapid.Bool().Draw(t, "some down") {
				f.Down = []uint64{rapid.Uint64().Draw(t, "down"), rapid.Uint64().Draw(t, "down too")}
			}
			want, order, nodes := plainFirst(g, source, ttl, d, f.Down)
			if got := f.Flood(source, ttl, d); !reflect.DeepEqual(got, want) {
				t.Fatalf("flood %+v\nwant %+v", got, want)
			}
			if got := f.Order(); !slices.Equal(got, order) {
				t.Fatalf("order %v\nwant %v", got, order)
			}
			for v, want := range nodes {
				if err := sameNode(f, int32(v), want); err != nil {
					t.Fatalf("node %d: %v", v, err)
				}
			}
		}
	})
}

func sameNode(f *Flooder, v int32, want first) error {
	arrival := uint32(math.MaxUint32)
	if want.at >= 0 {
		arrival = uint32(want.at)
	}
	if f.Seen(v) != (want.at >= 0) || f.Arrival(v) != arrival || f.Hops(v) != want.hops || int(f.Parent(v)) != want.from {
		return fmt.Errorf("seen %v at %d after %d hops from %d, want %+v", f.Seen(v), f.Arrival(v), f.Hops(v), f.Parent(v), want)
	}
	return nil
}

// TestEnginesAgree: all engines count what the plain one counts when latency is
// constant.
func TestEnginesAgree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := anyGraph(t)
		ttl := rapid.IntRange(-1, 12).Draw(t, "ttl")
		delay := rapid.Uint32Range(0, 9).Draw(t, "delay")
		f, b := NewFlooder(g), NewBFS(g)
		for source := range g.Len() {
			want := plainFlood(g, source, ttl)
			if got := f.Flood(source, ttl, Delay{Lo: delay, Hi: delay}); !reflect.DeepEqual(got, want) {
				t.Fatalf("events, from %d: %+v\nwant %+v", source, got, want)
			}
			if got := b.Flood(source, ttl); !reflect.DeepEqual(got, want) {
				t.Fatalf("BFS, from %d: %+v\nwant %+v", source, got, want)
			}
		}
	})
}

// TestDownSource: a source that is down sends, and what comes back to it is not
// lost.
func TestDownSource(t *testing.T) {
	f := NewFlooder(Ring(5))
	f.Down = []uint64{1}
	want := plainFlood(Ring(5), 0, 7)
	if got := f.Flood(0, 7, Delay{}); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v\nwant %+v", got, want)
	}
	f = NewFlooder(Clique(3))
	f.Down = []uint64{1}
	if got := f.Flood(1, 7, Delay{}); got.Messages != 3 || got.Lost != 2 || got.Reached != 1 || got.Duplicates != 0 {
		t.Errorf("a triangle with one down: %+v", got)
	}
}

// TestLateCopyToSource: it is a duplicate, though the source is down.
func TestLateCopyToSource(t *testing.T) {
	g := Clique(4)
	for seed := range uint64(20) {
		f := NewFlooder(g)
		d := Delay{1, 50, seed}
		want := f.Flood(0, 7, d)
		f.Down = []uint64{1}
		if got := f.Flood(0, 7, d); !reflect.DeepEqual(got, want) {
			t.Fatalf("seed %d: %+v\nwant %+v", seed, got, want)
		}
	}
}

// TestDense: more neighbours than there is room for at a time.
func TestDense(t *testing.T) {
	star := make([]Edge, 0, 5000)
	for v := range int32(5000) {
		star = append(star, Edge{0, v})
	}
	hung := slices.Collect(Clique(60).Edges()) // each with a node that nobody else reaches
	for v := range int32(60) {
		hung = append(hung, Edge{v, v + 60})
	}
	for name, g := range map[string]*Graph{"clique": New(120, hung), "random": Random(random(1), 400, 12000), "star": New(5000, star)} {
		f := NewFlooder(g)
		for source := range 5 {
			want := plainFlood(g, source, 7)
			if got := f.Flood(source, 7, Delay{Lo: 3, Hi: 3}); !reflect.DeepEqual(got, want) {
				t.Errorf("%s from %d: %+v\nwant %+v", name, source, got, want)
			}
		}
	}
}
