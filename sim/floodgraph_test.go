package sim

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/sim/graph"
)

// hub joins every node to the first one, and each to the next.
func hub(n int) *graph.Graph {
	var edges []graph.Edge
	for v := 1; v < n; v++ {
		edges = append(edges, graph.Edge{A: 0, B: int32(v)}, graph.Edge{A: int32(v - 1), B: int32(v)})
	}
	return graph.New(n, edges)
}

// TestFloodGraph: floods over real nodes are those of breadth-first search, query
// by query and hop by hop, whatever the shape and up to the largest TTL.
func TestFloodGraph(t *testing.T) {
	for name, g := range map[string]*graph.Graph{
		"regular":   graph.Regular(random(1, 1), 500, 4),
		"random":    graph.Random(random(1, 1), 500, 1000), // some nodes have no link
		"hub":       hub(400),                              // more links than a node takes by default
		"long line": graph.Line(40),
		"one node":  graph.New(1, nil),
	} {
		t.Run(name, func(t *testing.T) {
			f, err := FloodGraph(g, 1)
			if err != nil {
				t.Fatal(err)
			}
			r := random(1, 2)
			for n := range 150 {
				source, ttl := r.IntN(g.Len()), n%16
				got, err := f.Flood(source, ttl)
				if want := g.Flood(source, ttl); err != nil || !reflect.DeepEqual(got, want) {
					t.Fatalf("flood %d from %d with TTL %d: %+v %v, breadth-first %+v", n, source, ttl, got, err, want)
				}
				for v, d := range g.Distances(source) {
					if want := ttl > 0 && d >= 0 && d <= ttl; f.Reached(v) != want {
						t.Fatalf("flood %d from %d with TTL %d reached %d, %d links away: %v", n, source, ttl, v, d, !want)
					}
				}
			}
		})
	}
}

// TestFloodGraphGoesOn: a World that has flooded for hours floods as it did at first.
func TestFloodGraphGoesOn(t *testing.T) {
	g := graph.Regular(random(2, 1), 60, 4)
	f, err := FloodGraph(g, 2)
	if err != nil {
		t.Fatal(err)
	}
	for range 6 {
		f.w.Run(time.Hour)
		for source := range g.Len() {
			if got, err := f.Flood(source, 7); err != nil || !reflect.DeepEqual(got, g.Flood(source, 7)) {
				t.Fatalf("after %s from %d: %+v %v", f.w.Now(), source, got, err)
			}
		}
	}
	if n := len(f.w.floods); n != 0 {
		t.Errorf("%d floods are kept", n)
	}
}

func TestFloodGraphRefuses(t *testing.T) {
	f, err := FloodGraph(graph.Line(3), 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		source, ttl int
		want        string
	}{
		{3, 7, "no node has the number 3: there are 3"},
		{-1, 7, "no node has the number -1"},
		{0, 16, "a TTL of 16 is more than nodes send: use 1 to 15"},
	} {
		if _, err := f.Flood(tt.source, tt.ttl); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("flood from %d with TTL %d: %v, want %q", tt.source, tt.ttl, err, tt.want)
		}
	}
}

// BenchmarkFloodGraph is what `servent sim validate` does with 10,000 nodes.
func BenchmarkFloodGraph(b *testing.B) {
	g := graph.Regular(random(1, 1), 10_000, 4)
	f, err := FloodGraph(g, 1)
	if err != nil {
		b.Fatal(err)
	}
	b.ResetTimer()
	messages := 0
	for n := range b.N {
		r, err := f.Flood(n%g.Len(), 7)
		if err != nil {
			b.Fatal(err)
		}
		messages += r.Messages
	}
	b.ReportMetric(float64(messages)/b.Elapsed().Seconds(), "messages/s")
}
