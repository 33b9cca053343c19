package study

import (
	"math"
	"math/rand/v2"
	"slices"

	"github.com/seed282dab8e/servent/sim/exact"
	"github.com/seed282dab8e/servent/sim/graph"
)

// topology joins super-peers so that the degree of rank i is in proportion to
// i^-skew, as PLOD does (Palmer, Steffan: Generating network topologies that obey
// power laws, GLOBECOM 2000), and is one at least; all are in one piece.
func (s *yang2003) topology(r *rand.Rand, supers int, mean float64) *graph.Graph {
	if mean >= float64(supers-1) {
		return graph.Clique(supers)
	}
	low, high := 0.0, float64(supers)*float64(supers)
	for range 60 {
		if mid := (low + high) / 2; meanOf(yangDegreesOf(supers, mid, s.skew)) < mean {
			low = mid
		} else {
			high = mid
		}
	}
	degrees := yangDegreesOf(supers, high, s.skew)
	sum := int32(0)
	for _, d := range degrees {
		sum += d
	}
	degrees[len(degrees)-1] += sum % 2
	r.Shuffle(len(degrees), func(i, j int) { degrees[i], degrees[j] = degrees[j], degrees[i] })
	return graph.Configuration(r, degrees).Connected(r)
}

// yangDegreesOf are degrees by rank, from first on. What is lost or won by rounding
// one goes to the next, so that the mean is as exact as it can be.
func yangDegreesOf(n int, first, skew float64) []int32 {
	degrees := make([]int32, n)
	carry := 0.0
	for i := range degrees {
		carry += max(1, min(first*exact.Pow(float64(i+1), -skew), float64(n/2)))
		d := max(1, math.Round(carry))
		degrees[i] = int32(d)
		carry -= d
	}
	return degrees
}

func meanOf(degrees []int32) float64 {
	sum := 0.0
	for _, d := range degrees {
		sum += float64(d)
	}
	return sum / float64(len(degrees))
}

// withLinks is g with more links of v.
func withLinks(g *graph.Graph, v int32, degree int, r *rand.Rand) *graph.Graph {
	edges := make([]graph.Edge, 0, g.Size()+degree)
	for e := range g.Edges() {
		edges = append(edges, e)
	}
	have := append([]int32{v}, g.Neighbours(int(v))...)
	for len(have) <= degree {
		w := r.Int32N(int32(g.Len()))
		if !slices.Contains(have, w) {
			have = append(have, w)
			edges = append(edges, graph.Edge{A: v, B: w})
		}
	}
	return graph.New(g.Len(), edges)
}
