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

// TestDrops shows for each reason what is just not dropped, and what is dropped
// for it and nothing else.
func TestDrops(t *testing.T) {
	asked := protocol.GUID{0x66}  // a query that came from link 1
	ours := protocol.GUID{0x77}   // one of the user's
	ended := protocol.GUID{0x88}  // one of the user's that has ended
	servent := protocol.GUID{0x5} // whose hit came from link 2
	head := func(kind protocol.Kind, id protocol.GUID, ttl, hops uint8) protocol.Header {
		return protocol.Header{ID: id, Kind: kind, TTL: ttl, Hops: hops}
	}
	none := protocol.GUID{}
	toUs := func(addr string) protocol.Push {
		return protocol.Push{Servent: testConfig().ID, Addr: netip.MustParseAddrPort(addr)}
	}
	type message struct {
		link LinkID
		h    protocol.Header
		p    protocol.Payload
	}
	tests := []struct {
		name    string
		why     Drop
		kept    message // comes first
		dropped message
		between func(b *bench) // the two
	}{
		{
			"a query cut short", DropMalformed,
			message{1, head(protocol.KindQuery, none, 2, 0), raw("\x80\x00\x00")},
			message{1, head(protocol.KindQuery, none, 2, 0), raw("\x80\x00x")}, nil,
		},
		{
			"a pong cut short", DropMalformed,
			message{2, head(protocol.KindPing, none, 1, 0), nil},
			message{2, head(protocol.KindPong, none, 1, 0), raw(make([]byte, 13))}, nil,
		},
		{
			"a hit cut short", DropMalformed,
			message{2, head(protocol.KindQueryHit, asked, 2, 0), hitOf(servent)},
			message{2, head(protocol.KindQueryHit, asked, 2, 0), raw(make([]byte, 26))}, nil,
		},
		{
			"a push cut short", DropMalformed,
			message{1, head(protocol.KindPush, none, 2, 0), protocol.Push{Servent: servent, Addr: hostAddr(1)}},
			message{1, head(protocol.KindPush, none, 2, 0), raw(make([]byte, 25))}, nil,
		},
		{
			"a vendor message cut short", DropMalformed,
			message{1, head(protocol.KindVendor, none, 1, 0), protocol.Vendor{Data: []byte{0, 0}}},
			message{1, head(protocol.KindVendor, none, 1, 0), raw(make([]byte, 7))}, nil,
		},
		{
			"TTL and hops", DropTTL,
			message{1, head(protocol.KindPing, none, 1, 14), nil},
			message{1, head(protocol.KindPing, none, 2, 14), nil}, nil,
		},
		{
			"TTL 0", DropTTL,
			message{1, head(protocol.KindPing, none, 1, 0), nil},
			message{1, head(protocol.KindPing, none, 0, 0), nil}, nil,
		},
		{
			"a hit that ends here", DropTTL,
			message{2, head(protocol.KindQueryHit, asked, 2, 0), hitOf(servent)},
			message{2, head(protocol.KindQueryHit, asked, 1, 0), hitOf(servent)}, nil,
		},
		{
			"a hit for a query never seen", DropNoRoute,
			message{2, head(protocol.KindQueryHit, asked, 2, 0), hitOf(servent)},
			message{2, head(protocol.KindQueryHit, protocol.GUID{0x67}, 2, 0), hitOf(servent)}, nil,
		},
		{
			"a hit from who asked", DropNoRoute,
			message{2, head(protocol.KindQueryHit, asked, 2, 0), hitOf(servent)},
			message{1, head(protocol.KindQueryHit, asked, 2, 0), hitOf(servent)}, nil,
		},
		{
			"a pong for a ping never seen", DropNoRoute,
			message{2, head(protocol.KindPing, none, 1, 0), nil},
			message{2, head(protocol.KindPong, none, 2, 0), protocol.Pong{Addr: hostAddr(1)}}, nil,
		},
		{
			"a push to a servent never seen", DropNoRoute,
			message{1, head(protocol.KindPush, none, 2, 0), protocol.Push{Servent: servent, Addr: hostAddr(1)}},
			message{1, head(protocol.KindPush, none, 2, 0), protocol.Push{Servent: protocol.GUID{6}, Addr: hostAddr(1)}}, nil,
		},
		{
			"a hit whose way is gone", DropNoRoute,
			message{2, head(protocol.KindQueryHit, asked, 2, 0), hitOf(servent)},
			message{2, head(protocol.KindQueryHit, asked, 2, 0), hitOf(servent)},
			func(b *bench) { b.step(PeerDown{Link: 1}) },
		},
		{
			"a hit when the search has ended", DropEnded,
			message{2, head(protocol.KindQueryHit, ours, 1, 0), hitOf(servent)},
			message{2, head(protocol.KindQueryHit, ended, 1, 0), hitOf(servent)}, nil,
		},
		{
			"a large query to relay", DropTooLarge,
			message{1, head(protocol.KindQuery, none, 2, 0), padded(256)},
			message{1, head(protocol.KindQuery, none, 2, 0), padded(257)}, nil,
		},
		{
			"a large hit to relay", DropTooLarge,
			message{2, head(protocol.KindQueryHit, asked, 2, 0), hitOfSize(16 << 10)},
			message{2, head(protocol.KindQueryHit, asked, 2, 0), hitOfSize(16<<10 + 1)}, nil,
		},
		{
			"a kind not known", DropUnknown,
			message{1, head(protocol.KindPing, none, 1, 0), nil},
			message{1, head(protocol.KindHSEP, none, 1, 0), raw("x")}, nil,
		},
		{
			"a vendor message not known", DropUnknown,
			message{1, head(protocol.KindVendorStd, none, 1, 0), protocol.Vendor{Code: [4]byte([]byte("BEAR")), Selector: 4, Version: 1, Data: []byte{255}}},
			message{1, head(protocol.KindVendorStd, none, 1, 0), protocol.Vendor{Code: [4]byte([]byte("BEAR")), Selector: 99, Version: 1, Data: []byte{255}}}, nil,
		},
		{
			"a route table of a flat node", DropRole,
			message{3, head(protocol.KindQRP, none, 1, 0), protocol.Reset{Slots: 1024, Infinity: 7}},
			message{1, head(protocol.KindQRP, none, 1, 0), protocol.Reset{Slots: 1024, Infinity: 7}}, nil,
		},
		{
			"a push to port 0", DropDialBack,
			message{1, head(protocol.KindPush, none, 1, 0), toUs("10.3.3.3:1")},
			message{1, head(protocol.KindPush, none, 1, 0), toUs("10.3.3.3:0")}, nil,
		},
		{
			"a push to loopback", DropDialBack,
			message{1, head(protocol.KindPush, none, 1, 0), toUs("203.0.113.9:1")},
			message{1, head(protocol.KindPush, none, 1, 0), toUs("127.0.0.1:1")}, nil,
		},
		{
			"beyond the hop limit", DropNotWanted,
			message{1, head(protocol.KindQuery, none, 2, 2), padded(20)},
			message{1, head(protocol.KindQuery, none, 2, 3), padded(20)}, nil,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t, nil)
			b.links(2)
			b.link(3, RoleSupernode)
			b.step(UserQuery{ID: ours, Text: "x"})
			b.step(UserQuery{ID: ended, Text: "x"})
			b.step(UserQueryEnd{ID: ended})
			b.receive(1, head(protocol.KindQuery, asked, 1, 0), query("blue"))
			b.receive(2, head(protocol.KindQueryHit, ours, 1, 0), hitOf(servent))
			b.n.byID[2].hopsFlow, b.n.byID[3].hopsFlow = 4, 4
			b.receive(tt.kept.link, tt.kept.h, tt.kept.p)
			if st := b.n.Stats(); st.Drops != [numDrops]uint64{} {
				t.Fatalf("what is to be kept is dropped: %v", st.Drops)
			}
			if tt.between != nil {
				tt.between(b)
			}
			b.receive(tt.dropped.link, tt.dropped.h, tt.dropped.p)
			st := b.n.Stats()
			wrong := st.Drops[tt.why] == 0
			for why, n := range st.Drops {
				wrong = wrong || Drop(why) != tt.why && n > 0
			}
			if wrong {
				t.Errorf("dropped %v, want %s only", st.Drops, tt.why)
			}
			if tt.why != DropNotWanted && st.Of(tt.dropped.h.Kind).Dropped == 0 {
				t.Errorf("not counted with its kind: %+v", st.Of(tt.dropped.h.Kind))
			}
		})
	}
	for _, why := range Drops() { // those that a table cannot show have tests of their own
		shown := why == DropRate || why == DropQueueFull
		for _, tt := range tests {
			shown = shown || tt.why == why
		}
		if !shown {
			t.Errorf("no test drops anything for %s", why)
		}
	}
}

