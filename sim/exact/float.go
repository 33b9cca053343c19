package exact

import "math"

// Package math has these functions too, but in assembly on some processors, and
// where it is in Go, compilers for others multiply and add at once: the last
// digit differs. Here each product is converted, which is what the language
// offers to have it rounded by itself. The methods and constants are those of
// FreeBSD's msun, as in package math.

const (
	ln2High = 6.93147180369123816490e-01 // so short that its product with an exponent is exact
	ln2Low  = 1.90821492927058770002e-10
)

// polynomial returns c[0] + c[1] x + c[2] x^2 and so on.
func polynomial(x float64, c ...float64) float64 {
	sum := 0.0
	for i := len(c) - 1; i >= 0; i-- {
		sum = float64(sum*x) + c[i]
	}
	return sum
}

// Log returns the natural logarithm of x; of 0 it is -Inf, of less not a number.
func Log(x float64) float64 {
	switch {
	case math.IsNaN(x) || math.IsInf(x, 1):
		return x
	case x < 0:
		return math.NaN()
	case x == 0:
		return math.Inf(-1)
	}
	part, exponent := math.Frexp(x)
	if part < math.Sqrt2/2 {
		part *= 2
		exponent--
	}
	f, k := part-1, float64(exponent)
	s := f / (2 + f)
	square := float64(s * s)
	rest := float64(square * polynomial(square,
		6.666666666666735130e-01, 3.999999999940941908e-01, 2.857142874366239149e-01, 2.222219843214978396e-01,
		1.818357216161805012e-01, 1.531383769920937332e-01, 1.479819860511658591e-01))
	half := float64(f * f / 2)
	return float64(k*ln2High) - ((half - (float64(s*(half+rest)) + float64(k*ln2Low))) - f)
}

// Log2 returns the logarithm of x to the base 2. That of a power of 2 is whole.
func Log2(x float64) float64 {
	part, exponent := math.Frexp(x)
	if part == 0.5 {
		return float64(exponent - 1)
	}
	return float64(exponent) + float64(Log(part)*(1/math.Ln2))
}

// Exp returns e to the power of x.
func Exp(x float64) float64 {
	switch {
	case math.IsNaN(x):
		return x
	case x > 709.782712893384:
		return math.Inf(1)
	case x < -745.1332191019411:
		return 0
	}
	k := math.Round(x / math.Ln2)
	high, low := x-float64(k*ln2High), float64(k*ln2Low)
	r := high - low
	square := float64(r * r)
	c := r - float64(square*polynomial(square,
		1.66666666666666657415e-01, -2.77777777770155933842e-03, 6.61375632143793436117e-05, -1.65339022054652515390e-06, 4.13813679705723846039e-08))
	return math.Ldexp(1-((low-float64(r*c)/(2-c))-high), int(k))
}

// Pow returns x to the power of y; x is not negative. It is true to some 14
// digits.
func Pow(x, y float64) float64 {
	if y == 0 {
		return 1
	}
	return Exp(float64(y * Log(x)))
}

// Gamma returns the gamma function of x, which is positive (Lanczos 1964, with
// the nine terms of Godfrey 2001). It is true to some 14 digits.
func Gamma(x float64) float64 {
	z := x - 1
	sum := 0.99999999999980993
	for i, c := range [...]float64{
		676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
		12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
	} {
		sum += c / (z + float64(i+1))
	}
	t := z + 7.5
	return math.Sqrt(2*math.Pi) * Exp(float64((z+0.5)*Log(t))-t) * sum
}
