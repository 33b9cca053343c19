package sim

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/seed282dab8e/servent/servent/overlay"
)

// dialing is a connection on its way to become a link: two messages until it
// stands, then the three header groups of the handshake.
type dialing struct {
	w        *World
	from, to *member
	addr     netip.AddrPort
	starts   uint64       // of from
	out, in  *end         // at from, at to
	asked    overlay.Peer // at to
	answer   overlay.Peer // at from
	own      bool         // it is from that refuses
}

func (w *World) dial(from *member, addr netip.AddrPort) {
	w.note(traceDial, from.id, func() string { return w.Name(from.id) + " dials " + w.addrName(addr) })
	d := &dialing{w: w, from: from, to: w.byAddr[addr], addr: addr, starts: from.starts}
	switch {
	case d.to == nil || d.to.absent || d.to.shut(from) || w.parted(from, d.to):
		d.fail(w.cfg.DialTimeout, overlay.Verdict{})
	case d.to.actor == nil: // its machine refuses
		d.fail(w.latency(from)+w.latency(d.to), overlay.Verdict{})
	default:
		d.out, d.in = w.newLink(from, d.to, Wire{})
		w.after(w.delay(d.out)+w.delay(d.in)+w.delay(d.out), d.greet)
	}
}

// wanted says whether who dialled still runs.
func (d *dialing) wanted() bool { return d.from.actor != nil && d.from.starts == d.starts }

// fail tells who dialled, after a while, that nothing came of it.
func (d *dialing) fail(after time.Duration, v overlay.Verdict) {
	d.w.after(after, func() {
		if !d.wanted() {
			return
		}
		d.w.note(traceDialFailed, d.from.id, func() string { return d.failure(v) })
		failed := overlay.DialFailed{Addr: d.addr, Code: v.Code, Try: v.Try, Own: d.own}
		if v.Code != 0 && !d.own {
			failed.Role = d.answer.Role
		}
		d.w.step(d.from, failed)
	})
}

func (d *dialing) failure(v overlay.Verdict) string {
	text := d.w.Name(d.from.id) + " fails to dial " + d.w.addrName(d.addr)
	if v.Text != "" {
		text += ": " + v.Text
	}
	if v.Code != 0 {
		text += fmt.Sprintf(" (%d)", v.Code)
	}
	for i, a := range v.Try {
		text += []string{", try ", " "}[min(i, 1)] + d.w.addrName(a)
	}
	return text
}

// greet is when the first group has come to the node that was connected to.
func (d *dialing) greet() {
	w := d.w
	switch {
	case !d.wanted():
		w.discard(d.out)
	case d.in.closed && d.to.absent, w.parted(d.from, d.to):
		w.discard(d.out)
		d.fail(w.cfg.DialTimeout, overlay.Verdict{})
	case d.in.closed:
		w.discard(d.out)
		d.fail(w.delay(d.in), overlay.Verdict{})
	default:
		d.judge()
	}
}

// judge has the node that was connected to answer.
func (d *dialing) judge() {
	w := d.w
	d.asked, d.answer = d.peers()
	v := w.admit(d.to, d.in.id, d.asked)
	d.answer.Guide = v.Guide
	if v.Code != 200 {
		w.discard(d.out)
		d.fail(w.delay(d.in), v)
		return
	}
	w.after(w.delay(d.in), d.finish)
}

// admit has a node judge a peer. It may have something to do then.
func (w *World) admit(m *member, id overlay.LinkID, p overlay.Peer) overlay.Verdict {
	v := m.actor.Admit(id, p)
	w.arm(m)
	return v
}

// peers returns what the node that was connected to learns of the other one, and
// the other way round.
func (d *dialing) peers() (asked, answer overlay.Peer) {
	asked, answer = d.peerAt(d.in), d.peerAt(d.out)
	asked.Told, answer.Told = answer.Role, asked.Role
	return asked, answer
}

