package overlay

import (
	"bytes"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/search"
)

// ownKind brings up link id to a servent of our kind that acts upon can.
func (b *bench) ownKind(id byte, role Role, can ...protocol.VendorType) []Action {
	b.t.Helper()
	p := peerOf(id, role)
	p.Servent, p.Vendor = true, true
	out := b.step(PeerUp{Link: LinkID(id), Peer: p})
	var ids []protocol.MessageID
	for _, t := range can {
		ids = append(ids, t.ID())
	}
	v := protocol.Vendor{Data: protocol.AppendMessagesSupported(nil, ids...)}
	return append(out, b.told(id, v)...)
}

// told lets a vendor message come from a link.
func (b *bench) told(id byte, v protocol.Vendor) []Action {
	b.t.Helper()
	return b.receive(LinkID(id), protocol.Header{Kind: protocol.KindVendor, TTL: 1}, v)
}

// one returns the only vendor message of a type that goes out on a link.
func one(t testing.TB, acts []Action, link LinkID, typ protocol.VendorType) protocol.Vendor {
	t.Helper()
	found, _ := vendors(t, acts, link, typ)
	if len(found) != 1 {
		t.Fatalf("%d messages of type %v on link %d: %+v", len(found), typ.ID(), link, acts)
	}
	return found[0]
}

func (b *bench) answers(id byte, verdict protocol.ListVerdict, digest protocol.ListDigest) []Action {
	b.t.Helper()
	return b.told(id, protocol.ListAnswer{Verdict: verdict, Digest: digest, Reason: "why"}.Vendor())
}

// giver is a leaf that shares something, with link 1 to a supernode that takes lists.
func giver(t *testing.T, change func(*Config)) (*bench, []Action) {
	t.Helper()
	b := newBench(t, func(c *Config) {
		c.Role = RoleLeaf
		if change != nil {
			change(c)
		}
	})
	b.step(Shared{Table: table("blue"), Files: 7, List: protocol.ListDigest{1}})
	b.pass(time.Minute)
	return b, b.ownKind(1, RoleSupernode, protocol.VendorListOffer, protocol.VendorListPart)
}

func tables(acts []Action) int { return len(sends(acts, protocol.KindQRP)) }

// TestGiveList: a leaf offers its list, sends what the supernode lacks, two parts at
// a time, and no table. What has changed is offered again, and what hits say of it.
func TestGiveList(t *testing.T) {
	b, out := giver(t, nil)
	o, err := one(t, out, 1, protocol.VendorListOffer).ListOffer()
	if err != nil || o.Digest != (protocol.ListDigest{1}) || o.Files != 7 || o.Addr != b.n.Addr() || tables(out) > 0 {
		t.Fatalf("offers %+v, %v, and %d tables", o, err, tables(out))
	}
	if !bytes.Equal(o.Trailer, b.n.trailer(nil)) {
		t.Errorf("trailer %x", o.Trailer)
	}
	out = b.answers(1, protocol.ListSend, protocol.ListDigest{9})
	if len(out) != 1 || out[0].Op != OpListCut || out[0].Link != 1 || out[0].Msg[0] != 9 || len(out[0].Msg) != 32 {
		t.Fatalf("asked for it: %+v", out)
	}
	part := protocol.NewListPart(nil)
	part.First = true
	out = b.step(ListPart{Link: 1, Part: part})
	one(t, out, 1, protocol.VendorListPart)
	if len(ops(out, OpListCut)) != 1 {
		t.Fatalf("a second part may be on its way: %+v", out)
	}
	part.First = false
	if out = b.step(ListPart{Link: 1, Part: part}); len(ops(out, OpListCut)) != 0 {
		t.Errorf("a third part before one was taken: %+v", out)
	}
	if out = b.answers(1, protocol.ListMore, protocol.ListDigest{}); len(ops(out, OpListCut)) != 1 {
		t.Fatalf("one was taken: %+v", out)
	}
	part.Last, part.Digest = true, protocol.ListDigest{2} // it has changed meanwhile
	b.step(ListPart{Link: 1, Part: part})
	if out = b.answers(1, protocol.ListMore, protocol.ListDigest{}); len(ops(out, OpListCut)) != 0 {
		t.Errorf("all was sent: %+v", out)
	}
	b.step(Shared{Table: table("blue"), Files: 8, List: protocol.ListDigest{2}})
	b.answers(1, protocol.ListHeld, protocol.ListDigest{2})
	if out = b.pass(time.Minute); len(sends(out, protocol.KindVendor)) > 0 || tables(out) > 0 {
		t.Errorf("it is known: %+v", out)
	}
	b.step(Shared{Table: table("blue", "red"), Files: 9, List: protocol.ListDigest{3}})
	if o, err := one(t, b.pass(tableEvery), 1, protocol.VendorListOffer).ListOffer(); err != nil || o.Digest != (protocol.ListDigest{3}) {
		t.Errorf("after a change %+v, %v", o, err)
	}
	b.answers(1, protocol.ListHeld, protocol.ListDigest{3})
}

