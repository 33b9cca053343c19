package overlay

import (
	"net/netip"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/nat"
	"github.com/seed282dab8e/servent/protocol"
)

// helper brings up a link to a peer that acts upon these vendor messages.
func (b *bench) helper(id byte, can ...protocol.VendorType) {
	b.link(id, RoleFlat)
	ids := make([]protocol.MessageID, 0, len(can))
	for _, t := range can {
		ids = append(ids, t.ID())
	}
	b.receive(LinkID(id), head(protocol.KindVendor, none, 1, 0), protocol.Vendor{Data: protocol.AppendMessagesSupported(nil, ids...)})
}

// vendorTo lists the vendor messages of one type that are sent.
func vendorTo(acts []Action, t protocol.VendorType) (links []LinkID, ids []protocol.GUID) {
	for _, a := range sends(acts, protocol.KindVendor) {
		if v, err := protocol.ParseVendor(a.Msg[protocol.HeaderSize:]); err == nil && v.Type() == t {
			links, ids = append(links, a.Link), append(ids, header(a).ID)
		}
	}
	return links, ids
}

func (b *bench) wantReach(tcp, udp Reach) {
	b.t.Helper()
	if gotTCP, gotUDP := b.n.Reachable(); gotTCP != tcp || gotUDP != udp {
		b.t.Errorf("tcp %s, udp %s, want %s, %s", gotTCP, gotUDP, tcp, udp)
	}
}

// TestReach: up to three peers that can are asked; whoever comes through tells yes,
// and nobody in two tests no.
func TestReach(t *testing.T) {
	b := newUDPBench(t, nil)
	b.links(1) // which lists nothing
	for id := byte(2); id <= 5; id++ {
		b.helper(id, protocol.VendorConnectBack, protocol.VendorUDPConnectBack)
	}
	b.wantReach(ReachUnknown, ReachUnknown)
	out := b.pass(firstTest)
	links, _ := vendorTo(out, protocol.VendorConnectBack)
	_, ids := vendorTo(out, protocol.VendorUDPConnectBack)
	if len(links) != testPeers || links[0] != 2 || len(ids) != testPeers {
		t.Fatalf("asks %v, and %d over UDP", links, len(ids))
	}
	b.step(ConnectedBack{From: netip.MustParseAddrPort("0.0.0.1:1")}) // is nobody's
	b.wantReach(ReachUnknown, ReachUnknown)
	b.step(ConnectedBack{From: netip.MustParseAddrPort("5.9.0.1:1")}) // came from far away, but it came
	b.wantReach(ReachYes, ReachUnknown)
	b.datagram(another, head(protocol.KindPing, none, 1, 0), nil)
	b.wantReach(ReachYes, ReachUnknown)
	b.datagram(stranger, head(protocol.KindPing, ids[0], 1, 0), nil)
	b.wantReach(ReachYes, ReachYes)
}

func TestNotReachable(t *testing.T) {
	b := newUDPBench(t, nil)
	b.helper(1, protocol.VendorConnectBack, protocol.VendorUDPConnectBack, protocol.VendorProxyRequest)
	b.n.cfg.AliveTimeout = time.Hour
	b.pass(firstTest + testTime)
	b.wantReach(ReachUnknown, ReachUnknown)
	out := b.pass(testAgain + testTime)
	b.wantReach(ReachNo, ReachNo)
	if links, ids := vendorTo(out, protocol.VendorProxyRequest); len(links) != 1 || ids[0] != b.n.cfg.ID {
		t.Errorf("asked for push proxies: %v", links)
	}
	if out := b.receive(1, head(protocol.KindPing, none, 1, 0), nil); len(sends(out, protocol.KindPong)) > 0 {
		t.Error("a pong of who cannot be connected to")
	}
	sent := sends(b.step(UserQuery{ID: ours, Text: "x"}), protocol.KindQuery)
	if q, _ := protocol.ParseQuery(sent[0].Msg[protocol.HeaderSize:]); !q.Flags.Has(protocol.FlagFirewalled) {
		t.Error("its query does not say so")
	}
	b.step(ConnectedBack{From: netip.MustParseAddrPort("10.0.1.2:1")})
	b.wantReach(ReachYes, ReachNo)
}

