package study

import (
	"math"
	"math/rand/v2"

	"github.com/seed282dab8e/servent/sim/exact"
)

// stream returns the randomness of one part of a study: parts that differ in a
// number have nothing to do with one another.
func stream(seed int, parts ...uint64) *rand.Rand {
	a, b := uint64(seed), uint64(0x9e3779b97f4a7c15)
	for _, p := range parts {
		b = (b^p)*0xbf58476d1ce4e5b9 + 1
		b ^= b >> 29
	}
	return rand.New(rand.NewPCG(a, b))
}

// sample is the mean of what was measured again and again, and how sure it is.
// Its fields are exported for JSON.
type sample struct {
	N       int
	Sum, Sq float64 // of the values and of their squares
}

func (s *sample) add(v float64) {
	s.N++
	s.Sum += v
	s.Sq += float64(v * v)
}

func (s *sample) join(t sample) {
	s.N += t.N
	s.Sum += t.Sum
	s.Sq += t.Sq
}

// mean is 0 when there is nothing to take it of.
func (s sample) mean() float64 {
	if s.N == 0 {
		return 0
	}
	return s.Sum / float64(s.N)
}

// drawn is the mean, and what plots leave out where there is none.
func (s sample) drawn() float64 {
	if s.N == 0 {
		return math.NaN()
	}
	return s.mean()
}

// variance is that of one value.
func (s sample) variance() float64 {
	if s.N < 2 {
		return 0
	}
	n := float64(s.N)
	return max(0, (s.Sq-float64(s.Sum/n*s.Sum))/(n-1))
}

// err is the standard error of the mean.
func (s sample) err() float64 {
	if s.N == 0 {
		return 0
	}
	return math.Sqrt(s.variance() / float64(s.N))
}

// zipf returns how often each of n objects is asked for; it adds up to 1.
func zipf(n int, exponent float64) []float64 {
	q, sum := exact.Zipf(n, exponent), 0.0
	for _, v := range q {
		sum += v
	}
	for i := range q {
		q[i] /= sum
	}
	return q
}