// TestTellListAnew: what hits say of a leaf goes to who answers for it whenever that
// changes: that it cannot be connected to, and which push proxy it has.
func TestTellListAnew(t *testing.T) {
	b, _ := giver(t, func(c *Config) { c.KeepAlive, c.AliveTimeout = time.Hour, 2*time.Hour })
	b.answers(1, protocol.ListHeld, protocol.ListDigest{1})
	b.told(1, protocol.Vendor{Data: protocol.AppendMessagesSupported(nil, protocol.VendorConnectBack.ID(), protocol.VendorProxyRequest.ID(), protocol.VendorListOffer.ID())})
	var offers []protocol.Vendor
	for range 60 { // nobody comes
		if len(offers) == 0 {
			offers, _ = vendors(t, b.pass(10*time.Second), 1, protocol.VendorListOffer)
		}
	}
	if len(offers) != 1 {
		t.Fatalf("%d offers once it knows that nobody can connect", len(offers))
	}
	push := func(v protocol.Vendor) (q protocol.QHD, proxies []netip.AddrPort) {
		o, err := v.ListOffer()
		if err != nil {
			t.Fatal(err)
		}
		q, _ = protocol.QueryHit{Trailer: o.Trailer}.QHD()
		return q, protocol.Hosts(q.Ext(), protocol.GGEPProxies)
	}
	if q, _ := push(offers[0]); q.Flags&protocol.HitPush == 0 {
		t.Errorf("hits say %v", q.Flags)
	}
	b.answers(1, protocol.ListHeld, protocol.ListDigest{1})
	proxy := peerOf(1, RoleSupernode).Addr
	b.receive(1, protocol.Header{ID: b.n.cfg.ID, Kind: protocol.KindVendor, TTL: 1}, protocol.NewProxyAck(proxy))
	if _, proxies := push(one(t, b.pass(tableEvery), 1, protocol.VendorListOffer)); !slices.Equal(proxies, []netip.AddrPort{proxy}) {
		t.Errorf("push proxies %v", proxies)
	}
	b.answers(1, protocol.ListHeld, protocol.ListDigest{1})
	b.step(ConnectedBack{netip.MustParseAddrPort("10.0.9.9:40000")})
	if q, _ := push(one(t, b.pass(tableEvery), 1, protocol.VendorListOffer)); q.Flags&protocol.HitPush != 0 {
		t.Error("hits still want a Push")
	}
}

// TestTableInstead: who takes no list, refuses it, or says nothing, gets a table; so
// does everybody where the user wants that.
func TestTableInstead(t *testing.T) {
	for what, tt := range map[string]struct {
		table bool
		can   []protocol.VendorType
		then  func(b *bench) []Action
	}{
		"another kind of supernode": {can: []protocol.VendorType{protocol.VendorConnectBack}},
		"refused": {can: []protocol.VendorType{protocol.VendorListOffer}, then: func(b *bench) []Action {
			return b.answers(2, protocol.ListRefused, protocol.ListDigest{})
		}},
		"refused later": {can: []protocol.VendorType{protocol.VendorListOffer}, then: func(b *bench) []Action {
			b.answers(2, protocol.ListHeld, protocol.ListDigest{1})
			return b.answers(2, protocol.ListRefused, protocol.ListDigest{})
		}},
		"no answer": {can: []protocol.VendorType{protocol.VendorListOffer}, then: func(b *bench) []Action {
			return b.pass(listPatience)
		}},
		"nothing while it is sent": {can: []protocol.VendorType{protocol.VendorListOffer}, then: func(b *bench) []Action {
			b.answers(2, protocol.ListSend, protocol.ListDigest{})
			return b.pass(listPatience)
		}},
		"the user wants it": {table: true, can: []protocol.VendorType{protocol.VendorListOffer}},
	} {
		b, _ := giver(t, func(c *Config) { c.TableOnly = tt.table })
		out := b.ownKind(2, RoleSupernode, tt.can...)
		if tt.then != nil {
			if tables(out) > 0 {
				t.Errorf("%s: a table at once", what)
			}
			out = tt.then(b)
		}
		if tables(out) == 0 {
			t.Errorf("%s: no table: %+v", what, out)
		}
		b.step(Shared{Table: table("red"), Files: 9, List: protocol.ListDigest{3}})
		if out := b.pass(tableEvery); !slices.ContainsFunc(sends(out, protocol.KindQRP), func(a Action) bool { return a.Link == 2 }) {
			t.Errorf("%s: no table after a change", what)
		}
	}
}

