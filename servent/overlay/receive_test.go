package overlay

import (
	"testing"
	"time"

	"github.com/seed282dab8e/servent/protocol"
)

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
		{"malformed", 1 + maxOffences, protocol.ByeProtocol, flood(3, 0), raw("x")},
		{"TTL too high", 1 + maxOffences, protocol.ByeHighTTL, flood(15, 1), query("x")},
		{"TTL 0", 1 + maxOffences, protocol.ByeZeroTTL, flood(0, 1), query("x")},
		{"one id again and again", 2 + maxRepeats, protocol.ByeDuplicates, protocol.Header{ID: repeat, Kind: protocol.KindQuery, TTL: 3}, query("x")},
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

// TestFaultsAreForgiven: a fault a minute, and a hundred repeats a minute, end
// no link, however long it lasts.
func TestFaultsAreForgiven(t *testing.T) {
	b := newBench(t, func(c *Config) { c.AliveTimeout = time.Hour })
	b.links(1)
	repeat := protocol.Header{ID: protocol.GUID{0x66}, Kind: protocol.KindQuery, TTL: 3}
	for minute := range 60 {
		out := b.receive(1, flood(3, 0), raw("x"))
		for range repeatsForgiven - 5 {
			out = append(out, b.receive(1, repeat, query("x"))...)
		}
		if got := byes(out); len(got) > 0 {
			t.Fatalf("Bye %v in minute %d", got, minute)
		}
		b.pass(time.Minute)
	}
	for range maxOffences {
		b.receive(1, flood(3, 0), raw("x"))
	}
	if got := byes(b.receive(1, flood(3, 0), raw("x"))); len(got) != 1 || got[0] != protocol.ByeProtocol {
		t.Errorf("a storm after that gives Bye %v", got)
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
	say()
	if st := b.n.Stats(); st.Drops[DropMalformed] != 1 || !gets(1) || gets(2) {
		t.Error("an empty one counts")
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
	CountedKinds()[0] = 0x99
	for i, k := range CountedKinds() {
		if kindIndex(k) != i {
			t.Errorf("%s has the counter %d, not %d", k, kindIndex(k), i)
		}
	}
	if kindIndex(0x99) != otherKind {
		t.Error("an unknown kind has a counter of its own")
	}
}

// TestVendorLists: lists of what a peer supports are read, and broken ones are
// its fault.
func TestVendorLists(t *testing.T) {
	for _, selector := range []uint16{0, 10} {
		b := newBench(t, nil)
		b.links(1)
		h := protocol.Header{Kind: protocol.KindVendor, TTL: 1}
		b.receive(1, h, protocol.Vendor{Selector: selector, Data: []byte{0, 0}})
		if st := b.n.Stats(); st.Of(protocol.KindVendor).Dropped != 0 {
			t.Errorf("null/%d: an empty list is dropped", selector)
		}
		b.receive(1, h, protocol.Vendor{Selector: selector, Data: []byte{1, 0}})
		if st := b.n.Stats(); st.Drops[DropMalformed] != 1 {
			t.Errorf("null/%d: a list cut short is taken", selector)
		}
	}
}
