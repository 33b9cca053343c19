package nat

import (
	"net/netip"
	"slices"
	"time"
)

// Timing of a Punch. A check is a small datagram that both sides can verify; the
// other side answers it. RFC 8445 paces them by 50 ms at least, for dozens of pairs
// at a time; there are few here, and the one who waits is a person.
const (
	checkPace    = 20 * time.Millisecond  // between checks to different addresses
	checkAgain   = 100 * time.Millisecond // to the same address, in the first second
	checkLater   = 250 * time.Millisecond // and after it
	checkHurried = time.Second
	// PunchLimit is when a punch is given up.
	PunchLimit = 5 * time.Second
	// BlindChecks is how many checks an address is sent that nothing verified came
	// from. A peer that names a stranger's address has it bothered by so few.
	BlindChecks = 12
	// MaxLearned is how many addresses are added that checks came from.
	MaxLearned = 4
)

// PunchState is how far a Punch is.
type PunchState int

// The states of a Punch.
const (
	Punching PunchState = iota
	PunchOpen
	PunchFailed
)

// Punch decides when to send a check to which address of a peer, until one of them
// is answered: then datagrams pass both ways there. Each side runs one, and answers
// the checks that it gets, for as long as the other may need to hear it.
//
// It follows the addresses that checks really come from: a router that gives each
// destination another port makes those that were told worthless (Ford et al.,
// section 3.4). It is for one goroutine.
type Punch struct {
	began   time.Time
	paced   time.Time // when the next check may be sent
	targets []target
	learned int
	open    netip.AddrPort
	state   PunchState
}

type target struct {
	addr  netip.AddrPort
	next  time.Time
	blind int  // checks sent before anything came from there
	alive bool // something verified came from there
}

// NewPunch begins at once. addrs are the peer's, as Rank orders them.
func NewPunch(now time.Time, addrs []netip.AddrPort) *Punch {
	p := &Punch{began: now, paced: now}
	for _, a := range addrs[:min(len(addrs), MaxCandidates)] {
		p.targets = append(p.targets, target{addr: a, next: now})
	}
	return p
}

// Next returns the address to send a check to now; false when none is due.
func (p *Punch) Next(now time.Time) (netip.AddrPort, bool) {
	p.expire(now)
	if p.state != Punching || now.Before(p.paced) {
		return netip.AddrPort{}, false
	}
	due := -1
	for i := range p.targets {
		t := &p.targets[i]
		if t.sendable() && !now.Before(t.next) && (due < 0 || t.next.Before(p.targets[due].next)) {
			due = i
		}
	}
	if due < 0 {
		return netip.AddrPort{}, false
	}
	t := &p.targets[due]
	if !t.alive {
		t.blind++
	}
	p.paced = now.Add(checkPace)
	wait := checkAgain
	if now.Sub(p.began) >= checkHurried {
		wait = checkLater
	}
	t.next = now.Add(wait)
	return t.addr, true
}

func (t *target) sendable() bool { return t.alive || t.blind < BlindChecks }

func (p *Punch) expire(now time.Time) {
	if p.state == Punching && now.Sub(p.began) >= PunchLimit {
		p.state = PunchFailed
	}
}

// Deadline returns when Next must be asked again.
func (p *Punch) Deadline() time.Time {
	first := p.began.Add(PunchLimit)
	for i := range p.targets {
		if t := &p.targets[i]; t.sendable() && t.next.Before(first) {
			first = t.next
		}
	}
	if first.Before(p.paced) {
		return p.paced
	}
	return first
}

// Checked tells that a check of the peer's, verified, came from an address. It is
// answered by who owns the punch; a check goes back at once.
func (p *Punch) Checked(now time.Time, from netip.AddrPort) {
	i := slices.IndexFunc(p.targets, func(t target) bool { return t.addr == from })
	if i < 0 {
		if p.learned == MaxLearned {
			return
		}
		p.learned++
		i = len(p.targets)
		p.targets = append(p.targets, target{addr: from})
	}
	if t := &p.targets[i]; !t.alive {
		t.alive, t.next = true, time.Time{} // before all others
	}
}

// Answered tells that the answer to one of our checks, verified, came from an
// address: the hole is open. The first one counts.
func (p *Punch) Answered(now time.Time, from netip.AddrPort) {
	p.expire(now)
	if p.state == Punching {
		p.open, p.state = from, PunchOpen
	}
}

// Result returns the state, and the peer's address once it is open.
func (p *Punch) Result(now time.Time) (netip.AddrPort, PunchState) {
	p.expire(now)
	return p.open, p.state
}
