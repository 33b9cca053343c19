package overlay

import (
	"net/netip"
	"testing"

	"github.com/seed282dab8e/servent/protocol"
)

// newToldBench makes a node with connect-only that is told of 10.7.0.2, and has a
// link that came from 10.0.1.1.
func newToldBench(t *testing.T) *bench {
	b := newUDPBench(t, func(c *Config) { c.ConnectOnly, c.Connect = true, []netip.AddrPort{another} })
	p := peerOf(1, RoleFlat)
	p.Outbound = false
	b.step(PeerUp{Link: 1, Peer: p})
	b.step(Shared{Table: table("blue"), Files: 1})
	return b
}

// near brings up link 2, to a servent on this machine.
func (b *bench) near() {
	p := peerOf(2, RoleFlat)
	p.Addr = netip.MustParseAddrPort("127.0.0.1:6346")
	p.Listen = p.Addr
	b.step(PeerUp{Link: 2, Peer: p})
}

// whereTo lists all that acts would have sent, but on links.
func whereTo(acts []Action) (to []netip.AddrPort) {
	for _, a := range acts {
		switch a.Op {
		case OpDial, OpDialBack, OpConnectBack, OpDatagram:
			to = append(to, a.Addr)
		}
	}
	return to
}

// TestToldOf: with connect-only a message has the node send to addresses of links
// and of those whom the user named, at any port, and to nobody else; but over a
// link within this machine it may name any address of this machine.
func TestToldOf(t *testing.T) {
	asks := map[string]func(b *bench, link LinkID, to netip.AddrPort) []Action{
		"a Push": func(b *bench, link LinkID, to netip.AddrPort) []Action {
			return b.receive(link, head(protocol.KindPush, none, 1, 0), protocol.Push{Servent: b.n.cfg.ID, Addr: to})
		},
		"a wish for hits over UDP": func(b *bench, link LinkID, to netip.AddrPort) []Action {
			id := wishID(1).WithAddr(to)
			q := query("blue")
			q.Flags |= protocol.FlagOOB
			b.receive(link, head(protocol.KindQuery, id, 3, oobHops), q)
			return b.step(LocalHits{ID: id, Files: make([]protocol.FileRecord, 1)})
		},
	}
	for name, ask := range asks {
		for _, tt := range []struct {
			link LinkID
			to   string
			want int
		}{
			{1, "10.0.1.1:7", 1},
			{1, "10.7.0.2:7", 1},
			{1, "10.0.1.2:6346", 0},
			{1, "10.7.0.1:6346", 0},
			{1, "127.0.0.1:7", 0},
			{2, "127.0.0.1:7", 1},
			{2, "127.9.9.9:7", 1},
			{2, "10.7.0.1:6346", 0},
			{2, "203.0.113.9:1", 0},
		} {
			b := newToldBench(t)
			if tt.link == 2 {
				b.near()
			}
			to := netip.MustParseAddrPort(tt.to)
			got := whereTo(ask(b, tt.link, to))
			if len(got) != tt.want || tt.want == 1 && got[0] != to {
				t.Errorf("%s over link %d that names %s has it send to %v", name, tt.link, to, got)
			}
			st := b.n.Stats()
			if dropped := st.Drops[DropConnectOnly] + st.Drops[DropUDPStranger] + st.Drops[DropDialBack]; dropped != uint64(1-tt.want) {
				t.Errorf("%s over link %d that names %s: %d counted", name, tt.link, to, dropped)
			}
		}
	}
}

// TestStrangersOverUDP: with connect-only no datagram of a stranger's gets
// anything, on this machine either; one of somebody told of does, at any port.
func TestStrangersOverUDP(t *testing.T) {
	urn := protocol.URN{HasSHA1: true}
	wish := protocol.AppendGGEP(nil, protocol.NewGGEP(protocol.GGEPWish, nil), protocol.NewGGEP(protocol.GGEPEcho, nil))
	sent := []incoming{
		{h: head(protocol.KindPing, none, 1, 0)},
		{h: head(protocol.KindPing, none, 1, 0), p: protocol.Ping{Ext: wish}},
		{h: head(protocol.KindQuery, none, 3, 0), p: query("blue")},
		{h: head(protocol.KindPush, none, 1, 0), p: protocol.Push{Servent: testConfig().ID, Addr: stranger}},
		{h: head(protocol.KindVendor, none, 1, 0), p: protocol.NewHeadPing(urn, 0)},
		{h: head(protocol.KindVendor, none, 1, 0), p: protocol.NewCrawlPing(2, 255)},
		{h: head(protocol.KindVendor, none, 1, 0), p: protocol.NewConnectBack(9)},
		{h: head(protocol.KindVendor, none, 1, 0), p: protocol.NewUDPConnectBack(9)},
		{h: head(protocol.KindVendor, none, 1, 0), p: protocol.NewHitsReady(1, true)},
	}
	for _, from := range []netip.AddrPort{stranger, netip.MustParseAddrPort("127.0.0.9:9"), netip.MustParseAddrPort("[fd00::9]:9")} {
		b := newToldBench(t)
		b.near()
		for _, m := range sent {
			if got := b.datagram(from, m.h, m.p); len(got) > 0 {
				t.Errorf("a %s of %s: %v", m.h.Kind, from, got)
			}
		}
		b.wantDrops(DropUDPStranger, uint64(len(sent)))
	}
	b := newToldBench(t)
	b.near()
	for _, from := range []string{"10.0.1.1:9", "10.7.0.2:9", "127.0.0.1:9"} {
		from := netip.MustParseAddrPort(from)
		if got := whereTo(b.datagram(from, sent[0].h, nil)); len(got) != 1 || got[0] != from {
			t.Errorf("a Ping of %s, told of: %v", from, got)
		}
	}
	b.wantDrops(DropUDPStranger, 0)
}

