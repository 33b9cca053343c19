package mesh

import (
	"net/netip"
	"slices"
	"time"
)

// source is what is known of one address with regard to one file. Zero times: not
// known, or too old to count.
type source struct {
	addr netip.AddrPort
	by   netip.Addr // who brought it in; not valid: we found it

	good  time.Time // it gave us verified bytes
	self  time.Time // it said itself that it has the file
	heard []report  // others said so
	bad   []report  // hosts said that it is bad; fewer than BadReports

	lost time.Time // it turned out bad
	own  bool      // and we found that out ourselves
}

// report is the word of a host.
type report struct {
	host netip.Addr
	at   time.Time
}

// vouch notes that a host says that s has the file.
func (s *source) vouch(now time.Time, host netip.Addr, self bool) {
	same := func(r report) bool { return r.host == host }
	s.bad = slices.DeleteFunc(s.bad, same)
	if self {
		s.self = now
		return
	}
	s.heard = slices.DeleteFunc(s.heard, same)
	if len(s.heard) == maxVouchers {
		s.heard = slices.Delete(s.heard, 0, 1)
	}
	s.heard = append(s.heard, report{host, now})
}

// praise notes that s has given us what was right.
func (s *source) praise(now time.Time) {
	s.good, s.lost, s.own, s.bad = now, time.Time{}, false, nil
}

// accuse notes that a host, or with none we, say that s is bad. It reports whether
// that makes it lost.
func (s *source) accuse(now time.Time, host netip.Addr) (lost bool) {
	before := s.lost
	if !host.IsValid() {
		s.lost, s.own, s.good = now, true, time.Time{}
		return before.IsZero()
	}
	same := func(r report) bool { return r.host == host }
	s.heard = slices.DeleteFunc(s.heard, same)
	s.bad = append(slices.DeleteFunc(s.bad, same), report{host, now})
	if len(s.bad) < BadReports {
		return false
	}
	s.bad = nil
	if before.IsZero() {
		s.lost = now
	}
	return before.IsZero()
}

// age forgets what is older than a Life; false: nothing is left.
func (s *source) age(now time.Time) bool {
	old := func(t time.Time) bool { return now.Sub(t) >= Life }
	oldReport := func(r report) bool { return old(r.at) }
	for _, t := range []*time.Time{&s.good, &s.self, &s.lost} {
		if old(*t) {
			*t = time.Time{}
		}
	}
	s.own = s.own && !s.lost.IsZero()
	s.heard = slices.DeleteFunc(s.heard, oldReport)
	s.bad = slices.DeleteFunc(s.bad, oldReport)
	return !s.good.IsZero() || !s.self.IsZero() || !s.lost.IsZero() || len(s.heard) > 0
}

// score says how good the evidence is: our own before the word of the source
// itself, and that before the word of any others. One that is lost has the lowest.
func (s *source) score() int {
	if !s.lost.IsZero() {
		return -2 * BadReports
	}
	n := min(len(s.heard), maxVouchers) - len(s.bad)
	if !s.self.IsZero() {
		n += 2 * maxVouchers
	}
	if !s.good.IsZero() {
		n += 4 * maxVouchers
	}
	return n
}

// last is when there was a word about s.
func (s *source) last() time.Time {
	t := s.good
	for _, o := range []time.Time{s.self, s.lost} {
		if o.After(t) {
			t = o
		}
	}
	for _, r := range s.heard {
		if r.at.After(t) {
			t = r.at
		}
	}
	return t
}

// ipv6Host is how many bits of an IPv6 address tell one host from another.
const ipv6Host = 64

// HostOf returns what stands for the host at an address: of IPv6 addresses that are
// not loopback or link-local the first half, for one host has as many as it likes.
func HostOf(a netip.Addr) netip.Addr {
	a = a.Unmap().WithZone("")
	if a.Is6() && !a.IsLoopback() && !a.IsLinkLocalUnicast() {
		prefix, _ := a.Prefix(ipv6Host) // never too long
		return prefix.Addr()
	}
	return a
}