// TestPartialList is not offered before it is whole, but in time.
func TestPartialList(t *testing.T) {
	for what, tt := range map[string]struct {
		whole time.Duration
		want  time.Duration
	}{"whole soon": {3 * time.Second, 3 * time.Second}, "not whole for long": {time.Hour, partialWait}} {
		b := newBench(t, func(c *Config) { c.Role = RoleLeaf })
		b.step(Shared{Files: 1, List: protocol.ListDigest{1}, Partial: true})
		b.pass(time.Minute)
		out := b.ownKind(1, RoleSupernode, protocol.VendorListOffer)
		out = append(out, b.pass(tt.whole)...)
		b.step(Shared{Files: 2, List: protocol.ListDigest{2}})
		out = append(out, b.pass(max(0, tt.want-tt.whole)+tableSoon)...)
		offers, _ := vendors(t, out, 1, protocol.VendorListOffer)
		if len(offers) == 0 {
			t.Fatalf("%s: no offer", what)
		}
		if o, err := offers[0].ListOffer(); err != nil || (o.Files == 2) != (tt.whole < partialWait) {
			t.Errorf("%s: offers %d files, %v", what, o.Files, err)
		}
	}
}

// TestAnswersNobodyWaitsFor are dropped.
func TestAnswersNobodyWaitsFor(t *testing.T) {
	b, _ := giver(t, nil)
	b.answers(1, protocol.ListHeld, protocol.ListDigest{1})
	for _, v := range []protocol.ListVerdict{protocol.ListHeld, protocol.ListSend, protocol.ListMore} {
		if out := b.answers(1, v, protocol.ListDigest{}); len(out) > 0 {
			t.Errorf("verdict %d: %+v", v, out)
		}
	}
	b.wantDrops(DropList, 3)
	b.step(ListPart{Link: 1})
	b.step(ListPart{Link: 9})
	b.told(1, protocol.Vendor{Code: [4]byte{'S', 'R', 'V', 'T'}, Selector: 3, Data: []byte{1}})
	b.wantDrops(DropMalformed, 1)
}

// holder is a supernode with leaf 1, whose list it holds, and which has a file of
// these words.
func holder(t *testing.T, words ...string) *bench {
	t.Helper()
	b := newSupernode(t, nil)
	b.ownKind(1, RoleLeaf)
	b.giveList(1, nil)
	b.step(LeafWords{Table: table(words...), Files: 1})
	return b
}

// giveList has leaf id give its list, with the trailer of hits that q makes.
func (b *bench) giveList(id byte, q *protocol.QHD) {
	b.t.Helper()
	if q == nil {
		q = &protocol.QHD{Vendor: VendorCode}
	}
	out := b.told(id, protocol.ListOffer{Digest: protocol.ListDigest{5}, Files: 1, Addr: peerOf(id, RoleLeaf).Addr, Trailer: q.Append(nil)}.Vendor())
	if len(out) != 1 || out[0].Op != OpListOffer || out[0].Link != LinkID(id) || out[0].ID != (protocol.GUID{id}).Marked() || out[0].Index != 1 || out[0].Msg[0] != 5 {
		b.t.Fatalf("an offer: %+v", out)
	}
	out = b.step(ListAnswered{LinkID(id), protocol.ListAnswer{Verdict: protocol.ListHeld}})
	one(b.t, out, LinkID(id), protocol.VendorListAnswer)
}

