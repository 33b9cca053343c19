package nat

import (
	"math/rand/v2"
	"time"
)

// Timing and limits of a Dialer.
const (
	// MaxDials is how often one address is dialled: a peer that names a stranger's has
	// it bothered by so few SYNs.
	MaxDials = 40
	// dialHurried is how long a dial may take in the first second: one that a router
	// drops is worth repeating before the system does, after a second.
	dialHurried = 400 * time.Millisecond
	dialLater   = 2 * time.Second
	dialPause   = 20 * time.Millisecond
)

// Dialer decides when one address of a peer is dialled over TCP, from the port at which
// this servent listens, while the peer does the same: routers let the SYN of each in
// once that of the other has gone out (Ford, Srisuresh, Kegel, section 4). It lasts for
// PunchLimit. It is for one goroutine.
type Dialer struct {
	began time.Time
	dials int
	rand  *rand.Rand
}

// NewDialer begins at once.
func NewDialer(now time.Time, r *rand.Rand) *Dialer { return &Dialer{began: now, rand: r} }

// Try returns how long the dial may take that begins now; false: no more dials.
func (d *Dialer) Try(now time.Time) (time.Duration, bool) {
	left := PunchLimit - now.Sub(d.began)
	if left <= 0 || d.dials == MaxDials {
		return 0, false
	}
	d.dials++
	limit := dialLater
	if now.Sub(d.began) < time.Second {
		limit = dialHurried
	}
	return min(limit, left), true
}

// Pause returns how long to wait after a dial that has failed in a time. A router that
// refuses has ours close again after one round trip; SYNs must cross within half of
// that, so those of two who began at a bad time must not keep step.
func (d *Dialer) Pause(took time.Duration) time.Duration {
	return dialPause + time.Duration(d.rand.Int64N(int64(max(min(took, dialHurried), dialPause))))
}