// TestHasty: who lives for seconds asks at once, and believes one test.
func TestHasty(t *testing.T) {
	b := newUDPBench(t, func(c *Config) { c.Hasty, c.ID = true, protocol.GUID{1, 255}.Marked() })
	b.helper(1, protocol.VendorConnectBack, protocol.VendorUDPConnectBack)
	out := b.pass(hastyFirst)
	if links, _ := vendorTo(out, protocol.VendorConnectBack); len(links) != 1 {
		t.Error("TCP is not tested at once")
	}
	if links, _ := vendorTo(out, protocol.VendorUDPConnectBack); len(links) != 1 {
		t.Error("UDP is not tested at once")
	}
	b.pass(hastyTime - time.Millisecond)
	b.wantReach(ReachUnknown, ReachUnknown)
	b.pass(time.Millisecond)
	b.wantReach(ReachNo, ReachNo)
}

// TestFirewalledIsNotTested: who knows asks nobody.
func TestFirewalledIsNotTested(t *testing.T) {
	b := newUDPBench(t, func(c *Config) { c.Firewalled = true })
	b.helper(1, protocol.VendorConnectBack, protocol.VendorUDPConnectBack)
	if links, _ := vendorTo(b.pass(10*time.Second), protocol.VendorConnectBack); len(links) > 0 {
		t.Error("asks to be connected to")
	}
	b.step(ConnectedBack{From: netip.MustParseAddrPort("10.0.1.2:1")})
	b.wantReach(ReachNo, ReachNo)
}

// TestComeBack: a link has us come to its own address, at the port that it names,
// four times at once and then once a minute.
func TestComeBack(t *testing.T) {
	for _, tt := range []struct {
		ask protocol.Vendor
		op  Op
	}{{protocol.NewConnectBack(7777), OpConnectBack}, {protocol.NewUDPConnectBack(7777), OpDatagram}} {
		b := newUDPBench(t, nil)
		b.links(1)
		want := netip.MustParseAddrPort("10.0.1.1:7777")
		for i, n := range []int{1, 1, 1, 1, 0} {
			id := numbered(i)
			got := ops(b.receive(1, head(protocol.KindVendor, id, 1, 0), tt.ask), tt.op)
			if len(got) != n || n > 0 && (got[0].Addr != want || tt.op == OpDatagram && header(got[0]).ID != id) {
				t.Errorf("%s, time %d: %v", tt.ask.ID(), i, got)
			}
		}
		b.wantDrops(DropRate, 1)
		b.pass(time.Minute)
		if got := ops(b.receive(1, head(protocol.KindVendor, none, 1, 0), tt.ask), tt.op); len(got) != 1 {
			t.Errorf("%s, later: %v", tt.ask.ID(), got)
		}
		b.receive(1, head(protocol.KindVendor, none, 1, 0), protocol.NewConnectBack(0))
		b.wantDrops(DropMalformed, 1)
	}
}

// TestComeBackNamed: in version 1, as gtk-gnutella sends it first, the id that the
// ping is to have stands behind the port.
func TestComeBackNamed(t *testing.T) {
	b := newUDPBench(t, nil)
	b.links(1)
	id := protocol.GUID{0x7a, 0xfe, 0x31, 0x02}
	for version, want := range map[uint16]protocol.GUID{1: id, 2: numbered(2)} {
		ask := protocol.NewUDPConnectBack(6346)
		ask.Version, ask.Data = version, append(ask.Data, id[:]...)
		got := ops(b.receive(1, head(protocol.KindVendor, numbered(2), 1, 0), ask), OpDatagram)
		if len(got) != 1 || header(got[0]).ID != want {
			t.Errorf("version %d: %v", version, got)
		}
	}
}

// TestProxy: a peer asks for a push proxy by its own GUID and no other; a Push for
// it then goes to its link.
func TestProxy(t *testing.T) {
	b := newUDPBench(t, nil)
	b.links(3)
	client := peerOf(1, RoleFlat).GUID
	ask := func(link LinkID, id protocol.GUID) []Action {
		return sends(b.receive(link, head(protocol.KindVendor, id, 1, 0), protocol.NewProxyRequest()), protocol.KindVendor)
	}
	if len(ask(2, client)) > 0 {
		t.Error("a link becomes somebody else")
	}
	acks := ask(1, client)
	if len(acks) != 1 {
		t.Fatalf("acks %v", acks)
	}
	v, _ := protocol.ParseVendor(acks[0].Msg[protocol.HeaderSize:])
	if a, err := v.ProxyAck(); a != b.n.Addr() || err != nil || header(acks[0]).ID != client {
		t.Errorf("at %s, %v", a, err)
	}
	push := protocol.Push{Servent: client, Index: 7, Addr: stranger}
	for name, out := range map[string][]Action{
		"over a link": b.receive(2, head(protocol.KindPush, none, 3, 0), push),
		"over UDP":    b.datagram(stranger, head(protocol.KindPush, none, 1, 0), push),
		"over HTTP":   b.step(ProxyPush{Servent: client, Index: 7, Addr: stranger}),
	} {
		got := sends(out, protocol.KindPush)
		if len(got) != 1 || got[0].Link != 1 || got[0].TTL != 1 {
			t.Errorf("%s: %v", name, out)
			continue
		}
		if p, _ := protocol.ParsePush(got[0].Msg[protocol.HeaderSize:]); p.Servent != client || p.Index != 7 || p.Addr != stranger {
			t.Errorf("%s: %+v", name, p)
		}
	}
	b.step(PeerDown{Link: 1})
	if out := b.step(ProxyPush{Servent: client, Addr: stranger}); len(ops(out, OpPushFailed)) != 1 {
		t.Errorf("when it has gone: %v", out)
	}
	b.datagram(stranger, head(protocol.KindPush, none, 1, 0), push)
	b.wantDrops(DropNoRoute, 1)
}

