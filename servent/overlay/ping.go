package overlay

import (
	"net/netip"
	"time"

	"github.com/seed282dab8e/servent/protocol"
)

// pongCache holds the pongs heard lately (docs/protocol.md 5), so that a ping is
// answered at once and not flooded. It is a ring: the newest replaces the oldest.
type pongCache struct {
	ring []pong
	next int
	// relayed is when a ping was last passed on for want of pongs.
	relayed time.Duration
	refresh time.Duration // when the cache is next refreshed
}

type pong struct {
	addr          netip.AddrPort
	files, kbytes uint32
	from          LinkID
	at            time.Duration
	hops          uint8
	full          [2]bool // GGEP UP: it has no slot for a leaf, and none for an ultrapeer
}

// message is the pong as it goes out, but for its extensions.
func (e *pong) message() protocol.Pong {
	return protocol.Pong{Addr: e.addr, Files: e.files, KBytes: e.kbytes}
}

// free says whether a servent had a slot when it sent its pong.
func (e *pong) free(ultrapeer bool) bool {
	if ultrapeer {
		return !e.full[1]
	}
	return !e.full[0]
}

// fullIn reads GGEP UP: version, free slots for leaves and for ultrapeers.
func fullIn(ext []byte) (full [2]bool) {
	g, ok := protocol.FindGGEP(ext, protocol.GGEPUltrapeer)
	if b, err := g.Data(8); ok && err == nil && len(b) >= 3 {
		full = [2]bool{b[1] == 0, b[2] == 0}
	}
	return full
}

const (
	maxPongs      = 40               // in the cache
	pongsPerPing  = 10               // that answer one ping
	pongsPerHop   = 2                // of the same distance, before others are taken
	pongLife      = 90 * time.Second // of a cached pong
	pingInterval  = time.Second      // a link that pings faster is not answered
	relayInterval = 3 * time.Second  // at most one ping is relayed in that time
	refreshLinks  = 3                // links that are asked for fresh pongs
	hungryPing    = 2 * time.Second  // how often, by a leaf that lacks supernodes
	unaskedPongs  = 10               // hosts that a link may name a minute, unasked
)

func (c *pongCache) add(e pong) {
	for i := range c.ring {
		if c.ring[i].addr == e.addr {
			if e.hops <= c.ring[i].hops || e.at-c.ring[i].at > pongLife {
				c.ring[i] = e
			}
			return
		}
	}
	if c.ring == nil {
		c.ring = make([]pong, 0, maxPongs)
	}
	if len(c.ring) < maxPongs {
		c.ring = append(c.ring, e)
		return
	}
	c.ring[c.next] = e
	c.next = (c.next + 1) % maxPongs
}

// choose marks up to pongsPerPing fresh pongs for an answer to link to, spread
// over the distances first.
func (c *pongCache) choose(now time.Duration, to LinkID, asker netip.AddrPort) (picked [maxPongs]bool, count int) {
	var perHop [16]int
	for pass := range 2 {
		for i := range c.ring {
			e := &c.ring[i]
			hop := min(int(e.hops), len(perHop)-1)
			full := pass == 0 && perHop[hop] >= pongsPerHop
			if count == pongsPerPing || picked[i] || full || e.from == to || e.addr == asker || now-e.at > pongLife {
				continue
			}
			picked[i] = true
			perHop[hop]++
			count++
		}
	}
	return picked, count
}

