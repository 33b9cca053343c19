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
	checkPace  = 20 * time.Millisecond  // between checks to different addresses
	checkAgain = 100 * time.Millisecond // to the same address, and twice as long each time once it has been hurried
	hurried    = 6                      // checks
	// PunchLimit is when a punch is given up.
	PunchLimit = 5 * time.Second
)

// Limits of a Punch: a peer that names a stranger's address has it bothered by so few
// checks.
const (
	// BlindChecks is how many an address is sent beyond those that came from there.
	// They last as long as the punch: the other side may begin seconds later.
	BlindChecks = 12
	// HostChecks is the same for all addresses of one host together.
	HostChecks = 2 * BlindChecks
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
	sent  int // checks
	heard int // checks that came from there, verified
}

// NewPunch begins at once. addrs are the peer's, as Rank orders them.
func NewPunch(now time.Time, addrs []netip.AddrPort) *Punch {
	p := &Punch{}
	p.Begin(now, addrs)
	return p
}

// Begin begins anew, unless the hole is open, once the peer's addresses are told. It
// knows still where checks have come from meanwhile.
func (p *Punch) Begin(now time.Time, addrs []netip.AddrPort) {
	if p.state == PunchOpen {
		return
	}
	p.began, p.paced, p.state = now, now, Punching
	for _, a := range addrs[:min(len(addrs), MaxCandidates)] {
		if !slices.ContainsFunc(p.targets, func(t target) bool { return t.addr == a }) {
			p.targets = append(p.targets, target{addr: a, next: now})
		}
	}
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
		if p.sendable(t) && !now.Before(t.next) && (due < 0 || t.next.Before(p.targets[due].next)) {
			due = i
		}
	}
	if due < 0 {
		return netip.AddrPort{}, false
	}
	t := &p.targets[due]
	t.sent++
	p.paced = now.Add(checkPace)
	t.next = now.Add(t.wait())
	return t.addr, true
}

// wait is how long after a check the next one is sent.
func (t *target) wait() time.Duration {
	if t.heard > 0 || t.sent <= hurried {
		return checkAgain
	}
	return checkAgain << (t.sent - hurried)
}

// sendable says whether an address may be sent another check.
func (p *Punch) sendable(t *target) bool {
	spare := HostChecks
	for i := range p.targets {
		if o := &p.targets[i]; o.addr.Addr() == t.addr.Addr() {
			spare -= o.sent - o.heard
		}
	}
	return t.sent < BlindChecks+t.heard && spare > 0
}

func (p *Punch) expire(now time.Time) {
	if p.state == Punching && now.Sub(p.began) >= PunchLimit {
		p.state = PunchFailed
	}
}

// Deadline returns when Next must be asked again.
func (p *Punch) Deadline() time.Time {
	first := p.began.Add(PunchLimit)
	for i := range p.targets {
		if t := &p.targets[i]; p.sendable(t) && t.next.Before(first) {
			first = t.next
		}
	}
	if first.Before(p.paced) {
		return p.paced
	}
	return first
}

// Checked tells that a check of the peer's, verified, came from an address, and says
// whether that is one of those that the punch follows. The check is answered by who owns
// the punch; one of ours goes back at once.
func (p *Punch) Checked(now time.Time, from netip.AddrPort) bool {
	i := slices.IndexFunc(p.targets, func(t target) bool { return t.addr == from })
	if i < 0 {
		if p.learned == MaxLearned {
			return false
		}
		p.learned++
		i = len(p.targets)
		p.targets = append(p.targets, target{addr: from})
	}
	t := &p.targets[i]
	if t.heard++; t.heard == 1 {
		t.next = time.Time{} // before all others
	}
	return true
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