// TestOwnProxies: a firewalled node asks up to four peers, believes them only their
// own address, and its hits name them.
func TestOwnProxies(t *testing.T) {
	b := newUDPBench(t, func(c *Config) { c.Firewalled, c.Browsable = true, true })
	for id := byte(1); id <= maxProxies+1; id++ {
		b.helper(id, protocol.VendorProxyRequest)
	}
	ack := func(link LinkID, a string) {
		b.receive(link, head(protocol.KindVendor, b.n.cfg.ID, 1, 0), protocol.NewProxyAck(netip.MustParseAddrPort(a)))
	}
	ack(1, "10.0.1.1:6346")
	ack(2, "10.9.9.9:1234") // another machine's
	ack(maxProxies+1, "10.0.1.5:6346")
	b.wantDrops(DropNoRoute, 1)
	want := []netip.AddrPort{netip.MustParseAddrPort("10.0.1.1:6346"), netip.MustParseAddrPort("10.0.1.2:1234")}
	if got := b.n.Proxies(); len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Fatalf("proxies %v, want %v", got, want)
	}
	msg, used := b.n.HitFor(asked, []protocol.FileRecord{{Index: 1, Name: "blue.ogg"}})
	h, err := protocol.ParseQueryHit(msg[protocol.HeaderSize:])
	trailer, _ := h.QHD()
	if err != nil || used != 1 || trailer.Flags != protocol.HitPush|protocol.HitGGEP {
		t.Fatalf("flags %x, %v", trailer.Flags, err)
	}
	if got := protocol.Hosts(trailer.Ext(), protocol.GGEPProxies); len(got) != 2 || got[1] != want[1] {
		t.Errorf("hits name %v", got)
	}
	if _, ok := protocol.FindGGEP(trailer.Ext(), protocol.GGEPBrowse); !ok {
		t.Error("nothing says that it can be browsed")
	}
	if msg, used := b.n.HitFor(asked, nil); msg != nil || used != 0 {
		t.Error("a hit of no files")
	}
}