// TestHoldList: the owner is asked, gets the parts that it wants, and no others; the
// leaf hears what the owner says.
func TestHoldList(t *testing.T) {
	b := newSupernode(t, nil)
	b.ownKind(1, RoleLeaf)
	part := protocol.NewListPart([]byte("abc")).Vendor()
	if out := b.told(1, part); len(out) > 0 {
		t.Errorf("a part before an offer: %+v", out)
	}
	b.wantDrops(DropList, 1)
	offer := protocol.ListOffer{Files: 3, Trailer: protocol.QHD{Vendor: VendorCode}.Append(nil)}.Vendor()
	if out := b.told(1, offer); len(ops(out, OpListOffer)) != 1 {
		t.Fatalf("an offer: %+v", out)
	}
	if out := b.told(1, offer); len(out) > 0 {
		t.Errorf("another one before the answer: %+v", out)
	}
	b.wantDrops(DropList, 2)
	out := b.step(ListAnswered{1, protocol.ListAnswer{Verdict: protocol.ListSend, Digest: protocol.ListDigest{4}}})
	if a, err := one(t, out, 1, protocol.VendorListAnswer).ListAnswer(); err != nil || a.Verdict != protocol.ListSend || a.Digest != (protocol.ListDigest{4}) {
		t.Errorf("the leaf hears %+v, %v", a, err)
	}
	for range listWindow {
		if out := b.told(1, part); len(out) != 1 || out[0].Op != OpListPart || !bytes.Equal(out[0].Msg, part.Data) {
			t.Fatalf("a part: %+v", out)
		}
	}
	if out := b.told(1, part); len(out) > 0 {
		t.Errorf("a part too many: %+v", out)
	}
	b.wantDrops(DropList, 3)
	b.step(ListAnswered{1, protocol.ListAnswer{Verdict: protocol.ListMore}})
	if out := b.told(1, part); len(ops(out, OpListPart)) != 1 {
		t.Errorf("one more: %+v", out)
	}
	b.step(ListAnswered{1, protocol.ListAnswer{Verdict: protocol.ListMore}})
	out = b.told(1, protocol.Vendor{Code: [4]byte{'S', 'R', 'V', 'T'}, Selector: 4, Data: []byte{0xff}})
	if a, err := one(t, out, 1, protocol.VendorListAnswer).ListAnswer(); err != nil || a.Verdict != protocol.ListRefused || a.Reason == "" {
		t.Errorf("a part that cannot be read is answered with %+v, %v", a, err)
	}
	if out := b.step(ListAnswered{99, protocol.ListAnswer{}}); len(out) > 0 {
		t.Errorf("an answer to nobody: %+v", out)
	}
}

// TestListOffersAreBounded: at the limit each is asked about, past it none is; who goes
// on is sent away.
func TestListOffersAreBounded(t *testing.T) {
	b := newSupernode(t, nil)
	b.ownKind(1, RoleLeaf)
	for range int(rateOffers.Burst) {
		b.giveList(1, nil)
	}
	offer := protocol.ListOffer{Files: 1, Trailer: protocol.QHD{Vendor: VendorCode}.Append(nil)}.Vendor()
	for range maxOffences {
		if out := b.told(1, offer); len(out) > 0 {
			t.Fatalf("past the limit: %+v", out)
		}
	}
	if out := b.told(1, offer); len(sends(out, protocol.KindBye)) != 1 {
		t.Errorf("it goes on: %+v", out)
	}
}

// TestOffersOfOthers: only a leaf of our kind that has said its GUID gives a list,
// to a supernode.
func TestOffersOfOthers(t *testing.T) {
	offer := protocol.ListOffer{Files: 1, Trailer: protocol.QHD{Vendor: VendorCode}.Append(nil)}.Vendor()
	b := newSupernode(t, nil)
	b.ownKind(1, RoleSupernode)
	foreign := peerOf(2, RoleLeaf)
	b.step(PeerUp{Link: 2, Peer: foreign})
	unnamed := peerOf(3, RoleLeaf)
	unnamed.Servent, unnamed.GUID = true, protocol.GUID{}
	b.step(PeerUp{Link: 3, Peer: unnamed})
	for id := range byte(3) {
		if out := b.told(id+1, offer); len(out) > 0 {
			t.Errorf("link %d: %+v", id+1, out)
		}
	}
	b.wantDrops(DropRole, 3)
	b = newBench(t, nil)
	b.ownKind(1, RoleFlat)
	b.told(1, offer)
	b.wantDrops(DropRole, 1)
	b = newSupernode(t, nil)
	b.ownKind(1, RoleLeaf)
	b.told(1, protocol.ListOffer{Trailer: []byte("SRV")}.Vendor())
	b.wantDrops(DropMalformed, 1)
}

