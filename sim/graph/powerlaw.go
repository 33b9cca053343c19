package graph

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/seed282dab8e/servent/sim/exact"
)

// Powers is a distribution of degrees: from Min to Max, k as often as k to the
// power of -Exponent. Either Exponent or Max may be left 0: then it is set so that
// the mean degree is Mean, as near as it can be.
type Powers struct {
	Exponent float64
	Min, Max int
	Mean     float64 // looked at only where it sets another
}

// PowerLaw is a random graph ([Configuration]) of n nodes whose degrees follow
// p. A p that makes no sense is an error.
func PowerLaw(r *rand.Rand, n int, p Powers) (*Graph, error) {
	degrees, err := p.Degrees(r, n)
	if err != nil {
		return nil, err
	}
	return Configuration(r, degrees), nil
}

// Degrees returns the degrees of n nodes, in random order, with an even sum.
// They are spread evenly over the distribution instead of drawn one by one, so
// that the mean does not depend on how many hubs were drawn.
func (p Powers) Degrees(r *rand.Rand, n int) ([]int32, error) {
	p, err := p.solved(n)
	if err != nil {
		return nil, err
	}
	shares := p.shares()
	degrees := make([]int32, n)
	offset := float64(r.Float64())
	i, below, sum := 0, shares[0], 0
	for v := range degrees {
		for i < len(shares)-1 && (float64(v)+offset)/float64(n) >= below {
			i++
			below += shares[i]
		}
		degrees[v] = int32(p.Min + i)
		sum += p.Min + i
	}
	if sum%2 != 0 {
		if int(degrees[0]) < p.Max {
			degrees[0]++
		} else {
			degrees[0]--
		}
	}
	r.Shuffle(n, func(i, j int) { degrees[i], degrees[j] = degrees[j], degrees[i] })
	return degrees, nil
}

// solved checks p, and sets what is left open by the mean.
func (p Powers) solved(n int) (Powers, error) {
	most := p.Max
	if most == 0 {
		most = n - 1
	}
	switch {
	case p.Min < 0 || p.Min > most || most >= n:
		return p, fmt.Errorf("degrees from %d to %d do not fit %d nodes", p.Min, most, n)
	case p.Exponent < 0 || math.IsNaN(p.Exponent) || p.Exponent > 100:
		return p, fmt.Errorf("an exponent of %v for degrees; it is from 0 to 100", p.Exponent)
	case p.Exponent != 0 && p.Max != 0:
		return p, nil
	case p.Exponent == 0 && p.Max == 0:
		return p, errors.New("degrees want an exponent or a highest degree")
	case !(p.Mean >= float64(p.Min) && p.Mean <= float64(most)):
		return p, fmt.Errorf("a mean degree of %v is not between %d and %d", p.Mean, p.Min, most)
	case p.Max == 0:
		return p.withMax(n), nil
	}
	return p.withExponent(), nil
}

// withMax sets the highest degree by the mean, which grows with it.
func (p Powers) withMax(n int) Powers {
	low := p.Min
	p.Max = n - 1
	for low < p.Max {
		q := p
		q.Max = (low + p.Max) / 2
		if q.mean() < p.Mean {
			low = q.Max + 1
		} else {
			p.Max = q.Max
		}
	}
	return p
}

// withExponent sets the exponent by the mean, which shrinks as it grows.
func (p Powers) withExponent() Powers {
	low, high := -100.0, 100.0
	for range 60 {
		p.Exponent = (low + high) / 2
		if p.mean() > p.Mean {
			low = p.Exponent
		} else {
			high = p.Exponent
		}
	}
	return p
}

func (p Powers) mean() float64 {
	sum := 0.0
	for i, share := range p.shares() {
		sum += float64(float64(p.Min+i) * share)
	}
	return sum
}

// shares returns how many of the nodes have degree Min, Min+1, and so on. Degree
// 0 counts as 1 in the power.
func (p Powers) shares() []float64 {
	shares := make([]float64, p.Max-p.Min+1)
	sum := 0.0
	for i := range shares {
		// Beside the lowest degree, or nothing would be left of large powers.
		k := float64(max(p.Min+i, 1)) / float64(max(p.Min, 1))
		shares[i] = exact.Pow(k, -p.Exponent)
		sum += shares[i]
	}
	for i := range shares {
		shares[i] /= sum
	}
	return shares
}
