package overlay

import (
	"net/netip"
	"time"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/supernode"
)

// link is one overlay link that is up.
type link struct {
	id    LinkID
	peer  Peer
	since time.Duration

	queued    int           // bytes handed to the owner and not yet Sent
	fullSince time.Duration // when queued became too much; 0 once it is under a quarter again
	heard     time.Duration // last message
	pinged    bool          // a keep-alive ping is out since heard

	flood, hits, pushes bucket
	offences            bucket // malformed and over-TTL messages
	repeats             bucket // message ids that this very link sent before
	hopsFlow            uint8
	supports            vendorSet      // vendor messages that it acts upon
	comeBacks           bucket         // BEAR/7 and GTKG/7 that it may send
	client              protocol.GUID  // of the peer, where we are its push proxy
	passed              bucket         // pushes for client that may come in datagrams
	proxy               netip.AddrPort // of the peer, where it is ours
	askedProxy          bool           // to be that
	nextPing            time.Duration  // before which a ping of theirs is not answered
	asked               int            // hosts that it may still name for our last ping
	unasked             bucket         // and those that it names of its own accord

	neighbours []protocol.GUID // of a supernode; nil: not told
	within     bool            // all of them are ours, too

	strange      bool             // to be checked before it is relied on
	check        *check           // that waits or runs; nil: none
	candidate    bool             // a leaf that says that it could serve
	passedOver   bool             // and is not asked again
	going        bool             // a supernode that steps down
	proving      bool             // the answer to a probe is going out
	provingTill  time.Duration    // and others wait for it no longer
	places       supernode.Places // of a supernode; none: not told
	asks, probes bucket           // probes that it asks for, and those answered
	calls        bucket           // of its calls from outside that it is told of

	table protocol.TableReceiver // the route table it sends
	slots uint32                 // of that table, as its last RESET said
	work  bucket                 // slots that it may still have us work through
	sent  *protocol.RouteTable   // the one it has from us

	giving  giving   // this leaf's list, to a supernode
	holding *holding // of a leaf that gives its list; nil: none was offered

	in  uint64 // messages
	out uint64
}

// bucket is a token bucket; it starts full at its first use. A link has a dozen.
type bucket struct {
	tokens float64
	at     time.Duration // of its last use; 0 for none
}

func (b *bucket) allow(now time.Duration, r Rate) bool { return b.take(now, r, 1) }

// take is allow for something that costs more than one token.
func (b *bucket) take(now time.Duration, r Rate, cost float64) bool {
	if b.at == 0 {
		b.tokens, b.at = r.Burst, now
	}
	// The conversion keeps machines that can from multiplying and adding in one
	// step, which rounds otherwise: traces are equal everywhere.
	b.tokens = min(r.Burst, b.tokens+float64((now-b.at).Seconds()*r.PerSecond))
	b.at = now
	if b.tokens < cost {
		return false
	}
	b.tokens -= cost
	return true
}

// room says whether size more bytes of kind may wait on the link. When a peer
// reads slowly, queries are dropped first (over half), pings next (over three
// quarters), hits, pushes and the rest last.
func (n *Node) room(l *link, kind protocol.Kind, size int) bool {
	most := n.cfg.MaxQueue
	switch kind {
	case protocol.KindQuery:
		most /= 2
	case protocol.KindPing, protocol.KindPong:
		most = most / 4 * 3
	case protocol.KindBye: // the last word, and a small one
		return true
	}
	return l.queued+size <= most
}

// kindAt is where a message says its kind.
const kindAt = len(protocol.GUID{})

// send queues msg, a whole message, on l, or drops it for want of room.
func (n *Node) send(l *link, msg []byte, ttl, hops uint8, out []Action) []Action {
	kind := protocol.Kind(msg[kindAt])
	c := &n.stats.Kinds[kindIndex(kind)]
	if !n.room(l, kind, len(msg)) {
		c.Dropped++
		n.stats.Drops[DropQueueFull]++
		n.full(l)
		return out
	}
	c.Out++
	l.out++
	l.queued += len(msg)
	if l.queued > n.cfg.MaxQueue/2 {
		n.full(l)
	}
	return append(out, Action{Op: OpSend, Link: l.id, Msg: msg, TTL: ttl, Hops: hops})
}

// sendNew is send for a message of this node's own; msg is not used again.
func (n *Node) sendNew(l *link, h protocol.Header, p protocol.Payload, out []Action) []Action {
	return n.send(l, protocol.AppendMessage(nil, h, p), h.TTL, h.Hops, out)
}

func (n *Node) full(l *link) {
	if l.fullSince == 0 {
		l.fullSince = n.now
		n.arm(l.fullSince + n.cfg.StallLimit)
	}
}

func (n *Node) onSent(ev Sent) {
	l := n.byID[ev.Link]
	if l == nil {
		return
	}
	l.queued = max(0, l.queued-ev.Bytes)
	// Not at a half, up to which queries fill the queue: a peer that takes one
	// now and then would never be closed.
	if l.queued <= n.cfg.MaxQueue/4 {
		l.fullSince = 0
	}
}

// bye says goodbye with a code of docs/protocol.md 6.
func (n *Node) bye(l *link, code uint16, text string, out []Action) []Action {
	if l.peer.Bye {
		h := protocol.Header{ID: n.newID(), Kind: protocol.KindBye, TTL: 1}
		out = n.sendNew(l, h, protocol.Bye{Code: code, Text: []byte(text + "\x00")}, out)
	}
	if n.stats.Closed == nil {
		n.stats.Closed = map[uint16]uint64{}
	}
	n.stats.Closed[code]++
	// Its fault: others first. Not where it listens at another machine's address:
	// that may be a name that it wants us to forget.
	if code >= 400 && code < 500 && l.peer.Listen.Addr() == l.peer.Addr.Addr().Unmap() {
		n.hosts.bad(l.peer.Listen, n.now, hostRetry)
	}
	return n.drop(l, text, out)
}

// drop closes l and forgets it.
func (n *Node) drop(l *link, why string, out []Action) []Action {
	n.forget(l)
	return append(out, Action{Op: OpClose, Link: l.id, Text: why})
}

// offend counts a fault of l's; a link that has too many is closed.
func (n *Node) offend(l *link, code uint16, why string, out []Action) []Action {
	if l.offences.allow(n.now, Rate{offencesForgiven / 60., maxOffences}) {
		return out
	}
	return n.bye(l, code, why, out)
}

// linkTo returns the link to the servent with that GUID.
func (n *Node) linkTo(id protocol.GUID) *link {
	if id == (protocol.GUID{}) {
		return nil
	}
	for _, l := range n.links {
		if l.peer.GUID == id {
			return l
		}
	}
	return nil
}

// freshTTL is what a message of this node's own carries on l.
func (n *Node) freshTTL(l *link) uint8 { return min(n.cfg.TTL, n.ttlFor(l)) }

// ttlFor is the most TTL that a message may carry on l. Our own kind may be
// asked to flood further than usual.
func (n *Node) ttlFor(l *link) uint8 {
	if l.peer.Servent {
		return HardTTL
	}
	if l.peer.MaxTTL > 0 {
		return min(n.cfg.ForeignTTL, l.peer.MaxTTL)
	}
	return n.cfg.ForeignTTL
}