// TestRateLimits: what a link may send at once, and one more.
func TestRateLimits(t *testing.T) {
	b := newBench(t, func(c *Config) { c.Rate = Rate{10, 20}; c.PushRate = Rate{1, 5}; c.DialBacks = Rate{1, 3} })
	b.links(3)
	dropped := func() uint64 { st := b.n.Stats(); return st.Drops[DropRate] }
	for range 20 {
		b.receive(1, flood(2, 0), query("blue"))
	}
	if n := dropped(); n != 0 {
		t.Fatalf("%d of 20 dropped", n)
	}
	for _, h := range []protocol.Header{
		flood(2, 0), {Kind: protocol.KindPing, TTL: 1}, {Kind: protocol.KindQueryHit, TTL: 2}, {Kind: protocol.KindPong, TTL: 1},
	} {
		before := dropped()
		b.receive(1, h, nil)
		if dropped() != before+1 {
			t.Errorf("a %s past the limit is not dropped", h.Kind)
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
		dials += len(ops(b.receive(3, push, protocol.Push{Servent: testConfig().ID, Addr: hostAddr(1)}), OpDialBack))
	}
	if st := b.n.Stats(); dials != 3 || st.Drops[DropDialBack] != 2 || dropped() != before+1 {
		t.Errorf("six pushes: %d connections, %d dropped for that, %d for the rate", dials, st.Drops[DropDialBack], dropped()-before)
	}
}

// TestDialBack: where a Push may make the node dial.
func TestDialBack(t *testing.T) {
	tests := []struct {
		addr                   string
		lan, loopback, public_ bool // the peer is on the LAN, on loopback; the node is public
	}{
		{"10.9.9.9:1", true, true, false},
		{"203.0.113.9:1", true, true, true},
		{"127.0.0.1:1", false, true, false},
		{"0.0.0.0:1", false, false, false},
		{"239.1.1.1:1", false, false, false},
		{"10.0.0.1:1", true, true, true}, // our own outside address: a neighbour behind one NAT
	}
	for _, tt := range tests {
		for i, want := range []bool{tt.lan, tt.loopback, tt.public_} {
			b := newBench(t, func(c *Config) { c.Public = i == 2 })
			p := peerOf(1, RoleFlat)
			if i == 1 {
				p.Addr = netip.MustParseAddrPort("127.0.0.1:6346")
			}
			b.step(PeerUp{Link: 1, Peer: p})
			push := protocol.Push{Servent: testConfig().ID, Index: 4, Addr: netip.MustParseAddrPort(tt.addr)}
			out := b.receive(1, protocol.Header{Kind: protocol.KindPush, TTL: 1}, push)
			if (len(out) == 1) != want || want && (out[0].Op != OpDialBack || out[0].Addr != push.Addr || out[0].Index != 4) {
				t.Errorf("%s, case %d: %v, want %t", tt.addr, i, out, want)
			}
		}
	}
}

// TestClosingFaults: what ends a link at once or after a number of times, with
// which code.
func TestClosingFaults(t *testing.T) {
	repeat := protocol.GUID{0x66}
	tests := []struct {
		name  string
		times int // until it is closed
		code  int
		h     protocol.Header
		p     protocol.Payload
	}{
		{"malformed", maxOffences, protocol.ByeProtocol, flood(3, 0), raw("x")},
		{"TTL too high", maxOffences, protocol.ByeHighTTL, flood(15, 1), query("x")},
		{"TTL 0", maxOffences, protocol.ByeZeroTTL, flood(0, 1), query("x")},
		{"one id again and again", 1 + maxRepeats, protocol.ByeDuplicates, protocol.Header{ID: repeat, Kind: protocol.KindQuery, TTL: 3}, query("x")},
		{"query too large", 1, protocol.ByeTooLarge, flood(3, 0), padded(1025)},
		{"ping too large", 1, protocol.ByeTooLarge, protocol.Header{Kind: protocol.KindPing, TTL: 1}, raw(make([]byte, 40<<10+1))},
		{"bye too large", 1, protocol.ByeTooLarge, protocol.Header{Kind: protocol.KindBye, TTL: 1}, raw(make([]byte, 4<<10+1))},
		{"bad table", 1, protocol.ByeBadQRP, protocol.Header{Kind: protocol.KindQRP, TTL: 1}, raw("x")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t, func(c *Config) { c.Rate = Rate{1e6, 1e6} })
			b.links(1)
			b.link(2, RoleSupernode)
			for i := range tt.times - 1 {
				if out := b.receive(2, tt.h, tt.p); len(ops(out, OpClose)) != 0 {
					t.Fatalf("closed after %d of %d", i+1, tt.times)
				}
			}
			out := b.receive(2, tt.h, tt.p)
			if got := byes(out); len(got) != 1 || got[0] != tt.code || len(ops(out, OpClose)) != 1 || out[len(out)-1].Op != OpClose {
				t.Errorf("after %d: byes %v, want %d, then the end", tt.times, got, tt.code)
			}
			if st := b.n.Stats(); st.Closed[uint16(tt.code)] != 1 || len(b.n.Links()) != 1 {
				t.Errorf("closed %v, %d links", st.Closed, len(b.n.Links()))
			}
			if out := b.receive(2, tt.h, tt.p); len(out) != 0 {
				t.Errorf("after the end: %v", out)
			}
		})
	}
}

