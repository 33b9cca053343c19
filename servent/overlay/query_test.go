package overlay

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

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

// TestLocalHits: they go back by the query's way, at most 32 files and about
// 4 KiB in each hit, and reach one step further than the way is long.
func TestLocalHits(t *testing.T) {
	b := newBench(t, nil)
	b.links(2)
	h := flood(1, 5)
	h.ID = b.newID()
	b.receive(2, h, query("blue"))
	files := make([]protocol.FileRecord, 100)
	for i := range files {
		files[i] = protocol.FileRecord{Index: uint32(i + 1), Name: "blue.ogg", Size: 1}
	}
	out := b.step(LocalHits{ID: h.ID, Files: files})
	var counts []int
	next := uint32(1)
	for _, a := range out {
		q, err := protocol.ParseQueryHit(a.Msg[protocol.HeaderSize:])
		if err != nil || a.Link != 2 || a.TTL != 7 || a.Hops != 0 || header(a).ID != h.ID || q.Servent != testConfig().ID || q.Addr != b.n.Addr() {
			t.Fatalf("hit %+v on link %d with TTL %d: %v", q, a.Link, a.TTL, err)
		}
		if d, ok := q.QHD(); !ok || d.Vendor != VendorCode || d.Flags&protocol.HitPush != 0 {
			t.Errorf("trailer %+v", d)
		}
		for r := range q.Files() {
			if r.Index != next {
				t.Errorf("file %d comes where %d should", r.Index, next)
			}
			next++
		}
		counts = append(counts, int(q.Count))
	}
	if !slices.Equal(counts, []int{32, 32}) { // MaxHits is 64
		t.Errorf("hits of %v files", counts)
	}
	if out := b.step(LocalHits{ID: h.ID}); len(out) != 0 {
		t.Errorf("no files give %v", out)
	}
	if out := b.step(LocalHits{ID: protocol.GUID{77}, Files: files}); len(out) != 0 {
		t.Errorf("an unknown query gives %v", out)
	}
}

// TestLargeRecords: hits stay within 4 KiB of records, and are not smaller than
// need be.
func TestLargeRecords(t *testing.T) {
	b := newBench(t, nil)
	b.links(1)
	h := flood(1, 0)
	h.ID = b.newID()
	b.receive(1, h, query("blue"))
	files := make([]protocol.FileRecord, 40)
	for i := range files {
		files[i] = protocol.FileRecord{Index: uint32(i), Name: strings.Repeat("n", 200)}
	}
	each := len(files[0].Record().Append(nil))
	total := 0
	out := b.step(LocalHits{ID: h.ID, Files: files})
	for i, a := range out {
		q, err := protocol.ParseQueryHit(a.Msg[protocol.HeaderSize:])
		if err != nil {
			t.Fatal(err)
		}
		total += int(q.Count)
		if n := len(q.Records); n > maxHitSize || i < len(out)-1 && n+each <= maxHitSize {
			t.Errorf("a hit has %d bytes of records", n)
		}
	}
	if total != len(files) || len(out) < 2 {
		t.Errorf("%d files in %d hits", total, len(out))
	}
}

// TestFirewalledHitsSayPush: who cannot be connected to says so.
func TestFirewalledHitsSayPush(t *testing.T) {
	b := newBench(t, func(c *Config) { c.Listen = netip.AddrPort{} })
	b.links(1)
	h := flood(1, 0)
	h.ID = b.newID()
	b.receive(1, h, query("blue"))
	out := b.step(LocalHits{ID: h.ID, Files: []protocol.FileRecord{{Index: 1, Name: "blue"}}})
	if len(out) != 1 {
		t.Fatalf("hits %v", out)
	}
	q, err := protocol.ParseQueryHit(out[0].Msg[protocol.HeaderSize:])
	if d, ok := q.QHD(); err != nil || !ok || d.Flags&protocol.HitPush == 0 || q.Addr.Port() != 0 {
		t.Errorf("hit at %s with flags %x: %v", q.Addr, d.Flags, err)
	}
}

// TestHitsGoBack: by the way of the query, one step at a time, and leave a way
// for a Push.
func TestHitsGoBack(t *testing.T) {
	b := newBench(t, nil)
	b.links(3)
	servent := protocol.GUID{0x55}
	q := flood(4, 1)
	q.ID = b.newID()
	b.receive(1, q, query("blue"))
	h := protocol.Header{ID: q.ID, Kind: protocol.KindQueryHit, TTL: 3, Hops: 1}
	out := b.receive(3, h, hitOf(servent))
	if len(out) != 1 || out[0].Link != 1 || out[0].TTL != 2 || out[0].Hops != 2 {
		t.Fatalf("the hit goes %v", out)
	}
	push := protocol.Header{Kind: protocol.KindPush, TTL: 4}
	out = b.receive(2, push, protocol.Push{Servent: servent, Addr: hostAddr(1)})
	if len(out) != 1 || out[0].Link != 3 || out[0].TTL != 3 || out[0].Hops != 1 {
		t.Fatalf("the push goes %v", out)
	}
	// The newest hit says where the servent is.
	b.receive(2, h, hitOf(servent))
	if out = b.receive(1, push, protocol.Push{Servent: servent, Addr: hostAddr(1)}); len(out) != 1 || out[0].Link != 2 {
		t.Fatalf("after another hit the push goes %v", out)
	}
}

