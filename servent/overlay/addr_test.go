package overlay

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/seed282dab8e/servent/protocol"
)

var ours6 = netip.MustParseAddr("fd00::1")

// TestIPv6 finds our IPv6 address wherever others look for it, and takes theirs.
func TestIPv6(t *testing.T) {
	b := newUDPBench(t, func(c *Config) { c.IPv6 = ours6 })
	b.links(2)
	is6 := func(name string, field netip.AddrPort, area []byte) {
		t.Helper()
		g, ok := protocol.FindGGEP(area, protocol.GGEPAddr6)
		if data, err := g.Data(16); !ok || err != nil || !slices.Equal(data, ours6.AsSlice()) || field != b.n.Addr() {
			t.Errorf("%s: %s and %x", name, field, g.Raw)
		}
	}
	pongs := sends(b.receive(1, head(protocol.KindPing, none, 1, 0), nil), protocol.KindPong)
	p, _ := protocol.ParsePong(pongs[0].Msg[protocol.HeaderSize:])
	is6("pong", p.Addr, p.Ext)
	msg, _ := b.n.HitFor(asked, []protocol.FileRecord{{Index: 1, Name: "blue.ogg"}})
	h, _ := protocol.ParseQueryHit(msg[protocol.HeaderSize:])
	trailer, _ := h.QHD()
	is6("hit", h.Addr, trailer.Ext())
	sent := sends(b.step(UserQuery{ID: ours, Text: "blue"}), protocol.KindQuery)
	q, _ := protocol.ParseQuery(sent[0].Msg[protocol.HeaderSize:])
	if _, ok := protocol.FindGGEP(q.Ext, protocol.GGEPWants6); !ok {
		t.Error("the query does not say that IPv6 will do")
	}
	b.receive(2, head(protocol.KindQueryHit, ours, 1, 0), hitOf(servent))
	pushes := sends(b.step(UserPush{Servent: servent}), protocol.KindPush)
	push, _ := protocol.ParsePush(pushes[0].Msg[protocol.HeaderSize:])
	is6("push", push.Addr, push.Ext)

	theirs := netip.MustParseAddrPort("[fd00::7]:6346")
	b.receive(1, head(protocol.KindPong, none, 1, 0), protocol.Pong{Addr: theirs, KBytes: 8, Ext: protocol.AppendGGEP(nil, protocol.AddrItem(theirs.Addr())...)})
	if b.n.hosts.find(theirs) < 0 {
		t.Errorf("%s is not heard of: %v", theirs, b.n.Hosts())
	}
	back := protocol.Push{Servent: b.n.cfg.ID, Addr: theirs, Ext: protocol.AppendGGEP(nil, protocol.AddrItem(theirs.Addr())...)}
	if got := ops(b.receive(1, head(protocol.KindPush, none, 1, 0), back), OpDialBack); len(got) != 1 || got[0].Addr != theirs {
		t.Errorf("a Push: %v", got)
	}
}

// TestLearnIPv6: our IPv6 address is what peers see, beside the other one.
func TestLearnIPv6(t *testing.T) {
	b := newUDPBench(t, func(c *Config) { c.Listen = netip.MustParseAddrPort("0.0.0.0:6346") })
	p := peerOf(1, RoleFlat)
	p.Sees = ours6
	b.step(PeerUp{Link: 1, Peer: p})
	p = peerOf(2, RoleFlat)
	p.Sees = netip.MustParseAddr("10.0.0.9")
	b.step(PeerUp{Link: 2, Peer: p})
	if b.n.Addr6() != ours6 || b.n.Addr() != netip.MustParseAddrPort("10.0.0.9:6346") {
		t.Errorf("%s and %s", b.n.Addr6(), b.n.Addr())
	}
}