// TestAnswerForLeaf: a query for what a list holds is looked up and not sent to the
// leaf. The hits are the leaf's: its GUID, address and trailer; a Push finds it.
func TestAnswerForLeaf(t *testing.T) {
	b := holder(t, "blue")
	b.link(2, RoleLeaf)
	h := protocol.Header{ID: b.newID(), Kind: protocol.KindQuery, TTL: 1}
	if out := b.receive(2, h, query("red")); len(ops(out, OpSearch)) > 0 || len(sends(out, protocol.KindQuery)) > 0 {
		t.Errorf("a word that no list has: %+v", out)
	}
	h.ID = b.newID()
	out := b.receive(2, h, query("blue"))
	if len(ops(out, OpSearch)) != 1 || len(sends(out, protocol.KindQuery)) > 0 {
		t.Fatalf("a word of the list's: %+v", out)
	}
	files := []protocol.FileRecord{{Index: 3, Name: "blue.ogg"}}
	hits := LocalHits{ID: h.ID, Leaves: []LeafFiles{{1, files}, {2, files}, {77, files}}}
	out = b.step(hits)
	if len(out) != 1 || out[0].Link != 2 {
		t.Fatalf("hits: %+v", out)
	}
	hit, err := protocol.ParseQueryHit(out[0].Msg[protocol.HeaderSize:])
	leaf := peerOf(1, RoleLeaf)
	if err != nil || hit.Servent != leaf.GUID || hit.Addr != leaf.Addr || hit.Count != 1 {
		t.Errorf("hit %+v, %v", hit, err)
	}
	b.link(3, RoleSupernode)
	push := protocol.Push{Servent: leaf.GUID, Index: 3, Addr: netip.MustParseAddrPort("10.0.1.3:6346")}
	out = b.receive(3, protocol.Header{Kind: protocol.KindPush, TTL: 2}, push)
	wantLinks(t, "a Push", out, 1)
	b.step(PeerDown{Link: 1})
	if out := b.step(hits); len(out) > 0 {
		t.Errorf("the leaf has gone: %+v", out)
	}
}

// TestAnswerUser: the user of a supernode gets what its leaves have.
func TestAnswerUser(t *testing.T) {
	b := holder(t, "blue")
	id := b.newID()
	search := ops(b.step(UserQuery{ID: id, Text: "blue"}), OpSearch)
	if len(search) != 1 {
		t.Fatalf("%d look-ups", len(search))
	}
	files := []protocol.FileRecord{{Index: 3, Name: "blue.ogg"}}
	out := b.step(LocalHits{ID: search[0].ID, Files: files, Leaves: []LeafFiles{{1, files}}})
	if len(out) != 1 || out[0].Op != OpHit || out[0].ID != id {
		t.Fatalf("hits: %+v", out)
	}
	if hit, err := protocol.ParseQueryHit(out[0].Msg[protocol.HeaderSize:]); err != nil || hit.Servent != (protocol.GUID{1}).Marked() {
		t.Errorf("hit %+v, %v", hit, err)
	}
}

// TestUserWaitsForLists: what lists come to hold while a search goes on is looked up,
// once.
func TestUserWaitsForLists(t *testing.T) {
	b := holder(t, "red")
	id := b.newID()
	if out := ops(b.step(UserQuery{ID: id, Text: "blue"}), OpSearch); len(out) > 0 {
		t.Fatalf("nobody has it: %+v", out)
	}
	for i, want := range []int{1, 0} {
		if out := ops(b.step(LeafWords{Table: table("red", "blue"), Files: 2}), OpSearch); len(out) != want {
			t.Errorf("time %d: %d look-ups", i, len(out))
		}
	}
}