// TestLargestAreTaken: the largest message of each kind ends no link.
func TestLargestAreTaken(t *testing.T) {
	for h, p := range map[protocol.Header]protocol.Payload{
		flood(3, 0):                           padded(1024),
		{Kind: protocol.KindQueryHit, TTL: 3}: hitOfSize(64 << 10),
		{Kind: protocol.KindPing, TTL: 1}:     raw(make([]byte, 40<<10)),
	} {
		b := newBench(t, nil)
		b.links(1)
		if out := b.receive(1, h, p); len(ops(out, OpClose)) != 0 {
			t.Errorf("the largest %s ends the link", h.Kind)
		}
	}
}

// TestLeafThatRelays is sent away.
func TestLeafThatRelays(t *testing.T) {
	b := newBench(t, nil)
	b.link(1, RoleLeaf)
	b.receive(1, flood(2, 0), query("x"))
	if got := byes(b.receive(1, flood(2, 1), query("x"))); len(got) != 1 || got[0] != protocol.ByeLeafRelay {
		t.Errorf("byes %v", got)
	}
}

// TestBadFraming: what cannot be cut into messages ends the link.
func TestBadFraming(t *testing.T) {
	for name, ev := range map[string]Event{
		"header too large": Malformed{Link: 1, Err: &protocol.Error{Kind: protocol.TooLarge, Field: "header size"}},
		"no header":        Received{Link: 1, Msg: []byte("x")},
		"cut short":        Received{Link: 1, Msg: protocol.Header{Kind: protocol.KindPing, TTL: 1, Size: 5}.Append(nil)},
		"longer than said": Received{Link: 1, Msg: append(protocol.Header{Kind: protocol.KindPing, TTL: 1}.Append(nil), 1)},
	} {
		b := newBench(t, nil)
		b.links(2)
		if got := byes(b.step(ev)); len(got) != 1 || got[0] != protocol.ByeTooLarge || len(b.n.Links()) != 1 {
			t.Errorf("%s: byes %v, %d links", name, got, len(b.n.Links()))
		}
		if out := b.step(ev); len(out) != 0 {
			t.Errorf("%s, after the end: %v", name, out)
		}
	}
}

