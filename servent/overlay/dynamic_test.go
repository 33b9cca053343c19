package overlay

import (
	"testing"
	"time"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/supernode"
)

// supernodes brings up links first to last to supernodes whose tables hold words.
func (b *bench) supernodes(first, last byte, words ...string) {
	b.t.Helper()
	for id := first; id <= last; id++ {
		b.link(id, RoleSupernode)
		if len(words) > 0 {
			b.tell(id, table(words...))
		}
	}
}

// TestLeafIsAskedFor: a leaf's question goes to leaves at once, then to supernodes
// that know of hits, and to others only while hits are missing.
func TestLeafIsAskedFor(t *testing.T) {
	b := newSupernode(t, nil)
	b.leaf(1, "red")
	b.leaf(2, "blue")
	b.supernodes(10, 12, "blue")
	b.supernodes(20, 29)
	first := sends(b.receive(1, flood(4, 0), query("blue")), protocol.KindQuery)
	if len(first) != 4 || first[0].Link != 2 {
		t.Fatalf("goes out on %v", to(first))
	}
	id := header(first[0]).ID
	for _, a := range first[1:] {
		if a.Link < 10 || a.Link > 12 || a.TTL != 1 || a.Hops != 1 || string(a.Msg[protocol.HeaderSize:]) != string(first[0].Msg[protocol.HeaderSize:]) {
			t.Errorf("%+v", header(a))
		}
	}
	asked := map[LinkID]int{}
	for _, a := range append(first, sends(b.pass(5*time.Minute), protocol.KindQuery)...) {
		if header(a).ID != id {
			t.Errorf("another question: %+v", header(a))
		}
		asked[a.Link]++
	}
	for link, n := range asked {
		if n != 1 {
			t.Errorf("link %d is asked %d times", link, n)
		}
	}
	if len(asked) < 8 || len(b.n.dynamics) != 0 {
		t.Errorf("%d are asked of 14, %d questions go on", len(asked), len(b.n.dynamics))
	}
}

// TestEnoughIsEnough: hits end a dynamic query, those that differ.
func TestEnoughIsEnough(t *testing.T) {
	b := newSupernode(t, nil)
	b.link(1, RoleLeaf)
	b.supernodes(10, 30)
	id := b.newID()
	asked := sends(b.receive(1, protocol.Header{ID: id, Kind: protocol.KindQuery, TTL: 4}, query("blue")), protocol.KindQuery)
	if len(asked) != 3 {
		t.Fatalf("asks %v", to(asked))
	}
	hit := protocol.Header{ID: id, Kind: protocol.KindQueryHit, TTL: 4}
	for range 2 * supernode.LeafTarget { // the same file
		wantLinks(t, "hit", sends(b.receive(asked[0].Link, hit, hitOf(peerOf(99, RoleLeaf).GUID)), protocol.KindQueryHit), 1)
	}
	if again := sends(b.pass(10*time.Second), protocol.KindQuery); len(again) == 0 {
		t.Error("one file that is told of again and again is enough")
	}
	for i := range byte(supernode.LeafTarget) {
		b.receive(asked[0].Link, hit, hitOf(protocol.GUID{0xbb, i}.Marked()))
	}
	if again := sends(b.pass(time.Minute), protocol.KindQuery); len(again) > 0 || len(b.n.dynamics) != 0 {
		t.Errorf("asks %v, %d questions go on", to(again), len(b.n.dynamics))
	}
}

// TestLeafGoes: nothing is asked any more for a leaf that has gone.
func TestLeafGoes(t *testing.T) {
	b := newSupernode(t, nil)
	b.link(1, RoleLeaf)
	b.supernodes(10, 30)
	b.receive(1, flood(4, 0), query("blue"))
	b.step(PeerDown{Link: 1})
	if again := sends(b.pass(time.Minute), protocol.KindQuery); len(again) > 0 || len(b.n.dynamics) != 0 {
		t.Errorf("asks %v, %d questions go on", to(again), len(b.n.dynamics))
	}
}