// TestFirstListIsSoon: what a leaf shares is offered as soon as it has been scanned,
// also right after the start.
func TestFirstListIsSoon(t *testing.T) {
	b := newBench(t, func(c *Config) { c.Role = RoleLeaf })
	b.ownKind(1, RoleSupernode, protocol.VendorListOffer)
	b.answers(1, protocol.ListHeld, protocol.ListDigest{})
	b.step(Shared{Table: table("blue"), List: protocol.ListDigest{5}, Files: 1})
	if out, _ := vendors(t, b.pass(tableSoon), 1, protocol.VendorListOffer); len(out) != 1 {
		t.Errorf("%d offers after %v", len(out), tableSoon)
	}
}

// TestFoundBeforeHeld: what is found in a list counts from when the words are told of,
// not only from when the leaf has been told so; never after a refusal.
func TestFoundBeforeHeld(t *testing.T) {
	for refused, want := range map[bool]int{false: 1, true: 0} {
		b := newSupernode(t, nil)
		b.ownKind(1, RoleLeaf)
		id := b.newID()
		b.step(UserQuery{ID: id, Text: "blue"})
		b.told(1, protocol.ListOffer{Digest: protocol.ListDigest{5}, Files: 1, Trailer: protocol.QHD{Vendor: VendorCode}.Append(nil)}.Vendor())
		if refused {
			b.step(ListAnswered{1, protocol.ListAnswer{Verdict: protocol.ListRefused}})
		}
		if out := ops(b.step(LeafWords{Table: table("blue"), Files: 1}), OpSearch); len(out) != 1 {
			t.Fatalf("refused %v: %d look-ups, want 1", refused, len(out))
		}
		found := LocalHits{ID: id, Leaves: []LeafFiles{{1, []protocol.FileRecord{{Index: 3, Name: "blue.ogg"}}}}}
		if out := ops(b.step(found), OpHit); len(out) != want {
			t.Errorf("refused %v: %d hits, want %d", refused, len(out), want)
		}
	}
}

// TestLeafWaitsForLists: so is what is asked for a leaf, as long as others are asked, in
// the lists alone.
func TestLeafWaitsForLists(t *testing.T) {
	b := holder(t, "red")
	b.step(Shared{Table: table("green"), Files: 1})
	b.link(2, RoleLeaf)
	b.supernodes(10, 29)
	h := protocol.Header{ID: b.newID(), Kind: protocol.KindQuery, TTL: 4}
	q := query("blue")
	q.Flags = protocol.FlagMarker | 7
	if out := ops(b.receive(2, h, q), OpSearch); len(out) > 0 {
		t.Fatalf("nobody has it: %+v", out)
	}
	for i, want := range []int{1, 0} {
		out := ops(b.step(LeafWords{Table: table("red", "blue"), Files: 2}), OpSearch)
		if len(out) != want || want == 1 && (out[0].Link != 2 || out[0].ID != h.ID || out[0].Own || out[0].Limit != 7 || !bytes.Equal(out[0].Msg, q.Append(nil))) {
			t.Errorf("time %d: %+v", i, out)
		}
	}
	b.pass(10 * time.Minute)
	b.step(LeafWords{Table: table("red"), Files: 1})
	if out := ops(b.step(LeafWords{Table: table("red", "blue"), Files: 2}), OpSearch); len(out) > 0 {
		t.Errorf("nobody is asked any more: %+v", out)
	}
}

// TestWhereToLook: the node's own files are looked at only where they may have what is
// asked for, by somebody who could get it.
func TestWhereToLook(t *testing.T) {
	b := holder(t, "blue")
	b.n.cfg.Firewalled = true
	b.step(Shared{Table: table("green", "blue"), Files: 1})
	b.link(2, RoleLeaf)
	for text, tt := range map[string]struct {
		flags protocol.QueryFlags
		want  []bool
	}{
		"green":      {0, []bool{true}},
		"blue":       {0, []bool{true}},
		"green blue": {protocol.FlagFirewalled, nil},
		"blue blue":  {protocol.FlagFirewalled, []bool{false}},
	} {
		q := query(text)
		q.Flags = protocol.FlagMarker | tt.flags
		var own []bool
		for _, a := range ops(b.receive(2, protocol.Header{ID: b.newID(), Kind: protocol.KindQuery, TTL: 1}, q), OpSearch) {
			own = append(own, a.Own)
		}
		if !slices.Equal(own, tt.want) {
			t.Errorf("%s: %v, want %v", text, own, tt.want)
		}
	}
}

