package sim

import (
	"encoding/binary"
	"fmt"
	"strings"
	"time"

	"github.com/seed282dab8e/servent/protocol"
)

// Trace is all that has happened in a World.
type Trace struct {
	// Hash is of every message sent, whole, with its time and link, and of every
	// link that came up or ended. Equal runs have equal hashes.
	Hash uint64
	// Lines say the same in words, when Config.Lines asks for them, with a line
	// such as "@61s" where another second begins. They must not be changed.
	Lines []string
}

// Trace returns what has happened so far.
func (w *World) Trace() Trace { return Trace{w.trace.hash, w.trace.lines} }

// trace collects what happens.
type trace struct {
	hash  uint64
	keep  bool
	lines []string
	clock time.Duration // the second that the last line of time told
}

func newTrace(keep bool) trace { return trace{hash: 0x9e3779b97f4a7c15, keep: keep} }

// traceKind tells what happened apart in the hash.
type traceKind uint8

const (
	traceMessage traceKind = iota + 1
	traceUp
	traceClose
	traceDown
	traceDial
	traceDialFailed
	traceHit
	traceNote
	traceUDP
)

// mix takes a number into the hash.
func (t *trace) mix(v uint64) {
	t.hash = (t.hash ^ v) * 0xff51afd7ed558ccd
	t.hash ^= t.hash >> 32
}

// mixBytes takes b into the hash, and its length.
func (t *trace) mixBytes(b []byte) {
	t.mix(uint64(len(b)))
	for ; len(b) >= 8; b = b[8:] {
		t.mix(binary.LittleEndian.Uint64(b))
	}
	var last [8]byte
	copy(last[:], b)
	t.mix(binary.LittleEndian.Uint64(last[:]))
}

// note traces that something happened at a node; line says what.
func (w *World) note(kind traceKind, id NodeID, line func() string) {
	w.trace.mix(uint64(w.now))
	w.trace.mix(uint64(kind)<<32 | uint64(uint32(id)))
	if w.trace.keep {
		w.line(line())
	}
}

func (w *World) traceMessage(e *end, msg []byte) {
	w.trace.mix(uint64(w.now))
	w.trace.mix(uint64(traceMessage)<<56 | uint64(uint32(e.node))<<28 ^ uint64(uint32(e.peer.node)))
	w.trace.mixBytes(msg)
	if w.trace.keep {
		w.line(w.Name(e.node) + "->" + w.Name(e.peer.node) + " " + w.describe(msg))
	}
}

// line keeps a line, and before it the time when another second has begun.
func (w *World) line(s string) {
	if second := w.now.Truncate(time.Second); second != w.trace.clock {
		w.trace.clock = second
		w.trace.lines = append(w.trace.lines, fmt.Sprintf("@%ds", second/time.Second))
	}
	w.trace.lines = append(w.trace.lines, s)
}

// describe writes a message as one line: "QUERY ttl=2 hops=0".
func (w *World) describe(msg []byte) string {
	h, err := protocol.ParseHeader(msg)
	if err != nil {
		return "UNREADABLE"
	}
	name := strings.ToUpper(h.Kind.String())
	if h.Kind == protocol.KindQueryHit {
		name = "HIT"
	}
	return fmt.Sprintf("%s ttl=%d hops=%d%s", name, h.TTL, h.Hops, w.detail(h.Kind, msg[protocol.HeaderSize:]))
}

// detail says of a payload what a reader of traces wants to know.
func (w *World) detail(kind protocol.Kind, payload []byte) string {
	switch kind {
	case protocol.KindPing:
		return pingDetail(payload)
	case protocol.KindPong:
		if p, err := protocol.ParsePong(payload); err == nil {
			return " of " + w.addrName(protocol.FullAddr(p.Addr, p.Ext)) + w.pongDetail(p)
		}
	case protocol.KindQueryHit:
		if q, err := protocol.ParseQueryHit(payload); err == nil {
			return " of " + w.source(q) + fmt.Sprintf(" files=%d", q.Count)
		}
	case protocol.KindPush:
		if p, err := protocol.ParsePush(payload); err == nil {
			return fmt.Sprintf(" to %s file=%d back=%s", w.serventName(p.Servent), p.Index, w.addrName(p.Addr))
		}
	case protocol.KindBye:
		if b, err := protocol.ParseBye(payload); err == nil {
			return fmt.Sprintf(" %d %q", b.Code, b.Reason())
		}
	case protocol.KindVendor:
		if v, err := protocol.ParseVendor(payload); err == nil {
			return fmt.Sprintf(" %s % x", v.ID(), v.Data)
		}
	case protocol.KindQRP:
		return " " + describeTable(payload)
	}
	return ""
}

// source names the servent of a hit; its address too, if that is not where it
// lives.
func (w *World) source(q protocol.QueryHit) string {
	s := w.serventName(q.Servent)
	if addr := w.addrName(q.Addr); addr != s {
		s += " at " + addr
	}
	d, _ := q.QHD()
	if d.Flags&protocol.HitPush != 0 {
		s += " push"
	}
	for _, a := range protocol.Hosts(d.Ext(), protocol.GGEPProxies) {
		s += " proxy=" + w.addrName(a)
	}
	if token, ok := protocol.Token(d.Ext()); ok {
		s += fmt.Sprintf(" token=%x", token)
	}
	return s
}

// pingDetail says how long a Ping is that is more than one.
func pingDetail(payload []byte) string {
	s := ""
	if _, ok := protocol.FindGGEP(payload, protocol.GGEPWish); ok {
		s += " hosts?"
	}
	if len(payload) > 0 {
		s += fmt.Sprintf(" bytes=%d", protocol.HeaderSize+len(payload))
	}
	return s
}

// pongDetail says what more a Pong tells than who is there.
func (w *World) pongDetail(p protocol.Pong) string {
	s := ""
	if a, ok := protocol.Echo(p.Ext); ok {
		s += " seen=" + w.addrName(a)
	}
	for _, a := range protocol.Hosts(p.Ext, protocol.GGEPHosts) {
		s += " host=" + w.addrName(a)
	}
	return s
}

func describeTable(payload []byte) string {
	if r, err := protocol.ParseReset(payload); err == nil {
		return fmt.Sprintf("reset slots=%d", r.Slots)
	}
	if p, err := protocol.ParseRoutePatch(payload); err == nil {
		return fmt.Sprintf("patch %d/%d", p.Seq, p.Of)
	}
	return "unreadable"
}

func (w *World) hitLine(m *member, h *Hit, servent protocol.GUID) string {
	var names []string
	for _, f := range h.Files {
		names = append(names, f.Name)
	}
	return fmt.Sprintf("%s finds %q at %s hops=%d", w.Name(m.id), names, w.serventName(servent), h.Hops)
}
