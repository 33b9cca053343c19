package overlay

import (
	"slices"
	"strings"
	"testing"

	"github.com/seed282dab8e/servent/protocol"
)

// linksOf returns the links that the actions send to, in order.
func linksOf(acts []Action) (ids []LinkID) {
	for _, a := range acts {
		ids = append(ids, a.Link)
	}
	return ids
}

func flood(ttl, hops uint8) protocol.Header {
	return protocol.Header{Kind: protocol.KindQuery, TTL: ttl, Hops: hops}
}

func TestQueryFloods(t *testing.T) {
	b := newBench(t, nil)
	b.links(4)
	id := b.newID()
	h := flood(5, 2)
	h.ID = id
	out := sends(b.receive(2, h, query("blue danube")), protocol.KindQuery)
	if !slices.Equal(linksOf(out), []LinkID{1, 3, 4}) {
		t.Fatalf("it goes to %v, want all but 2, in the order in which they came", linksOf(out))
	}
	for _, a := range out {
		if a.TTL != 4 || a.Hops != 3 || header(a).ID != id {
			t.Errorf("copy on %d: %+v", a.Link, header(a))
		}
	}
	for link := LinkID(1); link <= 4; link++ {
		if out := b.receive(link, h, query("blue danube")); len(out) != 0 {
			t.Errorf("once more from %d gives %v", link, out)
		}
	}
	if st := b.n.Stats(); st.Of(protocol.KindQuery) != (Counter{In: 5, Out: 3, Duplicate: 4}) {
		t.Errorf("counts %+v", st.Of(protocol.KindQuery))
	}
}

// TestQueryIsTheReceivedBytes: what is relayed is what came, unknown parts too.
func TestQueryIsTheReceivedBytes(t *testing.T) {
	b := newBench(t, nil)
	b.links(2)
	q := query("blue")
	q.Ext = []byte("\x1curn:odd:thing\x1c\xc3\x83ZZZ\x41?\x00\x00")
	msg := b.message(flood(3, 0), q)
	out := b.step(Received{Link: 1, Msg: msg})
	if len(out) != 1 || &out[0].Msg[0] != &msg[0] || len(out[0].Msg) != len(msg) {
		t.Errorf("the message is copied or cut: %v", out)
	}
}

// TestTTLRules: what is passed on with which TTL and hops. The node's own TTL is
// 7; 15 is the limit of all.
func TestTTLRules(t *testing.T) {
	tests := []struct {
		ttl, hops uint8
		want      uint8 // TTL of the copy; 0: none
	}{
		{1, 0, 0},
		{2, 0, 1},
		{7, 0, 6},
		{4, 3, 3},
		{1, 6, 0},
		{0, 1, 0},
	}
	for _, tt := range tests {
		b := newBench(t, nil)
		b.links(2)
		out := b.receive(1, flood(tt.ttl, tt.hops), query("blue"))
		switch {
		case tt.want == 0 && len(out) != 0:
			t.Errorf("TTL %d, hops %d: passed on %v", tt.ttl, tt.hops, out)
		case tt.want > 0 && (len(out) != 1 || out[0].TTL != tt.want || out[0].Hops != tt.hops+1):
			t.Errorf("TTL %d, hops %d: passed on %v, want TTL %d", tt.ttl, tt.hops, out, tt.want)
		}
	}
}

// TestSearchesOwnFiles: only words that the node's table holds are looked up,
// and each query once.
func TestSearchesOwnFiles(t *testing.T) {
	b := newBench(t, nil)
	b.links(2)
	urn := protocol.URN{SHA1: protocol.SHA1{1, 2, 3}, HasSHA1: true}
	own := table("blue", "danube")
	own.AddURN(urn)
	b.step(Shared{Table: own, Files: 1})
	byURN := query("\\")
	byURN.Ext = []byte(urn.SHA1URN())
	few := query("blue")
	few.Flags |= 5
	many := query("blue")
	many.Flags |= 200
	tests := []struct {
		name  string
		q     protocol.Query
		limit int // 0: not looked up
	}{
		{"both words", query("DANUBE blue"), 64},
		{"a word that is not there", query("blue waltz"), 0},
		{"no words", query("\\"), 0},
		{"by URN", byURN, 64},
		{"five wanted", few, 5},
		{"more wanted than there may be", many, 64},
	}
	for _, tt := range tests {
		msg := b.message(flood(1, 3), tt.q)
		found := ops(b.step(Received{Link: 1, Msg: msg}), OpSearch)
		switch {
		case tt.limit == 0 && len(found) != 0:
			t.Errorf("%s: looked up", tt.name)
		case tt.limit > 0 && (len(found) != 1 || found[0].Limit != tt.limit || found[0].ID != protocol.GUID(msg[:16])):
			t.Errorf("%s: look-ups %+v", tt.name, found)
		case tt.limit > 0 && string(found[0].Msg) != string(msg[protocol.HeaderSize:]):
			t.Errorf("%s: payload %q", tt.name, found[0].Msg)
		}
	}
}

