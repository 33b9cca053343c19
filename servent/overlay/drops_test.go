package overlay

import (
	"net/netip"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/protocol"
)

// padded is a query of that many bytes.
func padded(size int) protocol.Query {
	q := query("blue")
	q.Ext = make([]byte, size-len(q.Append(nil)))
	return q
}

// hitOfSize is a hit of that many bytes.
func hitOfSize(size int) protocol.QueryHit {
	h := hitOf(protocol.GUID{0x55})
	h.Trailer = make([]byte, size-len(h.Append(nil)))
	return h
}

// What a node of TestDrops knows.
var (
	asked   = protocol.GUID{0x66} // a query that came from link 1
	ours    = protocol.GUID{0x77} // one of the user's
	ended   = protocol.GUID{0x88} // one of the user's that has ended
	servent = protocol.GUID{0x05} // whose hit came from link 2
	none    protocol.GUID         // makes an id of its own
)

// incoming is a message that comes from a link.
type incoming struct {
	link LinkID
	h    protocol.Header
	p    protocol.Payload
}

func head(kind protocol.Kind, id protocol.GUID, ttl, hops uint8) protocol.Header {
	return protocol.Header{ID: id, Kind: kind, TTL: ttl, Hops: hops}
}

func pushTo(addr string) protocol.Push {
	return protocol.Push{Servent: testConfig().ID, Addr: netip.MustParseAddrPort(addr)}
}

// dropCase is a message that is just not dropped, and then one that is.
type dropCase struct {
	name          string
	why           Drop
	kept, dropped incoming
	between       func(b *bench) // them; nil: nothing happens
}

