package overlay

import (
	"testing"
	"time"

	"github.com/seed282dab8e/servent/protocol"
)

// newSupernode is a node that takes leaves.
func newSupernode(t testing.TB, change func(*Config)) *bench {
	t.Helper()
	return newBench(t, func(c *Config) {
		c.Role = RoleSupernode
		if change != nil {
			change(c)
		}
	})
}

// leaf brings up link id to a leaf that holds files with these words.
func (b *bench) leaf(id byte, words ...string) {
	b.t.Helper()
	b.link(id, RoleLeaf)
	b.tell(id, table(words...))
}

// tell lets a route table come from a link.
func (b *bench) tell(id byte, t *protocol.RouteTable) {
	b.t.Helper()
	for _, p := range t.AppendPatch(nil, nil, 7) {
		if out := b.receive(LinkID(id), protocol.Header{Kind: protocol.KindQRP, TTL: 1}, raw(p)); len(out) > 0 {
			b.t.Fatalf("a table is answered with %+v", out)
		}
	}
}

// to returns the links that messages go out on, in order.
func to(acts []Action) (links []LinkID) {
	for _, a := range acts {
		links = append(links, a.Link)
	}
	return links
}

func wantLinks(t *testing.T, what string, acts []Action, want ...LinkID) {
	t.Helper()
	got := to(acts)
	if len(got) != len(want) {
		t.Errorf("%s: goes out on %v, want %v", what, got, want)
		return
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("%s: goes out on %v, want %v", what, got, want)
		}
	}
}

// TestLeafSlots: leaves and others have places of their own; a place that is free
// again can be taken.
func TestLeafSlots(t *testing.T) {
	b := newSupernode(t, func(c *Config) { c.MaxLeaves, c.MaxLinks, c.Links = 2, 2, 2 })
	admit := func(id byte, role Role) int {
		p := peerOf(id, role)
		p.Outbound = false
		v := b.n.Admit(LinkID(id), p)
		if v.Code == 200 {
			b.step(PeerUp{Link: LinkID(id), Peer: p})
		}
		return v.Code
	}
	for i, tt := range []struct {
		role Role
		code int
	}{{RoleLeaf, 200}, {RoleLeaf, 200}, {RoleLeaf, 503}, {RoleSupernode, 200}, {RoleFlat, 200}, {RoleSupernode, 503}, {RoleLeaf, 503}} {
		if code := admit(byte(i+1), tt.role); code != tt.code {
			t.Errorf("%d, a %s: %d, want %d", i+1, tt.role, code, tt.code)
		}
	}
	b.step(PeerDown{Link: 1})
	if admit(21, RoleLeaf) != 200 || admit(22, RoleLeaf) != 503 {
		t.Error("the place of a leaf that has gone is not given to one other")
	}
	// A handshake holds a place, too.
	held := newSupernode(t, func(c *Config) { c.MaxLeaves = 1 })
	if held.n.Admit(1, peerOf(1, RoleLeaf)).Code != 200 || held.n.Admit(2, peerOf(2, RoleLeaf)).Code != 503 {
		t.Error("two handshakes hold one place")
	}
	for _, role := range []Role{RoleFlat, RoleLeaf} {
		other := newBench(t, func(c *Config) { c.Role = role })
		if v := other.n.Admit(1, peerOf(1, RoleLeaf)); v.Code != 503 {
			t.Errorf("a %s node takes a leaf: %+v", role, v)
		}
	}
}

// TestQueryReachesLeaves: those whose tables have all words, even at the end of a
// query's way, and nobody twice.
func TestQueryReachesLeaves(t *testing.T) {
	b := newSupernode(t, nil)
	b.link(1, RoleSupernode)
	b.leaf(2, "blue", "danube")
	b.leaf(3, "blue")
	b.link(4, RoleLeaf) // that has sent no table
	b.link(5, RoleSupernode)
	b.link(6, RoleFlat)
	for _, tt := range []struct {
		name string
		from LinkID
		ttl  uint8
		text string
		want []LinkID
	}{
		{"in the middle", 1, 3, "blue danube", []LinkID{2, 5, 6}},
		{"at the end", 1, 1, "blue danube", []LinkID{2}},
		{"one word", 1, 1, "blue", []LinkID{2, 3}},
		{"what no leaf has", 1, 1, "waltz", nil},
	} {
		out := sends(b.receive(tt.from, flood(tt.ttl, 0), query(tt.text)), protocol.KindQuery)
		wantLinks(t, tt.name, out, tt.want...)
		for _, a := range out {
			if leaf := a.Link == 2 || a.Link == 3; leaf && a.TTL != 1 || !leaf && a.TTL != tt.ttl-1 {
				t.Errorf("%s: TTL %d on link %d", tt.name, a.TTL, a.Link)
			}
		}
	}
	// A dynamic querier asks again, further: leaves have been asked.
	id := b.newID()
	first := b.receive(1, protocol.Header{ID: id, Kind: protocol.KindQuery, TTL: 1}, query("blue"))
	wantLinks(t, "probe", sends(first, protocol.KindQuery), 2, 3)
	again := b.receive(1, protocol.Header{ID: id, Kind: protocol.KindQuery, TTL: 3}, query("blue"))
	wantLinks(t, "asked again", sends(again, protocol.KindQuery), 5, 6)
}