// TestLinksNameStrangers: with connect-only whoever links cannot have the node
// call on a stranger, whatever it says in the handshake and after it.
func TestLinksNameStrangers(t *testing.T) {
	b := newToldBench(t)
	p := peerOf(3, RoleSupernode)
	p.Listen, p.Outbound, p.Vendor = stranger, false, true
	own := p.Addr.Addr()
	for name, acts := range map[string][]Action{
		"its Listen-IP":     b.step(PeerUp{Link: 3, Peer: p}),
		"hosts to try":      b.step(DialFailed{Addr: another, Code: 503, Try: []netip.AddrPort{stranger}}),
		"a Pong":            b.receive(3, head(protocol.KindPong, none, 1, 0), protocol.Pong{Addr: stranger, KBytes: 8}),
		"hosts on the disk": b.step(Heard{Addrs: []netip.AddrPort{stranger}}),
		"host caches":       b.step(AskCaches{Addrs: []netip.AddrPort{stranger}}),
		"BEAR/7":            b.receive(3, head(protocol.KindVendor, none, 1, 0), protocol.NewConnectBack(6346)),
		"GTKG/7":            b.receive(3, head(protocol.KindVendor, none, 1, 0), protocol.NewUDPConnectBack(6346)),
		"as a push proxy": append(b.receive(3, head(protocol.KindVendor, p.GUID, 1, 0), protocol.NewProxyRequest()),
			b.step(ProxyPush{Servent: p.GUID, Addr: stranger})...), // which goes over its link
		"a push proxy":  b.step(UserPush{Servent: servent, Proxies: []netip.AddrPort{stranger}}),
		"time":          b.pass(0),
		"its own proxy": b.receive(3, head(protocol.KindVendor, b.n.cfg.ID, 1, 0), protocol.NewProxyAck(stranger)),
	} {
		for _, to := range whereTo(acts) {
			if to.Addr() != own && to != another {
				t.Errorf("%s has it send to %s", name, to)
			}
		}
	}
	if got := b.n.Hosts(); len(got) > 2 { // those of the links
		t.Errorf("it keeps %v", got)
	}
}

// TestToldOfNoMore: what waits for somebody whose link has ended goes nowhere.
func TestToldOfNoMore(t *testing.T) {
	b := newToldBench(t)
	peer := netip.MustParseAddrPort("10.0.1.1:6346")
	id := numbered(1)
	if got := ops(b.datagram(peer, head(protocol.KindVendor, id, 1, 0), protocol.NewHeadPing(protocol.URN{HasSHA1: true}, 0)), OpHead); len(got) != 1 {
		t.Fatalf("%v", got)
	}
	b.step(PeerDown{Link: 1})
	if got := whereTo(b.step(LocalHead{ID: id})); len(got) > 0 {
		t.Errorf("sent to %v", got)
	}
	b.wantDrops(DropUDPStranger, 1)
}

// TestNearSearcher: a searcher at another address of this machine, named over a
// link within it, proves itself and gets its hits.
func TestNearSearcher(t *testing.T) {
	b := newToldBench(t)
	b.near()
	to := netip.MustParseAddrPort("127.0.0.9:9")
	id := wishID(1).WithAddr(to)
	q := query("blue")
	q.Flags |= protocol.FlagOOB
	b.receive(2, head(protocol.KindQuery, id, 3, oobHops), q)
	out := b.step(LocalHits{ID: id, Files: make([]protocol.FileRecord, 1)})
	if got := ops(b.prove(out), OpDatagram); len(got) != 1 || got[0].Addr != to || header(got[0]).ID != id {
		t.Errorf("told %v", got)
	}
}

// TestMayAsk: with connect-only a push proxy that a hit names must be told of.
func TestMayAsk(t *testing.T) {
	b := newToldBench(t)
	for a, want := range map[string][2]bool{
		"10.0.1.1": {true, true}, "10.7.0.2": {true, true}, "10.7.0.1": {}, "127.0.0.1": {false, true}, "0.0.0.0": {},
	} {
		for i, near := range []bool{false, true} {
			if got := b.n.MayAsk(netip.MustParseAddr(a), near); got != want[i] {
				t.Errorf("%s, near %t: %t", a, near, got)
			}
		}
	}
	if !newUDPBench(t, nil).n.MayAsk(stranger.Addr(), false) {
		t.Error("nobody may be asked without connect-only either")
	}
}

// TestToldSearcher: with connect-only a search does not ask for hits over UDP, which
// would come from strangers, and be dropped; on one machine it may.
func TestToldSearcher(t *testing.T) {
	for listen, want := range map[string]bool{"10.0.0.1:6346": false, "127.0.0.1:6346": true} {
		b := newUDPBench(t, func(c *Config) { c.ConnectOnly, c.Listen = true, netip.MustParseAddrPort(listen) })
		b.link(1, RoleFlat)
		b.n.udpIn.passed(b.n.now)
		sent := sends(b.step(UserQuery{ID: ours, Text: "blue"}), protocol.KindQuery)
		if q, err := protocol.ParseQuery(sent[0].Msg[protocol.HeaderSize:]); err != nil || q.Flags.Has(protocol.FlagOOB) != want {
			t.Errorf("at %s: %v, %v", listen, q, err)
		}
	}
}