// TestPushByProxy: a Push goes to the proxies that a hit named, as well as its way.
func TestPushByProxy(t *testing.T) {
	b := newUDPBench(t, nil)
	b.links(2)
	proxies := make([]netip.AddrPort, maxProxies+1)
	for i := range proxies {
		proxies[i] = hostAddr(i)
	}
	out := b.step(UserPush{Servent: servent, Index: 3, Proxies: proxies})
	if got := ops(out, OpDatagram); len(got) != maxProxies || len(ops(out, OpPushFailed)) > 0 {
		t.Errorf("%v", out)
	}
	if out := b.step(UserPush{Servent: servent, Proxies: []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:1")}}); len(ops(out, OpDatagram)) > 0 || len(ops(out, OpPushFailed)) != 1 {
		t.Errorf("to this machine: %v", out)
	}
}

// TestMeetByProxy: who does not know its own address can still ask to be met, and names none.
func TestMeetByProxy(t *testing.T) {
	b := newUDPBench(t, func(c *Config) { c.Listen = netip.MustParseAddrPort("0.0.0.0:6346") })
	b.links(2)
	ask := UserPush{Servent: servent, Proxies: []netip.AddrPort{hostAddr(1)}}
	if got := ops(b.step(ask), OpDatagram); len(got) > 0 {
		t.Errorf("a push to nowhere: %v", got)
	}
	ask.Meet = &protocol.Meet{From: protocol.GUID{9}}
	got := ops(b.step(ask), OpDatagram)
	if len(got) != 1 {
		t.Fatalf("%v", got)
	}
	p, err := protocol.ParsePush(got[0].Msg[protocol.HeaderSize:])
	if _, meets, _ := protocol.FindMeet(p.Ext); err != nil || !meets || !p.Addr.Addr().IsUnspecified() {
		t.Errorf("%+v, %v", p, err)
	}
}

// TestHeadAndCrawl: a HEAD ping is looked up and answered; a crawler has to prove
// its address.
func TestHeadAndCrawl(t *testing.T) {
	b := newUDPBench(t, nil)
	b.links(3)
	urn := protocol.URN{HasSHA1: true}
	id := numbered(1)
	got := ops(b.datagram(stranger, head(protocol.KindVendor, id, 1, 0), protocol.NewHeadPing(urn, 0)), OpHead)
	if len(got) != 1 || got[0].ID != id || got[0].Text != urn.SHA1URN() {
		t.Fatalf("%v", got)
	}
	pongs := ops(b.step(LocalHead{ID: id, Pong: protocol.HeadPong{Complete: true, Queue: protocol.QueueBusy}}), OpDatagram)
	if len(pongs) != 1 || pongs[0].Addr != stranger {
		t.Fatalf("%v", pongs)
	}
	v, _ := protocol.ParseVendor(pongs[0].Msg[protocol.HeaderSize:])
	if p, err := v.HeadPong(); !p.Complete || p.Vendor != [4]byte([]byte(VendorCode)) || p.Queue != protocol.QueueBusy || err != nil {
		t.Errorf("%+v, %v", p, err)
	}
	if out := b.step(LocalHead{ID: id}); len(out) > 0 {
		t.Error("answered twice")
	}
	for i := range maxHeads + 1 {
		b.datagram(hostAddr(i), head(protocol.KindVendor, numbered(100+i), 1, 0), protocol.NewHeadPing(urn, 0))
	}
	first, second := b.step(LocalHead{ID: numbered(100)}), ops(b.step(LocalHead{ID: numbered(101)}), OpDatagram)
	if len(first) != 0 || len(second) != 1 {
		t.Fatalf("past the limit: %v, %v", first, second)
	}
	v, _ = protocol.ParseVendor(second[0].Msg[protocol.HeaderSize:])
	if p, err := v.HeadPong(); p.Found() || err != nil {
		t.Errorf("%+v, %v", p, err)
	}

	crawl := b.datagram(another, head(protocol.KindVendor, id, 1, 0), protocol.NewCrawlPing(2, 255))
	if kinds, bytes := kindsTo(crawl, another); len(kinds) != 1 || kinds[0] != protocol.KindPing || bytes > 34 {
		t.Fatalf("%v of %d bytes", kinds, bytes)
	}
	told := ops(b.prove(crawl), OpDatagram)
	v, _ = protocol.ParseVendor(told[0].Msg[protocol.HeaderSize:])
	if up, leaves, err := v.CrawlPong(); len(up) != 2 || len(leaves) != 0 || err != nil {
		t.Errorf("%v and %v, %v", up, leaves, err)
	}
}

// TestProbed: what STUN tells of the filter is believed at once, but for a port that a
// router forwards; where it tells nothing, peers that were asked do not test for a while.
func TestProbed(t *testing.T) {
	for _, tt := range []struct {
		filtering nat.Filtering
		mapped    bool
		want      Reach
	}{
		{nat.FilteringEndpoint, false, ReachYes},
		{nat.FilteringEndpoint, true, ReachUnknown}, // another port than others are told
		{nat.FilteringAddress, false, ReachNo},
		{nat.FilteringPort, false, ReachNo},
		{nat.FilteringPort, true, ReachUnknown},
		{nat.FilteringAddress, true, ReachUnknown},
		{nat.FilteringUnknown, false, ReachUnknown},
	} {
		b := newUDPBench(t, nil)
		if tt.mapped {
			b.n.seen = netip.MustParseAddr("10.9.9.9")
			b.step(Mapped{UDP: netip.MustParseAddrPort("10.9.9.9:7002")})
		}
		b.step(Probed{Filtering: tt.filtering, Outside: b.n.cfg.Listen})
		b.wantReach(ReachUnknown, tt.want)
	}
	b := newUDPBench(t, func(c *Config) { c.ID, c.AliveTimeout = protocol.GUID{1, 0}.Marked(), time.Hour })
	b.helper(1, protocol.VendorUDPConnectBack)
	l := b.n.links[0].peer
	b.step(Probed{Asked: []netip.AddrPort{netip.AddrPortFrom(l.Addr.Addr(), l.Listen.Port())}})
	if _, asks := vendorTo(b.pass(time.Minute), protocol.VendorUDPConnectBack); len(asks) > 0 {
		t.Error("asks whom a hole is open for")
	}
	if _, asks := vendorTo(b.pass(2*time.Minute), protocol.VendorUDPConnectBack); len(asks) == 0 {
		t.Error("never asks again")
	}
}
