package overlay

import (
	"github.com/seed282dab8e/servent/protocol"
)

// onReceived counts a message, checks what holds for all kinds, and hands it
// to its kind's handler.
func (n *Node) onReceived(m Received, out []Action) []Action {
	l := n.byID[m.Link]
	if l == nil {
		return out
	}
	h, err := protocol.ParseHeader(m.Msg)
	if err != nil || len(m.Msg) != protocol.HeaderSize+int(h.Size) {
		return n.onMalformed(Malformed{Link: m.Link, Err: err}, out)
	}
	l.heard, l.pinged = n.now, false
	l.in++
	n.stats.Kinds[kindIndex(h.Kind)].In++
	if h.Size > protocol.MaxSize(h.Kind) {
		out = n.dropped(h.Kind, DropTooLarge, out)
		return n.bye(l, protocol.ByeTooLarge, "Message too large", out)
	}
	ok, out := n.checkTTL(l, &h, out)
	if !ok {
		return out
	}
	return n.handle(l, h, m, out)
}

func (n *Node) handle(l *link, h protocol.Header, m Received, out []Action) []Action {
	switch h.Kind {
	case protocol.KindPing, protocol.KindQuery, protocol.KindPong:
		if !l.flood.allow(n.now, n.cfg.Rate) {
			return n.dropped(h.Kind, DropRate, out)
		}
	case protocol.KindQueryHit: // one query may well have thousands
		if !l.hits.allow(n.now, n.cfg.HitRate) {
			return n.dropped(h.Kind, DropRate, out)
		}
	case protocol.KindPush:
		if !l.pushes.allow(n.now, n.cfg.PushRate) {
			return n.dropped(h.Kind, DropRate, out)
		}
	}
	switch h.Kind {
	case protocol.KindPing:
		return n.onPing(l, h, m, out)
	case protocol.KindPong:
		return n.onPong(l, h, m, out)
	case protocol.KindQuery:
		return n.onQuery(l, h, m, out)
	case protocol.KindQueryHit:
		return n.onHit(l, h, m, out)
	case protocol.KindPush:
		return n.onPush(l, h, m, out)
	case protocol.KindBye:
		return n.onBye(l, m, out)
	case protocol.KindQRP:
		return n.onTable(l, m, out)
	case protocol.KindVendor, protocol.KindVendorStd:
		return n.onVendor(l, h, m, out)
	}
	return n.dropped(h.Kind, DropUnknown, out)
}

// checkTTL holds a message's TTL to the limits: over HardTTL it is a fault of
// the peer's; a query of others than our own kind is cut to Config.TTL.
func (n *Node) checkTTL(l *link, h *protocol.Header, out []Action) (bool, []Action) {
	life := int(h.TTL) + int(h.Hops)
	switch {
	case life > HardTTL:
		out = n.dropped(h.Kind, DropTTL, out)
		return false, n.offend(l, protocol.ByeHighTTL, "TTL too high", out)
	case h.TTL == 0 && h.Kind != protocol.KindBye:
		out = n.dropped(h.Kind, DropTTL, out)
		return false, n.offend(l, protocol.ByeZeroTTL, "TTL is 0", out)
	case l.peer.Role == RoleLeaf && h.Hops > 0:
		out = n.dropped(h.Kind, DropTTL, out)
		return false, n.bye(l, protocol.ByeLeafRelay, "Leaf relays", out)
	}
	if h.Kind == protocol.KindQuery && !l.peer.Servent && life > int(n.cfg.TTL) {
		if h.Hops >= n.cfg.TTL {
			return false, n.dropped(h.Kind, DropTTL, out)
		}
		h.TTL = n.cfg.TTL - h.Hops
	}
	return true, out
}

func (n *Node) onMalformed(ev Malformed, out []Action) []Action {
	l := n.byID[ev.Link]
	if l == nil {
		return out
	}
	n.stats.Kinds[otherKind].Dropped++
	n.stats.Drops[DropMalformed]++
	return n.bye(l, protocol.ByeTooLarge, "Bad message framing", out)
}

func (n *Node) onBye(l *link, m Received, out []Action) []Action {
	n.stats.ByesHeard++
	why, code := "bye", uint16(0)
	if b, err := protocol.ParseBye(m.Msg[protocol.HeaderSize:]); err == nil {
		why, code = "bye: "+b.Reason(), b.Code
	}
	out = n.drop(l, why, out)
	if code != protocol.ByeSecurity || l.peer.Role != RoleSupernode || !l.peer.Servent {
		return out
	}
	n.foundUnfit(l, why)
	if l.peer.Outbound {
		return n.isUnfit(out)
	}
	return out
}

// back sends an answer one step nearer to who asked.
func (n *Node) back(to LinkID, from *link, h protocol.Header, m Received, out []Action) []Action {
	l := n.byID[to]
	switch {
	case l == nil || l == from:
		return n.dropped(h.Kind, DropNoRoute, out)
	case h.TTL <= 1:
		return n.dropped(h.Kind, DropTTL, out)
	case n.role == RoleLeaf:
		return n.dropped(h.Kind, DropRole, out)
	}
	return n.send(l, m.Msg, h.TTL-1, h.Hops+1, out)
}
