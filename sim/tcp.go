package sim

import (
	"math/rand/v2"
	"net/netip"
	"time"

	"github.com/seed282dab8e/servent/nat"
	"github.com/seed282dab8e/servent/sim/natbox"
)

// attempt is a connection that a node tries to open from the port at which it listens.
// Links do not pass routers like this: only who meets another half way does.
type attempt struct {
	w      *World
	m      *member
	to     netip.AddrPort
	over   bool
	result func(ok bool) // called once
}

// connect sends SYNs as systems do, until one is answered or the time is over.
func (w *World) connect(m *member, to netip.AddrPort, limit time.Duration, result func(ok bool)) {
	a := &attempt{w: w, m: m, to: to, result: result}
	for _, again := range []time.Duration{0, time.Second, 3 * time.Second} { // RFC 6298
		w.after(again, a.syn)
	}
	w.after(limit, func() { a.end(false) })
}

func (a *attempt) end(ok bool) {
	if !a.over {
		a.over = true
		a.result(ok)
	}
}

// syn has a SYN take its way. Who gets it listens, or dials us too, which is the same to
// us: it answers.
func (a *attempt) syn() {
	if a.over {
		return
	}
	a.w.segment(a.m, a.m.addr, a.to, func(target *member, from netip.AddrPort) {
		a.w.segment(target, target.addr, from, func(back *member, by netip.AddrPort) {
			if back == a.m && by == a.to {
				a.end(true)
			}
		}, func() {})
	}, func() { a.end(false) })
}

// segment takes a segment of TCP through routers, and hands it over with the address
// that it comes from in the end. refused is called when the reset of a router that does
// not let it in has come back.
func (w *World) segment(m *member, from, to netip.AddrPort, arrive func(target *member, from netip.AddrPort), refused func()) {
	net := w.nets[nat.TCP]
	at, from, ok := net.Out(w.now, m.behind(nat.TCP), from, to)
	if !ok || !net.Has(at, to) {
		return
	}
	w.after(w.latency(m), func() {
		inside, fate := net.In(w.now, at, from, to)
		target := w.byAddr[inside]
		switch {
		case fate == natbox.Refused:
			w.after(w.latency(m), func() {
				if _, fate := net.Reset(w.now, at, to, from); fate == natbox.Arrived {
					refused()
				}
			})
		case fate == natbox.Arrived && target.actor != nil && !w.parted(m, target):
			arrive(target, from)
		}
	})
}

// open dials all addresses of a peer that does the same, as nat.Dialer says, until one
// answers; opened may be called for several.
func (w *World) open(m *member, addrs []netip.AddrPort, r *rand.Rand, opened func(at netip.AddrPort)) {
	done := false
	for _, to := range addrs {
		d := nat.NewDialer(w.clock(), r)
		var try func()
		try = func() {
			limit, ok := d.Try(w.clock())
			if !ok || done {
				return
			}
			began := w.now
			w.connect(m, to, limit, func(ok bool) {
				if !ok {
					w.after(d.Pause(w.now-began), try)
					return
				}
				done = true
				opened(to)
			})
		}
		try()
	}
}