// dropCases has every reason but those of time and room, which TestRateLimits
// and TestQueueShares show.
var dropCases = []dropCase{
	{
		"a query cut short", DropMalformed,
		incoming{1, head(protocol.KindQuery, none, 2, 0), raw("\x80\x00\x00")},
		incoming{1, head(protocol.KindQuery, none, 2, 0), raw("\x80\x00x")},
		nil,
	},
	{
		"a pong cut short", DropMalformed,
		incoming{2, head(protocol.KindPing, none, 1, 0), nil},
		incoming{2, head(protocol.KindPong, none, 1, 0), raw(make([]byte, 13))},
		nil,
	},
	{
		"a hit cut short", DropMalformed,
		incoming{2, head(protocol.KindQueryHit, asked, 2, 0), hitOf(servent)},
		incoming{2, head(protocol.KindQueryHit, asked, 2, 0), raw(make([]byte, 26))},
		nil,
	},
	{
		"a push cut short", DropMalformed,
		incoming{1, head(protocol.KindPush, none, 2, 0), protocol.Push{Servent: servent, Addr: hostAddr(1)}},
		incoming{1, head(protocol.KindPush, none, 2, 0), raw(make([]byte, 25))},
		nil,
	},
	{
		"a vendor message cut short", DropMalformed,
		incoming{1, head(protocol.KindVendor, none, 1, 0), protocol.Vendor{Data: []byte{0, 0}}},
		incoming{1, head(protocol.KindVendor, none, 1, 0), raw(make([]byte, 7))},
		nil,
	},
	{
		"TTL and hops", DropTTL,
		incoming{1, head(protocol.KindPing, none, 1, 14), nil},
		incoming{1, head(protocol.KindPing, none, 2, 14), nil},
		nil,
	},
	{
		"TTL 0", DropTTL,
		incoming{1, head(protocol.KindPing, none, 1, 0), nil},
		incoming{1, head(protocol.KindPing, none, 0, 0), nil},
		nil,
	},
	{
		"a hit that ends here", DropTTL,
		incoming{2, head(protocol.KindQueryHit, asked, 2, 0), hitOf(servent)},
		incoming{2, head(protocol.KindQueryHit, asked, 1, 0), hitOf(servent)},
		nil,
	},
	{
		"a hit for a query never seen", DropNoRoute,
		incoming{2, head(protocol.KindQueryHit, asked, 2, 0), hitOf(servent)},
		incoming{2, head(protocol.KindQueryHit, protocol.GUID{0x67}, 2, 0), hitOf(servent)},
		nil,
	},
	{
		"a hit from who asked", DropNoRoute,
		incoming{2, head(protocol.KindQueryHit, asked, 2, 0), hitOf(servent)},
		incoming{1, head(protocol.KindQueryHit, asked, 2, 0), hitOf(servent)},
		nil,
	},
	{
		"a pong for a ping never seen", DropNoRoute,
		incoming{2, head(protocol.KindPing, none, 1, 0), nil},
		incoming{2, head(protocol.KindPong, none, 2, 0), protocol.Pong{Addr: hostAddr(1)}},
		nil,
	},
	{
		"a push to a servent never seen", DropNoRoute,
		incoming{1, head(protocol.KindPush, none, 2, 0), protocol.Push{Servent: servent, Addr: hostAddr(1)}},
		incoming{1, head(protocol.KindPush, none, 2, 0), protocol.Push{Servent: protocol.GUID{6}, Addr: hostAddr(1)}},
		nil,
	},
	{
		"a hit whose way is gone", DropNoRoute,
		incoming{2, head(protocol.KindQueryHit, asked, 2, 0), hitOf(servent)},
		incoming{2, head(protocol.KindQueryHit, asked, 2, 0), hitOf(servent)},
		func(b *bench) { b.step(PeerDown{Link: 1}) },
	},
	{
		"a hit when the search has ended", DropEnded,
		incoming{2, head(protocol.KindQueryHit, ours, 1, 0), hitOf(servent)},
		incoming{2, head(protocol.KindQueryHit, ended, 1, 0), hitOf(servent)},
		nil,
	},
	{
		"a large query to relay", DropTooLarge,
		incoming{1, head(protocol.KindQuery, none, 2, 0), padded(256)},
		incoming{1, head(protocol.KindQuery, none, 2, 0), padded(257)},
		nil,
	},
	{
		"a large hit to relay", DropTooLarge,
		incoming{2, head(protocol.KindQueryHit, asked, 2, 0), hitOfSize(16 << 10)},
		incoming{2, head(protocol.KindQueryHit, asked, 2, 0), hitOfSize(16<<10 + 1)},
		nil,
	},
	{
		"a kind not known", DropUnknown,
		incoming{1, head(protocol.KindPing, none, 1, 0), nil},
		incoming{1, head(protocol.KindHSEP, none, 1, 0), raw("x")},
		nil,
	},
	{
		"a vendor message not known", DropUnknown,
		incoming{1, head(protocol.KindVendorStd, none, 1, 0), protocol.Vendor{Code: [4]byte([]byte("BEAR")), Selector: 4, Version: 1, Data: []byte{255}}},
		incoming{1, head(protocol.KindVendorStd, none, 1, 0), protocol.Vendor{Code: [4]byte([]byte("BEAR")), Selector: 99, Version: 1, Data: []byte{255}}},
		nil,
	},
	{
		"a route table of a flat node", DropRole,
		incoming{3, head(protocol.KindQRP, none, 1, 0), protocol.Reset{Slots: 1024, Infinity: 7}},
		incoming{1, head(protocol.KindQRP, none, 1, 0), protocol.Reset{Slots: 1024, Infinity: 7}},
		nil,
	},
	{
		"a push to port 0", DropDialBack,
		incoming{1, head(protocol.KindPush, none, 1, 0), pushTo("10.0.1.2:1")},
		incoming{1, head(protocol.KindPush, none, 1, 0), pushTo("10.0.1.2:0")},
		nil,
	},
	{
		"a push that asks for RUDP", DropRUDP,
		incoming{1, head(protocol.KindPush, none, 1, 0), protocol.Push{Servent: testConfig().ID, Index: 0x7ffffffc, Addr: netip.MustParseAddrPort("10.0.1.2:1")}},
		incoming{1, head(protocol.KindPush, none, 1, 0), protocol.Push{Servent: testConfig().ID, Index: 0x7ffffffd, Addr: netip.MustParseAddrPort("10.0.1.2:1")}},
		nil,
	},
	{
		"a push to loopback", DropDialBack,
		incoming{1, head(protocol.KindPush, none, 1, 0), pushTo("10.0.1.2:1")},
		incoming{1, head(protocol.KindPush, none, 1, 0), pushTo("127.0.0.1:1")},
		nil,
	},
	{
		"a push to who is not linked, with connect-only", DropConnectOnly,
		incoming{1, head(protocol.KindPush, none, 1, 0), pushTo("10.0.1.2:1")},
		incoming{1, head(protocol.KindPush, none, 1, 0), pushTo("10.0.1.4:1")},
		nil,
	},
	{
		"beyond the hop limit", DropNotWanted,
		incoming{1, head(protocol.KindQuery, none, 2, 2), padded(20)},
		incoming{1, head(protocol.KindQuery, none, 2, 3), padded(20)},
		nil,
	},
}

