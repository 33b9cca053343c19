package study

import (
	"math"
	"slices"
	"testing"
)

func TestSample(t *testing.T) {
	var s sample
	if s.mean() != 0 || s.variance() != 0 || s.err() != 0 {
		t.Errorf("empty: mean %v, variance %v, error %v", s.mean(), s.variance(), s.err())
	}
	for _, v := range []float64{2, 4, 4, 4, 5, 5, 7, 9} {
		s.add(v)
	}
	if s.mean() != 5 || math.Abs(s.variance()-32.0/7) > 1e-12 || math.Abs(s.err()-math.Sqrt(4.0/7)) > 1e-12 {
		t.Errorf("mean %v, variance %v, error %v", s.mean(), s.variance(), s.err())
	}
}

func TestWeighted(t *testing.T) {
	var w weighted
	w.add(0.25, sample{N: 2, Sum: 8, Sq: 34})   // 3 and 5: mean 4, squared error 1
	w.add(0.75, sample{N: 2, Sum: 40, Sq: 808}) // 18 and 22: mean 20, squared error 4
	if w.Mean != 16 || math.Abs(w.Err-(1.0/16+4*9.0/16)) > 1e-12 {
		t.Errorf("mean %v, variance %v", w.Mean, w.Err)
	}
}

func TestZipf(t *testing.T) {
	if got := zipf(3, 1); math.Abs(got[0]-6.0/11) > 1e-15 || math.Abs(got[2]-2.0/11) > 1e-15 {
		t.Errorf("Zipf 1 of 3: %v", got)
	}
	if got := zipf(4, 0); !slices.Equal(got, []float64{0.25, 0.25, 0.25, 0.25}) {
		t.Errorf("Zipf 0 of 4: %v", got)
	}
}

// TestStream: equal parts give equal numbers; parts that differ or stand in
// another order do not.
func TestStream(t *testing.T) {
	first := stream(1, 2, 3).Uint64()
	if stream(1, 2, 3).Uint64() != first {
		t.Error("equal parts, other numbers")
	}
	for _, other := range []uint64{stream(2, 2, 3).Uint64(), stream(1, 3, 2).Uint64(), stream(1, 2).Uint64(), stream(1, 2, 4).Uint64()} {
		if other == first {
			t.Error("other parts, equal numbers")
		}
	}
}
