package overlay

import (
	"net/netip"
	"testing"

	"github.com/seed282dab8e/servent/protocol"
)

// meetPush is a Push for the node of a bench, from behind an outside address and a local
// one.
func meetPush(b *bench, outside, local string, token ...byte) protocol.Push {
	return pushOf(b, outside, local, false, token...)
}

// pushOf is meetPush, or that of an answer.
func pushOf(b *bench, outside, local string, answer bool, token ...byte) protocol.Push {
	m := protocol.Meet{Answer: answer, From: protocol.GUID{9}, Token: [16]byte(append(token, make([]byte, 16)...)), Proxies: []netip.AddrPort{netip.MustParseAddrPort("5.9.0.7:6346")}}
	for _, a := range []string{outside, local} {
		m.Addrs = append(m.Addrs, protocol.MeetAddr{Kind: 1, Addr: netip.MustParseAddrPort(a)})
	}
	return protocol.Push{Servent: b.n.cfg.ID, Addr: netip.MustParseAddrPort("5.9.0.8:6346"), Ext: protocol.AppendGGEP(nil, m.Item())}
}

// meetsOf are the meetings among actions.
func meetsOf(acts []Action) (ms []*protocol.Meet) {
	for _, a := range acts {
		if a.Op == OpMeet {
			ms = append(ms, a.Meet)
		}
	}
	return ms
}

// TestHalfWay: on the public network a stranger's private addresses are not sent to, but
// those of somebody behind the same router are.
func TestHalfWay(t *testing.T) {
	for outside, want := range map[string]int{"5.9.1.1:7000": 1, "81.2.69.5:7000": 2} {
		b := newBench(t, func(c *Config) {
			c.ConnectOnly, c.Public, c.Listen = false, true, netip.MustParseAddrPort("81.2.69.5:6346")
		})
		b.links(1)
		ms := meetsOf(b.receive(1, protocol.Header{Kind: protocol.KindPush, TTL: 1}, meetPush(b, outside, "192.168.1.5:7000")))
		if len(ms) != 1 || len(ms[0].Addrs) != want || len(ms[0].Proxies) != 1 {
			t.Errorf("from %s: %+v, want %d addresses", outside, ms, want)
		}
	}
}

// TestHalfWayLimit: at the limit of meetings one more is dropped and counted.
func TestHalfWayLimit(t *testing.T) {
	b := newBench(t, func(c *Config) {
		c.ConnectOnly, c.Public, c.Meets, c.PushRate = false, true, Rate{1, 3}, Rate{100, 100}
	})
	b.links(1)
	for i := range 4 {
		ms := meetsOf(b.receive(1, protocol.Header{Kind: protocol.KindPush, TTL: 1}, meetPush(b, "5.9.1.1:7000", "5.9.1.1:7001", byte(i+1))))
		if (len(ms) == 1) != (i < 3) {
			t.Errorf("meeting %d: %v", i, ms)
		}
	}
	if st := b.n.Stats(); st.Drops[DropDialBack] == 0 {
		t.Error("not counted")
	}
	answer := pushOf(b, "5.9.1.1:7000", "5.9.1.1:7001", true, 9)
	if ms := meetsOf(b.receive(1, protocol.Header{Kind: protocol.KindPush, TTL: 1}, answer)); len(ms) != 1 || !ms[0].Answer {
		t.Errorf("strangers who ask keep an answer away: %v", ms)
	}
}

// TestMeetTwice: what comes by a second proxy is the same meeting, and calls us back once.
func TestMeetTwice(t *testing.T) {
	b := newBench(t, func(c *Config) { c.ConnectOnly, c.Public = false, true })
	b.links(2)
	for i, want := range []int{1, 0} {
		acts := b.receive(LinkID(i+1), protocol.Header{Kind: protocol.KindPush, TTL: 1}, meetPush(b, "5.9.1.1:7000", "5.9.1.1:7001", 1))
		if len(meetsOf(acts)) != want || len(ops(acts, OpDialBack)) != want {
			t.Errorf("time %d: %v", i+1, acts)
		}
	}
}

// TestHalfWayConnectOnly: who makes only the links that the user named meets nobody else.
func TestHalfWayConnectOnly(t *testing.T) {
	b := newBench(t, func(c *Config) { c.ConnectOnly, c.Public = true, true })
	b.links(1)
	if ms := meetsOf(b.receive(1, protocol.Header{Kind: protocol.KindPush, TTL: 1}, meetPush(b, "5.9.1.1:7000", "5.9.1.1:7001"))); len(ms) > 0 {
		t.Errorf("%+v", ms)
	}
}

// TestMeetsSeen: so many of the last meetings are known again; one past that is forgotten.
func TestMeetsSeen(t *testing.T) {
	var s seenMeets
	token := func(i int) *protocol.Meet { return &protocol.Meet{Token: [16]byte{byte(i)}} }
	for i := range maxSeenMeets {
		if s.seen(token(i)) {
			t.Errorf("the %dth is new", i+1)
		}
	}
	if !s.seen(token(0)) {
		t.Error("forgotten at the limit")
	}
	if s.seen(token(maxSeenMeets)) || s.seen(token(0)) || len(s) != maxSeenMeets {
		t.Error("the first is known past the limit")
	}
}

// TestMeetOneself: a Push that names this node as who asks leads to nothing.
func TestMeetOneself(t *testing.T) {
	b := newBench(t, func(c *Config) { c.ConnectOnly, c.Public = false, true })
	b.links(1)
	m := protocol.Meet{From: b.n.cfg.ID, Addrs: []protocol.MeetAddr{{Kind: 1, Addr: netip.MustParseAddrPort("5.9.1.1:7000")}}}
	p := protocol.Push{Servent: b.n.cfg.ID, Addr: netip.MustParseAddrPort("5.9.0.8:6346"), Ext: protocol.AppendGGEP(nil, m.Item())}
	if ms := meetsOf(b.receive(1, protocol.Header{Kind: protocol.KindPush, TTL: 1}, p)); len(ms) > 0 {
		t.Errorf("%+v", ms)
	}
}