// TestDrops shows for each reason what is just not dropped, and what is dropped
// for it and for nothing else.
func TestDrops(t *testing.T) {
	for _, tt := range dropCases {
		t.Run(tt.name, func(t *testing.T) {
			b := newDropBench(t)
			b.receive(tt.kept.link, tt.kept.h, tt.kept.p)
			if st := b.n.Stats(); st.Drops != [numDrops]uint64{} {
				t.Fatalf("what is to be kept is dropped: %v", st.Drops)
			}
			if tt.between != nil {
				tt.between(b)
			}
			b.receive(tt.dropped.link, tt.dropped.h, tt.dropped.p)
			st := b.n.Stats()
			want := [numDrops]uint64{}
			want[tt.why] = max(1, st.Drops[tt.why])
			if st.Drops != want {
				t.Errorf("dropped %v, want %s only", st.Drops, tt.why)
			}
			if tt.why != DropNotWanted && st.Of(tt.dropped.h.Kind).Dropped == 0 {
				t.Errorf("not counted with its kind: %+v", st.Of(tt.dropped.h.Kind))
			}
		})
	}
}

// newDropBench makes a node with the flat links 1 and 2 and the foreign
// ultrapeer 3, of which 2 and 3 take queries with fewer than 4 hops.
func newDropBench(t *testing.T) *bench {
	b := newBench(t, nil)
	b.links(2)
	b.link(3, RoleSupernode)
	b.step(UserQuery{ID: ours, Text: "x"})
	b.step(UserQuery{ID: ended, Text: "x"})
	b.step(UserQueryEnd{ID: ended})
	b.receive(1, head(protocol.KindQuery, asked, 1, 0), query("blue"))
	b.receive(2, head(protocol.KindQueryHit, ours, 1, 0), hitOf(servent))
	b.n.byID[2].hopsFlow, b.n.byID[3].hopsFlow = 4, 4
	return b
}

// TestEveryReasonIsTested: a new one needs a case.
func TestEveryReasonIsTested(t *testing.T) {
	tested := [numDrops]bool{DropRate: true, DropQueueFull: true, DropQuestions: true, DropList: true, DropForged: true, DropOwn: true, DropProbe: true, DropHandOver: true} // the last: see dynamic_test.go list_test.go, check_test.go and elect_test.go
	for why := DropBlocked; why <= DropOOBUnwanted; why++ {                                                                                                                  // those of datagrams: see udp_test.go and oob_test.go
		tested[why] = true
	}
	for _, c := range dropCases {
		tested[c.why] = true
	}
	for _, why := range Drops() {
		if !tested[why] {
			t.Errorf("no test drops anything for %s", why)
		}
	}
}

// TestRateLimits: what a link may send at once, and one more.
func TestRateLimits(t *testing.T) {
	b := newBench(t, func(c *Config) {
		c.Rate = Rate{10, 20}
		c.HitRate = Rate{10, 30}
		c.PushRate = Rate{1, 5}
		c.DialBacks = Rate{1, 3}
	})
	b.links(3)
	dropped := func() uint64 { st := b.n.Stats(); return st.Drops[DropRate] }
	for range 20 {
		b.receive(1, flood(2, 0), query("blue"))
	}
	if n := dropped(); n != 0 {
		t.Fatalf("%d of 20 dropped", n)
	}
	for _, h := range []protocol.Header{
		flood(2, 0), {Kind: protocol.KindPing, TTL: 1}, {Kind: protocol.KindPong, TTL: 1},
	} {
		before := dropped()
		b.receive(1, h, nil)
		if dropped() != before+1 {
			t.Errorf("a %s past the limit is not dropped", h.Kind)
		}
	}
	hit := protocol.Header{Kind: protocol.KindQueryHit, TTL: 2} // has a limit of its own
	start := dropped()
	for i := range 31 {
		b.receive(1, hit, hitOf(servent))
		if got := dropped() - start; got != uint64(i/30) {
			t.Fatalf("%d of %d hits dropped", got, i+1)
		}
	}
	before := dropped()
	b.receive(2, flood(2, 0), query("blue")) // another link has its own
	b.receive(1, protocol.Header{Kind: protocol.KindVendor, TTL: 1}, protocol.Vendor{Data: []byte{0, 0}})
	b.pass(100 * time.Millisecond)
	b.receive(1, flood(2, 0), query("blue"))
	if dropped() != before {
		t.Error("dropped though it is another link's, of another kind, or in time")
	}

	push := protocol.Header{Kind: protocol.KindPush, TTL: 1}
	dials := 0
	for range 6 {
		dials += len(ops(b.receive(3, push, protocol.Push{Servent: testConfig().ID, Addr: peerOf(1, RoleFlat).Listen}), OpDialBack))
	}
	if st := b.n.Stats(); dials != 3 || st.Drops[DropDialBack] != 2 || dropped() != before+1 {
		t.Errorf("six pushes: %d connections, %d dropped for that, %d for the rate", dials, st.Drops[DropDialBack], dropped()-before)
	}
}

