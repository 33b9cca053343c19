package graph

import (
	"math/rand/v2"
	"slices"
	"testing"
)

func random(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0)) }

func TestNewIsSimple(t *testing.T) {
	g := New(4, []Edge{{2, 0}, {0, 1}, {1, 0}, {3, 3}, {0, 2}, {2, 1}})
	if g.Len() != 4 || g.Size() != 3 {
		t.Fatalf("%d nodes, %d edges, want 4 and 3", g.Len(), g.Size())
	}
	want := [][]int32{{1, 2}, {0, 2}, {0, 1}, {}}
	for v, nodes := range want {
		if got := g.Neighbours(v); !slices.Equal(got, nodes) || g.Degree(v) != len(nodes) {
			t.Errorf("node %d: neighbours %v, degree %d, want %v", v, got, g.Degree(v), nodes)
		}
	}
	edges := slices.Collect(g.Edges())
	if !slices.Equal(edges, []Edge{{0, 1}, {0, 2}, {1, 2}}) {
		t.Errorf("edges %v", edges)
	}
	var zero Graph
	if zero.Len() != 0 || zero.Size() != 0 || len(zero.Components()) != 0 {
		t.Error("the zero graph has nodes")
	}
}

// TestNeighboursAscend also shows that New does not depend on the order of edges.
func TestNeighboursAscend(t *testing.T) {
	g := Random(random(1), 200, 2000)
	edges := slices.Collect(g.Edges())
	slices.Reverse(edges)
	again := New(200, edges)
	for v := range g.Len() {
		if !slices.IsSorted(g.Neighbours(v)) {
			t.Fatalf("node %d: neighbours %v", v, g.Neighbours(v))
		}
		if !slices.Equal(g.Neighbours(v), again.Neighbours(v)) {
			t.Fatalf("node %d: %v, from reversed edges %v", v, g.Neighbours(v), again.Neighbours(v))
		}
	}
}

func TestGenerators(t *testing.T) {
	tests := []struct {
		name         string
		g            *Graph
		nodes, edges int
		low, high    int // degrees
	}{
		{"line", Line(5), 5, 4, 1, 2},
		{"line of one", Line(1), 1, 0, 0, 0},
		{"ring", Ring(8), 8, 8, 2, 2},
		{"ring of two", Ring(2), 2, 1, 1, 1},
		{"clique", Clique(8), 8, 28, 7, 7},
		{"random", Random(random(2), 50, 100), 50, 100, 0, 49},
		{"random, all edges", Random(random(2), 10, 45), 10, 45, 9, 9},
		{"regular", Regular(random(3), 1000, 4), 1000, 2000, 4, 4},
		{"regular, dense", Regular(random(3), 10, 8), 10, 40, 8, 8},
		{"regular, complete", Regular(random(3), 6, 5), 6, 15, 5, 5},
		{"regular, no edges", Regular(random(3), 6, 0), 6, 0, 0, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.g.Len() != tt.nodes || tt.g.Size() != tt.edges {
				t.Fatalf("%d nodes, %d edges, want %d and %d", tt.g.Len(), tt.g.Size(), tt.nodes, tt.edges)
			}
			for v := range tt.g.Len() {
				if d := tt.g.Degree(v); d < tt.low || d > tt.high {
					t.Errorf("node %d: degree %d", v, d)
				}
			}
		})
	}
}

func TestGeneratorsBySeed(t *testing.T) {
	for _, make := range []func(*rand.Rand) *Graph{
		func(r *rand.Rand) *Graph { return Random(r, 100, 300) },
		func(r *rand.Rand) *Graph { return Regular(r, 100, 4) },
	} {
		a, again, b := make(random(1)), make(random(1)), make(random(2))
		if !slices.Equal(a.to, again.to) {
			t.Error("equal seed, other graph")
		}
		if slices.Equal(a.to, b.to) {
			t.Error("other seed, equal graph")
		}
	}
}

func TestGeneratorsRefuse(t *testing.T) {
	for name, make := range map[string]func(){
		"too many edges": func() { Random(random(1), 4, 7) },
		"odd ends":       func() { Regular(random(1), 5, 3) },
		"degree":         func() { Regular(random(1), 4, 4) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			make()
		})
	}
}

func TestComponents(t *testing.T) {
	g := New(7, []Edge{{0, 3}, {3, 5}, {1, 2}, {4, 6}, {6, 1}})
	if got := g.Components(); !slices.Equal(got, []int{3, 4}) {
		t.Errorf("components %v, want [3 4]", got)
	}
	if got := New(3, nil).Components(); !slices.Equal(got, []int{1, 1, 1}) {
		t.Errorf("components without edges %v", got)
	}
}

func TestDistances(t *testing.T) {
	g := New(6, []Edge{{0, 1}, {1, 2}, {2, 3}, {0, 3}, {4, 5}})
	if got := g.Distances(0); !slices.Equal(got, []int{0, 1, 2, 1, -1, -1}) {
		t.Errorf("distances %v", got)
	}
}