// peerAt returns what the node at e learns of the other one from its headers.
func (d *dialing) peerAt(e *end) overlay.Peer {
	source := netip.AddrPortFrom(d.from.source(d.to), uint16(32768+d.out.id/2%28000))
	if e == d.in {
		p := overlay.ParsePeer(d.from.actor.Hello(source.Addr(), d.addr))
		p.Addr = source
		return p
	}
	p := overlay.ParsePeer(d.to.actor.Hello(d.addr.Addr(), source))
	p.Addr, p.Outbound = d.addr, true
	return p
}

// finish is when the answer, a 200, has come to the node that dialled.
func (d *dialing) finish() {
	w := d.w
	switch {
	case !d.wanted() && d.in.hung: // word of that is on its way
		return
	case !d.wanted(): // it vanished
		w.after(w.cfg.DialTimeout, func() { w.down(d.in.id) })
		return
	case d.in.closed:
		w.discard(d.out)
		d.fail(0, overlay.Verdict{})
		return
	}
	v := w.admit(d.from, d.out.id, d.answer)
	if v.Code != 200 {
		w.detach(d.out)
		w.hangUp(d.out, w.now)
		d.own = true
		d.fail(0, overlay.Verdict{Code: v.Code, Text: v.Text})
		return
	}
	guided := v.Guide == overlay.GuideLeaf
	if guided {
		d.asked.Role, d.answer.Told = overlay.RoleLeaf, overlay.RoleLeaf
	}
	w.queue.push(w.inOrder(d.out, w.now), event{kind: atCall, do: func() { d.taken(guided) }})
	w.up(d.out, d.answer)
}

// taken is when the last word, a 200, has come to the node that was connected to.
func (d *dialing) taken(guided bool) {
	if guided && d.to.actor != nil && !d.in.closed && d.w.admit(d.to, d.in.id, d.asked).Code != 200 {
		d.w.detach(d.in)
		d.w.hangUp(d.in, d.w.now)
		return
	}
	d.w.up(d.in, d.asked)
}

// up tells the node at e that the link is up, unless it has ended already.
func (w *World) up(e *end, p overlay.Peer) {
	m := w.nodes[e.node]
	if e.closed || m.actor == nil {
		return
	}
	e.open = true
	w.note(traceUp, m.id, func() string { return w.Name(m.id) + " is linked with " + w.Name(e.peer.node) })
	w.step(m, overlay.PeerUp{Link: e.id, Peer: p})
}

// discard closes both ends of a link that did not come up, and tells nobody.
func (w *World) discard(e *end) {
	w.detach(e)
	w.detach(e.peer)
}

// Link joins two running nodes at once, as if a had dialled b. An error says
// why one of them does not want it.
func (w *World) Link(a, b NodeID) error { return w.LinkBy(a, b, Wire{}) }

// LinkBy is Link with a wire of its own.
func (w *World) LinkBy(a, b NodeID, wire Wire) error {
	w.record.note(op{Do: doLink, Node: a, Peer: b, Wire: &wire})
	d := &dialing{w: w, from: w.nodes[a], to: w.nodes[b], addr: w.nodes[b].addr}
	if d.from.actor == nil || d.to.actor == nil {
		return fmt.Errorf("link %s to %s: one of them does not run", w.Name(a), w.Name(b))
	}
	d.out, d.in = w.newLink(d.from, d.to, wire)
	asked, answer := d.peers()
	if v := w.admit(d.to, d.in.id, asked); v.Code != 200 {
		w.discard(d.out)
		return fmt.Errorf("link %s to %s: %d %s", w.Name(a), w.Name(b), v.Code, v.Text)
	}
	if v := w.admit(d.from, d.out.id, answer); v.Code != 200 {
		w.step(d.to, overlay.PeerDown{Link: d.in.id})
		w.discard(d.out)
		return fmt.Errorf("link %s to %s: not taken: %s", w.Name(a), w.Name(b), v.Text)
	}
	w.up(d.out, answer)
	w.up(d.in, asked)
	return nil
}
