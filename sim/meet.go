package sim

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/seed282dab8e/servent/nat"
	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/servent/overlay"
)

// meetTime is how long a node is there for a meeting, as in servents.
const meetTime = 20 * time.Second

// Meeting is what became of two nodes that were to meet half way, since nobody can
// connect to either.
type Meeting struct {
	Asked    bool          // the Push has come
	Answered bool          // and the answer to it
	Open     bool          // they reach each other
	By       nat.Transport // over this first
	Took     time.Duration // since it began
	began    time.Duration
}

// Meet has a node ask another to meet it half way, as a servent does that wants a file of
// it and cannot connect: by the way of its hits, and by its push proxies.
func (w *World) Meet(id, peer NodeID) *Meeting {
	w.record.note(op{Do: doMeet, Node: id, Peer: peer})
	g := &Meeting{began: w.now}
	m, other := w.nodes[id], w.nodes[peer]
	if m.node == nil || other.node == nil || len(m.node.Proxies()) == 0 {
		return g // there is no way to answer
	}
	meet := &protocol.Meet{From: w.GUID(id), Proxies: m.node.Proxies()}
	for i := range meet.Token {
		meet.Token[i] = byte(w.rand.Uint32())
	}
	w.meetings[meet.Token] = g
	w.after(meetTime, func() { delete(w.meetings, meet.Token) })
	w.newSide(m, meet)
	w.pushMeet(m, w.GUID(peer), other.node.Proxies(), meet, func() bool { return g.Asked })
	return g
}

// pushHTTPAfter is how long links and UDP have for a Push, as in servents, before push
// proxies are asked over HTTP, which are asked at once where no datagram passes.
const pushHTTPAfter = time.Second

// pushMeet sends what two say to each other before they meet.
func (w *World) pushMeet(m *member, to protocol.GUID, proxies []netip.AddrPort, meet *protocol.Meet, come func() bool) {
	w.step(m, overlay.UserPush{Servent: to, Proxies: proxies, Meet: meet})
	wait := pushHTTPAfter
	if !w.seenAt(m, nat.UDP).IsValid() {
		wait = 0
	}
	for _, a := range proxies {
		proxy := w.byAddr[a]
		if proxy == nil || proxy.shut(m) {
			continue
		}
		w.after(wait+2*w.latency(m), func() { // a connection, and the request
			if !come() && proxy.actor != nil && !w.parted(m, proxy) {
				w.step(proxy, overlay.ProxyPush{Servent: to, Meet: meet.Item()})
			}
		})
	}
}

// meet does what an OpMeet asks.
func (w *World) meet(m *member, a *overlay.Action) {
	got := a.Meet
	w.after(0, func() {
		g, s := w.meetings[got.Token], m.sides[got.Token]
		switch {
		case g == nil || m.actor == nil:
		case got.Answer && s != nil && !g.Answered:
			w.note(traceNote, m.id, func() string { return w.Name(m.id) + " is answered by " + w.serventName(got.From) })
			g.Answered = true
			s.begin(got)
		case !got.Answer && s == nil:
			w.note(traceNote, m.id, func() string { return w.Name(m.id) + " meets " + w.serventName(got.From) })
			g.Asked = true
			answer := &protocol.Meet{Token: got.Token, From: w.GUID(m.id), Answer: true}
			s = w.newSide(m, answer)
			w.pushMeet(m, got.From, got.Proxies, answer, func() bool { return g.Answered })
			s.begin(got)
		}
	})
}

// side is one of the two nodes of a meeting: what package reach does for servents.
type side struct {
	w      *World
	m      *member
	told   *protocol.Meet
	punch  *nat.Punch
	checks map[int]netip.AddrPort // where each of its checks went
	timer  time.Duration
}

// newSide adds to what is told where the node may be met, and is there for the meeting.
func (w *World) newSide(m *member, told *protocol.Meet) *side {
	f := nat.Facts{Local: []netip.AddrPort{m.addr}}
	for t := range w.nets {
		f.Behaviour[t].Outside = w.seenAt(m, nat.Transport(t))
	}
	for _, c := range nat.Gather(f) {
		told.Addrs = append(told.Addrs, protocol.MeetAddr{TCP: c.Transport == nat.TCP, Kind: uint8(c.Kind), Addr: c.Addr})
	}
	s := &side{w: w, m: m, told: told, punch: nat.NewPunch(w.clock(), nil), checks: map[int]netip.AddrPort{}}
	if m.sides == nil {
		m.sides = map[[16]byte]*side{}
	}
	m.sides[told.Token] = s
	w.after(meetTime, func() { delete(m.sides, told.Token) })
	return s
}

// seenAt returns where a peer sees a node, as STUN tells it; not valid: nothing passes.
func (w *World) seenAt(m *member, t nat.Transport) netip.AddrPort {
	for _, e := range m.ends {
		if e.open {
			if _, from, ok := w.nets[t].Out(w.now, m.behind(t), m.addr, w.nodes[e.peer.node].addr); ok {
				return from
			}
		}
	}
	return netip.AddrPort{}
}

// begin punches and dials, once the other's addresses are known.
func (s *side) begin(other *protocol.Meet) {
	own, theirs := met(s.told), met(other)
	s.punch.Begin(s.w.clock(), nat.Rank(nat.UDP, own, theirs))
	s.turn()
	s.w.open(s.m, nat.Rank(nat.TCP, own, theirs), s.w.rand, func(netip.AddrPort) { s.opened(nat.TCP) })
}

func met(m *protocol.Meet) (cs []nat.Candidate) {
	for _, a := range m.Addrs {
		c := nat.Candidate{Kind: nat.Kind(a.Kind), Addr: a.Addr}
		if a.TCP {
			c.Transport = nat.TCP
		}
		cs = append(cs, c)
	}
	return cs
}

func (s *side) opened(by nat.Transport) {
	g := s.w.meetings[s.told.Token]
	if g == nil || g.Open {
		return
	}
	g.Open, g.By, g.Took = true, by, s.w.now-g.began
	s.w.note(traceNote, s.m.id, func() string { return fmt.Sprintf("%s has met over %v", s.w.Name(s.m.id), by) })
}

// turn sends the checks that are due, and comes again when the next is.
func (s *side) turn() {
	for to, ok := s.punch.Next(s.w.clock()); ok; to, ok = s.punch.Next(s.w.clock()) {
		id := len(s.checks)
		s.checks[id] = to
		s.send(to, id, false)
	}
	_, state := s.punch.Result(s.w.clock())
	at := s.punch.Deadline().Sub(epoch)
	if state != nat.Punching || s.timer > s.w.now && s.timer <= at {
		return
	}
	s.timer = at
	s.w.after(at-s.w.now, func() {
		if s.timer == at {
			s.turn()
		}
	})
}

// send sends a check, or the answer to one.
func (s *side) send(to netip.AddrPort, id int, answer bool) {
	s.w.route(s.m, s.m.addr, to, func(target *member, from netip.AddrPort) {
		if t := target.sides[s.told.Token]; t != nil && t != s && target.actor != nil {
			t.take(from, id, answer)
		}
	})
}

// take takes a check of the other side, or its answer to one.
func (s *side) take(from netip.AddrPort, id int, answer bool) {
	switch {
	case !answer:
		s.send(from, id, true)
		s.punch.Checked(s.w.clock(), from)
	case s.checks[id] == from:
		s.punch.Answered(s.w.clock(), from)
		if s.told.Answer { // who was asked opens a stream
			s.opened(nat.UDP)
		}
	}
	s.turn()
}