// onPing answers a ping from the cache. It is passed on only when the cache
// is short, and then at most once in relayInterval; pongs find back by its MUID.
func (n *Node) onPing(l *link, h protocol.Header, m Received, out []Action) []Action {
	if _, err := protocol.ParsePing(m.Msg[protocol.HeaderSize:]); err != nil {
		return n.malformed(l, h.Kind, out)
	}
	alive := h.TTL <= 1 && h.Hops == 0
	if !alive && n.now < l.nextPing {
		return n.dropped(h.Kind, DropRate, out)
	}
	if n.pings.find(&h.ID) != nil {
		return n.duplicate(l, &h, out)
	}
	out = n.ownPong(l, h, out)
	if alive {
		return out
	}
	l.nextPing = n.now + pingInterval
	if n.role == RoleLeaf { // sends nothing that came over another link (Bye 414)
		return out
	}
	if h.TTL == 2 && h.Hops == 0 {
		return n.neighbourPongs(l, h, out)
	}
	picked, count := n.pongs.choose(n.now, l.id, l.peer.Listen)
	for i := range n.pongs.ring {
		if e := &n.pongs.ring[i]; picked[i] && !n.blocked(e.addr.Addr()) {
			if e.addr.Addr().Is6() && !l.peer.GGEP {
				continue // cannot be told
			}
			head := protocol.Header{ID: h.ID, Kind: protocol.KindPong, TTL: h.Hops + 1, Hops: min(e.hops+1, HardTTL-h.Hops-1)}
			out = n.sendNew(l, head, pongOf(e.message()), out)
		}
	}
	if count < pongsPerPing/2 {
		return n.relayPing(l, h, m, out)
	}
	return out
}

// neighbourPongs answers a crawler's ping (TTL 2) with one pong for each
// ultrapeer that is linked and has said where it listens.
func (n *Node) neighbourPongs(to *link, ping protocol.Header, out []Action) []Action {
	h := protocol.Header{ID: ping.ID, Kind: protocol.KindPong, TTL: 1, Hops: 1}
	for _, l := range n.links {
		a := l.peer.Listen
		if l == to || l.peer.Role == RoleLeaf || !n.relies(l) || !a.Addr().Is4() && !to.peer.GGEP || !n.mayDial(a.Addr(), to.peer.Addr.Addr().IsLoopback()) {
			continue
		}
		out = n.sendNew(to, h, pongOf(protocol.Pong{Addr: a, KBytes: protocol.PongKBytes(0, true)}), out)
	}
	return out
}

func (n *Node) relayPing(from *link, h protocol.Header, m Received, out []Action) []Action {
	soon := n.pongs.relayed > 0 && n.now-n.pongs.relayed < relayInterval
	if h.TTL <= 1 || n.role == RoleLeaf || soon || n.cfg.ConnectOnly {
		return out
	}
	n.pongs.relayed = n.now
	n.pings.add(n.now, route{id: h.ID, link: from.id, ttl: h.TTL, hops: h.Hops})
	for _, l := range n.links {
		if l != from && l.peer.Role != RoleLeaf {
			out = n.send(l, m.Msg, min(h.TTL-1, n.ttlFor(l)), h.Hops+1, out)
		}
	}
	return out
}

func (n *Node) ownPong(l *link, ping protocol.Header, out []Action) []Action {
	a := n.addrFor(l)
	if n.firewalled() {
		return out // a node that cannot be connected to stays silent (docs/protocol.md 4)
	}
	kb := protocol.PongKBytes(uint32(min(n.shared.Bytes>>10, 1<<31)), n.role != RoleLeaf)
	h := protocol.Header{ID: ping.ID, Kind: protocol.KindPong, TTL: ping.Hops + 1}
	p := protocol.Pong{Addr: a, Files: uint32(n.shared.Files), KBytes: kb}
	if l.peer.GGEP {
		items := n.ownItems()
		if n.role == RoleSupernode {
			items = append(items, n.upItem(), versionItem())
		}
		p.Ext = protocol.AppendGGEP(nil, items...)
	}
	return n.sendNew(l, h, p, out)
}

// pongOf returns p with its address in the extensions, if it is an IPv6 one.
func pongOf(p protocol.Pong) protocol.Pong {
	p.Ext = protocol.AppendGGEP(nil, protocol.AddrItem(p.Addr.Addr())...)
	return p
}