// TestDialBack: where a Push may make the node dial: on the LAN, from a peer on
// loopback, on the public network, and there from a peer that has the node's own
// outside address.
func TestDialBack(t *testing.T) {
	tests := []struct {
		addr string
		want [4]bool
	}{
		{"10.9.9.9:1", [4]bool{true, true, false, true}},
		{"192.168.1.1:80", [4]bool{true, true, false, true}},
		{"203.0.113.9:1", [4]bool{true, true, true, true}},
		{"127.0.0.1:1", [4]bool{false, true, false, false}},
		{"0.0.0.0:1", [4]bool{}},
		{"239.1.1.1:1", [4]bool{}},
		{"255.255.255.255:1", [4]bool{}},
		{"198.51.100.7:1", [4]bool{true, true, true, true}}, // our own outside address
	}
	for _, tt := range tests {
		for i, want := range tt.want {
			b := newBench(t, func(c *Config) {
				c.Public, c.ConnectOnly = i >= 2, false
				c.Listen = netip.MustParseAddrPort("198.51.100.7:6346")
			})
			p := peerOf(1, RoleFlat)
			p.Addr = netip.MustParseAddrPort([]string{"10.0.1.1:6346", "127.0.0.1:6346", "203.0.113.1:6346", "198.51.100.7:999"}[i])
			b.step(PeerUp{Link: 1, Peer: p})
			push := protocol.Push{Servent: testConfig().ID, Index: 4, Addr: netip.MustParseAddrPort(tt.addr)}
			out := b.receive(1, protocol.Header{Kind: protocol.KindPush, TTL: 1}, push)
			if (len(out) == 1) != want || want && (out[0].Op != OpDialBack || out[0].Addr != push.Addr || out[0].Index != 4) {
				t.Errorf("%s, case %d: %v, want %t", tt.addr, i, out, want)
			}
		}
	}
}

// TestDialBackIsNotTalkedInto: a peer on the public network cannot open the
// private one by what it says of our address.
func TestDialBackIsNotTalkedInto(t *testing.T) {
	for _, sees := range []string{"192.168.1.1", "203.0.113.1", "127.0.0.1"} {
		b := newBench(t, func(c *Config) {
			c.Public, c.ConnectOnly = true, false
			c.Listen = netip.MustParseAddrPort("0.0.0.0:6346")
		})
		p := peerOf(1, RoleFlat)
		p.Addr, p.Sees = netip.MustParseAddrPort("203.0.113.1:6346"), netip.MustParseAddr(sees)
		b.step(PeerUp{Link: 1, Peer: p})
		push := protocol.Push{Servent: testConfig().ID, Addr: netip.MustParseAddrPort("192.168.1.1:80")}
		if out := b.receive(1, protocol.Header{Kind: protocol.KindPush, TTL: 1}, push); len(out) > 0 {
			t.Errorf("a peer that sees us at %s makes us do %v", sees, out)
		}
	}
}

func TestDropNames(t *testing.T) {
	seen := map[string]bool{}
	for _, d := range Drops() {
		if d.String() == "" || seen[d.String()] {
			t.Errorf("reason %d is called %q", d, d)
		}
		seen[d.String()] = true
	}
}