// TestByeIsNotAnswered, and a peer that takes no Bye gets none.
func TestByeIsNotAnswered(t *testing.T) {
	b := newBench(t, nil)
	b.links(1)
	out := b.receive(1, protocol.Header{Kind: protocol.KindBye, TTL: 1}, protocol.Bye{Code: 200, Text: []byte("so long\r\nServer: x\r\n\x00")})
	if len(out) != 1 || out[0].Op != OpClose || out[0].Text != "bye: so long" || len(b.n.Links()) != 0 {
		t.Errorf("a Bye gives %v", out)
	}
	if st := b.n.Stats(); st.ByesHeard != 1 || len(st.Closed) != 0 {
		t.Errorf("%d heard, closed %v", st.ByesHeard, st.Closed)
	}
	p := peerOf(2, RoleFlat)
	p.Bye = false
	b.step(PeerUp{Link: 2, Peer: p})
	if out := b.n.Leave(b.now, nil); len(out) != 1 || out[0].Op != OpClose {
		t.Errorf("leaving gives %v", out)
	}
}

// TestUnknownLinks: events for links that are not there change nothing.
func TestUnknownLinks(t *testing.T) {
	b := newBench(t, nil)
	b.links(1)
	msg := b.message(flood(3, 0), query("x"))
	for _, ev := range []Event{
		Received{Link: 9, Msg: msg}, Received{Link: self, Msg: msg}, Received{Link: 0, Msg: msg}, Malformed{Link: 9}, Sent{Link: 9, Bytes: 5}, PeerDown{Link: 9},
	} {
		if out := b.step(ev); len(out) != 0 {
			t.Errorf("%T gives %v", ev, out)
		}
	}
	if len(b.n.Links()) != 1 {
		t.Errorf("%d links", len(b.n.Links()))
	}
}

