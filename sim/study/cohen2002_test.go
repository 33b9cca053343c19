package study

import (
	"math"
	"strings"
	"testing"

	"github.com/seed282dab8e/servent/sim/load"
)

func smallCohen(seed int) Study {
	return &cohen2002{Peers: 2000, Objects: 40, Copies: 0.5, Searches: 4000, Walks: 2000, Degree: 4, Seed: seed}
}

func TestCohen2002(t *testing.T) {
	checkStudy(t, func(seed int) Study {
		return &cohen2002{Peers: 300, Objects: 20, Copies: 0.5, Searches: 200, Walks: 100, Degree: 4, Seed: seed}
	})
}

// TestCohen2002IsNear: a small one meets the formulas, too, within 5 %.
func TestCohen2002IsNear(t *testing.T) {
	for _, target := range targets(whole(t, smallCohen(1))) {
		if target.Tolerance > 0 {
			target.Tolerance = 0.05
		}
		if !target.Missing && !target.Away {
			t.Errorf("%s: compared, with few searches", target.What)
		}
		if !target.Met() {
			t.Errorf("%s: %g, want %g", target.What, target.Ours, target.Paper)
		}
	}
}

// TestCohenFormula holds the formulas against sums over all objects.
func TestCohenFormula(t *testing.T) {
	s := &cohen2002{Peers: 1_000_000, Objects: 300, Copies: 1}
	for _, strategy := range cohenStrategies() {
		q := zipf(s.Objects, 1)
		sum := 0.0
		for i, n := range load.Replicate(strategy, q, s.budget(), s.Peers) {
			sum += q[i] * float64(s.Peers) / float64(n)
		}
		if got := s.formula(strategy, q); math.Abs(got/sum-1) > 1e-3 {
			t.Errorf("%v: %g by formula, %g by copies", strategy, got, sum)
		}
	}
}

func TestCohenGain(t *testing.T) {
	info := cohen2002Info()
	s := info.New().(*cohen2002)
	for _, exponent := range []float64{0.8, 1.2} {
		q := zipf(s.Objects, exponent)
		gain := s.formula(load.Uniform, q) / s.formula(load.SquareRoot, q)
		if math.Abs(gain/cohenGain(exponent)-1) > 1e-3 {
			t.Errorf("Zipf %v: gain %v, want %v", exponent, gain, cohenGain(exponent))
		}
	}
}

// TestCohenForgets: the copies of one strategy are gone when the next is
// measured. With exponent 0 all strategies are one.
func TestCohenForgets(t *testing.T) {
	sizes, err := smallCohen(1).(*cohen2002).run(t.Context(), func(float64) {}, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	for i, size := range sizes {
		if math.Abs(size.Probes.Mean/size.Formula-1) > 0.1 {
			t.Errorf("strategy %d: %v probes, want about %v", i, size.Probes.Mean, size.Formula)
		}
	}
}

// TestCohenPlaces: as many peers have the object as there are copies, even of
// nearly all peers.
func TestCohenPlaces(t *testing.T) {
	c := &cohenSearcher{peers: 100, holders: make([]int32, 100), r: stream(1)}
	for object, copies := range []int{1, 50, 99, 100} {
		c.place(int32(object)+1, copies)
		n := 0
		for _, o := range c.holders {
			if o == int32(object)+1 {
				n++
			}
		}
		if n != copies {
			t.Errorf("%d peers have %d copies", n, copies)
		}
	}
}

func TestCohenRefuses(t *testing.T) {
	for want, s := range map[string]*cohen2002{
		"too few for --objects 40": {Peers: 100, Objects: 40, Copies: 0.1, Degree: 4},
		"more than --objects 40":   {Peers: 100, Objects: 40, Copies: 41, Degree: 4},
		"--degree must be less":    {Peers: 100, Objects: 40, Copies: 1, Degree: 100},
		"one of them even":         {Peers: 101, Objects: 40, Copies: 1, Degree: 3},
	} {
		if _, err := s.Points(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}
