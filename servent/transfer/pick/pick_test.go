package pick

import (
	"math"
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
	v.Copies = rapid.SliceOfN(rapid.Uint16Range(0, rapid.SampledFrom([]uint16{0, 1, 4}).Draw(t, "most copies")), n, n).Draw(t, "copies")
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

// first is -1 when there is none.
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

// Of what is open, the first that was started goes first.
func TestStarted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v, open := anyView(t)
		started := anySet(t, len(v.Copies), "started")
		want := first(slices.DeleteFunc(open, func(b int) bool { return !started.Has(b) }))
		if got := v.Started(started); got != want {
			t.Fatalf("started %d, want %d", got, want)
		}
	})
}

// Each block that may be picked is, as often as any other, and each pick draws
// once: the simulator's runs hang on it.
func TestEqualChances(t *testing.T) {
	const blocks, draws = 200, 50_000
	v := View{Offered: NewSet(blocks), Have: NewSet(blocks), Asked: NewSet(blocks), Copies: make([]uint16, blocks)}
	v.Offered.AddRange(1, 199)
	v.Have.AddRange(60, 70)
	v.Asked.AddRange(120, 140)
	var open, rare []int
	for b := range blocks {
		v.Copies[b] = uint16(2 + b%3)
		if b < 1 || b >= 199 || b >= 60 && b < 70 || b >= 120 && b < 140 {
			v.Copies[b] = 1 // the rarest are not to be had
			continue
		}
		open = append(open, b)
		if v.Copies[b] == 2 {
			rare = append(rare, b)
		}
	}
	for _, c := range []struct {
		name string
		pick func(*rand.Rand) int
		want []int
	}{{"random", v.Random, open}, {"rarest", v.Rarest, rare}} {
		r, beside := rand.New(rand.NewPCG(1, 1)), rand.New(rand.NewPCG(1, 1))
		got := make([]int, blocks)
		for range draws {
			got[c.pick(r)]++
			beside.Int32N(int32(len(c.want)))
		}
		if r.Uint64() != beside.Uint64() {
			t.Errorf("%s: does not draw once a pick", c.name)
		}
		mean, chi := float64(draws)/float64(len(c.want)), 0.0
		for _, b := range c.want {
			chi += (float64(got[b]) - mean) * (float64(got[b]) - mean) / mean
		}
		// Chi square has the mean of the degrees of freedom and twice that as its
		// variance: this is five deviations.
		if free := float64(len(c.want) - 1); chi > free+5*math.Sqrt(2*free) {
			t.Errorf("%s: chi square %.0f for %v", c.name, chi, got)
		}
	}
}

// A run holds open blocks only, none more common than its first, no more than
// were wanted; and it ends for no other reason.
func TestRun(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v, open := anyView(t)
		n := len(v.Copies)
		from, most := rapid.IntRange(-1, n+70).Draw(t, "first"), rapid.IntRange(-1, n+1).Draw(t, "most")
		if len(open) > 0 && rapid.Bool().Draw(t, "an open one") {
			from = rapid.SampledFrom(open).Draw(t, "first")
		}
		want := 0
		for b := from; want < most && slices.Contains(open, b) && v.Copies[b] <= v.Copies[from]; b++ {
			want++
		}
		if got := v.Run(from, most); got != want {
			t.Fatalf("%d blocks from %d on, %d at most; want %d", got, from, most, want)
		}
	})
}

// A run ends with the file, also where its last word is full.
func TestRunToTheEnd(t *testing.T) {
	v := View{Offered: NewSet(128), Have: NewSet(128), Asked: NewSet(128), Copies: make([]uint16, 128)}
	v.Offered.AddRange(0, 128)
	if got := v.Run(100, 1000); got != 28 {
		t.Errorf("%d blocks from 100 on, want 28", got)
	}
}

// The endgame asks for nothing twice of one source, nothing that is had, not
// offered or not asked for, and of the rest for what the fewest are asked for.
func TestEndgame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v, _ := anyView(t)
		n := len(v.Copies)
		mine := anySet(t, n, "mine")
		askers := rapid.SliceOfN(rapid.Uint8Range(253, 255), n, n).Draw(t, "askers")
		want := -1
		for b := range n {
			may := v.Offered.Has(b) && !v.Have.Has(b) && v.Asked.Has(b) && !mine.Has(b)
			if may && (want < 0 || askers[b] < askers[want]) {
				want = b
			}
		}
		if got := v.Endgame(mine, askers); got != want {
			t.Fatalf("endgame %d, want %d", got, want)
		}
	})
}

// Sources that come free one after the other are spread over what is missing.
func TestEndgameSpreads(t *testing.T) {
	const blocks, sources = 5, 12
	v := View{Offered: NewSet(blocks), Have: NewSet(blocks), Asked: NewSet(blocks)}
	v.Offered.AddRange(0, blocks)
	v.Asked.AddRange(0, blocks)
	askers := []uint8{1, 1, 1, 1, 1}
	for range sources {
		b := v.Endgame(NewSet(blocks), askers)
		askers[b]++
	}
	if want := []uint8{4, 4, 3, 3, 3}; !slices.Equal(askers, want) {
		t.Errorf("asked for %v times, want %v", askers, want)
	}
}

func TestCopies(t *testing.T) {
	for _, c := range []struct {
		copies []uint16
		want   float64
	}{
		{nil, 0},
		{[]uint16{0}, 0},
		{[]uint16{7, 7, 7}, 7},
		{[]uint16{0, 1, 2, 3}, 0.75},
		{[]uint16{3, 2, 1, 1}, 1.5},
		{[]uint16{2, 3, 1, 2, 1}, 1.6},
		{[]uint16{65535, 65535, 65535, 65534}, 65534.75},
	} {
		if got := Copies(c.copies); got != c.want {
			t.Errorf("copies of %v: %v, want %v", c.copies, got, c.want)
		}
	}
}

// Nothing is allocated: it is done for each request, under a lock.
func TestNothingIsAllocated(t *testing.T) {
	const blocks = 300
	v := View{Offered: NewSet(blocks), Have: NewSet(blocks), Asked: NewSet(blocks), Copies: make([]uint16, blocks)}
	v.Offered.AddRange(0, blocks)
	v.Asked.AddRange(200, blocks)
	askers, r := make([]uint8, blocks), rand.New(rand.NewPCG(1, 1))
	for name, pick := range map[string]func() int{
		"first": v.First, "count": v.Count, "random": func() int { return v.Random(r) }, "rarest": func() int { return v.Rarest(r) },
		"started": func() int { return v.Started(v.Offered) }, "run": func() int { return v.Run(10, 20) },
		"endgame": func() int { return v.Endgame(v.Have, askers) }, "all": func() int { return walk(v.Offered, v.Asked) },
	} {
		if n := testing.AllocsPerRun(10, func() { pick() }); n != 0 {
			t.Errorf("%s allocates %v times", name, n)
		}
	}
}

func walk(s, without Set) int {
	sum := 0
	for b := range s.All() {
		sum += b
	}
	for b := range s.Without(without) {
		sum += b
	}
	return sum
}