// TestOneMachine: addresses of one /64 share the places of one machine.
func TestOneMachine(t *testing.T) {
	b := newUDPBench(t, nil)
	for i := range maxPerIP + 1 {
		b.step(Heard{Addrs: []netip.AddrPort{netip.AddrPortFrom(netip.AddrFrom16([16]byte{0: 0xfd, 15: byte(i)}), 1)}})
	}
	if n := len(b.n.hosts.list); n != maxPerIP {
		t.Errorf("%d of one /64, want %d", n, maxPerIP)
	}
	b.step(Heard{Addrs: []netip.AddrPort{netip.AddrPortFrom(netip.AddrFrom16([16]byte{0: 0xfd, 7: 1}), 1)}})
	if n := len(b.n.hosts.list); n != maxPerIP+1 {
		t.Error("another /64 has no place")
	}
}

// TestBlocked: a blocked address is not admitted, dialled, or told to others, also
// one that was known before.
func TestBlocked(t *testing.T) {
	bad := netip.Addr{}
	b := newUDPBench(t, func(c *Config) {
		c.Links = 1
		c.Blocked = func(a netip.Addr) bool { return a == bad }
	})
	b.links(1)
	b.step(Heard{Addrs: []netip.AddrPort{stranger, another}})
	b.hearPongs(1, 0, 1, 1)
	told := b.n.pongs.ring[0].addr
	bad = told.Addr()
	out := b.ping(another, 100, protocol.NewGGEP(protocol.GGEPWish, []byte{1}))
	for _, a := range ops(out, OpDatagram) {
		if p, err := protocol.ParsePong(a.Msg[protocol.HeaderSize:]); err == nil && slices.Contains(protocol.Hosts(p.Ext, protocol.GGEPHosts), told) {
			t.Errorf("%s is told over UDP", told)
		}
	}
	bad = stranger.Addr()
	p := peerOf(9, RoleFlat)
	p.Addr = stranger
	if v := b.n.Admit(9, p); v.Code != 403 || slices.Contains(v.Try, stranger) {
		t.Errorf("admitted: %+v", v)
	}
	p = peerOf(9, RoleAuto)
	if v := b.n.Admit(9, p); slices.Contains(v.Try, stranger) || !slices.Contains(v.Try, another) {
		t.Errorf("a refusal names %v", v.Try)
	}
	b.step(PeerDown{Link: 1})
	for _, a := range ops(b.pass(0), OpDial) {
		if a.Addr == stranger {
			t.Error("it is dialled")
		}
	}
	b.step(Heard{Addrs: []netip.AddrPort{netip.AddrPortFrom(bad, 7)}})
	if b.n.hosts.find(netip.AddrPortFrom(bad, 7)) >= 0 {
		t.Error("it is heard of")
	}
}

// TestOutside: each address that tells counts once, and on the public network two
// must agree.
func TestOutside(t *testing.T) {
	for _, public := range []bool{false, true} {
		b := newUDPBench(t, func(c *Config) { c.Public = public })
		at := func(s string) netip.AddrPort { return netip.MustParseAddrPort(s) }
		net := map[bool]string{false: "10.7.0.", true: "5.9.0."}[public]
		ours := at(net + "99:7777")
		for range 3 {
			b.n.sighted(at(net+"1:1"), at(net+"66:1"))
		}
		if got := b.n.Outside(); public && got.IsValid() || !public && got != at(net+"66:1") {
			t.Errorf("public %t: one says %s", public, got)
		}
		b.n.sighted(at(net+"2:1"), ours)
		b.n.sighted(at(net+"3:1"), ours)
		if got := b.n.Outside(); got != ours {
			t.Errorf("public %t: most say %s", public, got)
		}
		for i := range maxSightings + 1 {
			b.n.sighted(netip.AddrPortFrom(netip.AddrFrom4([4]byte{5, 8, 0, byte(i)}), 1), ours)
			b.n.sighted(hostAddr(i), ours)
		}
		if n := len(b.n.dgrams.sightings); n != maxSightings {
			t.Errorf("%d sightings, want %d", n, maxSightings)
		}
	}
}
