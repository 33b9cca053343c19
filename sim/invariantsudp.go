package sim

import (
	"net/netip"
	"time"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/servent/overlay"
)

// udpWatcher counts for each node and address what was sent and taken over UDP
// while the address had proven nothing.
type udpWatcher struct {
	pairs   map[pair]*balance
	answers int // sent to who was not proven
	held    int // and to who was
}

type pair struct {
	node  NodeID
	start uint64
	addr  netip.AddrPort
}

type balance struct {
	got, sent int
	asked     map[protocol.GUID]bool // Pings that the node has sent there
	lastPing  time.Duration
	proven    time.Duration
}

// checkUDP: an address never gets more bytes than it has sent before it has a
// link, or has answered a Ping. Pings themselves are small and rare instead.
func (c *watcher) checkUDP(id NodeID, ev overlay.Event, acts []overlay.Action) {
	if d, ok := ev.(overlay.Datagram); ok {
		b := c.balance(id, d.From)
		b.got += len(d.Msg)
		h, err := protocol.ParseHeader(d.Msg)
		if err == nil && h.Kind == protocol.KindPong && b.asked[h.ID] {
			b.proven, b.got, b.sent = c.w.now+10*time.Minute, 0, 0
		}
	}
	for i := range acts {
		if acts[i].Op == overlay.OpDatagram {
			c.checkDatagram(id, &acts[i])
		}
	}
}

func (c *watcher) checkDatagram(id NodeID, a *overlay.Action) {
	b, h := c.balance(id, a.Addr), headerOf(a)
	if h.Kind == protocol.KindPing {
		b.asked[h.ID] = true
		if b.lastPing > 0 && c.w.now-b.lastPing < time.Minute && !c.linked(id, a.Addr) {
			c.fault("n%d pings %s again after %s", id, a.Addr, c.w.now-b.lastPing)
		}
		b.lastPing = c.w.now
		if len(a.Msg) > 52 {
			c.fault("n%d sends a ping of %d bytes", id, len(a.Msg))
		}
		return
	}
	if b.proven > c.w.now || c.linked(id, a.Addr) {
		c.udp.held++
		return
	}
	c.udp.answers++
	if b.sent += len(a.Msg); b.sent > b.got {
		c.fault("n%d sends %s %d bytes for %d", id, a.Addr, b.sent, b.got)
	}
}

func (c *watcher) balance(id NodeID, a netip.AddrPort) *balance {
	if c.udp.pairs == nil {
		c.udp.pairs = map[pair]*balance{}
	}
	p := pair{id, c.w.nodes[id].starts, a}
	if c.udp.pairs[p] == nil {
		c.udp.pairs[p] = &balance{asked: map[protocol.GUID]bool{}}
	}
	return c.udp.pairs[p]
}

// linked says whether a node has a link with who lives at an address.
func (c *watcher) linked(id NodeID, a netip.AddrPort) bool {
	n := c.w.Node(id)
	if n == nil {
		return false
	}
	for _, l := range n.Links() {
		if l.Peer.Addr.Addr() == a.Addr() {
			return true
		}
	}
	return false
}
