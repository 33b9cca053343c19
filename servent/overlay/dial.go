package overlay

import (
	"net/netip"
	"slices"
	"time"
)

// dialer keeps the links that the user named, and as many others as Links asks.
type dialer struct {
	seeds []seed
	tries []netip.AddrPort // dials that run, to others than seeds
	// urgent are dialled before all others: a supernode that steps down named them.
	urgent []netip.AddrPort
	rest   time.Duration // before which no other than a seed is dialled
	rate   bucket        // of dials to others than seeds
	// known are the last addresses at which this node found itself, or a servent
	// that it is linked with, at one more address. A link that ends makes them
	// worth a dial again.
	known     [8]netip.AddrPort
	nextKnown int
}

type seed struct {
	addr  netip.AddrPort
	link  LinkID // 0 while there is none
	busy  bool   // a dial runs
	fails int
	next  time.Duration
}

const (
	seedRetry    = 500 * time.Millisecond // after the first failure, doubled with each
	maxSeedRetry = 5 * time.Second
	// refusedRetry is when who refused is asked again: gtk-gnutella bans who
	// connects three times in a minute. Only seeds on a network of one's own are
	// asked sooner, unless they say that it was too often.
	refusedRetry = 40 * time.Second
	maxTries     = 3 // dials at once to others than seeds
	maxUrgent    = 20
	// refusedRest is how long dialling rests after a host refused, so that a
	// full network is not asked without end.
	refusedRest = time.Second
	dialRest    = 500 * time.Millisecond // likewise when Config.Dials are used up

	codeConnected = 409 // of a refusal: to itself, or to who is linked already
	codeFull      = 503 // of a refusal: no room
	codeTooMany   = 429 // of a refusal: connects too often
)

func seedsOf(addrs []netip.AddrPort) []seed {
	seeds := make([]seed, 0, len(addrs))
	for _, a := range addrs {
		seeds = append(seeds, seed{addr: netip.AddrPortFrom(a.Addr().Unmap(), a.Port())})
	}
	return seeds
}

func (d *dialer) seed(a netip.AddrPort) *seed {
	for i := range d.seeds {
		if d.seeds[i].addr == a {
			return &d.seeds[i]
		}
	}
	return nil
}

func (d *dialer) isSeed(a netip.AddrPort) bool { return d.seed(a) != nil }

// seedAt says whether a seed has that IP address.
func (d *dialer) seedAt(ip netip.Addr) bool {
	return slices.ContainsFunc(d.seeds, func(s seed) bool { return s.addr.Addr() == ip })
}

// needless says whether a dial to a would only find a servent that is linked.
func (d *dialer) needless(a netip.AddrPort) bool { return slices.Contains(d.known[:], a) }

// ended takes a out of the running tries.
func (d *dialer) ended(a netip.AddrPort) {
	for i := range d.tries {
		if d.tries[i] == a {
			d.tries = append(d.tries[:i], d.tries[i+1:]...)
			return
		}
	}
}

func (d *dialer) up(a netip.AddrPort, id LinkID) {
	if s := d.seed(a); s != nil {
		s.link, s.busy, s.fails = id, false, 0
		return
	}
	d.ended(a)
}

func (d *dialer) down(id LinkID, now time.Duration) {
	for i := range d.seeds {
		if s := &d.seeds[i]; s.link == id {
			s.link, s.next = 0, now+seedRetry
		}
	}
}

// next is when a seed may next be dialled; an hour away when none waits.
func (d *dialer) next(now time.Duration) time.Duration {
	t := now + time.Hour
	for i := range d.seeds {
		if s := &d.seeds[i]; s.link == 0 && !s.busy {
			t = min(t, max(s.next, now))
		}
	}
	return t
}

// again lets the seeds be dialled now: this node has another role.
func (d *dialer) again(now time.Duration) {
	for i := range d.seeds {
		d.seeds[i].next = now
	}
}

func (n *Node) onDialFailed(ev DialFailed) {
	a := netip.AddrPortFrom(ev.Addr.Addr().Unmap(), ev.Addr.Port())
	if !ev.Own {
		n.stats.DialsFailed++
		n.meet(ev)
	}
	for _, t := range ev.Try {
		n.hear(t, a.Addr().IsLoopback())
	}
	if s := n.dials.seed(a); s != nil {
		s.busy = false
		s.next = n.now + min(maxSeedRetry, seedRetry<<min(s.fails, 8))
		if ev.Code == codeTooMany || ev.Code == codeConnected || ev.Code != 0 && n.cfg.Public {
			s.next = n.now + refusedRetry
		}
		s.fails++
		n.arm(s.next)
		return
	}
	n.dials.ended(a)
	switch {
	case ev.Own && ev.Code == codeFull && (!n.lacksLinks() || !n.hosts.askedSince(a, n.auto.since)):
		// Another of several tries was faster, or this node has another role since.
		n.hosts.spared(a, n.now)
		n.arm(n.now)
		return
	case ev.Code == 0:
		n.hosts.bad(a, n.now, hostRetry)
	case ev.Code == codeConnected:
		n.foundKnown(a)
	case ev.Code == codeFull:
		n.refused(a, ev)
	default: // it lives, but does not want us
		n.hosts.bad(a, n.now, refusedRetry)
		n.dials.rest = n.now + refusedRest
	}
	n.arm(max(n.now, n.dials.rest))
}

