package overlay

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/seed282dab8e/servent/protocol"
)

// wishFor makes link 1 bring a query whose hits shall go to an address, and lets
// the files be found.
func (b *bench) wishFor(n int, to netip.AddrPort, hops uint8, files int) (protocol.GUID, []Action) {
	id := wishID(n).WithAddr(to)
	q := query("blue")
	q.Flags |= protocol.FlagOOB
	q.Ext = protocol.AppendGGEP(nil, protocol.NewGGEP(protocol.GGEPToken, nil))
	b.receive(1, head(protocol.KindQuery, id, 3, hops), q)
	found := make([]protocol.FileRecord, files)
	for i := range found {
		found[i] = protocol.FileRecord{Index: uint32(i + 1), Name: "blue.ogg"}
	}
	return id, b.step(LocalHits{ID: id, Files: found})
}

// wishID leaves room for the address.
func wishID(n int) protocol.GUID { return protocol.GUID{4: byte(n), 5: byte(n >> 8)} }

// newOffering makes a node with a link that shares something blue.
func newOffering(t *testing.T) *bench {
	b := newUDPBench(t, nil)
	b.link(1, RoleFlat)
	b.step(Shared{Table: table("blue"), Files: 1})
	return b
}

// TestHitsOverUDP: a searcher that is far enough proves its address, is told of
// the hits, and gets as many as it wants, each with its token.
func TestHitsOverUDP(t *testing.T) {
	b := newOffering(t)
	if _, out := b.wishFor(1, stranger, oobHops-1, 1); len(sends(out, protocol.KindQueryHit)) != 1 {
		t.Errorf("to a near searcher: %v", out)
	}
	id, out := b.wishFor(2, stranger, oobHops, 40)
	if len(sends(out, protocol.KindQueryHit)) > 0 {
		t.Errorf("over TCP as well: %v", out)
	}
	ready := ops(b.prove(out), OpDatagram)
	if len(ready) != 1 || header(ready[0]).ID != id {
		t.Fatalf("proven: %v", ready)
	}
	v, _ := protocol.ParseVendor(ready[0].Msg[protocol.HeaderSize:])
	if n, err := v.HitsReady(); n != 40 || err != nil || v.Version != 3 {
		t.Fatalf("%d hits are ready, %v, %s", n, err, v.ID())
	}
	vendor := head(protocol.KindVendor, id, 1, 0)
	b.datagram(another, vendor, protocol.NewHitsWanted(40, []byte("t")))
	b.datagram(stranger, head(protocol.KindVendor, none, 1, 0), protocol.NewHitsWanted(40, []byte("t")))
	b.wantDrops(DropUDPUnasked, 2)
	if out := b.datagram(stranger, vendor, protocol.NewHitsWanted(40, nil)); len(out) > 0 {
		t.Errorf("without a token: %v", out)
	}
	b.wantDrops(DropOOBToken, 1)
	files := 0
	for _, a := range ops(b.datagram(stranger, vendor, protocol.NewHitsWanted(33, []byte("tok"))), OpDatagram) {
		h, err := protocol.ParseQueryHit(a.Msg[protocol.HeaderSize:])
		trailer, _ := h.QHD()
		token, _ := protocol.Token(trailer.Ext())
		if err != nil || a.Addr != stranger || string(token) != "tok" || len(a.Msg) > 1400 {
			t.Errorf("a hit of %d bytes to %s with token %q, %v", len(a.Msg), a.Addr, token, err)
		}
		files += int(h.Count)
	}
	if files != 33 {
		t.Errorf("%d files, want 33", files)
	}
	if out := b.datagram(stranger, vendor, protocol.NewHitsWanted(40, []byte("t"))); len(out) > 0 {
		t.Error("the hits are there twice")
	}
}

