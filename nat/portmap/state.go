package portmap

import (
	"net/netip"
	"time"

	"github.com/seed282dab8e/servent/nat"
)

// Protocol is a way to ask a router.
type Protocol int

// The protocols. None is that of a port that is not mapped.
const (
	None Protocol = iota
	UPnP
	NATPMP
	PCP
	protocols
)

// String returns the name that is shown.
func (p Protocol) String() string { return [...]string{"none", "UPnP", "NAT-PMP", "PCP"}[p] }

// transports is how many nat.Transport there are.
const transports = nat.TCP + 1

// State is what is mapped. Two are equal when they say the same.
type State struct {
	// Gateway is the router asked, not valid where there is none, and Own this
	// machine's address towards it.
	Gateway, Own netip.Addr
	UDP, TCP     Mapping
}

// Of returns what holds for a transport.
func (s State) Of(t nat.Transport) Mapping {
	if t == nat.TCP {
		return s.TCP
	}
	return s.UDP
}

// Mapping is what a router forwards to the servent's port by one transport.
type Mapping struct {
	// Protocol has mapped it; None when it is not mapped.
	Protocol Protocol
	// Outside is what the router says others can reach. The port may be another one
	// than was asked for.
	Outside netip.AddrPort
	// Until is when the router forgets it, unless it is renewed before.
	Until time.Time
	// Confirmed holds until Deny: the router has said yes, and nobody that it is not
	// so.
	Confirmed bool
	// DoubleNAT says that the outside address is not public, so that another router
	// stands between this one and the world.
	DoubleNAT bool
	// Refused are those protocols by which the router has answered, and not done it.
	Refused [protocols]bool
	// Errors are the last ones by Protocol, in words for people; empty where all is
	// well, or where the protocol was not needed.
	Errors [protocols]string
}

// mapping is what a router has granted.
type mapping struct {
	protocol  Protocol
	transport nat.Transport
	outside   netip.AddrPort
	lease     time.Duration
	lost      int // epoch.lost of the time when it was granted
}

// useless says what is wrong with what a router has granted, nil when nothing is.
func (m mapping) useless() error {
	a := m.outside.Addr()
	switch {
	case !a.IsValid() || a.IsUnspecified() || m.outside.Port() == 0:
		return errNoOutside
	case m.lease < minLease:
		return errShort
	}
	return nil
}

// slot is what is known of one transport. It belongs to the goroutine of Run.
type slot struct {
	mapping
	made, until  time.Time
	renew, check time.Time // when either is due
	wish         uint16    // outside port
	denied       bool
	denials      int
	deniedAt     [protocols]time.Time
	errors       [protocols]string
	refused      [protocols]bool
	// open are mappings that were asked for with no definite answer: they may be there.
	open [protocols]bool
}

// mapped says whether there is a mapping.
func (s *slot) mapped() bool { return s.protocol != None }

// grant takes a new mapping, or a renewed one.
func (s *slot) grant(now time.Time, m mapping) {
	s.mapping = m
	s.made, s.until = now, now.Add(m.lease)
	s.renew, s.check = now.Add(m.lease/2), now.Add(checkEvery)
	s.wish = m.outside.Port()
	s.heal(m.protocol)
}

// fail notes what has gone wrong by a protocol, and heal that it is well again.
func (s *slot) fail(p Protocol, err error) { s.errors[p], s.refused[p] = err.Error(), answers(err) }
func (s *slot) heal(p Protocol)            { s.errors[p], s.refused[p] = "", false }

// clear forgets the mapping.
func (s *slot) clear() { s.mapping, s.denied = mapping{transport: s.transport}, false }

// public is what State tells.
func (s *slot) public() Mapping {
	m := Mapping{Errors: s.errors, Refused: s.refused}
	if s.mapped() {
		m.Protocol, m.Outside, m.Until = s.protocol, s.outside, s.until
		m.Confirmed = !s.denied
		m.DoubleNAT = nat.ScopeOf(s.outside.Addr()) != nat.Global
	}
	return m
}
