package overlay

import (
	"testing"
	"time"

	"github.com/seed282dab8e/servent/protocol"
)

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
	// The first change after a quiet time goes out soon, those that follow together,
	// five seconds after it.
	leaf.pass(time.Minute)
	leaf.step(Shared{Table: table("a"), Files: 1})
	out := leaf.pass(tableSoon)
	if count(out) == 0 {
		t.Error("the first change does not go out soon")
	}
	leaf.step(Shared{Table: table("b"), Files: 1})
	leaf.pass(4 * time.Second)
	leaf.step(Shared{Table: table("a", "b"), Files: 2})
	if n := count(leaf.pass(time.Second - 1)); n != 0 {
		t.Errorf("%d messages before five seconds have passed", n)
	}
	out = append(out, leaf.pass(1)...)
	var r protocol.TableReceiver
	for _, a := range out {
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

// TestTableWaitsForRoom: a route table of which a part was dropped would be a
// fault of ours at the peer, so it goes out whole or later.
func TestTableWaitsForRoom(t *testing.T) {
	b := newBench(t, func(c *Config) { c.Role = RoleLeaf })
	b.step(PeerUp{Link: 1, Peer: Peer{Role: RoleSupernode, LeafTable: true}})
	l := b.n.byID[1]
	l.queued = b.n.cfg.MaxQueue - 40 // room for RESET alone
	b.step(Shared{Table: table("papaya"), Files: 1})
	if got := sends(b.pass(tableEvery), protocol.KindQRP); len(got) > 0 {
		t.Fatalf("%d parts went into a full queue", len(got))
	}
	b.step(Sent{Link: 1, Bytes: l.queued})
	if got := sends(b.pass(tableEvery), protocol.KindQRP); len(got) < 2 {
		t.Errorf("%d parts with room again, want RESET and PATCH", len(got))
	}
}

// TestTableSize: the largest table that each sort of peer may send, and the next.
func TestTableSize(t *testing.T) {
	for role, most := range map[Role]uint32{RoleSupernode: maxUltrapeerSlots, RoleLeaf: 1 << protocol.MaxTableBits} {
		b := newBench(t, nil)
		b.link(1, role)
		h := protocol.Header{Kind: protocol.KindQRP, TTL: 1}
		if got := byes(b.receive(1, h, protocol.Reset{Slots: most, Infinity: 7})); len(got) > 0 {
			t.Errorf("%s: a table of %d slots gives Bye %v", role, most, got)
		}
		if got := byes(b.receive(1, h, protocol.Reset{Slots: 2 * most, Infinity: 7})); len(got) != 1 || got[0] != protocol.ByeBadQRP {
			t.Errorf("%s: a table of %d slots gives Bye %v", role, 2*most, got)
		}
	}
}

// TestTableRate: a link may send some whole tables at once and then one in five
// seconds; smaller ones more often, but not without limit.
func TestTableRate(t *testing.T) {
	for _, tt := range []struct {
		name  string
		slots uint32
		burst int
	}{
		{"largest", maxUltrapeerSlots, tableBurst},
		{"half", maxUltrapeerSlots / 2, 2 * tableBurst},
		{"smallest", 1 << protocol.MinTableBits, tableBurst * maxUltrapeerSlots / leastWork},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t, nil)
			b.link(1, RoleSupernode)
			h := protocol.Header{Kind: protocol.KindQRP, TTL: 1}
			b.receive(1, h, protocol.Reset{Slots: tt.slots, Infinity: 7})
			patch := protocol.RoutePatch{Seq: 1, Of: 1, Bits: 1, Data: make([]byte, tt.slots/8)}
			send := func() []int { return byes(b.receive(1, h, patch)) }
			for i := range tt.burst {
				if got := send(); len(got) > 0 {
					t.Fatalf("Bye %v after %d of %d", got, i+1, tt.burst)
				}
			}
			b.pass(tableEvery)
			for range tt.burst / tableBurst {
				if got := send(); len(got) > 0 {
					t.Fatalf("Bye %v though there was time", got)
				}
			}
			if got := send(); len(got) != 1 || got[0] != protocol.ByeBadQRP {
				t.Errorf("one too many gives Bye %v", got)
			}
			if st := b.n.Stats(); st.Drops[DropRate] != 1 {
				t.Errorf("dropped %v", st.Drops)
			}
		})
	}
}