// TestOwnSearchOfASupernode goes to leaves that may have an answer, and to all others.
func TestOwnSearchOfASupernode(t *testing.T) {
	b := newSupernode(t, nil)
	b.leaf(1, "blue")
	b.leaf(2, "danube")
	b.link(3, RoleSupernode)
	id := b.newID()
	out := sends(b.step(UserQuery{ID: id, Text: "blue"}), protocol.KindQuery)
	wantLinks(t, "search", out, 1, 3)
	hits := ops(b.receive(1, protocol.Header{ID: id, Kind: protocol.KindQueryHit, TTL: 1}, hitOf(peerOf(1, RoleLeaf).GUID)), OpHit)
	if len(hits) != 1 {
		t.Errorf("%d hits of a leaf", len(hits))
	}
}

// TestLeafIsFound: the hit of a leaf goes back to who asked, and a Push to the leaf.
func TestLeafIsFound(t *testing.T) {
	b := newSupernode(t, nil)
	b.link(1, RoleSupernode)
	b.leaf(2, "blue")
	id, leaf := b.newID(), peerOf(2, RoleLeaf).GUID
	b.receive(1, protocol.Header{ID: id, Kind: protocol.KindQuery, TTL: 1, Hops: 2}, query("blue"))
	wantLinks(t, "hit", sends(b.receive(2, protocol.Header{ID: id, Kind: protocol.KindQueryHit, TTL: 5}, hitOf(leaf)), protocol.KindQueryHit), 1)
	push := protocol.Push{Servent: leaf, Index: 1, Addr: peerOf(9, RoleLeaf).Addr}
	wantLinks(t, "push", sends(b.receive(1, protocol.Header{Kind: protocol.KindPush, TTL: 4}, push), protocol.KindPush), 2)
}

// TestTablesOfLeaves: other supernodes hear of what leaves hold, with this node's
// own files, and no more of what a leaf held that has gone.
func TestTablesOfLeaves(t *testing.T) {
	b := newSupernode(t, nil)
	var r protocol.TableReceiver
	take := func(acts []Action) {
		for _, a := range sends(acts, protocol.KindQRP) {
			if a.Link != 1 {
				t.Errorf("a table goes out on link %d", a.Link)
			} else if err := r.Receive(a.Msg[protocol.HeaderSize:]); err != nil {
				t.Fatal(err)
			}
		}
	}
	wants := func(when string, want *protocol.RouteTable) {
		t.Helper()
		all := protocol.NewRouteTable(want.Bits())
		if got := r.Table(); got != nil {
			all.Or(got)
		}
		if !all.Equal(want) {
			t.Errorf("%s: the table is another one", when)
		}
	}
	take(b.link(1, RoleSupernode))
	b.step(Shared{Table: table("own"), Files: 1})
	take(b.pass(tableEvery))
	wants("alone", table("own"))
	b.leaf(2, "blue")
	b.leaf(3, "danube")
	take(b.pass(leafTablesEvery))
	wants("with leaves", table("own", "blue", "danube"))
	b.step(PeerDown{Link: 2})
	take(b.pass(leafTablesEvery))
	wants("with one less", table("own", "danube"))
	if out := sends(b.pass(time.Minute), protocol.KindQRP); len(out) > 0 {
		t.Errorf("%d messages without a change", len(out))
	}
}

// TestLargeLeafTables: ultrapeers take no table over 2^17 slots from one another,
// whatever a leaf sends.
func TestLargeLeafTables(t *testing.T) {
	b := newSupernode(t, nil)
	b.link(1, RoleLeaf)
	for _, bits := range []uint{maxNeighbourBits + 1, maxNeighbourBits, 10} {
		large := protocol.NewRouteTable(bits)
		large.Add("blue")
		b.tell(1, large)
		got := b.n.offered()
		if want := min(max(bits, emptyTableBits), maxNeighbourBits); got.Bits() != want || !got.Has(protocol.WordHash("blue")) {
			t.Errorf("%d bits, want %d; the word is there: %t", got.Bits(), want, got.Has(protocol.WordHash("blue")))
		}
	}
}

