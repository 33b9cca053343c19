package graph

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// isSimple wants neighbours in ascending order, each once, no loops, and every
// edge at both its ends.
func isSimple(g *Graph) error {
	for v := range g.Len() {
		list := g.Neighbours(v)
		for i, w := range list {
			if i > 0 && list[i-1] >= w || int(w) == v {
				return fmt.Errorf("node %d has the neighbours %v", v, list)
			}
			if !slices.Contains(g.Neighbours(int(w)), int32(v)) {
				return fmt.Errorf("%d is next to %d, but not the other way", w, v)
			}
		}
	}
	return nil
}

func TestRandomGraphsAreSimple(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := random(rapid.Uint64().Draw(t, "seed"))
		n := rapid.IntRange(1, 40).Draw(t, "nodes")
		m := rapid.IntRange(0, n*(n-1)/2).Draw(t, "edges")
		d := rapid.IntRange(0, n-1).Draw(t, "degree")
		if n*d%2 != 0 {
			d = 0
		}
		random, regular := Random(r, n, m), Regular(r, n, d)
		if random.Size() != m || regular.Size() != n*d/2 {
			t.Fatalf("random has %d edges, want %d; regular %d, want %d", random.Size(), m, regular.Size(), n*d/2)
		}
		for _, g := range []*Graph{random, regular} {
			if err := isSimple(g); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// TestConfiguration: degrees are never exceeded, and are kept where they leave
// room.
func TestConfiguration(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		degrees := rapid.SliceOfN(rapid.Int32Range(0, 12), 1, 30).Draw(t, "degrees")
		sum := int32(0)
		for _, d := range degrees {
			sum += d
		}
		degrees[0] += sum % 2
		g := Configuration(random(rapid.Uint64().Draw(t, "seed")), degrees)
		if err := isSimple(g); err != nil {
			t.Fatal(err)
		}
		for v, d := range degrees {
			if g.Degree(v) > int(d) {
				t.Fatalf("node %d has %d neighbours, want at most %d", v, g.Degree(v), d)
			}
		}
	})
	degrees := slices.Repeat([]int32{1, 2, 3, 40}, 200)
	g := Configuration(random(1), degrees)
	for v, d := range degrees {
		if g.Degree(v) != int(d) {
			t.Errorf("node %d has %d neighbours, want %d", v, g.Degree(v), d)
		}
	}
}

// TestEvenlyRandom: in both ways to draw edges each pair is as likely.
func TestEvenlyRandom(t *testing.T) {
	const n, rounds = 9, 20000
	for _, m := range []int{4, 18} { // sparse and dense
		r := random(1)
		counts := map[Edge]int{}
		for range rounds {
			for e := range Random(r, n, m).Edges() {
				counts[e]++
			}
		}
		mean := float64(rounds*m) / 36
		for e, count := range counts {
			if math.Abs(float64(count)-mean) > 5*math.Sqrt(mean) {
				t.Errorf("%d edges: %v is drawn %d times, the mean is %.0f", m, e, count, mean)
			}
		}
		if len(counts) != 36 {
			t.Errorf("%d edges: %d of 36 pairs are ever joined", m, len(counts))
		}
	}
}

func TestPowerLaw(t *testing.T) {
	tests := []struct {
		name      string
		p         Powers
		mean      float64
		low, high int
	}{
		{"by exponent and highest", Powers{Exponent: 2.5, Min: 1, Max: 100}, 1.798, 1, 100},
		{"mean sets the exponent", Powers{Min: 1, Max: 500, Mean: 4.46}, 4.46, 1, 500},
		{"mean sets the highest", Powers{Exponent: 2, Min: 1, Mean: 4}, 4, 1, 0},
		{"all alike", Powers{Exponent: 1, Min: 3, Max: 3}, 3, 3, 3},
		{"from 0", Powers{Exponent: 1, Min: 0, Max: 1}, 0.5, 0, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g, err := PowerLaw(random(1), 10000, tt.p)
			if err != nil {
				t.Fatal(err)
			}
			if err := isSimple(g); err != nil {
				t.Fatal(err)
			}
			counts := g.DegreeCounts()
			low := slices.IndexFunc(counts, func(n int) bool { return n > 0 })
			if math.Abs(g.MeanDegree()/tt.mean-1) > 0.01 || low != tt.low || tt.high != 0 && len(counts)-1 > tt.high {
				t.Errorf("degrees from %d to %d, mean %.3f", low, len(counts)-1, g.MeanDegree())
			}
		})
	}
}