// TestUnprovenSearcher: who does not answer the Ping gets its hits the way the
// query came, and after three such gets no Ping any more.
func TestUnprovenSearcher(t *testing.T) {
	b := newOffering(t)
	for i := range maxUnheard + 1 {
		_, out := b.wishFor(i, stranger, oobHops, 1)
		kinds, bytes := kindsTo(out, stranger)
		if i == maxUnheard {
			if len(kinds) > 0 || len(sends(out, protocol.KindQueryHit)) != 1 {
				t.Errorf("once more: %v", out)
			}
			break
		}
		if len(kinds) != 1 || bytes != proofPing {
			t.Fatalf("%d: %v of %d bytes", i, kinds, bytes)
		}
		if _, again := b.wishFor(100+i, stranger, oobHops, 1); len(sends(again, protocol.KindQueryHit)) != 1 {
			t.Errorf("%d: asked again at once: %v", i, again)
		}
		if out := b.pass(askAgain); len(sends(out, protocol.KindQueryHit)) != 1 {
			t.Errorf("%d: in the end: %v", i, out)
		}
	}
	b.wantDrops(DropUDPUnproven, maxUnheard+1)
}

// TestOffersAreBounded: only so many hits wait; those that nobody wants go.
func TestOffersAreBounded(t *testing.T) {
	b := newOffering(t)
	for i := range maxOffers {
		_, out := b.wishFor(i, hostAddr(i), oobHops, 1)
		b.prove(out)
	}
	if _, out := b.wishFor(maxOffers, stranger, oobHops, 1); len(sends(out, protocol.KindQueryHit)) != 1 {
		t.Errorf("past the limit: %v", out)
	}
	b.wantDrops(DropUDPHeld, 1)
	if out := b.pass(offerTime); len(sends(out, protocol.KindQueryHit)) > 0 {
		t.Errorf("unwanted hits are sent: %v", out)
	}
	b.wantDrops(DropOOBUnwanted, maxOffers)
	if n := len(b.n.dgrams.offers); n != 0 {
		t.Errorf("%d still wait", n)
	}
	b.n.dgrams.offers = []offer{{size: maxOfferBytes - sizeOf(LocalHits{Files: make([]protocol.FileRecord, 1)}) - len("blue.ogg"), until: b.n.now + offerTime}}
	if _, out := b.wishFor(1000, stranger, oobHops, 1); len(ops(out, OpDatagram)) != 1 {
		t.Errorf("all bytes: %v", out)
	}
	if _, out := b.wishFor(1001, another, oobHops, 1); len(ops(out, OpDatagram)) != 0 {
		t.Errorf("a byte too many: %v", out)
	}
}

// TestWishesAreBounded: the eldest are forgotten, and their hits go over TCP.
func TestWishesAreBounded(t *testing.T) {
	b := newOffering(t)
	q := query("blue")
	q.Flags |= protocol.FlagOOB
	for i := range maxWishes + 1 {
		b.receive(1, head(protocol.KindQuery, wishID(i).WithAddr(hostAddr(i)), 3, oobHops), q)
	}
	if n := len(b.n.dgrams.wishes); n != maxWishes {
		t.Fatalf("%d wishes", n)
	}
	for i, want := range []int{1, 0} {
		out := b.step(LocalHits{ID: wishID(i).WithAddr(hostAddr(i)), Files: make([]protocol.FileRecord, 1)})
		if got := len(sends(out, protocol.KindQueryHit)); got != want {
			t.Errorf("%d: %d hits over TCP, want %d", i, got, want)
		}
	}
}

