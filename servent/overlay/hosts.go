package overlay

import (
	"math/rand/v2"
	"net/netip"
	"time"
)

// hostCache holds addresses of servents heard of, in no particular order.
type hostCache struct {
	list    []host
	max     int
	retried time.Duration // when those that were full were last let be dialled again
}

type host struct {
	addr   netip.AddrPort
	next   time.Duration // before which it is not dialled
	heard  time.Duration // when it was last named
	asked  time.Duration // when it was last dialled; 0: never
	fails  uint8
	linked bool // it has been, and has not failed too often since
	sure   bool // named by somebody who is relied on, so that others may be told of it
	full   bool // it had no room when it was last dialled
}

const (
	maxHostFails = 3 // a host that fails so often in a row is forgotten
	hostRetry    = 30 * time.Second
	// fullRetry is the least time between two calls to all that were full.
	fullRetry = 30 * time.Second
	// fewHosts are kept even then: one of them may be the only way back.
	fewHosts = 8
	// maxPerIP is how many places one machine has, so that nobody can have a
	// node try all its ports. Loopback, where demonstrations live, has no limit.
	maxPerIP = 4
)

func (c *hostCache) find(a netip.AddrPort) int {
	for i := range c.list {
		if c.list[i].addr == a {
			return i
		}
	}
	return -1
}

// add remembers a. When the cache is full it takes the place of a random host
// that was never linked; when there are too many of its machine, that of one
// which fails. Without such a place it is forgotten.
func (c *hostCache) add(r *rand.Rand, a netip.AddrPort, sure bool, now time.Duration) {
	if i := c.find(a); i >= 0 {
		c.list[i].sure, c.list[i].heard = c.list[i].sure || sure, now
		return
	}
	same, failed := 0, -1
	for i := range c.list {
		if h := &c.list[i]; sameMachine(h.addr.Addr(), a.Addr()) && !a.Addr().IsLoopback() {
			same++
			if h.fails == maxHostFails {
				failed = i
			}
		}
	}
	place := len(c.list)
	switch {
	case same >= maxPerIP:
		place = failed
	case place == c.max:
		place = c.stranger(r)
	default:
		c.list = append(c.list, host{})
	}
	if place >= 0 {
		c.list[place] = host{addr: a, sure: sure, heard: now}
	}
}

// stranger returns the place of a random host that was never linked, -1 if all
// were.
func (c *hostCache) stranger(r *rand.Rand) int {
	first := r.IntN(len(c.list))
	for i := range c.list {
		if at := (first + i) % len(c.list); !c.list[at].linked {
			return at
		}
	}
	return -1
}

// drop forgets a.
func (c *hostCache) drop(a netip.AddrPort) {
	if i := c.find(a); i >= 0 {
		c.list[i] = c.list[len(c.list)-1]
		c.list = c.list[:len(c.list)-1]
	}
}

// tried notes that a is being dialled.
func (c *hostCache) tried(a netip.AddrPort, now time.Duration) {
	if i := c.find(a); i >= 0 {
		c.list[i].next, c.list[i].asked = now+hostRetry, now
	}
}

// askedSince says whether a was dialled then or later.
func (c *hostCache) askedSince(a netip.AddrPort, then time.Duration) bool {
	i := c.find(a)
	return i >= 0 && c.list[i].asked > 0 && c.list[i].asked >= then
}

func (c *hostCache) good(a netip.AddrPort, now time.Duration) {
	if i := c.find(a); i >= 0 {
		c.list[i].next, c.list[i].fails, c.list[i].linked, c.list[i].full = now+hostRetry, 0, true, false
	}
}

// bad notes that a could not be linked, or had to be closed. It rests for wait,
// longer each time.
func (c *hostCache) bad(a netip.AddrPort, now, wait time.Duration) {
	i := c.find(a)
	if i < 0 {
		return
	}
	h := &c.list[i]
	h.full = false
	h.fails = min(h.fails+1, maxHostFails)
	h.next = now + wait*time.Duration(h.fails)
	if h.fails < maxHostFails {
		return
	}
	h.linked = false
	if len(c.list) > fewHosts {
		c.drop(a)
	}
}

// spared notes that a would have been taken, had there been need for it.
func (c *hostCache) spared(a netip.AddrPort, now time.Duration) {
	if i := c.find(a); i >= 0 {
		c.list[i].next, c.list[i].fails = now, 0
	}
}

// fewPicked is how many random hosts are looked at to find one that was named lately.
const fewPicked = 4

// pick returns a host that may be dialled now: of a few random ones that which was
// last named, since it is likely to live. Otherwise it returns when the first of
// those that usable takes may be dialled, 0 when there is none.
func (c *hostCache) pick(r *rand.Rand, now time.Duration, usable func(netip.AddrPort) bool) (netip.AddrPort, time.Duration) {
	if len(c.list) == 0 {
		return netip.AddrPort{}, 0
	}
	var soonest time.Duration
	var best *host
	first, seen := r.IntN(len(c.list)), 0
	for i := 0; i < len(c.list) && seen < fewPicked; i++ {
		h := &c.list[(first+i)%len(c.list)]
		switch {
		case h.next > now && best != nil, !usable(h.addr):
		case h.next > now:
			if soonest == 0 || h.next < soonest {
				soonest = h.next
			}
		default:
			if seen++; best == nil || h.heard > best.heard {
				best = h
			}
		}
	}
	if best != nil {
		return best.addr, 0
	}
	return netip.AddrPort{}, soonest
}

