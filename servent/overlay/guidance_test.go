package overlay

import (
	"testing"
	"time"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/supernode"
)

// vendors returns the vendor messages of one type that go out on a link.
func vendors(t testing.TB, acts []Action, link LinkID, typ protocol.VendorType) (found []protocol.Vendor, ids []protocol.GUID) {
	t.Helper()
	for _, a := range sends(acts, protocol.KindVendor) {
		v, err := protocol.ParseVendor(a.Msg[protocol.HeaderSize:])
		if err != nil {
			t.Fatal(err)
		}
		if a.Link == link && v.Type() == typ {
			found, ids = append(found, v), append(ids, header(a).ID)
		}
	}
	return found, ids
}

// TestLeafTellsWhatItHas answers its supernode with the files of a search, and ends
// the question for it after that.
func TestLeafTellsWhatItHas(t *testing.T) {
	b := newBench(t, func(c *Config) { c.Role = RoleLeaf })
	b.link(1, RoleSupernode)
	id := b.newID()
	b.step(UserQuery{ID: id, Text: "blue"})
	asks := func(want int) {
		t.Helper()
		out := b.receive(1, protocol.Header{ID: id, Kind: protocol.KindVendor, TTL: 1}, protocol.NewStatusRequest())
		answers, ids := vendors(t, out, 1, protocol.VendorQueryStatus)
		if len(answers) != 1 || ids[0] != id {
			t.Fatalf("%d answers, to %v", len(answers), ids)
		}
		if kept, err := answers[0].QueryStatus(); err != nil || int(kept) != want {
			t.Errorf("tells of %d, %v; want %d", kept, err, want)
		}
	}
	asks(0)
	for i := range byte(3) {
		b.receive(1, protocol.Header{ID: id, Kind: protocol.KindQueryHit, TTL: 1}, hitOf(protocol.GUID{0xbb, i}.Marked()))
	}
	asks(3)
	b.link(2, RoleSupernode)
	for i := range byte(4) { // of which three are known: their leaves' lists are here, too
		b.receive(2, protocol.Header{ID: id, Kind: protocol.KindQueryHit, TTL: 1}, hitOf(protocol.GUID{0xbb, i}.Marked()))
	}
	asks(4)
	for i := range maxCounted {
		b.receive(2, protocol.Header{ID: id, Kind: protocol.KindQueryHit, TTL: 1}, hitOf(protocol.GUID{0xcc, byte(i), byte(i >> 8)}.Marked()))
	}
	asks(maxCounted)
	b.step(UserQueryEnd{ID: id})
	asks(enoughKept)
}

// guided is a supernode that asks for leaf 1, which tells what it keeps. It returns
// the question's id, and what was done when the first hits had come.
func guided(t *testing.T) (b *bench, id protocol.GUID, out []Action) {
	t.Helper()
	b = newSupernode(t, nil)
	b.link(1, RoleLeaf)
	b.receive(1, protocol.Header{Kind: protocol.KindVendor, TTL: 1},
		protocol.Vendor{Data: protocol.AppendMessagesSupported(nil, protocol.VendorStatusRequest.ID())})
	b.supernodes(10, 40)
	id = b.newID()
	first := b.receive(1, protocol.Header{ID: id, Kind: protocol.KindQuery, TTL: 4}, query("blue"))
	if asked, _ := vendors(t, first, 1, protocol.VendorStatusRequest); len(asked) > 0 {
		t.Error("the leaf is asked before there is any hit")
	}
	for i := range byte(supernode.LeafTarget - 1) {
		b.receive(10, protocol.Header{ID: id, Kind: protocol.KindQueryHit, TTL: 4}, hitOf(protocol.GUID{0xbb, i}.Marked()))
	}
	return b, id, b.pass(6 * time.Second)
}

func (b *bench) kept(link LinkID, id protocol.GUID, n uint16) {
	b.receive(link, protocol.Header{ID: id, Kind: protocol.KindVendor, TTL: 1}, protocol.NewQueryStatus(n))
}

// TestLeafGuides: what it has kept counts, not what came by.
func TestLeafGuides(t *testing.T) {
	b, id, out := guided(t)
	if asked, ids := vendors(t, out, 1, protocol.VendorStatusRequest); len(asked) == 0 || ids[0] != id {
		t.Fatalf("the leaf is asked %d times, for %v", len(asked), ids)
	}
	b.kept(1, id, 0)
	more := sends(b.pass(20*time.Second), protocol.KindQuery)
	if len(more) < 2 {
		t.Errorf("with nothing kept, asks %v", to(more))
	}
	b.kept(1, id, supernode.LeafTarget)
	if more := sends(b.pass(time.Minute), protocol.KindQuery); len(more) > 0 || len(b.n.dynamics) > 0 {
		t.Errorf("with enough kept, asks %v", to(more))
	}
}

// TestLeafHasEnough ends the question at once; only its own can.
func TestLeafHasEnough(t *testing.T) {
	b, id, _ := guided(t)
	b.link(2, RoleLeaf)
	b.kept(2, id, enoughKept)
	if len(b.n.dynamics) != 1 || b.n.stats.Drops[DropEnded] != 1 {
		t.Errorf("another leaf ends it: %d go on", len(b.n.dynamics))
	}
	b.kept(1, id, enoughKept)
	if len(b.n.dynamics) != 0 {
		t.Error("it goes on")
	}
	b.kept(1, id, 3)
	if b.n.stats.Drops[DropEnded] != 2 {
		t.Errorf("drops %v", b.n.stats.Drops)
	}
	b.receive(1, protocol.Header{ID: id, Kind: protocol.KindVendor, TTL: 1}, protocol.Vendor{Code: [4]byte{'B', 'E', 'A', 'R'}, Selector: 12, Version: 1, Data: []byte{1}})
	if b.n.stats.Drops[DropMalformed] != 1 {
		t.Errorf("drops %v", b.n.stats.Drops)
	}
}