// TestNoHitsForNobody: of two that cannot be connected to, neither can.
func TestNoHitsForNobody(t *testing.T) {
	b := holder(t, "blue")
	b.ownKind(4, RoleLeaf)
	for _, flags := range []protocol.HitFlags{0, protocol.HitPush} {
		o := protocol.ListOffer{Digest: protocol.ListDigest{5}, Trailer: protocol.QHD{Vendor: VendorCode, Flags: flags}.Append(nil)}
		if a := ops(b.told(4, o.Vendor()), OpListOffer); len(a) != 1 || a[0].Firewalled != (flags != 0) {
			t.Errorf("flags %v: %+v", flags, a)
		}
		b.step(ListAnswered{4, protocol.ListAnswer{Verdict: protocol.ListHeld}})
	}
	b.link(2, RoleLeaf)
	files := []protocol.FileRecord{{Index: 3, Name: "blue.ogg"}}
	for firewalled, want := range map[bool]int{false: 2, true: 1} {
		h := protocol.Header{ID: b.newID(), Kind: protocol.KindQuery, TTL: 1}
		b.receive(2, h, query("blue"))
		if out := b.step(LocalHits{ID: h.ID, Leaves: []LeafFiles{{1, files}, {4, files}}, Firewalled: firewalled}); len(out) != want {
			t.Errorf("firewalled %v: %d hits, want %d", firewalled, len(out), want)
		}
	}
}

// TestMostLeafHits: at the limit all files are told of, past it none.
func TestMostLeafHits(t *testing.T) {
	b := holder(t, "blue")
	b.link(2, RoleLeaf)
	for _, n := range []int{b.n.cfg.MaxHits, b.n.cfg.MaxHits + 1} {
		h := protocol.Header{ID: b.newID(), Kind: protocol.KindQuery, TTL: 1}
		b.receive(2, h, query("blue"))
		files := make([]protocol.FileRecord, n)
		for i := range files {
			files[i] = protocol.FileRecord{Index: uint32(i), Name: "blue.ogg"}
		}
		count := 0
		for _, a := range b.step(LocalHits{ID: h.ID, Files: files[:1], Leaves: []LeafFiles{{1, files[1:]}}}) {
			hit, err := protocol.ParseQueryHit(a.Msg[protocol.HeaderSize:])
			if err != nil {
				t.Fatal(err)
			}
			count += int(hit.Count)
		}
		if count != b.n.cfg.MaxHits {
			t.Errorf("%d files of %d are told of", count, n)
		}
	}
}

// TestListedWords are in the table for other supernodes.
func TestListedWords(t *testing.T) {
	b := holder(t, "blue")
	blue := search.AppendHashes(nil, []byte("blue"))[0]
	if !b.n.offered().Has(blue) {
		t.Error("the word of a list is not told")
	}
	b.step(PeerDown{Link: 1})
	b.step(LeafWords{})
	if b.n.offered().Has(blue) {
		t.Error("the word of a list is told after its leaf has gone")
	}
}

// TestLeafAddr: a leaf cannot have strangers connected to, but a neighbour may have
// an address outside.
func TestLeafAddr(t *testing.T) {
	said := netip.MustParseAddrPort("5.9.1.2:6347")
	for from, want := range map[string]string{
		"5.9.1.2:40000": "5.9.1.2:6347", "5.9.9.9:40000": "5.9.9.9:6347",
		"192.168.1.7:40000": "5.9.1.2:6347", "127.0.0.1:40000": "5.9.1.2:6347", "[2001:db8::1]:40000": "0.0.0.0:6347",
	} {
		l := &link{peer: Peer{Addr: netip.MustParseAddrPort(from)}}
		if got := leafAddr(l, said); got.String() != want {
			t.Errorf("a leaf at %s: %v, want %s", from, got, want)
		}
	}
}

