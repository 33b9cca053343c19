package sim

import (
	"cmp"
	"slices"
	"time"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/servent/overlay"
)

// end is one end of a link: what its node sends goes by its latency and
// bandwidth.
type end struct {
	id   overlay.LinkID
	node NodeID
	peer *end
	wire Wire

	open    bool          // the node was told PeerUp, and nothing else since
	closing bool          // its node wants it closed
	closed  bool          // nothing comes or goes any more
	hung    bool          // word that the link is closed is on its way here
	busy    time.Duration // until when bytes wait to leave
	last    time.Duration // when what was sent last arrives
	unsent  int           // bytes that have left and are not yet reported
	parts   int           // of the node's list that were sent
}

// newLink makes both ends of a link.
func (w *World) newLink(a, b *member, wire Wire) (*end, *end) {
	wire = Wire{cmp.Or(wire.Latency, w.cfg.Latency), cmp.Or(wire.Bandwidth, w.cfg.Bandwidth), cmp.Or(wire.Loss, w.cfg.LinkLoss)}
	id := overlay.LinkID(len(w.ends))
	pair := [2]end{{id: id, node: a.id, wire: wire}, {id: id + 1, node: b.id, wire: wire}}
	out, in := &pair[0], &pair[1]
	out.peer, in.peer = in, out
	w.ends = append(w.ends, out, in)
	a.ends = append(a.ends, out)
	b.ends = append(b.ends, in)
	return out, in
}

func (w *World) end(id overlay.LinkID) *end {
	if int(id) >= len(w.ends) {
		return nil
	}
	return w.ends[id]
}

// delay is how long a message that e sends now is under way.
func (w *World) delay(e *end) time.Duration {
	return w.nodes[e.node].slowed(e.wire.Latency.draw(w.rand))
}

// latency is how long what a node sends beside its links is under way.
func (w *World) latency(m *member) time.Duration { return m.slowed(w.cfg.Latency.draw(w.rand)) }

// patched is a copy of a message with another TTL and hops. The copies of one
// relayed message are alike for most links, so they share one.
type patched struct {
	from      *byte
	ttl, hops uint8
	msg       []byte
}

// withTTL returns msg with ttl and hops in its header, where it has one: a Garbler
// may send less. What nodes send is never changed, so msg itself will do when it
// has them.
func (w *World) withTTL(msg []byte, ttl, hops uint8) []byte {
	h, err := protocol.ParseHeader(msg)
	if err != nil || h.TTL == ttl && h.Hops == hops {
		return msg
	}
	if c := &w.copied; c.from != &msg[0] || c.ttl != ttl || c.hops != hops {
		w.copied = patched{&msg[0], ttl, hops, slices.Clone(msg)}
		protocol.Patch(w.copied.msg, ttl, hops)
	}
	return w.copied.msg
}

func (w *World) send(a *overlay.Action) {
	e := w.end(a.Link)
	if e == nil || e.closed {
		return // its node does not know yet
	}
	msg := w.withTTL(a.Msg, a.TTL, a.Hops)
	w.traceMessage(e, msg)
	w.countSent(msg)
	w.traffic.count(msg)
	leaves := w.leave(e, len(msg)) + w.retransmission(e, len(msg))
	w.queue.push(w.inOrder(e, leaves), event{kind: atMessage, link: e.peer.id, msg: msg})
}

// leave returns when size more bytes have left e, and sees that it is told.
func (w *World) leave(e *end, size int) time.Duration {
	m := w.nodes[e.node]
	if m.cfg.Upload > 0 {
		m.busy = max(m.busy, w.now) + m.slowed(atRate(size, m.cfg.Upload))
		e.busy = m.busy
		w.queue.push(e.busy, event{kind: atSent, link: e.id, size: int32(size)})
		return e.busy
	}
	if e.wire.Bandwidth <= 0 {
		if e.unsent == 0 {
			w.flushed = append(w.flushed, e)
		}
		e.unsent += size
		return w.now
	}
	e.busy = max(e.busy, w.now) + m.slowed(atRate(size, e.wire.Bandwidth))
	w.queue.push(e.busy, event{kind: atSent, link: e.id, size: int32(size)})
	return e.busy
}

// atRate is how long so many bytes take at a rate in bytes a second.
func atRate(size, rate int) time.Duration {
	return time.Duration(float64(size) / float64(rate) * float64(time.Second))
}

// inOrder returns when something that leaves e then arrives: not before what
// was sent earlier.
func (w *World) inOrder(e *end, leaves time.Duration) time.Duration {
	e.last = max(e.last, leaves+w.delay(e))
	return e.last
}

func (w *World) sent(link overlay.LinkID, size int) {
	if e := w.end(link); e != nil && e.open && w.nodes[e.node].actor != nil {
		w.step(w.nodes[e.node], overlay.Sent{Link: link, Bytes: size})
	}
}

func (w *World) arrive(link overlay.LinkID, msg []byte) {
	e := w.end(link)
	if e == nil {
		return
	}
	m := w.nodes[e.node]
	switch {
	case !e.closed && m.actor != nil:
		w.countReached(m.id, msg)
		w.step(m, overlay.Received{Link: link, Msg: msg})
	case !m.absent: // a machine that does not know the link any more says so
		w.hangUp(e, w.now)
	}
}

// close ends a link at the wish of its node, once what waits has left or the
// linger is over.
func (w *World) close(link overlay.LinkID, why string) {
	e := w.end(link)
	if e == nil || e.closed {
		return
	}
	e.closing = true
	at := min(max(e.busy, w.now), w.now+w.cfg.CloseLinger)
	w.note(traceClose, e.node, func() string { return w.Name(e.node) + " closes " + w.Name(e.peer.node) + ": " + why })
	w.queue.push(at, event{kind: atDown, link: link})
	w.hangUp(e, at)
}

// hangUp sends word to the other end that the link is closed.
func (w *World) hangUp(e *end, leaves time.Duration) {
	if e.peer.hung || e.peer.closed {
		return
	}
	e.peer.hung = true
	at := leaves + w.delay(e)
	if e.busy <= leaves { // else what still waits is lost
		at = max(at, e.last)
	}
	w.queue.push(at, event{kind: atDown, link: e.peer.id})
}

// down tells the node at an end that the link is closed.
func (w *World) down(link overlay.LinkID) {
	e := w.end(link)
	if e == nil || e.closed {
		return
	}
	m := w.nodes[e.node]
	lost := e.open && !e.closing
	w.detach(e)
	if m.actor == nil {
		return
	}
	if lost {
		w.note(traceDown, e.node, func() string { return w.Name(e.node) + " lost " + w.Name(e.peer.node) })
	}
	w.step(m, overlay.PeerDown{Link: link})
}

// detach takes an end away from its node.
func (w *World) detach(e *end) {
	m := w.nodes[e.node]
	m.ends = slices.DeleteFunc(m.ends, func(o *end) bool { return o == e })
	w.shut(e)
}

// shut closes one end. When both are, the link is forgotten.
func (w *World) shut(e *end) {
	e.open, e.closed = false, true
	if held := w.nodes[e.node].held; held != nil {
		held.lists.Gone(w.now, uint32(e.id))
	}
	if e.peer.closed {
		w.ends[e.id], w.ends[e.peer.id] = nil, nil
	}
}
