package model

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/seed282dab8e/servent/sim/graph"
)

func TestRing(t *testing.T) {
	line := graph.Line(10)
	tests := []struct {
		name    string
		g       *graph.Graph
		p       Ring
		holders []int32
		want    Found
	}{
		// Rounds of TTL 1, 3, 5 send 1 + 3 + 5 copies down a line.
		{"line", line, Ring{First: 1, Add: 2, Most: 9}, []int32{5}, Found{Messages: 9, Reached: 5, Covered: 5, Hits: 1, Hops: 5, Last: 9}},
		{"hit within a round", line, Ring{First: 1, Add: 2, Most: 9}, []int32{2}, Found{Messages: 4, Reached: 3, Covered: 3, Hits: 1, Hops: 2, Last: 4}},
		{"next to it", line, Ring{First: 1, Add: 2, Most: 9}, []int32{1}, Found{Messages: 1, Reached: 1, Covered: 1, Hits: 1, Hops: 1, Last: 1}},
		{"by one", line, Ring{First: 1, Add: 1, Most: 9}, []int32{3}, Found{Messages: 6, Reached: 3, Covered: 3, Hits: 1, Hops: 3, Last: 6}},
		{"not found", line, Ring{First: 2, Add: 3, Most: 7}, nil, Found{Messages: 7, Reached: 5, Covered: 5, Hops: -1, Last: 7}},
		{"too far", line, Ring{First: 2, Add: 3, Most: 7}, []int32{6}, Found{Messages: 7, Reached: 5, Covered: 5, Hops: -1, Last: 7}},
		{"two wanted", line, Ring{First: 1, Add: 1, Most: 9, Want: 2}, []int32{1, 2, 3}, Found{Messages: 3, Reached: 2, Covered: 2, Hits: 2, Hops: 1, Last: 3}},
		// The searcher cannot know that all were reached.
		{"all reached", graph.Line(3), Ring{First: 1, Add: 1, Most: 4}, nil, Found{Messages: 1 + 2 + 2 + 2, Reached: 2, Covered: 2, Hops: -1, Last: 10}},
		{"flood", line, Flood(4), []int32{2}, Found{Messages: 4, Reached: 4, Covered: 4, Hits: 1, Hops: 2, Last: 4}},
		{"flood of a clique", graph.Clique(8), Flood(7), []int32{1, 2}, Found{Messages: 49, Reached: 7, Covered: 7, Hits: 2, Hops: 1, Last: 7}},
		{"TTL 0", line, Flood(0), []int32{1}, Found{Hops: -1}},
		{"nobody there", graph.Line(1), Flood(7), nil, Found{Hops: -1, Last: 7}},
		{"first over most", line, Ring{First: 7, Add: 1, Most: 2}, nil, Found{Messages: 2, Reached: 2, Covered: 2, Hops: -1, Last: 2}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := NewBlind(tt.g).Ring(tt.p, 0, at(tt.holders...)); got != tt.want {
				t.Errorf("found %+v\nwant  %+v", got, tt.want)
			}
		})
	}
}

// TestRingIsFloods: the rounds cost what floods of their TTLs cost, up to the
// first that comes as far as the nearest holder.
func TestRingIsFloods(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 60).Draw(t, "n")
		edges := rapid.IntRange(1, min(3*n, n*(n-1)/2)).Draw(t, "edges")
		g := graph.Random(random(rapid.Uint64().Draw(t, "seed")), n, edges)
		from := rapid.IntRange(0, n-1).Draw(t, "from")
		holder := rapid.IntRange(0, n-1).Filter(func(v int) bool { return v != from }).Draw(t, "holder")
		p := Ring{
			First: rapid.IntRange(1, 3).Draw(t, "first"),
			Add:   rapid.IntRange(1, 3).Draw(t, "add"),
			Most:  rapid.IntRange(3, 12).Draw(t, "most"),
		}
		got := NewBlind(g).Ring(p, int32(from), at(int32(holder)))
		want := Found{Hops: -1}
		away := g.Distances(from)[holder]
		for ttl := p.First; ttl <= p.Most && want.Hops < 0; ttl += p.Add {
			f := g.Flood(from, ttl)
			want.Last += ttl
			want.Messages += int64(f.Messages)
			want.Reached, want.Covered = f.Reached, f.Reached
			if away >= 0 && away <= ttl {
				want.Hits, want.Hops = 1, away
			}
		}
		if got != want {
			t.Fatalf("found %+v, floods say %+v", got, want)
		}
	})
}