// TestSearchOverUDP: a node that datagrams reach asks for hits over UDP, answers
// each offer with a token for that address, and takes hits that bring it back.
func TestSearchOverUDP(t *testing.T) {
	b := newUDPBench(t, nil)
	b.link(1, RoleFlat)
	plain := sends(b.step(UserQuery{ID: ended, Text: "red"}), protocol.KindQuery)
	if q, _ := protocol.ParseQuery(plain[0].Msg[protocol.HeaderSize:]); q.Flags.Has(protocol.FlagOOB) || header(plain[0]).ID != ended {
		t.Errorf("asks for hits over UDP before it knows that they come: %v", q)
	}
	b.n.udpIn.passed(b.n.now)
	sent := sends(b.step(UserQuery{ID: ours, Text: "blue"}), protocol.KindQuery)
	wire := header(sent[0]).ID
	q, _ := protocol.ParseQuery(sent[0].Msg[protocol.HeaderSize:])
	if _, ok := protocol.FindGGEP(q.Ext, protocol.GGEPToken); !ok || !q.Flags.Has(protocol.FlagOOB) || wire.Addr() != b.n.Addr() {
		t.Fatalf("%v with the address %v", q, wire.Addr())
	}
	vendor := head(protocol.KindVendor, wire, 1, 0)
	b.datagram(another, head(protocol.KindVendor, none, 1, 0), protocol.NewHitsReady(1, true))
	b.datagram(another, head(protocol.KindVendor, ended, 1, 0), protocol.NewHitsReady(1, true))
	b.wantDrops(DropUDPUnasked, 2)
	out := b.datagram(stranger, vendor, protocol.NewHitsReady(1, true))
	if kinds, bytes := kindsTo(out, stranger); len(kinds) != 1 || bytes > 33 {
		t.Fatalf("answers %v of %d bytes", kinds, bytes)
	}
	wanted := ops(b.prove(out), OpDatagram)
	v, _ := protocol.ParseVendor(wanted[0].Msg[protocol.HeaderSize:])
	n, token, err := v.HitsWanted()
	if n != 1 || len(token) != tokenSize || err != nil {
		t.Fatalf("wants %d with token %x, %v", n, token, err)
	}
	hit := func(from netip.AddrPort, token []byte) []Action {
		h := hitOf(servent)
		h.Trailer = protocol.QHD{Vendor: "STRG", Private: protocol.AppendGGEP(nil, protocol.NewGGEP(protocol.GGEPToken, token))}.Append(nil)
		return ops(b.datagram(from, head(protocol.KindQueryHit, wire, 1, 0), h), OpHit)
	}
	for from, token := range map[netip.AddrPort][]byte{another: token, stranger: token[1:], hostAddr(1): nil} {
		if len(hit(from, token)) > 0 {
			t.Errorf("a hit from %s with token %x is taken", from, token)
		}
	}
	b.wantDrops(DropOOBToken, 3)
	if got := hit(stranger, token); len(got) != 1 || got[0].ID != ours {
		t.Errorf("the right one: %v", got)
	}
	if got := ops(b.receive(1, head(protocol.KindQueryHit, wire, 2, 1), hitOf(servent)), OpHit); len(got) != 1 || got[0].ID != ours {
		t.Errorf("over a link: %v", got)
	}
	b.step(UserQueryEnd{ID: ours})
	if len(hit(stranger, token)) > 0 {
		t.Error("a hit for a search that has ended is taken")
	}
}

// TestQueryStaysSmall: what would make a query too long to be relayed is left out.
func TestQueryStaysSmall(t *testing.T) {
	b := newUDPBench(t, nil)
	b.link(1, RoleFlat)
	b.n.udpIn.passed(b.n.now)
	for _, tt := range []struct {
		text int
		oob  bool
	}{{protocol.MaxRelayedQuery - 3 - 5, true}, {protocol.MaxRelayedQuery - 3 - 4, false}} {
		sent := sends(b.step(UserQuery{ID: numbered(tt.text), Text: strings.Repeat("x", tt.text)}), protocol.KindQuery)
		h := header(sent[0])
		q, _ := protocol.ParseQuery(sent[0].Msg[protocol.HeaderSize:])
		if h.Size > protocol.MaxRelayedQuery || q.Flags.Has(protocol.FlagOOB) != tt.oob || (h.ID == numbered(tt.text)) == tt.oob {
			t.Errorf("text of %d bytes: a query of %d, over UDP: %t", tt.text, h.Size, q.Flags.Has(protocol.FlagOOB))
		}
	}
}