// addrFor is Addr as it should be told to the peer of l: where the node does
// not know its own address, what that peer sees.
func (n *Node) addrFor(l *link) netip.AddrPort {
	a := n.Addr()
	if a.Addr().IsUnspecified() && l.peer.Sees.IsValid() {
		return netip.AddrPortFrom(l.peer.Sees, a.Port())
	}
	return a
}

func (n *Node) onPong(l *link, h protocol.Header, m Received, out []Action) []Action {
	p, err := protocol.ParsePong(m.Msg[protocol.HeaderSize:])
	if err != nil {
		return n.malformed(l, h.Kind, out)
	}
	p.Addr = protocol.FullAddr(p.Addr, p.Ext)
	if h.Hops == 0 && l.peer.Servent && p.Addr.Addr() == l.peer.Listen.Addr() && p.Addr.Port() != 0 {
		l.peer.Listen = p.Addr // a router has begun to forward another port, or has ended it
	}
	r := n.pings.find(&h.ID)
	told := p.Ultrapeer() && l.peer.Role != RoleLeaf && n.relies(l) // a leaf takes no links, and knows of none
	if told && n.mayLearn(l, r) {
		n.hearOf(p.Addr, l.peer.Addr.Addr().IsLoopback(), !l.strange)
	}
	if r == nil {
		return n.dropped(h.Kind, DropNoRoute, out)
	}
	if told && !n.isOwn(p.Addr) && n.mayDial(p.Addr.Addr(), l.peer.Addr.Addr().IsLoopback()) {
		n.pongs.add(pong{addr: p.Addr, files: p.Files, kbytes: p.KBytes, hops: h.Hops, from: l.id, at: n.now, full: fullIn(p.Ext)})
	}
	if r.link == self {
		return n.dial(out)
	}
	if !n.relies(l) {
		return n.dropped(h.Kind, DropRole, out)
	}
	return n.back(r.link, l, h, m, out)
}

// mayLearn says whether l may name another host for the host cache: a few in
// answer to a ping of ours, and fewer that nobody asked for, as an ultrapeer
// tells its leaves. r is the route of the ping.
func (n *Node) mayLearn(l *link, r *route) bool {
	if r != nil && r.link == self && l.asked > 0 {
		l.asked--
		return true
	}
	return l.unasked.allow(n.now, Rate{unaskedPongs / 60., unaskedPongs})
}

// sendPing asks l for pongs; TTL 1 asks only whether it is alive.
func (n *Node) sendPing(l *link, ttl uint8, out []Action) []Action {
	h := protocol.Header{ID: n.newID(), Kind: protocol.KindPing, TTL: ttl}
	n.pings.add(n.now, route{id: h.ID, link: self, ttl: ttl})
	if ttl > 1 {
		l.asked = 1 + pongsPerPing // itself, and whom it knows
	}
	return n.sendNew(l, h, nil, out)
}

// pingEvery is the time between two refreshes: less for a leaf that looks for
// supernodes still.
func (n *Node) pingEvery() time.Duration {
	if n.role == RoleLeaf && n.peers() < n.wantedLinks() {
		return min(hungryPing, n.cfg.PingEvery)
	}
	return n.cfg.PingEvery
}

// refreshPongs asks a few links for pongs while the node looks for hosts.
func (n *Node) refreshPongs(out []Action) []Action {
	if n.cfg.ConnectOnly || len(n.links) == 0 {
		return out
	}
	if n.pongs.refresh > n.now {
		n.arm(n.pongs.refresh)
		return out
	}
	n.pongs.refresh = n.now + n.pingEvery()
	n.arm(n.pongs.refresh)
	first := n.cfg.Rand.IntN(len(n.links))
	for i := range min(refreshLinks, len(n.links)) {
		l := n.links[(first+i)%len(n.links)]
		out = n.sendPing(l, n.freshTTL(l), out)
	}
	return out
}