func TestUserQuery(t *testing.T) {
	b := newBench(t, nil)
	b.links(2)
	b.link(3, RoleSupernode)
	b.link(4, RoleLeaf)
	id := protocol.GUID{0x66}
	urn := protocol.URN{SHA1: protocol.SHA1{1}, HasSHA1: true}
	out := b.step(UserQuery{ID: id, Text: "blue danube", URNs: []protocol.URN{urn, urn}})
	if !slices.Equal(linksOf(out), []LinkID{1, 2, 3}) || out[0].TTL != 7 || out[2].TTL != 4 {
		t.Fatalf("it goes %v", out)
	}
	q, err := protocol.ParseQuery(out[0].Msg[protocol.HeaderSize:])
	n := 0
	for u := range q.URNs() {
		n++
		if u.SHA1 != urn.SHA1 {
			t.Errorf("URN %v", u)
		}
	}
	if err != nil || string(q.Text) != "blue danube" || n != 2 || !q.Flags.Has(protocol.FlagMarker) {
		t.Errorf("query %+v, %v", q, err)
	}
	// Hits come to the user; copies that come back are dropped.
	h := protocol.Header{ID: id, Kind: protocol.KindQueryHit, TTL: 1, Hops: 3}
	found := b.receive(2, h, hitOf(protocol.GUID{0x55}))
	if len(found) != 1 || found[0].Op != OpHit || found[0].ID != id || found[0].Hops != 3 || found[0].Link != 2 {
		t.Errorf("hit gives %v", found)
	}
	back := flood(3, 2)
	back.ID = id
	if out := b.receive(1, back, query("blue danube")); len(out) != 0 {
		t.Errorf("its own query, come back, gives %v", out)
	}
	// A link that comes up later gets it too; one after its end does not.
	if out := sends(b.link(5, RoleFlat), protocol.KindQuery); len(out) != 1 || header(out[0]).ID != id {
		t.Errorf("a new link gets %v", out)
	}
	b.step(UserQueryEnd{ID: id})
	b.step(UserQueryEnd{ID: id})
	if out := sends(b.link(6, RoleFlat), protocol.KindQuery); len(out) != 0 {
		t.Errorf("a new link after the end gets %v", out)
	}
	if out := b.receive(2, h, hitOf(protocol.GUID{0x55})); len(out) != 0 {
		t.Errorf("a hit after the end gives %v", out)
	}
}

// TestUserQueryTTL: what the user asks for goes as far as that among our own
// kind, and to others no further than they relay.
func TestUserQueryTTL(t *testing.T) {
	for _, tt := range []struct{ asked, own, foreign, slow uint8 }{
		{0, 7, 4, 2}, {1, 1, 1, 1}, {3, 3, 3, 2}, {15, 15, 4, 2}, {99, 15, 4, 2},
	} {
		b := newBench(t, nil)
		b.link(1, RoleFlat)
		b.link(2, RoleSupernode)
		p := peerOf(3, RoleSupernode)
		p.MaxTTL = 2
		b.step(PeerUp{Link: 3, Peer: p})
		out := b.step(UserQuery{ID: protocol.GUID{1}, Text: "x", TTL: tt.asked})
		if len(out) != 3 || out[0].TTL != tt.own || out[1].TTL != tt.foreign || out[2].TTL != tt.slow {
			t.Errorf("TTL %d: %v", tt.asked, out)
		}
	}
}

// TestUserQueriesAreBounded: the eldest of too many ends; each ends in time.
func TestUserQueriesAreBounded(t *testing.T) {
	b := newBench(t, nil)
	b.links(1)
	for i := range maxUserQueries + 1 {
		b.step(UserQuery{ID: idOf(i), Text: "x"})
	}
	running := func(i int) bool {
		id := idOf(i)
		return b.n.ownQuery(&id) != nil
	}
	if len(b.n.own) != maxUserQueries || running(0) || !running(1) || !running(maxUserQueries) {
		t.Errorf("%d searches, the first %t, the second %t", len(b.n.own), running(0), running(1))
	}
	b.pass(10*time.Minute - 1)
	if len(b.n.own) != maxUserQueries {
		t.Errorf("%d searches before ten minutes have passed", len(b.n.own))
	}
	b.pass(1)
	if len(b.n.own) != 0 {
		t.Errorf("%d searches after ten minutes", len(b.n.own))
	}
}

