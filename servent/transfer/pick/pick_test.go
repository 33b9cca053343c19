package pick

import (
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// anyView draws what a loader of a small file may know, and the blocks that are
// open in it, found one by one.
func anyView(t *rapid.T) (View, []int) {
	n := rapid.IntRange(1, 200).Draw(t, "blocks")
	v := View{Offered: anySet(t, n, "offered"), Have: anySet(t, n, "have"), Asked: anySet(t, n, "asked")}
	v.Copies = rapid.SliceOfN(rapid.Uint16Range(0, 4), n, n).Draw(t, "copies")
	if rapid.Bool().Draw(t, "as many as can be") {
		for i := range v.Copies {
			v.Copies[i] = ^v.Copies[i]
		}
	}
	var open []int
	for b := range n {
		if v.Offered.Has(b) && !v.Have.Has(b) && !v.Asked.Has(b) {
			open = append(open, b)
		}
	}
	return v, open
}

// The first is -1 when there is none.
func first(blocks []int) int {
	if len(blocks) == 0 {
		return -1
	}
	return blocks[0]
}

// Only what is open is picked, and something is when something is open.
func TestPick(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v, open := anyView(t)
		if got := v.Count(); got != len(open) {
			t.Fatalf("%d open, want %d", got, len(open))
		}
		if got, want := v.First(), first(open); got != want {
			t.Fatalf("first %d, want %d", got, want)
		}
		r := rand.New(rand.NewPCG(1, rapid.Uint64().Draw(t, "seed")))
		if got := v.Random(r); got != -1 && !slices.Contains(open, got) || got == -1 && len(open) > 0 {
			t.Fatalf("random %d of %v", got, open)
		}
		if got, want := v.Rarest(r), rarest(open, v.Copies); got != -1 && !slices.Contains(want, got) || got == -1 && len(want) > 0 {
			t.Fatalf("rarest %d of %v", got, want)
		}
	})
}

// rarest is those of the blocks that have the fewest copies.
func rarest(blocks []int, copies []uint16) []int {
	var best []int
	for _, b := range blocks {
		if best != nil && copies[b] < copies[best[0]] {
			best = best[:0]
		}
		if len(best) == 0 || copies[b] == copies[best[0]] {
			best = append(best, b)
		}
	}
	return best
}