// TestNeighbourGoes: who is asked may have gone.
func TestNeighbourGoes(t *testing.T) {
	b := newSupernode(t, nil)
	b.link(1, RoleLeaf)
	b.supernodes(10, 30)
	b.receive(1, flood(4, 0), query("blue"))
	for id := LinkID(10); id <= 29; id++ {
		b.step(PeerDown{Link: id})
	}
	for _, a := range sends(b.pass(time.Minute), protocol.KindQuery) {
		if a.Link != 30 {
			t.Errorf("asks %d", a.Link)
		}
	}
}

// TestUsersQuestionIsDynamic: also the user's own, unless a TTL was named; it ends
// with the search.
func TestUsersQuestionIsDynamic(t *testing.T) {
	b := newSupernode(t, nil)
	b.supernodes(10, 30)
	b.link(31, RoleFlat)
	id := b.newID()
	out := sends(b.step(UserQuery{ID: id, Text: "blue"}), protocol.KindQuery)
	if len(out) != 4 || out[0].Link != 31 {
		t.Errorf("asks %v", to(out))
	}
	if more := sends(b.link(32, RoleSupernode), protocol.KindQuery); len(more) > 0 {
		t.Error("a new supernode is asked at once")
	}
	b.step(UserQueryEnd{ID: id})
	if again := sends(b.pass(time.Minute), protocol.KindQuery); len(again) > 0 {
		t.Errorf("asks %v after the search has ended", to(again))
	}
	if out := sends(b.step(UserQuery{ID: b.newID(), Text: "blue", TTL: 2}), protocol.KindQuery); len(out) != 23 {
		t.Errorf("with a TTL %d are asked", len(out))
	}
}

// TestQuestionWaitsForLinks: a search that begins before there is anybody to ask is
// sent to who comes; not any more once it has ended, by itself or not.
func TestQuestionWaitsForLinks(t *testing.T) {
	b := newSupernode(t, nil)
	id := b.newID()
	if out := b.step(UserQuery{ID: id, Text: "blue"}); len(out) > 0 {
		t.Fatalf("without a link: %+v", out)
	}
	b.pass(time.Second)
	for link := byte(10); link < 12; link++ {
		b.link(link, RoleSupernode)
		b.pass(10 * time.Second)
	}
	if n := b.n.stats.Of(protocol.KindQuery).Out; n != 2 {
		t.Errorf("%d queries to two supernodes that came later", n)
	}
	b.step(UserQueryEnd{ID: id})
	b.step(UserQuery{ID: b.newID(), Text: "red"})
	b.pass(b.n.cfg.QueryLife)
	if n := len(b.n.dynamics); n != 0 {
		t.Errorf("%d questions of searches that have ended", n)
	}
	asked := b.n.stats.Of(protocol.KindQuery).Out
	b.link(12, RoleSupernode)
	b.pass(time.Minute)
	if b.n.stats.Of(protocol.KindQuery).Out != asked {
		t.Error("a search that has ended is sent")
	}
}

// TestManyQuestions: at the limit none ends, past it the eldest does.
func TestManyQuestions(t *testing.T) {
	b := newSupernode(t, func(c *Config) { c.Rate = Rate{10000, 10000} })
	b.link(1, RoleLeaf)
	b.supernodes(10, 30)
	for range maxDynamic {
		b.receive(1, flood(4, 0), query("blue"))
	}
	if n := b.n.stats.Drops[DropQuestions]; n != 0 || len(b.n.dynamics) != maxDynamic {
		t.Errorf("%d ended, %d go on", n, len(b.n.dynamics))
	}
	eldest := b.n.dynamics[0].id
	b.receive(1, flood(4, 0), query("blue"))
	if n := b.n.stats.Drops[DropQuestions]; n != 1 || len(b.n.dynamics) != maxDynamic || b.n.dynamic(&eldest) != nil {
		t.Errorf("%d ended, %d go on", n, len(b.n.dynamics))
	}
}
