package nat

import (
	"net/netip"
	"time"
)

// Timing of a Review.
const (
	// ReviewEvery is how often a servent looks again while nothing has happened, so that
	// what is known stays fresh.
	ReviewEvery = Fresh / 2
	// reviewLeast is the least time between two looks, whatever happens: it is doubled,
	// three times at most, each time that nobody has answered.
	reviewLeast = 10 * time.Second
	// reviewJump is how much more, or less, time must have passed by the clock on the
	// wall than by the machine's own for that to mean that it has slept.
	reviewJump = 30 * time.Second
)

// Review decides when a servent looks again at the routers that it is behind: now and
// then, and soon once it may be elsewhere, since its address has changed or the machine
// has slept. The zero value has not looked yet. It is for one goroutine.
type Review struct {
	local  netip.AddrPort
	seen   time.Duration // when Due was asked last, and what time it was then
	wall   time.Time
	looked time.Duration
	begun  bool
	stale  bool // it may be elsewhere since it has looked
	fails  int
}

// Due says whether to look now. It is asked every few seconds, with the time since the
// servent began, by a clock that nobody sets, and by the wall's, and the address that our
// datagrams leave from. elsewhere says that what was known before does not count.
func (r *Review) Due(now time.Duration, wall time.Time, local netip.AddrPort) (due, elsewhere bool) {
	if r.begun {
		jump := wall.Round(0).Sub(r.wall) - (now - r.seen)
		elsewhere = local != r.local || jump.Abs() > reviewJump
	}
	r.stale = r.stale || elsewhere
	r.local, r.seen, r.wall = local, now, wall.Round(0)
	wait := reviewLeast << min(r.fails, 3)
	if r.fails == 0 && !r.stale {
		wait = ReviewEvery
	}
	if elsewhere {
		r.fails = 0
		wait = reviewLeast
	}
	if r.begun && now-r.looked < wait {
		return false, elsewhere
	}
	r.begun, r.stale, r.looked = true, false, now
	return true, elsewhere
}

// Done tells whether somebody has answered.
func (r *Review) Done(answered bool) {
	if r.fails++; answered {
		r.fails = 0
	}
}
