package graph

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestLargest(t *testing.T) {
	g := New(7, []Edge{{0, 3}, {3, 5}, {1, 2}, {4, 6}, {6, 1}})
	part, nodes := g.Largest()
	if !slices.Equal(nodes, []int32{1, 2, 4, 6}) {
		t.Fatalf("nodes %v", nodes)
	}
	if got := slices.Collect(part.Edges()); !slices.Equal(got, []Edge{{0, 1}, {0, 3}, {2, 3}}) {
		t.Errorf("edges %v", got)
	}
	if part, nodes := new(Graph).Largest(); part.Len() != 0 || nodes != nil {
		t.Error("the zero graph has a component")
	}
}

// TestConnected: one component, one more edge for each that there was beside
// it, and none taken away.
func TestConnected(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := anyGraph(t)
		parts := len(g.Components())
		c := g.Connected(random(rapid.Uint64().Draw(t, "seed")))
		if len(c.Components()) != 1 || c.Size() != g.Size()+parts-1 {
			t.Fatalf("%d components, %d edges; before %d and %d", len(c.Components()), c.Size(), parts, g.Size())
		}
		for e := range g.Edges() {
			if !slices.Contains(c.Neighbours(int(e.A)), e.B) {
				t.Fatalf("the edge %v is gone", e)
			}
		}
		part, _ := g.Largest()
		if err := isSimple(part); err != nil || part.Len() != slices.Max(g.Components()) {
			t.Fatalf("largest component: %d nodes of %v: %v", part.Len(), g.Components(), err)
		}
	})
}
