package swarm

import (
	"math/bits"
	"time"
)

// Bound is the fluid bound: no way to share ends sooner than
//
//	max(F/u_seeds, F/d_min, N F/(u_seeds + sum u))
//
// (Kumar, Ross: Peer-assisted file distribution, 2006, for one seed). F is all
// files, N the hosts that download, u and d what they can send and take in a
// second. It holds for hosts that all start at 0, stay and send.
func Bound(c Config) time.Duration {
	c.fill()
	size := uint64(c.Size) * uint64(c.Files)
	var seeds, all uint64
	least := c.Hosts[c.Seeds].Down
	for i, h := range c.Hosts {
		all += uint64(h.Up)
		if i < c.Seeds {
			seeds += uint64(h.Up)
		} else {
			least = min(least, h.Down)
		}
	}
	n := uint64(len(c.Hosts) - c.Seeds)
	return max(span(size, 1, seeds), span(size, 1, uint64(least)), span(size, n, all))
}

// FromSeed is when the last of n peers has the file when each gets it whole
// from one seed that sends up bytes a second: N F/u, and what the last piece
// needs to come in at down bytes a second and for the latency, of an ask and
// of the piece. It holds when all pieces are of one size, peers take in no
// slower than the seed sends, and enough may be asked for at once.
func FromSeed(c Config, n int, up, down int64) time.Duration {
	out, in := span(uint64(c.Size), uint64(n), uint64(up)), span(uint64(c.Piece), 1, uint64(down))
	return out + in + 2*c.Latency
}

// Chain is when the last of n peers in a row has the file, when each passes
// on every piece as soon as it has it whole, all can send up and take in down
// bytes a second, and enough may be asked for at once: F at the slower of both,
// once, and one piece over each access link on the way. A peer tells of a
// piece, is asked and sends it, which takes three latencies, two at the seed.
// It holds when all pieces are of one size.
func Chain(c Config, n int, up, down int64) time.Duration {
	pieces := (c.Size + c.Piece - 1) / c.Piece
	out, in := span(uint64(c.Piece), 1, uint64(up)), span(uint64(c.Piece), 1, uint64(down))
	hops := time.Duration(n)
	return hops*(out+in+3*c.Latency) - c.Latency + time.Duration(pieces-1)*max(out, in)
}

// span is how long times*size bytes take at perSecond, in whole nanoseconds,
// rounded up; the most that there is when that does not fit.
func span(size, times, perSecond uint64) time.Duration {
	const most = 1<<63 - 1
	carry, total := bits.Mul64(size, times)
	high, low := bits.Mul64(total, uint64(time.Second))
	if carry != 0 || high >= perSecond {
		return most
	}
	q, rest := bits.Div64(high, low, perSecond)
	if rest > 0 {
		q++
	}
	return time.Duration(min(q, most))
}
