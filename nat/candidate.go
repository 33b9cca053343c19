package nat

import (
	"cmp"
	"net/netip"
	"slices"
)

// Kind says how an address became known (RFC 8445, 4).
type Kind int

// The kinds of candidates, the most likely to work first.
const (
	KindMapped    Kind = iota // a router was asked to forward the port
	KindReflexive             // others see the socket there
	KindLocal                 // the machine itself has it
	kinds
)

// String returns the name that is shown.
func (k Kind) String() string { return [...]string{"mapped", "reflexive", "local"}[k] }

// Candidate is an address at which a servent may be reached.
type Candidate struct {
	Transport Transport
	Kind      Kind
	Addr      netip.AddrPort
}

// MaxCandidates is how many are told and tried: a machine has few addresses, and
// who names many may want them bothered.
const MaxCandidates = 8

// MaxPorts is how many addresses of one host are tried: one that routers forward, by UPnP
// and by PCP, and one at which others see it. Who names more has ports of a stranger looked
// for.
const MaxPorts = 3

// MaxHosts is how many hosts are tried: where a peer is seen, where its router says that it
// is, and two addresses of its machine. Nobody has asked those for anything, so that who
// names others has few of them bothered.
const MaxHosts = 4

// Facts are what candidates are gathered from.
type Facts struct {
	Behaviour [transports]Behaviour
	Local     []netip.AddrPort             // at which the servent listens, by TCP and UDP
	Mapped    [transports][]netip.AddrPort // that routers forward
}

// Gather lists what others can be told, the best first, each address once. An
// address that holds towards one server only is told too: who lets everybody in can
// be reached through it.
func Gather(f Facts) []Candidate {
	var all []Candidate
	local := f.Local
	if far := slices.DeleteFunc(slices.Clone(local), nearOnly); len(far) > 0 {
		local = far
	}
	for t := range transports {
		for _, a := range f.Mapped[t] {
			all = append(all, Candidate{t, KindMapped, a})
		}
		if out := f.Behaviour[t].Outside; out.IsValid() && f.Behaviour[t].Blocked != Yes {
			all = append(all, Candidate{t, KindReflexive, out})
		}
		for _, a := range local {
			all = append(all, Candidate{t, KindLocal, a})
		}
	}
	slices.SortStableFunc(all, func(a, b Candidate) int { return cmp.Compare(a.Kind, b.Kind) })
	return trim(all)
}

// nearOnly says that an address means something else to every other machine.
func nearOnly(a netip.AddrPort) bool { return ScopeOf(a.Addr()) <= Link }

// trim keeps the first of those with one address and transport, and not too many.
func trim(all []Candidate) []Candidate {
	out := make([]Candidate, 0, min(len(all), MaxCandidates))
	for _, c := range all {
		known := slices.ContainsFunc(out, func(o Candidate) bool { return o.Transport == c.Transport && o.Addr == c.Addr })
		if !known && len(out) < MaxCandidates {
			out = append(out, c)
		}
	}
	return out
}

// Rank orders what a peer has told for one transport by how soon it should be tried,
// and leaves out what cannot be meant for us. Behind one router with the peer its
// local addresses come first: outside addresses may not work from inside.
func Rank(t Transport, own, peer []Candidate) []netip.AddrPort {
	var usable []Candidate
	for _, c := range peer {
		if c.Transport == t && c.Addr.Port() != 0 && meant(c, own) {
			usable = append(usable, c)
		}
	}
	together := Together(own, usable)
	order := func(c Candidate) int {
		if together && c.Kind == KindLocal {
			return -1
		}
		return int(c.Kind)
	}
	slices.SortStableFunc(usable, func(a, b Candidate) int { return cmp.Compare(order(a), order(b)) })
	var out []netip.AddrPort
	ports := map[netip.Addr]int{}
	for _, c := range trim(usable) {
		if ports[c.Addr.Addr()] == 0 && len(ports) == MaxHosts {
			continue
		}
		if ports[c.Addr.Addr()]++; ports[c.Addr.Addr()] <= MaxPorts {
			out = append(out, c.Addr)
		}
	}
	return out
}

// Together says whether two are behind one router, as far as others see them there.
func Together(own, peer []Candidate) bool {
	return slices.ContainsFunc(peer, func(p Candidate) bool {
		return p.Kind == KindReflexive && slices.ContainsFunc(own, func(o Candidate) bool { return o.Kind == KindReflexive && o.Addr.Addr() == p.Addr.Addr() })
	})
}

// meant says whether an address that a peer told may lead to it. One of a smaller
// scope does so only for who has an address of that scope too; one of ours never.
func meant(c Candidate, own []Candidate) bool {
	scope := ScopeOf(c.Addr.Addr())
	if scope == Nowhere || slices.ContainsFunc(own, func(o Candidate) bool { return o.Transport == c.Transport && o.Addr == c.Addr }) {
		return false
	}
	return scope == Global || slices.ContainsFunc(own, func(o Candidate) bool { return ScopeOf(o.Addr.Addr()) == scope })
}