// refused notes that a has no room. A leaf is no host to link with; a supernode names
// others that have room.
func (n *Node) refused(a netip.AddrPort, ev DialFailed) {
	if ev.Role == RoleLeaf && len(n.hosts.list) > fewHosts {
		n.hosts.drop(a)
		return
	}
	n.hosts.refused(a, n.now, refusedRetry)
	n.dials.rest = n.now + refusedRest
	n.arm(n.now) // it may have been the last hope
	if ev.Role == RoleSupernode && n.role == RoleLeaf {
		for _, t := range ev.Try[:min(len(ev.Try), maxTries)] {
			if n.hosts.find(t) >= 0 && !n.hosts.askedSince(t, n.now-hostRetry) { // else it may not be dialled, or was lately
				n.urge(t)
			}
		}
		n.dials.rest = 0
	}
}

// urge has a dialled before others.
func (n *Node) urge(a netip.AddrPort) {
	if !slices.Contains(n.dials.urgent, a) && len(n.dials.urgent) < maxUrgent {
		n.dials.urgent = append(n.dials.urgent, a)
	}
}

// foundKnown forgets an address of this node's own, or a second one of a
// servent that is linked.
func (n *Node) foundKnown(a netip.AddrPort) {
	if n.linkAt(a) == nil {
		n.hosts.drop(a)
		n.dials.known[n.dials.nextKnown%len(n.dials.known)] = a
		n.dials.nextKnown++
	}
}

// dial appends the dials that are due.
func (n *Node) dial(out []Action) []Action {
	for i := range n.dials.seeds {
		out = n.dialSeed(&n.dials.seeds[i], out)
	}
	if n.cfg.ConnectOnly {
		return out
	}
	if n.dials.rest > n.now {
		n.arm(n.dials.rest)
		return out
	}
	for n.lacksLinks() && len(n.dials.tries) < maxTries {
		a, wait := n.nextHost()
		if !a.IsValid() {
			if wait > 0 {
				n.arm(wait)
			}
			break
		}
		if !n.dials.rate.allow(n.now, n.cfg.Dials) {
			n.arm(n.now + dialRest)
			break
		}
		n.dials.tries = append(n.dials.tries, a)
		n.hosts.tried(a, n.now)
		out = append(out, Action{Op: OpDial, Addr: a})
	}
	return out
}

// lacksLinks says whether to dial yet another host. A leaf without one of its
// supernodes tries several at once: hosts that have gone take long to fail.
func (n *Node) lacksLinks() bool {
	have := n.peers() - n.going()
	if n.role == RoleLeaf {
		return have < n.wantedLinks()
	}
	return have+len(n.dials.tries) < n.wantedLinks()
}

// nextHost is hostCache.pick, but takes those first that are urgent.
func (n *Node) nextHost() (netip.AddrPort, time.Duration) {
	for len(n.dials.urgent) > 0 {
		i := n.cfg.Rand.IntN(len(n.dials.urgent))
		a := n.dials.urgent[i]
		n.dials.urgent = slices.Delete(n.dials.urgent, i, i+1)
		if n.dialable(a) {
			return a, 0
		}
	}
	return n.hosts.pick(n.cfg.Rand, n.now, n.dialable)
}

func (n *Node) dialSeed(s *seed, out []Action) []Action {
	switch {
	case s.link != 0 || s.busy || n.blocked(s.addr.Addr()):
		return out
	case n.linkAt(s.addr) != nil: // the seed has connected to us
		n.arm(n.now + maxSeedRetry)
		return out
	case s.next > n.now:
		n.arm(s.next)
		return out
	}
	s.busy = true
	return append(out, Action{Op: OpDial, Addr: s.addr})
}

// linkAt returns the link to the servent that listens at a.
func (n *Node) linkAt(a netip.AddrPort) *link {
	for _, l := range n.links {
		if l.peer.Listen == a || l.peer.Outbound && l.peer.Addr == a {
			return l
		}
	}
	return nil
}

func (n *Node) dialable(a netip.AddrPort) bool {
	if n.linkAt(a) != nil || n.dials.isSeed(a) || n.blocked(a.Addr()) {
		return false
	}
	for _, t := range n.dials.tries {
		if t == a {
			return false
		}
	}
	return true
}
