package tiger

import "encoding/binary"

// state is Tiger's three registers.
type state [3]uint64

// start is where every message begins. Nothing writes to it.
var start = state{0x0123456789abcdef, 0xfedcba9876543210, 0xf096a5b4c3b2e187}

// digest writes the registers in the byte order of the reference code.
func (s *state) digest() Digest {
	var d Digest
	for i, v := range s {
		binary.LittleEndian.PutUint64(d[8*i:], v)
	}
	return d
}

// even looks up bytes 0, 2, 4 and 6 of c.
func even(c uint64) uint64 {
	return sbox[0][byte(c)] ^ sbox[1][byte(c>>16)] ^ sbox[2][byte(c>>32)] ^ sbox[3][byte(c>>48)]
}

// odd looks up bytes 1, 3, 5 and 7 of c.
func odd(c uint64) uint64 {
	return sbox[3][byte(c>>8)] ^ sbox[2][byte(c>>24)] ^ sbox[1][byte(c>>40)] ^ sbox[0][byte(c>>56)]
}

// block compresses the 64 bytes of p into s: three passes of eight rounds.
func (s *state) block(p []byte) {
	x := load(p)
	a, b, c := s[0], s[1], s[2]
	for pass, mul := range [3]uint64{5, 7, 9} {
		if pass > 0 {
			schedule(&x)
		}
		for _, w := range &x {
			c ^= w
			a -= even(c)
			b = (b + odd(c)) * mul
			a, b, c = b, c, a // eight turns end where a pass has to end
		}
	}
	s[0] ^= a
	s[1] = b - s[1]
	s[2] += c
}

// load reads a block as eight little-endian words.
func load(p []byte) (x [8]uint64) {
	for i := range x {
		x[i] = binary.LittleEndian.Uint64(p[8*i:])
	}
	return x
}

// schedule turns the words of one pass into those of the next.
func schedule(x *[8]uint64) {
	x0, x1, x2, x3, x4, x5, x6, x7 := x[0], x[1], x[2], x[3], x[4], x[5], x[6], x[7]
	x0 -= x7 ^ 0xa5a5a5a5a5a5a5a5
	x1 ^= x0
	x2 += x1
	x3 -= x2 ^ (^x1 << 19)
	x4 ^= x3
	x5 += x4
	x6 -= x5 ^ (^x4 >> 23)
	x7 ^= x6
	x0 += x7
	x1 -= x0 ^ (^x7 << 19)
	x2 ^= x1
	x3 += x2
	x4 -= x3 ^ (^x2 >> 23)
	x5 ^= x4
	x6 += x5
	x7 -= x6 ^ 0x0123456789abcdef
	x[0], x[1], x[2], x[3], x[4], x[5], x[6], x[7] = x0, x1, x2, x3, x4, x5, x6, x7
}