// TestPowerLawFalls: twice the degree is 2^-exponent as frequent.
func TestPowerLawFalls(t *testing.T) {
	g, err := PowerLaw(random(1), 100000, Powers{Exponent: 2.3, Min: 1, Max: 300})
	if err != nil {
		t.Fatal(err)
	}
	counts := g.DegreeCounts()
	for _, k := range []int{1, 2, 4, 8} {
		if got, want := float64(counts[2*k])/float64(counts[k]), math.Pow(2, -2.3); math.Abs(got/want-1) > 0.1 {
			t.Errorf("degree %d is %.3f as frequent as %d, want %.3f", 2*k, got, k, want)
		}
	}
}

func TestPowerLawRefuses(t *testing.T) {
	tests := []struct {
		name, want string
		p          Powers
	}{
		{"highest over the nodes", "do not fit 10 nodes", Powers{Exponent: 2, Min: 1, Max: 10}},
		{"lowest over highest", "degrees from 4 to 3", Powers{Exponent: 2, Min: 4, Max: 3}},
		{"nothing to go by", "want an exponent or a highest degree", Powers{Min: 1, Mean: 2}},
		{"exponent", "an exponent of NaN", Powers{Exponent: math.NaN(), Max: 3}},
		{"mean too low", "mean degree of 0.5 is not between 1 and 9", Powers{Exponent: 2, Min: 1, Mean: 0.5}},
		{"mean too high", "mean degree of 6 is not between 1 and 5", Powers{Min: 1, Max: 5, Mean: 6}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := PowerLaw(random(1), 10, tt.p); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %s", err, tt.want)
			}
		})
	}
}

func TestTwoTier(t *testing.T) {
	g := TwoTier(random(1), 100, 10, 900, 3)
	if err := isSimple(g); err != nil {
		t.Fatal(err)
	}
	if g.Len() != 1000 || g.Size() != 500+2700 {
		t.Fatalf("%d nodes, %d edges", g.Len(), g.Size())
	}
	for leaf := 100; leaf < 1000; leaf++ {
		if list := g.Neighbours(leaf); len(list) != 3 || list[2] >= 100 {
			t.Errorf("leaf %d hangs on %v", leaf, list)
		}
	}
}

func TestGrid(t *testing.T) {
	tests := []struct {
		name          string
		g             *Graph
		edges         int
		of, ofLast    []int32 // neighbours of the first node and the last
		width, height int
	}{
		{"rim", Grid(4, 3, false), 17, []int32{1, 4}, []int32{7, 10}, 4, 3},
		{"torus", Grid(4, 3, true), 24, []int32{1, 3, 4, 8}, []int32{3, 7, 8, 10}, 4, 3},
		{"torus of two columns", Grid(2, 3, true), 9, []int32{1, 2, 4}, []int32{1, 3, 4}, 2, 3},
		{"one", Grid(1, 1, true), 0, nil, nil, 1, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			last := tt.width*tt.height - 1
			if tt.g.Len() != last+1 || tt.g.Size() != tt.edges {
				t.Fatalf("%d nodes, %d edges", tt.g.Len(), tt.g.Size())
			}
			if !slices.Equal(tt.g.Neighbours(0), tt.of) || !slices.Equal(tt.g.Neighbours(last), tt.ofLast) {
				t.Errorf("next to the first %v, to the last %v", tt.g.Neighbours(0), tt.g.Neighbours(last))
			}
		})
	}
	if g := Grid(100, 100, false); g.Len() != 10000 || g.Size() != 19800 {
		t.Errorf("the grid of Lv et al.: %d nodes, %d edges", g.Len(), g.Size())
	}
}

func TestStatistics(t *testing.T) {
	g := New(6, []Edge{{0, 1}, {0, 2}, {0, 3}, {4, 5}})
	if got := g.DegreeCounts(); !slices.Equal(got, []int{0, 5, 0, 1}) {
		t.Errorf("degrees %v", got)
	}
	if got := g.MeanDegree(); got != 8.0/6 {
		t.Errorf("mean degree %v", got)
	}
	var zero Graph
	if zero.MeanDegree() != 0 || zero.DegreeCounts() != nil {
		t.Error("the zero graph has degrees")
	}
}
