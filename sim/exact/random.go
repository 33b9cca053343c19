package exact

import "math/bits"

// Mix is splitmix64 (Steele, Lea, Flood 2014): equal inputs give equal outputs,
// and nearby inputs outputs that have nothing in common.
func Mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// Below maps a random number to one under n, without the bias of a remainder
// that would matter: n is far below 2^64 (Lemire 2019).
func Below(u, n uint64) uint64 {
	high, _ := bits.Mul64(u, n)
	return high
}

// Unit maps a random number to [0, 1).
func Unit(u uint64) float64 { return float64(u>>11) / (1 << 53) }

// Zipf returns how often each of n things is asked for in proportion to the
// first, where the i-th is to the power of -exponent of i.
func Zipf(n int, exponent float64) []float64 {
	q := make([]float64, n)
	for i := range q {
		q[i] = Pow(float64(i+1), -exponent)
	}
	return q
}