// TestExtProbe: the same id from the same link with a higher TTL goes on, by its
// own words, and is not looked up again.
func TestExtProbe(t *testing.T) {
	b := newBench(t, nil)
	b.links(2)
	b.link(3, RoleSupernode)
	l := b.n.byID[3]
	for _, p := range table("green").AppendPatch(nil, nil, 7) {
		if err := l.table.Receive(p); err != nil {
			t.Fatal(err)
		}
	}
	b.step(Shared{Table: table("green"), Files: 1})
	h := flood(1, 0)
	h.ID = b.newID()
	if out := b.receive(1, h, query("green")); len(ops(out, OpSearch)) != 1 || len(sends(out, protocol.KindQuery)) != 0 {
		t.Errorf("at first: %v", out)
	}
	b.receive(2, flood(1, 0), query("red")) // other words in between
	h.TTL = 2
	out := b.receive(1, h, query("green"))
	if got := linksOf(sends(out, protocol.KindQuery)); !slices.Equal(got, []LinkID{2, 3}) || len(ops(out, OpSearch)) != 0 {
		t.Errorf("with TTL 2: to %v", got)
	}
	for _, again := range []LinkID{1, 2} {
		if out := b.receive(again, h, query("green")); len(out) != 0 {
			t.Errorf("TTL 2 again from link %d: %v", again, out)
		}
	}
	h.TTL = 3
	if out := b.receive(2, h, query("green")); len(out) != 0 {
		t.Errorf("TTL 3 from another link: %v", out)
	}
	if out := b.receive(1, h, query("green")); len(sends(out, protocol.KindQuery)) != 2 {
		t.Errorf("TTL 3 from the same link: %v", out)
	}
}

// TestLeafRelaysNothing: it answers, and keeps everything else.
func TestLeafRelaysNothing(t *testing.T) {
	b := newBench(t, func(c *Config) { c.Role = RoleLeaf })
	b.link(1, RoleSupernode)
	b.link(2, RoleSupernode)
	b.step(Shared{Table: table("blue"), Files: 1})
	h := flood(4, 2)
	h.ID = b.newID()
	out := b.receive(1, h, query("blue"))
	if len(out) != 1 || out[0].Op != OpSearch {
		t.Errorf("a query gives %v", out)
	}
	if out := b.receive(1, protocol.Header{Kind: protocol.KindPing, TTL: 4}, nil); len(sends(out, protocol.KindPing)) != 0 {
		t.Errorf("a ping gives %v", out)
	}
	if out := b.receive(2, protocol.Header{ID: h.ID, Kind: protocol.KindQueryHit, TTL: 3}, hitOf(protocol.GUID{5})); len(out) != 0 {
		t.Errorf("a hit for another gives %v", out)
	}
}

// TestFilterGoesWithTheQuery up to the length that is relayed.
func TestFilterGoesWithTheQuery(t *testing.T) {
	b := newBench(t, nil)
	b.links(1)
	room := protocol.MaxRelayedQuery - len(query("blue").Append(nil)) - len(protocol.AppendGGEP(nil, filterItem("x")...)) + 1
	if room >= 64 {
		room-- // a length of two bytes
	}
	for n, want := range map[int]bool{0: false, 20: true, room: true, room + 1: false} {
		filter := strings.Repeat("f", n)
		out := sends(b.step(UserQuery{ID: b.newID(), Text: "blue", Filter: filter}), protocol.KindQuery)
		if len(out) != 1 {
			t.Fatalf("%d queries", len(out))
		}
		q, err := protocol.ParseQuery(out[0].Msg[protocol.HeaderSize:])
		if err != nil {
			t.Fatal(err)
		}
		g, has := protocol.FindGGEP(q.Ext, protocol.GGEPFilter)
		if has != want || has && string(g.Raw) != filter {
			t.Errorf("%d bytes: sent %v in a query of %d bytes", n, has, len(out[0].Msg)-protocol.HeaderSize)
		}
	}
}