// TestHopsFlow: BEAR/4 at the limit and past it, and a broken one.
func TestHopsFlow(t *testing.T) {
	b := newBench(t, nil)
	b.links(2)
	say := func(data ...byte) {
		v := protocol.Vendor{Code: [4]byte([]byte("BEAR")), Selector: 4, Version: 1, Data: data}
		b.receive(2, protocol.Header{Kind: protocol.KindVendor, TTL: 1}, v)
	}
	gets := func(hops uint8) bool {
		return len(b.receive(1, flood(2, hops), query("x"))) == 1
	}
	say(3)
	if !gets(1) || gets(2) {
		t.Error("with 3 it takes queries that reach it with 2 hops, and none with 3")
	}
	say(1, 2)
	if gets(2) {
		t.Error("a broken one counts")
	}
	say(255)
	if !gets(5) {
		t.Error("with 255 it takes all")
	}
	say(0)
	if gets(0) || len(b.step(UserQuery{ID: protocol.GUID{1}, Text: "x"})) != 1 {
		t.Error("with 0 it takes none, not even ours")
	}
}

func TestStatsAreACopy(t *testing.T) {
	b := newBench(t, nil)
	b.links(1)
	b.receive(1, flood(3, 0), padded(1025))
	st := b.n.Stats()
	st.Closed[protocol.ByeTooLarge] = 99
	if got := b.n.Stats(); got.Closed[protocol.ByeTooLarge] != 1 {
		t.Errorf("closed %v", got.Closed)
	}
	for i, k := range CountedKinds() {
		if kindIndex(k) != i {
			t.Errorf("%s has the counter %d, not %d", k, kindIndex(k), i)
		}
	}
	if kindIndex(0x99) != otherKind {
		t.Error("an unknown kind has a counter of its own")
	}
}
