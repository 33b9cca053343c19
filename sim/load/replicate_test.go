package load

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestReplicate(t *testing.T) {
	q := []float64{16, 9, 4, 1}
	tests := []struct {
		name         string
		s            Strategy
		q            []float64
		budget, most int
		want         []int
	}{
		{"owner", Owner, q, 100, 100, []int{1, 1, 1, 1}},
		{"uniform", Uniform, q, 40, 100, []int{10, 10, 10, 10}},
		{"uniform, rest to the most wanted", Uniform, []float64{1, 4, 9, 16}, 42, 100, []int{10, 10, 11, 11}},
		{"proportional", Proportional, q, 60, 100, []int{32, 18, 8, 2}},
		{"square root", SquareRoot, q, 30, 100, []int{12, 9, 6, 3}},
		{"largest remainder", Proportional, []float64{5.5, 3.3, 1.2}, 10, 100, []int{6, 3, 1}},
		{"at least one", Proportional, []float64{1000, 1, 0}, 12, 100, []int{10, 1, 1}},
		{"at most most", Proportional, []float64{1000, 2, 1}, 40, 10, []int{10, 10, 10}},
		{"what is over goes to the others", Proportional, []float64{1000, 2, 1}, 19, 10, []int{10, 6, 3}},
		{"budget too small", SquareRoot, q, 3, 100, []int{1, 1, 1, 1}},
		{"nothing asked for", Proportional, []float64{0, 0}, 6, 100, []int{3, 3}},
		{"nothing there", Uniform, nil, 6, 100, []int{}},
		{"no room", Uniform, q, 6, 0, []int{1, 1, 1, 1}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Replicate(tt.s, tt.q, tt.budget, tt.most); !slices.Equal(got, tt.want) {
				t.Errorf("copies %v, want %v", got, tt.want)
			}
		})
	}
}

func TestReplicateProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.SampledFrom([]Strategy{Uniform, Proportional, SquareRoot}).Draw(t, "strategy")
		q := rapid.SliceOfN(rapid.Float64Range(0, 1e6), 1, 50).Draw(t, "q")
		budget := rapid.IntRange(0, 5000).Draw(t, "budget")
		most := rapid.IntRange(1, 1000).Draw(t, "most")
		copies := Replicate(s, q, budget, most)
		sum := 0
		for i, n := range copies {
			sum += n
			if n < 1 || n > most {
				t.Fatalf("object %d has %d copies, not 1 to %d", i, n, most)
			}
			for j := range i {
				if (q[i]-q[j])*float64(n-copies[j]) < 0 {
					t.Fatalf("objects %d and %d are asked for %v and %v times, and have %d and %d copies", i, j, q[i], q[j], n, copies[j])
				}
			}
		}
		if want := min(max(budget, len(q)), len(q)*most); sum != want {
			t.Fatalf("%d copies, want %d", sum, want)
		}
	})
}

// TestReplicateIsNearExact: where no bound is met, no object is a whole copy off
// what the strategy says.
func TestReplicateIsNearExact(t *testing.T) {
	q := make([]float64, 1000)
	for i := range q {
		q[i] = 1 / math.Pow(float64(i+1), 0.5)
	}
	for _, s := range []Strategy{Proportional, SquareRoot} {
		total := 0.0
		for _, x := range q {
			total += s.share(x)
		}
		for i, n := range Replicate(s, q, 100_000, 100_000) {
			if want := 100_000 * s.share(q[i]) / total; math.Abs(float64(n)-want) >= 1 {
				t.Errorf("%v: object %d has %d copies, want about %.2f", s, i, n, want)
			}
		}
	}
}

func TestStrategyNames(t *testing.T) {
	var names []string
	for _, s := range []Strategy{Owner, Uniform, Proportional, SquareRoot, -1} {
		names = append(names, s.String())
	}
	if want := []string{"owner", "uniform", "proportional", "square-root", "unknown"}; !slices.Equal(names, want) {
		t.Errorf("names %v, want %v", names, want)
	}
}