// TestLeafTrailerWithToken keeps what the leaf said.
func TestLeafTrailerWithToken(t *testing.T) {
	q := protocol.QHD{Vendor: VendorCode, Flags: protocol.HitPush | protocol.HitGGEP}
	proxies := []netip.AddrPort{netip.MustParseAddrPort("10.0.0.9:6346")}
	q.Private = protocol.AppendGGEP(nil, protocol.HostItems(protocol.GGEPProxies, proxies)...)
	got, ok := protocol.QueryHit{Trailer: withToken(q.Append(nil), []byte{1, 2, 3, 4})}.QHD()
	token, has := protocol.FindGGEP(got.Ext(), protocol.GGEPToken)
	if !ok || !has || !bytes.Equal(token.Raw, []byte{1, 2, 3, 4}) || got.Flags != q.Flags || !slices.Equal(protocol.Hosts(got.Ext(), protocol.GGEPProxies), proxies) {
		t.Errorf("%+v, token %v", got, token)
	}
}

// TestForgedHit: a leaf answers for itself alone.
func TestForgedHit(t *testing.T) {
	b := newSupernode(t, nil)
	b.leaf(1, "blue")
	b.link(2, RoleLeaf)
	h := protocol.Header{ID: b.newID(), Kind: protocol.KindQuery, TTL: 1}
	b.receive(2, h, query("blue"))
	answer := protocol.Header{ID: h.ID, Kind: protocol.KindQueryHit, TTL: 2}
	if out := b.receive(1, answer, hitOf(protocol.GUID{9}.Marked())); len(out) > 0 {
		t.Errorf("in another's name: %+v", out)
	}
	b.wantDrops(DropForged, 1)
	wantLinks(t, "in its own name", b.receive(1, answer, hitOf(protocol.GUID{1}.Marked())), 2)
	unnamed := peerOf(3, RoleLeaf)
	unnamed.GUID = protocol.GUID{}
	b.step(PeerUp{Link: 3, Peer: unnamed})
	for _, id := range []protocol.GUID{protocol.GUID{1}.Marked(), b.n.cfg.ID} {
		if out := b.receive(3, answer, hitOf(id)); len(out) > 0 {
			t.Errorf("one without a name, in that of %v: %+v", id, out)
		}
	}
	wantLinks(t, "in a name of nobody's", b.receive(3, answer, hitOf(protocol.GUID{8}.Marked())), 2)
}

// TestListGone: the owner hears once, and at once, that a list counts no more, because
// its leaf sends a table or what cannot be read; the link gives none again.
func TestListGone(t *testing.T) {
	bad := protocol.Vendor{Code: [4]byte{'S', 'R', 'V', 'T'}, Selector: 4, Data: []byte{0xff}}
	offer := protocol.ListOffer{Files: 1, Trailer: protocol.QHD{Vendor: VendorCode}.Append(nil)}.Vendor()
	reset := func(b *bench) []Action {
		return b.receive(1, protocol.Header{Kind: protocol.KindQRP, TTL: 1}, raw(table().AppendPatch(nil, nil, 7)[0]))
	}
	part := func(b *bench) []Action { return b.told(1, bad) }
	for what, tt := range map[string]struct {
		said []protocol.ListVerdict // to its offer
		then func(*bench) []Action
	}{
		"a table before an answer": {nil, reset},
		"a table meanwhile":        {[]protocol.ListVerdict{protocol.ListSend}, reset},
		"a table once it is held":  {[]protocol.ListVerdict{protocol.ListHeld}, reset},
		"a part":                   {[]protocol.ListVerdict{protocol.ListSend}, part},
		"a part of a change":       {[]protocol.ListVerdict{protocol.ListHeld, protocol.ListSend}, part},
	} {
		b := newSupernode(t, nil)
		b.ownKind(1, RoleLeaf)
		b.told(1, offer)
		for i, v := range tt.said {
			if i > 0 {
				b.told(1, offer)
			}
			b.step(ListAnswered{1, protocol.ListAnswer{Verdict: v}})
		}
		if gone := ops(tt.then(b), OpListGone); len(gone) != 1 || gone[0].Link != 1 {
			t.Errorf("%s: %+v", what, gone)
		}
		if out := reset(b); len(out) > 0 {
			t.Errorf("%s, and a table again: %+v", what, out)
		}
		if out := b.step(ListAnswered{1, protocol.ListAnswer{Verdict: protocol.ListHeld}}); len(out) > 0 || b.n.byID[1].held() {
			t.Errorf("%s: a late answer: %+v", what, out)
		}
		if out := b.told(1, offer); len(out) > 0 {
			t.Errorf("%s: another offer: %+v", what, out)
		}
	}
}
