package overlay

import (
	"slices"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/protocol"
)

// own brings up link id to a supernode of our kind that takes lists of neighbours.
func (b *bench) own(id byte) []Action {
	p := peerOf(id, RoleSupernode)
	p.Servent = true
	out := b.step(PeerUp{Link: LinkID(id), Peer: p})
	b.n.byID[LinkID(id)].strange = false // it has been checked
	b.n.neighboursChanged()
	return append(out, b.receive(LinkID(id), protocol.Header{Kind: protocol.KindVendor, TTL: 1},
		protocol.Vendor{Data: protocol.AppendMessagesSupported(nil, protocol.VendorNeighbours.ID())})...)
}

func guidOf(id byte) protocol.GUID { return peerOf(id, RoleSupernode).GUID }

// says lets the servent on a link name its neighbours.
func (b *bench) says(id byte, neighbours ...protocol.GUID) {
	b.receive(LinkID(id), protocol.Header{Kind: protocol.KindVendor, TTL: 1}, protocol.NewNeighbours(neighbours))
}

// TestNeighboursAreTold: to supernodes of our kind, when they come, and together
// after a change; leaves are left out, and so is who is told.
func TestNeighboursAreTold(t *testing.T) {
	b := newSupernode(t, nil)
	lists := func(acts []Action, link LinkID) (all [][]protocol.GUID) {
		found, _ := vendors(t, acts, link, protocol.VendorNeighbours)
		for _, v := range found {
			ids, err := v.Neighbours()
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, ids)
		}
		return all
	}
	b.link(1, RoleFlat)
	b.link(2, RoleLeaf)
	b.link(3, RoleSupernode) // not of our kind
	if got := lists(b.own(10), 10); len(got) != 1 || !slices.Equal(got[0], []protocol.GUID{guidOf(1), guidOf(3)}) {
		t.Errorf("told %v", got)
	}
	b.pass(neighboursEvery)
	b.own(11)
	b.step(PeerDown{Link: 1})
	b.link(4, RoleLeaf)
	if got := lists(b.pass(neighboursEvery-1), 10); len(got) != 0 {
		t.Errorf("told %v too early", got)
	}
	out := b.pass(1)
	if got := lists(out, 10); len(got) != 1 || !slices.Equal(got[0], []protocol.GUID{guidOf(3), guidOf(11)}) {
		t.Errorf("told %v", got)
	}
	if got := append(lists(out, 3), lists(out, 2)...); len(got) != 0 {
		t.Errorf("others are told %v", got)
	}
	b.link(5, RoleLeaf)
	if got := lists(b.pass(time.Minute), 10); len(got) != 0 {
		t.Errorf("told %v after a leaf has come", got)
	}
	flat := newBench(t, nil)
	if got := lists(append(flat.own(10), flat.pass(time.Minute)...), 10); len(got) != 0 {
		t.Errorf("a flat node tells %v", got)
	}
}

// TestWithin: who leads to our own neighbours only is not asked for what its table
// lacks, until that changes on either side.
func TestWithin(t *testing.T) {
	b := newSupernode(t, nil)
	for id := byte(10); id <= 12; id++ {
		b.own(id)
		b.tell(id, table("red"))
	}
	b.link(1, RoleLeaf)
	asked := func() []Action { return sends(b.receive(1, flood(4, 0), query("blue")), protocol.KindQuery) }
	if got := asked(); len(got) != 3 {
		t.Errorf("before they tell anything: %v", to(got))
	}
	b.says(10, guidOf(11), guidOf(12))
	b.says(11, guidOf(10), guidOf(99))
	b.says(12)
	wantLinks(t, "one leads elsewhere", asked(), 11)
	if got := sends(b.receive(1, flood(4, 0), query("red")), protocol.KindQuery); len(got) != 3 {
		t.Errorf("for what they have: %v", to(got))
	}
	b.step(PeerDown{Link: 12})
	if got := to(asked()); !slices.Contains(got, 10) {
		t.Errorf("one leads to who was a neighbour: %v", got)
	}
	b.own(99)
	if slices.Contains(to(asked()), 11) {
		t.Error("one is asked that leads to a new neighbour")
	}
	b.says(11, protocol.GUID{})
	if !slices.Contains(to(asked()), 11) {
		t.Error("one is not asked that leads to nobody knows whom")
	}
}

// TestWithinNeedsATable: who has told no table may have anything.
func TestWithinNeedsATable(t *testing.T) {
	b := newSupernode(t, nil)
	b.own(10)
	b.says(10)
	b.link(1, RoleLeaf)
	wantLinks(t, "no table", sends(b.receive(1, flood(4, 0), query("blue")), protocol.KindQuery), 10)
}

// TestNeighboursOfStrangers: only supernodes of our kind say that, in whole GUIDs.
func TestNeighboursOfStrangers(t *testing.T) {
	b := newSupernode(t, nil)
	b.link(1, RoleLeaf)
	b.link(2, RoleSupernode)
	b.says(1)
	b.says(2)
	if n := b.n.stats.Drops[DropRole]; n != 2 {
		t.Errorf("%d dropped", n)
	}
	b.own(3)
	v := protocol.NewNeighbours([]protocol.GUID{guidOf(9)})
	v.Data = v.Data[:15]
	b.receive(3, protocol.Header{Kind: protocol.KindVendor, TTL: 1}, v)
	if n := b.n.stats.Drops[DropMalformed]; n != 1 {
		t.Errorf("%d malformed", n)
	}
}
