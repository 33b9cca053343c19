package load

import "math/bits"

// mix is the finisher of splitmix64 (Steele, Lea, Flood 2014): equal inputs
// give equal outputs, and nearby inputs outputs that have nothing in common.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// purpose keeps apart what is drawn for one peer, file or query.
type purpose uint64

const (
	forSharing purpose = iota + 1
	forCapacity
	forAccess
	forSession
	forCrash
	forOrder
	forPlaces
	forName
	forQuery
	forStay
	forEnd
	forFirewall
)

// draw is the random number for a purpose and a thing's number.
func draw(seed uint64, why purpose, of uint64) uint64 {
	return mix(mix(seed^uint64(why)<<56) ^ of)
}

// stream is a run of random numbers; its zero value is that of seed 0.
type stream struct{ state uint64 }

func (s *stream) next() uint64 {
	s.state++
	return mix(s.state * 0xd1342543de82ef95)
}

// below returns a number under n, without the bias of a remainder that would
// matter: n is far below 2^64 (Lemire 2019).
func (s *stream) below(n uint64) uint64 { return below(s.next(), n) }

func below(u, n uint64) uint64 {
	hi, _ := bits.Mul64(u, n)
	return hi
}

// unit maps a random number to [0, 1).
func unit(u uint64) float64 { return float64(u>>11) / (1 << 53) }
