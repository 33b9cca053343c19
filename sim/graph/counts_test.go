package graph

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// known is two cycles that an edge joins, a clique of four whose edges point up,
// and a loop: all that Counts counts can be seen.
const known = `# Nodes: 11 Edges: 15
0 1
1 2
2 0
2 3
3 4
4 3
10 11
10 12
10 13
11 12
11 13
12 13
13 20
30 30
3 4
`

func TestCounts(t *testing.T) {
	d, err := Read(strings.NewReader(known))
	if err != nil {
		t.Fatal(err)
	}
	want := Counts{
		Nodes: 11, Edges: 13, Weak: 3, LargestWeak: 5,
		Strong: 8, LargestStrong: 3, Triangles: 1 + 4,
	}
	if got := d.Counts(); got != want {
		t.Errorf("counts %+v\nwant %+v", got, want)
	}
	if d.Loops != 1 || d.Doubles != 1 {
		t.Errorf("%d loops, %d doubles, want 1 each", d.Loops, d.Doubles)
	}
	if g := d.Undirected(); g.Size() != 12 || !slices.Equal(g.Neighbours(3), []int32{2, 4}) {
		t.Errorf("undirected: %d edges, next to 3 are %v", g.Size(), g.Neighbours(3))
	}
}

// TestStrongComponents: nodes are in one component when each is reached from the
// other.
func TestStrongComponents(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 12).Draw(t, "nodes")
		edges := make([][2]uint64, rapid.IntRange(0, 30).Draw(t, "edges"))
		for i := range edges {
			edges[i] = [2]uint64{rapid.Uint64Range(0, uint64(n-1)).Draw(t, "from"), rapid.Uint64Range(0, uint64(n-1)).Draw(t, "to")}
		}
		d := newDigraph(edges)
		got := slices.Sorted(slices.Values(d.StrongComponents()))
		if want := plainStrong(d); !slices.Equal(got, want) {
			t.Fatalf("%s: components %v, want %v", arrows(d), got, want)
		}
	})
}

// plainStrong returns the sizes of the strong components, ascending.
func plainStrong(d *Digraph) []int {
	reach := make([][]bool, d.Len())
	for v := range reach {
		reach[v] = make([]bool, d.Len())
		todo := []int32{int32(v)}
		for len(todo) > 0 {
			w := todo[0]
			todo = todo[1:]
			if !reach[v][w] {
				reach[v][w] = true
				todo = append(todo, d.Next(int(w))...)
			}
		}
	}
	var sizes []int
	for v := range reach {
		size := 0
		for w := range reach {
			if !reach[v][w] || !reach[w][v] {
				continue
			}
			if w < v {
				size = 0 // counted at w
				break
			}
			size++
		}
		if size > 0 {
			sizes = append(sizes, size)
		}
	}
	slices.Sort(sizes)
	return sizes
}

// TestDeepLine: a line of a million nodes does not need as deep a stack.
func TestDeepLine(t *testing.T) {
	edges := make([][2]uint64, 1_000_000)
	for i := range edges {
		edges[i] = [2]uint64{uint64(i), uint64(i + 1)}
	}
	if n := len(newDigraph(edges).StrongComponents()); n != len(edges)+1 {
		t.Errorf("%d strong components", n)
	}
}

func TestTriangles(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := anyGraph(t)
		want := 0
		joined := func(v, w int) bool { return slices.Contains(g.Neighbours(v), int32(w)) }
		for a := range g.Len() {
			for b := range a {
				for c := range b {
					if joined(a, b) && joined(b, c) && joined(a, c) {
						want++
					}
				}
			}
		}
		if got := g.Triangles(); got != want {
			t.Fatalf("%d triangles, want %d", got, want)
		}
	})
}
