package overlay

import (
	"math"
	"net/netip"
	"slices"
	"time"

	"github.com/seed282dab8e/servent/protocol"
)

// datagrams is all that the node keeps for UDP; a node without has none.
type datagrams struct {
	contacts  contacts
	asked     questions
	held      []held
	heldBytes int
	in, out   bucket
	pinged    bucket // HEAD pings of ours

	sightings []sighting
	wishes    []wish
	offers    []offer
	heads     []headPing
	secret    [2]uint64 // of the tokens
}

// held is an answer that waits until its receiver has proven its address.
type held struct {
	to    netip.AddrPort
	until time.Duration
	msg   []byte
}

const (
	maxHeld      = 64       // answers
	maxHeldBytes = 64 << 10 // of all of them
	// proofPing is the size of a Ping that asks for proof where the address has
	// sent nothing yet; what it has sent bounds all others. Whoever holds itself
	// to the rule below can answer one with a Pong, and has something left.
	proofPing = 52
	pongBytes = protocol.HeaderSize + 14
)

var (
	rateIn    = Rate{500, 1000}  // datagrams that are looked at
	rateOut   = Rate{200, 400}   // datagrams that are sent
	ratePings = Rate{1. / 30, 4} // pings of one address
	rateHeads = Rate{4, 32}      // HEAD pings that are sent
	rateOf    = Rate{5, 50}      // other datagrams of one address
)

func (n *Node) udp() *datagrams {
	if n.dgrams == nil {
		n.dgrams = &datagrams{secret: [2]uint64{n.cfg.Rand.Uint64(), n.cfg.Rand.Uint64()}}
	}
	return n.dgrams
}

// maySend says whether a datagram may go to a: where this node would dial, and to whom
// the user told it of; with ConnectOnly only there.
func (n *Node) maySend(a netip.AddrPort, fromLoopback bool) bool {
	switch {
	case !n.cfg.UDP || a.Port() == 0 || n.isOwn(a) || n.blocked(a.Addr()):
		return false
	case n.cfg.ConnectOnly:
		return n.toldOf(a.Addr(), fromLoopback)
	}
	return n.mayDial(a.Addr(), fromLoopback) || !n.cfg.Public && n.toldOf(a.Addr(), false)
}

// mayPush says whether a push may go to, or come from, a: a private network may have
// servents far away, of which this node knows as sources only.
func (n *Node) mayPush(a netip.AddrPort) bool {
	far := n.cfg.UDP && !n.cfg.Public && !n.cfg.ConnectOnly && a.Port() != 0 && isHost(a.Addr()) && !a.Addr().IsLoopback()
	return n.maySend(a, false) || far && !n.blocked(a.Addr()) && !n.isOwn(a)
}

// toldOf says whether the user has told this node of the machine at ip: it has a
// link to there, or shall have one. overLoopback says that a link within this
// machine names it; that may name any address of this machine.
func (n *Node) toldOf(ip netip.Addr, overLoopback bool) bool {
	ip = ip.Unmap()
	return overLoopback && ip.IsLoopback() || n.linkFrom(ip) != nil || n.dials.seedAt(ip)
}

// linkFrom returns a link to a servent at that IP address.
func (n *Node) linkFrom(ip netip.Addr) *link {
	for _, l := range n.links {
		if l.peer.Addr.Addr().Unmap() == ip {
			return l
		}
	}
	return nil
}

// proven says whether somebody lives at a who wants to hear from this node: it
// has a link, or has answered a Ping whose id it could not guess.
func (n *Node) proven(a netip.AddrPort) bool {
	if n.linkFrom(a.Addr()) != nil {
		return true
	}
	c := n.udp().contacts.find(a)
	return c != nil && c.proven > n.now
}

// answer sends p to an address that has asked for it. An address that is not
// proven never gets more bytes than it has sent: a longer answer waits until it
// has answered a Ping.
func (n *Node) answer(to netip.AddrPort, h protocol.Header, p protocol.Payload, out []Action) []Action {
	msg := protocol.AppendMessage(nil, h, p)
	if n.affords(to, len(msg)) {
		return n.emit(to, msg, out)
	}
	if !n.hold(to, msg) {
		return n.dropped(h.Kind, DropUDPHeld, out)
	}
	return n.challenge(to, out)
}