// rested lets those be dialled now that were linked: this node has another role.
func (c *hostCache) rested(now time.Duration) {
	for i := range c.list {
		if c.list[i].linked {
			c.list[i].next = now
		}
	}
}

// refused is bad for a host that has no room.
func (c *hostCache) refused(a netip.AddrPort, now, wait time.Duration) {
	c.bad(a, now, wait)
	if i := c.find(a); i >= 0 {
		c.list[i].full = true
	}
}

// retry lets those be dialled now that had no room: a link has ended, and they may be
// all there are. Not too often, for that is how a host is besieged.
func (c *hostCache) retry(now time.Duration) {
	if c.retried == 0 || now >= c.retried+fullRetry {
		c.recall(now)
	}
}

// recall is retry, however short a time ago that was.
func (c *hostCache) recall(now time.Duration) {
	c.retried = now
	for i := range c.list {
		if h := &c.list[i]; h.full {
			h.next, h.full = min(h.next, now), false
		}
	}
}

// sameMachine says whether two addresses may be one machine's: equal ones, and
// IPv6 addresses in one /64.
func sameMachine(a, b netip.Addr) bool {
	if a == b || !a.Is6() || !b.Is6() {
		return a == b
	}
	x, y := a.As16(), b.As16()
	return [8]byte(x[:8]) == [8]byte(y[:8])
}

// some returns up to k random hosts that others may be told of.
func (c *hostCache) some(r *rand.Rand, k int) []netip.AddrPort {
	if len(c.list) == 0 {
		return nil
	}
	out := make([]netip.AddrPort, 0, k)
	first := r.IntN(len(c.list))
	for i := range c.list {
		if h := &c.list[(first+i)%len(c.list)]; h.sure && len(out) < k {
			out = append(out, h.addr)
		}
	}
	return out
}

// Hosts returns the addresses of the host cache, for keeping across restarts.
func (n *Node) Hosts() []netip.AddrPort {
	out := make([]netip.AddrPort, 0, len(n.hosts.list)+len(n.links))
	for _, l := range n.links {
		if l.peer.Listen.IsValid() {
			out = append(out, l.peer.Listen)
		}
	}
	for i := range n.hosts.list {
		if n.linkAt(n.hosts.list[i].addr) == nil {
			out = append(out, n.hosts.list[i].addr)
		}
	}
	return out
}

func (n *Node) onHeard(ev Heard) {
	for _, a := range ev.Addrs {
		n.hearOf(a, a.Addr().IsLoopback(), true)
	}
}

// hear takes an address into the host cache if this node may dial it. A
// loopback address means something only to one who is on loopback too.
func (n *Node) hear(a netip.AddrPort, fromLoopback bool) { n.hearOf(a, fromLoopback, false) }

// hearOf is hear; sure says that others may be told of a.
func (n *Node) hearOf(a netip.AddrPort, fromLoopback, sure bool) {
	a = netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
	if n.cfg.ConnectOnly || a.Port() == 0 || n.isOwn(a) || n.dials.needless(a) || !n.mayDial(a.Addr(), fromLoopback) {
		return
	}
	n.hosts.add(n.cfg.Rand, a, sure, n.now)
	n.arm(n.now)
}

// MayDial says whether the owner may connect to a where this node did not ask
// for it, as to a host cache. fromLoopback says that who named a is on this
// machine. It may be called by anyone at any time.
func (n *Node) MayDial(a netip.Addr, fromLoopback bool) bool {
	return n.mayDial(a.Unmap(), fromLoopback)
}

// MayAsk says whether a push proxy at a, which a hit named, may be asked over HTTP; with
// ConnectOnly only whom the user told this node of is asked anything. It may not be
// called while Step runs.
func (n *Node) MayAsk(a netip.Addr, fromLoopback bool) bool {
	switch a = a.Unmap(); {
	case n.cfg.ConnectOnly:
		return n.mayDial(a, fromLoopback) && n.toldOf(a, fromLoopback)
	case n.mayDial(a, fromLoopback):
		return true
	}
	return !n.cfg.Public && isHost(a) && !a.IsLoopback() && !n.blocked(a)
}

// mayDial keeps the public and the private network apart: nothing becomes
// public by accident, and nobody on the public network makes this node dial
// into its own LAN.
func (n *Node) mayDial(a netip.Addr, fromLoopback bool) bool {
	switch {
	case !isHost(a) || n.blocked(a):
		return false
	case a.IsLoopback():
		return fromLoopback && !n.cfg.Public
	case a.IsPrivate() || a.IsLinkLocalUnicast():
		return !n.cfg.Public
	}
	return n.cfg.Public
}

// isHost says whether a can be one machine's address: not 0.x.x.x, multicast,
// or from 240.0.0.0 to the broadcast address.
func isHost(a netip.Addr) bool {
	if a.Is4() && (a.As4()[0] == 0 || a.As4()[0] >= 240) {
		return false
	}
	return a.IsValid() && !a.IsUnspecified() && !a.IsMulticast()
}

func (n *Node) hearListen(l *link) {
	if l.peer.Listen.IsValid() && l.peer.Role != RoleLeaf && n.relies(l) {
		n.hearOf(l.peer.Listen, l.peer.Addr.Addr().IsLoopback(), !l.strange)
	}
}
