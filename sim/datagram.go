package sim

import (
	"fmt"
	"net/netip"

	"github.com/seed282dab8e/servent/nat"
	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/servent/overlay"
	"github.com/seed282dab8e/servent/sim/natbox"
)

// datagram sends what a node wants to go over UDP. It may be lost, and nobody
// is told.
func (w *World) datagram(m *member, a *overlay.Action) {
	msg := w.withTTL(a.Msg, a.TTL, a.Hops)
	w.sendFrom(m, m.addr, a.Addr, msg)
}

// SendDatagram has a node, or whoever forges its address, send a message over
// UDP that comes from the address from.
func (w *World) SendDatagram(id NodeID, from, to netip.AddrPort, msg []byte) {
	w.record.note(op{Do: doDatagram, Node: id, From: from, To: to, Msg: msg})
	w.sendFrom(w.nodes[id], from, to, msg)
}

func (w *World) sendFrom(m *member, from, to netip.AddrPort, msg []byte) {
	w.traceDatagram(m, from, to, msg)
	w.route(m, from, to, func(target *member, from netip.AddrPort) {
		if target.actor != nil {
			w.step(target, overlay.Datagram{From: from, Msg: msg})
		}
	})
}

// route takes a datagram of a node through routers, and hands it over with the address
// that it comes from in the end.
func (w *World) route(m *member, from, to netip.AddrPort, arrive func(target *member, from netip.AddrPort)) {
	net := w.nets[nat.UDP]
	at, from, ok := net.Out(w.now, m.behind(nat.UDP), from, to)
	if !ok || !net.Has(at, to) || w.cfg.Loss > 0 && w.rand.Float64() < w.cfg.Loss {
		return
	}
	w.after(w.latency(m), func() {
		inside, fate := net.In(w.now, at, from, to)
		if target := w.byAddr[inside]; fate == natbox.Arrived && !w.parted(m, target) {
			arrive(target, from)
		}
	})
}

func (w *World) traceDatagram(m *member, from, to netip.AddrPort, msg []byte) {
	w.trace.mix(uint64(w.now))
	w.trace.mix(uint64(traceUDP)<<56 | uint64(uint32(m.id)))
	w.trace.mixBytes(msg)
	if w.trace.keep {
		name := w.Name(m.id)
		if from != m.addr {
			name += " as " + w.addrName(from)
		}
		w.line(fmt.Sprintf("%s->%s udp %s", name, w.addrName(to), w.describe(msg)))
	}
}

// connectBack connects to a node that wants to know whether that can be done.
func (w *World) connectBack(m *member, a *overlay.Action) {
	target := w.byAddr[a.Addr]
	from := netip.AddrPortFrom(m.source(target), 32768)
	w.note(traceNote, m.id, func() string { return w.Name(m.id) + "->" + w.addrName(a.Addr) + " CONNECTBACK tcp" })
	if target == nil || target.shut(m) {
		return
	}
	w.after(w.latency(m), func() {
		if target.actor != nil && !w.parted(m, target) {
			w.step(target, overlay.ConnectedBack{From: from})
		}
	})
}

// call connects to a node that is to be found there, and says who asks.
func (w *World) call(m *member, a *overlay.Action) {
	target := w.byAddr[a.Addr]
	from := netip.AddrPortFrom(m.source(target), 32769)
	servent, nonce, ok := overlay.ParseCall(overlay.CallText(m.cfg.Overlay.ID, a.ID))
	w.note(traceNote, m.id, func() string { return w.Name(m.id) + "->" + w.addrName(a.Addr) + " CALL tcp" })
	if target == nil || target.shut(m) || !ok {
		return
	}
	w.after(w.latency(m), func() {
		if target.actor != nil && !w.parted(m, target) {
			w.step(target, overlay.Called{From: from, Servent: servent, Nonce: nonce})
		}
	})
}

// lookUpHead answers a HEAD ping from a node's shelf.
func (w *World) lookUpHead(m *member, a *overlay.Action) {
	have := m.shelf != nil && m.shelf.has(a.Text)
	id := a.ID
	w.after(0, func() {
		if m.actor != nil {
			w.step(m, overlay.LocalHead{ID: id, Pong: protocol.HeadPong{Complete: have, Queue: -1}})
		}
	})
}