func TestUserPush(t *testing.T) {
	b := newBench(t, nil)
	b.links(2)
	servent := protocol.GUID{0x55}
	if out := b.step(UserPush{Servent: servent}); len(out) != 1 || out[0].Op != OpPushFailed || out[0].ID != servent {
		t.Errorf("without a way: %v", out)
	}
	b.step(UserQuery{ID: protocol.GUID{1}, Text: "x"})
	b.receive(2, protocol.Header{ID: protocol.GUID{1}, Kind: protocol.KindQueryHit, TTL: 1, Hops: 3}, hitOf(servent))
	out := b.step(UserPush{Servent: servent, Index: 7})
	if len(out) != 1 || out[0].Link != 2 || out[0].TTL != 5 || out[0].Hops != 0 {
		t.Fatalf("push %v", out)
	}
	p, err := protocol.ParsePush(out[0].Msg[protocol.HeaderSize:])
	if err != nil || p.Servent != servent || p.Index != 7 || p.Addr != b.n.Addr() {
		t.Errorf("push %+v, %v", p, err)
	}
	b.step(PeerDown{Link: 2})
	if out := b.step(UserPush{Servent: servent}); len(out) != 1 || out[0].Op != OpPushFailed {
		t.Errorf("when the link has ended: %v", out)
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

// TestTables: who gets the node's route table, and when.
func TestTables(t *testing.T) {
	count := func(acts []Action) int { return len(sends(acts, protocol.KindQRP)) }
	flat, leaf := newBench(t, nil), newBench(t, func(c *Config) { c.Role = RoleLeaf })
	if n := count(flat.link(1, RoleFlat)); n != 0 {
		t.Errorf("a flat node gets %d messages", n)
	}
	if n := count(flat.link(2, RoleSupernode)); n < 2 {
		t.Errorf("a foreign ultrapeer gets %d messages, want RESET and PATCH", n)
	}
	p := peerOf(3, RoleSupernode)
	p.LastHop = false
	if n := count(flat.step(PeerUp{Link: 3, Peer: p})); n != 0 {
		t.Errorf("an ultrapeer that takes no tables gets %d messages", n)
	}
	if n := count(leaf.step(PeerUp{Link: 3, Peer: p})); n < 2 {
		t.Errorf("from its leaf it gets %d messages", n)
	}
	// Changes go out together, five seconds after the first.
	leaf.step(Shared{Table: table("a"), Files: 1})
	leaf.pass(4 * time.Second)
	leaf.step(Shared{Table: table("a", "b"), Files: 2})
	if n := count(leaf.pass(time.Second - 1)); n != 0 {
		t.Errorf("%d messages before five seconds have passed", n)
	}
	out := leaf.pass(1)
	var r protocol.TableReceiver
	for _, a := range append(leaf.link(9, RoleSupernode), out...) {
		if header(a).Kind == protocol.KindQRP && a.Link == 3 {
			if err := r.Receive(a.Msg[protocol.HeaderSize:]); err != nil {
				t.Fatal(err)
			}
		}
	}
	if got := r.Table(); got == nil || !got.Equal(table("a", "b")) {
		t.Error("the table that goes out is not the one that is shared")
	}
	leaf.step(Shared{Table: table("a", "b"), Files: 2})
	if n := count(leaf.pass(10 * time.Second)); n != 0 {
		t.Errorf("an equal table is sent again in %d messages", n)
	}
}

// TestLastHopTable: on the last hop a foreign ultrapeer's table decides.
func TestLastHopTable(t *testing.T) {
	b := newBench(t, nil)
	b.links(1)
	b.link(2, RoleSupernode)
	gets := func(ttl uint8, q protocol.Query) bool {
		return len(sends(b.receive(1, flood(ttl, 0), q), protocol.KindQuery)) == 1
	}
	if !gets(2, query("blue waltz")) {
		t.Error("without a table it does not get everything")
	}
	urn := protocol.URN{SHA1: protocol.SHA1{1, 2, 3}, HasSHA1: true}
	tab := table("blue", "danube")
	tab.AddURN(urn)
	for _, p := range tab.AppendPatch(nil, nil, 7) {
		b.receive(2, protocol.Header{Kind: protocol.KindQRP, TTL: 1}, raw(p))
	}
	byURN := query("waltz")
	byURN.Ext = []byte(urn.SHA1URN())
	for _, tt := range []struct {
		name string
		ttl  uint8
		q    protocol.Query
		want bool
	}{
		{"all words", 2, query("blue danube"), true},
		{"not all words", 2, query("blue waltz"), false},
		{"by URN", 2, byURN, true},
		{"not the last hop", 3, query("blue waltz"), true},
	} {
		if got := gets(tt.ttl, tt.q); got != tt.want {
			t.Errorf("%s: %t, want %t", tt.name, got, tt.want)
		}
	}
}