// TestSupernodePong tells of the places that are free.
func TestSupernodePong(t *testing.T) {
	b := newSupernode(t, func(c *Config) { c.MaxLeaves, c.MaxLinks, c.Links = 300, 4, 1 })
	b.link(1, RoleSupernode)
	b.leaf(2, "blue")
	out := sends(b.receive(1, protocol.Header{Kind: protocol.KindPing, TTL: 1}, nil), protocol.KindPong)
	if len(out) != 1 {
		t.Fatalf("%d pongs", len(out))
	}
	p, err := protocol.ParsePong(out[0].Msg[protocol.HeaderSize:])
	if err != nil {
		t.Fatal(err)
	}
	up, _ := protocol.FindGGEP(p.Ext, protocol.GGEPUltrapeer)
	if data, err := up.Data(8); err != nil || string(data) != "\x00\xff\x03" {
		t.Errorf("UP %x, %v", data, err)
	}
	vc, _ := protocol.FindGGEP(p.Ext, protocol.GGEPVersion)
	if data, err := vc.Data(8); err != nil || string(data) != "SRVT\x01" {
		t.Errorf("VC %x, %v", data, err)
	}
	if full := fullIn(p.Ext); full != [2]bool{} {
		t.Errorf("full: %v", full)
	}
	b.n.cfg.MaxLeaves = 1
	out = sends(b.receive(1, protocol.Header{Kind: protocol.KindPing, TTL: 1}, nil), protocol.KindPong)
	if p, err = protocol.ParsePong(out[0].Msg[protocol.HeaderSize:]); err != nil || !fullIn(p.Ext)[0] || fullIn(p.Ext)[1] {
		t.Errorf("full: %v, %v", fullIn(p.Ext), err)
	}
}

// filled is a table of which so many of 1024 slots are set.
func filled(t *testing.T, slots int) *protocol.RouteTable {
	t.Helper()
	table := protocol.NewRouteTable(10)
	for i := 0; int(table.Fill()*1024+0.5) < slots; i++ {
		table.AddURN(protocol.URN{SHA1: protocol.SHA1{byte(i), byte(i >> 8), byte(i >> 16)}, HasSHA1: true})
	}
	return table
}

// TestTableThatMatchesEverything: at the limit a leaf is served, past it sent away.
func TestTableThatMatchesEverything(t *testing.T) {
	for slots, stays := range map[int]bool{921: true, 922: false, 1024: false} {
		b := supernodeWithLeaf(t)
		var out []Action
		for _, p := range filled(t, slots).AppendPatch(nil, nil, 7) {
			out = append(out, b.receive(1, protocol.Header{Kind: protocol.KindQRP, TTL: 1}, raw(p))...)
		}
		if closed := len(ops(out, OpClose)) == 1; closed == stays || closed != (b.n.stats.Drops[DropTooLarge] == 1) || closed != (b.n.stats.Closed[protocol.ByeBadQRP] == 1) {
			t.Errorf("%d of 1024 slots: %+v", slots, out)
		}
		if got := b.n.offered().Fill() > 0; got != stays {
			t.Errorf("%d of 1024 slots: others are told of it: %t", slots, got)
		}
	}
}

func supernodeWithLeaf(t *testing.T) *bench {
	b := newSupernode(t, nil)
	b.link(1, RoleLeaf)
	return b
}

// TestProbeOfAnother: a leaf's supernodes ask for it with one id. What one has only
// probed, another's question goes on from, once, and leaves are not asked again.
func TestProbeOfAnother(t *testing.T) {
	b := newSupernode(t, nil)
	b.link(1, RoleSupernode)
	b.link(2, RoleSupernode)
	b.link(3, RoleSupernode)
	b.leaf(4, "blue")
	id := b.newID()
	ask := func(from LinkID, ttl uint8) []Action {
		return sends(b.receive(from, protocol.Header{ID: id, Kind: protocol.KindQuery, TTL: ttl, Hops: 1}, query("blue")), protocol.KindQuery)
	}
	wantLinks(t, "probe", ask(1, 1), 4)
	wantLinks(t, "another's probe", ask(2, 1))
	wantLinks(t, "another's question", ask(2, 3), 1, 3)
	wantLinks(t, "a third", ask(3, 4))
}
