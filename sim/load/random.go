package load

import "github.com/seed282dab8e/servent/sim/exact"

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
	return exact.Mix(exact.Mix(seed^uint64(why)<<56) ^ of)
}

// stream is a run of random numbers; its zero value is that of seed 0.
type stream struct{ state uint64 }

func (s *stream) next() uint64 {
	s.state++
	return exact.Mix(s.state * 0xd1342543de82ef95)
}

// below returns a number under n.
func (s *stream) below(n uint64) uint64 { return exact.Below(s.next(), n) }

// unit returns a number in [0, 1).
func (s *stream) unit() float64 { return exact.Unit(s.next()) }
