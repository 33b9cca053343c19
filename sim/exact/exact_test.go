package exact

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// near says whether got is want but for so many of the last bits.
func near(got, want, bits float64) bool {
	if got == want || math.IsNaN(got) && math.IsNaN(want) {
		return true
	}
	return math.Abs(got-want) <= bits*0x1p-53*math.Abs(want)
}

// TestFloats compares with package math, which is right to the last bit or two.
func TestFloats(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	values := []float64{0, 1, 2, 1024, 0.5, math.E, 1e-300, math.MaxFloat64, math.Inf(1), math.NaN(), -1, math.Sqrt2 / 2, 1 - 0x1p-53, 1 + 0x1p-52}
	for range 100_000 {
		values = append(values, math.Ldexp(1+r.Float64(), r.IntN(200)-100))
	}
	for _, x := range values {
		if got, want := Log(x), math.Log(x); !near(got, want, 4) {
			t.Fatalf("Log(%v) = %v, want %v", x, got, want)
		}
		if got, want := Log2(x), math.Log2(x); x > 0 && !near(got, want, 8) && math.Abs(got-want) > 1e-15 {
			t.Fatalf("Log2(%v) = %v, want %v", x, got, want)
		}
	}
	if got := Log(5e-324); !near(got, -1074*math.Ln2, 4) {
		t.Errorf("Log of the least number is %v", got)
	}
	for e := -1074; e < 1024; e++ {
		if got := Log2(math.Ldexp(1, e)); got != float64(e) {
			t.Fatalf("Log2 of 2^%d is %v", e, got)
		}
	}
	exponents := []float64{0, 1, -1, 709.78, 709.79, -708, -746, math.Inf(1), math.Inf(-1), math.NaN(), 1e-20, math.Ln2 / 2, -math.Ln2 / 2}
	for range 100_000 {
		exponents = append(exponents, (r.Float64()-0.5)*1400)
	}
	for _, x := range exponents {
		if got, want := Exp(x), math.Exp(x); !near(got, want, 4) {
			t.Fatalf("Exp(%v) = %v, want %v", x, got, want)
		}
	}
	for range 100_000 {
		x, y := 1e7*r.Float64(), 8*r.Float64()-4
		if got, want := Pow(x, y), math.Pow(x, y); !near(got, want, 200) {
			t.Fatalf("Pow(%v, %v) = %v, want %v", x, y, got, want)
		}
		if got, want := Gamma(10*r.Float64()+0.1), 0.0; got <= want {
			t.Fatalf("a gamma function of %v", got)
		}
	}
	for x := 0.1; x < 20; x += 0.1 {
		if got, want := Gamma(x), math.Gamma(x); !near(got, want, 200) {
			t.Fatalf("Gamma(%v) = %v, want %v", x, got, want)
		}
	}
	for _, p := range [][3]float64{{0, 2, 0}, {0, 0, 1}, {5, 0, 1}, {1, 3, 1}, {0, -1, math.Inf(1)}} {
		if got := Pow(p[0], p[1]); got != p[2] {
			t.Errorf("Pow(%v, %v) = %v, want %v", p[0], p[1], got, p[2])
		}
	}
}

// TestBits holds a few results to the bit, on whatever processor this runs.
func TestBits(t *testing.T) {
	sum := uint64(0)
	r := rand.New(rand.NewPCG(2, 2))
	for range 10_000 {
		x, y := 1000*r.Float64(), 4*r.Float64()-2
		for _, v := range []float64{Log(x), Log2(x), Exp(x / 10), Exp(-x / 10), Pow(x, y), Gamma(1 + x/200)} {
			sum = Mix(sum ^ math.Float64bits(v))
		}
	}
	if sum != 0xae5a3b9cffa22978 {
		t.Errorf("the results have another sum: %#x", sum)
	}
}

func TestZipf(t *testing.T) {
	if got := Zipf(4, 0); !slices.Equal(got, []float64{1, 1, 1, 1}) {
		t.Errorf("exponent 0 gives %v", got)
	}
	for i, v := range Zipf(100, 1) {
		if !near(v, 1/float64(i+1), 30) {
			t.Errorf("rank %d: %v", i+1, v)
		}
	}
}

func TestRandom(t *testing.T) {
	// The first outputs of splitmix64 of seed 0, as its authors publish them.
	const golden = 0x9e3779b97f4a7c15
	for i, want := range []uint64{0xe220a8397b1dcdaf, 0x6e789e6aa1b965f4, 0x06c45d188009454f} {
		if got := Mix(uint64(i) * golden); got != want {
			t.Errorf("output %d is %#x, want %#x", i, got, want)
		}
	}
	if a, b := Below(0, 10), Below(math.MaxUint64, 10); a != 0 || b != 9 {
		t.Errorf("the ends of 10 are %d and %d", a, b)
	}
	if a, b := Unit(0), Unit(math.MaxUint64); a != 0 || b != 1-0x1p-53 {
		t.Errorf("the ends of the unit are %v and %v", a, b)
	}
}

func TestAgenda(t *testing.T) {
	type entry struct {
		at  time.Duration
		nth int
	}
	r := rand.New(rand.NewPCG(3, 3))
	var a Agenda[entry]
	var want []entry
	check := func() {
		slices.SortStableFunc(want, func(x, y entry) int { return cmp.Compare(x.at, y.at) })
		next, _ := a.Next()
		if at, what := a.Pop(); next != at || at != want[0].at || what != want[0] {
			t.Fatalf("at %d, then %d: %v, want %v", next, at, what, want[0])
		}
		want = want[1:]
	}
	for i := range 2000 {
		e := entry{time.Duration(r.IntN(50)), i}
		a.Push(e.at, e)
		want = append(want, e)
		if r.IntN(3) == 0 {
			check()
		}
	}
	for len(want) > 0 {
		check()
	}
	if at, more := a.Next(); more {
		t.Errorf("something is left at %d", at)
	}
}
