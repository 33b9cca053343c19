package nat

import (
	"net/netip"
	"testing"
	"time"
)

// laptop is a machine whose Review is asked every two seconds.
type laptop struct {
	r     Review
	now   time.Duration
	slept time.Duration
	local netip.AddrPort
	dead  bool // nobody answers
}

// pass lets time pass, and returns how often it has looked, and how often it was told
// that it is elsewhere.
func (l *laptop) pass(d time.Duration) (looks, elsewhere int) {
	for end := l.now + d; l.now < end; l.now += 2 * time.Second {
		due, moved := l.r.Due(l.now, begin.Add(l.now+l.slept), l.local)
		if moved {
			elsewhere++
		}
		if due {
			looks++
			l.r.Done(!l.dead)
		}
	}
	return looks, elsewhere
}

func TestReview(t *testing.T) {
	home, office := ap("192.168.1.2:6346"), ap("10.0.0.7:6346")
	l := &laptop{local: home}
	check := func(what string, d time.Duration, least, most, moves int) {
		t.Helper()
		if looks, elsewhere := l.pass(d); looks < least || looks > most || elsewhere != moves {
			t.Errorf("%s: looks %d times, want %d to %d; %d times elsewhere, want %d", what, looks, least, most, elsewhere, moves)
		}
	}
	check("begins", 2*time.Second, 1, 1, 0)
	check("stays", time.Hour, int(time.Hour/ReviewEvery)-1, int(time.Hour/ReviewEvery), 0)
	l.local = office
	check("moves", reviewLeast+2*time.Second, 1, 1, 1)
	l.slept += 8 * time.Hour
	check("sleeps, at a place with the same addresses", reviewLeast+2*time.Second, 1, 1, 1)
	l.slept -= 8 * time.Hour
	check("has its clock set back", reviewLeast+2*time.Second, 1, 1, 1)
	l.slept += reviewJump
	check("has its clock corrected", time.Minute, 0, 1, 0)
	l.local, l.dead = home, true
	check("comes home, where there is no network yet", 5*time.Minute, 4, 6, 1)
	l.dead = false
	check("has one at last", ReviewEvery, 1, 2, 0)
	check("stays there", ReviewEvery, 1, 1, 0)
	looks := 0
	for i := range 600 {
		l.local = netip.AddrPortFrom(home.Addr(), uint16(i+1))
		n, _ := l.pass(2 * time.Second)
		looks += n
	}
	if most := int(1200 * time.Second / reviewLeast); looks > most || looks < most/2 {
		t.Errorf("its address changes all the time: %d looks, want %d at most", looks, most)
	}
}
