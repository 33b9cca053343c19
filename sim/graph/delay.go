package graph

import "fmt"

// MaxDelay is the longest that a message may take, in ticks: a bucket for each
// tick must fit the wheel of a [Flooder].
const MaxDelay = 1 << 16

// Delay is how long messages take, in ticks: uniform from Lo to Hi inclusive.
// It is drawn for each message by a hash of Seed and of where the receiver
// stands among the neighbours of the sender, so it does not depend on the order
// in which messages are sent. Lo == Hi: every message takes as long. A message
// takes one tick at least; so the zero Delay counts hops.
//
// Floods with equal Seed draw equal delays: give each flood its own.
type Delay struct {
	Lo, Hi uint32
	Seed   uint64
}

// drawn is a Delay as the inner loop wants it.
type drawn struct {
	lo    uint32
	width uint64 // how many delays there are
	seed  uint64
}

func (d Delay) drawn() drawn {
	lo := max(d.Lo, 1)
	hi := max(d.Hi, lo)
	if hi > MaxDelay {
		panic(fmt.Sprintf("graph: a delay of %d ticks; the most is %d", hi, MaxDelay))
	}
	return drawn{lo, uint64(hi-lo) + 1, mix(d.Seed)}
}

// of returns the delay of the message that goes out by a slot, which numbers
// the directed edges.
func (d drawn) of(slot uint64) uint32 {
	return d.lo + uint32(mix(d.seed+slot)>>32*d.width>>32)
}

// mix turns any number into one that looks random. Two multiplications are what
// it takes: after one, messages that are sent by the same node are of like delay.
func mix(x uint64) uint64 {
	x = (x + 1) * 0x9e3779b97f4a7c15 // the golden ratio
	x = (x ^ x>>32) * 0xd6e8feb86659fd93
	return x ^ x>>32
}
