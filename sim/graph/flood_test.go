package graph

import (
	"reflect"
	"testing"
)

func TestFlood(t *testing.T) {
	tests := []struct {
		name string
		g    *Graph
		ttl  int
		want Flood
	}{
		{"line", Line(5), 7, Flood{4, 4, 0, 0, []int{1, 1, 1, 1}, []int{1, 1, 1, 1}}},
		{"line, TTL ends", Line(5), 3, Flood{3, 3, 0, 0, []int{1, 1, 1}, []int{1, 1, 1}}},
		{"TTL 0", Line(5), 0, Flood{}},
		{"nobody there", Line(1), 7, Flood{}},
		// The two ways round meet at the far node. It drops the second copy and
		// passes the first one on, to where the second came from.
		{"even ring", Ring(8), 7, Flood{9, 7, 2, 0, []int{2, 2, 2, 2, 1}, []int{2, 2, 2, 1, 0}}},
		{"odd ring", Ring(5), 7, Flood{6, 4, 2, 0, []int{2, 2, 2}, []int{2, 2, 0}}},
		// Seven copies reach all; each of the seven then sends six to the others.
		{"clique", Clique(8), 7, Flood{49, 7, 42, 0, []int{7, 42}, []int{7, 0}}},
		{"clique, TTL 1", Clique(8), 1, Flood{7, 7, 0, 0, []int{7}, []int{7}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.g.Flood(0, tt.ttl); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("flood %+v\nwant %+v", got, tt.want)
			}
		})
	}
}

// TestFloodAgreesWithFormula: a flood that covers a connected graph sends one
// copy over each edge of its tree and two over every other edge.
func TestFloodAgreesWithFormula(t *testing.T) {
	for seed := range uint64(20) {
		g := Regular(random(seed), 500, 4)
		if len(g.Components()) != 1 {
			continue
		}
		f := g.Flood(int(seed), 500)
		tree := g.Len() - 1
		if want := tree + 2*(g.Size()-tree); f.Messages != want || f.Reached != tree {
			t.Errorf("seed %d: %d messages, %d reached, want %d and %d", seed, f.Messages, f.Reached, want, tree)
		}
		at := 0
		for hop, n := range f.ReachedAt {
			at += n
			if within := reachedWithin(g, int(seed), hop+1); at != within {
				t.Errorf("seed %d: %d reached by hop %d, distances say %d", seed, at, hop, within)
			}
		}
	}
}

func reachedWithin(g *Graph, source, most int) int {
	n := -1 // the source
	for _, d := range g.Distances(source) {
		if d >= 0 && d <= most {
			n++
		}
	}
	return n
}