// allowance is how many bytes may go to a now as an answer.
func (n *Node) allowance(a netip.AddrPort) int {
	if n.proven(a) {
		return math.MaxInt
	}
	c := n.udp().contacts.at(n.now, a)
	return c.got - c.answered
}

// affords says whether size more bytes may go to a, and counts them.
func (n *Node) affords(a netip.AddrPort, size int) bool {
	if n.proven(a) {
		return true
	}
	if size > n.allowance(a) {
		return false
	}
	n.udp().contacts.at(n.now, a).answered += size
	return true
}

// hold keeps an answer, the last for each address.
func (n *Node) hold(to netip.AddrPort, msg []byte) bool {
	u := n.udp()
	u.held = slices.DeleteFunc(u.held, func(h held) bool {
		if h.until > n.now && h.to != to {
			return false
		}
		u.heldBytes -= len(h.msg)
		return true
	})
	if len(u.held) >= maxHeld || u.heldBytes+len(msg) > maxHeldBytes {
		return false
	}
	u.held = append(u.held, held{to, n.now + replyTimeout, msg})
	u.heldBytes += len(msg)
	return true
}

// releaseHeld sends what was held for an address that is proven now.
func (n *Node) releaseHeld(to netip.AddrPort, out []Action) []Action {
	u := n.udp()
	for i, h := range u.held {
		if h.to == to {
			u.held = slices.Delete(u.held, i, i+1)
			u.heldBytes -= len(h.msg)
			if h.until > n.now {
				return n.emit(to, h.msg, out)
			}
			break
		}
	}
	return out
}

// challenge asks an address that has sent something for proof, with no more than
// it has sent.
func (n *Node) challenge(to netip.AddrPort, out []Action) []Action {
	c := n.udp().contacts.at(n.now, to)
	left := c.got - c.answered
	if left < protocol.HeaderSize || !c.mayAsk(n.now) {
		return n.dropped(protocol.KindPing, DropUDPUnproven, out)
	}
	size := protocol.HeaderSize
	if left >= pongBytes {
		size = min(left, proofPing)
	}
	c.answered += size
	return n.ask(to, forProof, n.newID(), size, out)
}

// mayAsk says whether one more Ping may go to an address, and counts it.
func (c *contact) mayAsk(now time.Duration) bool {
	if c.asked > 0 && now-c.asked < askAgain || c.unheard >= maxUnheard {
		return false
	}
	c.asked = now
	c.unheard++
	return true
}

// ask sends a Ping of that size and remembers why.
func (n *Node) ask(to netip.AddrPort, why purpose, id protocol.GUID, size int, out []Action) []Action {
	u := n.udp()
	u.asked.add(n.now, question{id, to, why, n.now + replyTimeout})
	u.contacts.at(n.now, to).asked = n.now
	h := protocol.Header{ID: id, Kind: protocol.KindPing, TTL: 1}
	return n.emit(to, protocol.AppendMessage(nil, h, protocol.Ping{Ext: n.pingExt(why, size-protocol.HeaderSize)}), out)
}

// emit sends a whole message, unless too many go out. What has waited may be for
// somebody whose link has ended since.
func (n *Node) emit(to netip.AddrPort, msg []byte, out []Action) []Action {
	kind := protocol.Kind(msg[kindAt])
	if n.cfg.ConnectOnly && !n.toldOf(to.Addr(), true) {
		return n.dropped(kind, DropUDPStranger, out)
	}
	if !n.udp().out.allow(n.now, rateOut) {
		return n.dropped(kind, DropUDPRate, out)
	}
	n.stats.Kinds[kindIndex(kind)].Out++
	n.stats.DatagramsOut++
	n.udp().contacts.at(n.now, to).sent = n.now
	return append(out, Action{Op: OpDatagram, Addr: to, Msg: msg, TTL: 1})
}
