package overlay

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/protocol"
)

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

// TestNewLinkIsGreeted: a peer that takes vendor messages is told which we know.
func TestNewLinkIsGreeted(t *testing.T) {
	b := newBench(t, nil)
	p := peerOf(1, RoleFlat)
	p.Vendor = true
	out := sends(b.step(PeerUp{Link: 1, Peer: p}), protocol.KindVendor)
	if len(out) != 1 || out[0].TTL != 1 || out[0].Hops != 0 {
		t.Fatalf("sent %v", out)
	}
	v, err := protocol.ParseVendor(out[0].Msg[protocol.HeaderSize:])
	if err != nil || v.ID().String() != "null/0v0" {
		t.Fatalf("sent %s, %v", v.ID(), err)
	}
	ids, err := protocol.ParseMessagesSupported(v.Data)
	if err != nil || fmt.Sprint(ids) != "[BEAR/4v1 BEAR/7v1 LIME/21v2 LIME/22v2 BEAR/11v1 BEAR/12v1 SRVT/7v1 SRVT/9v1]" {
		t.Errorf("supported %v, %v", ids, err)
	}
}
