package overlay

import (
	"net/netip"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/protocol"
)

var aURN = protocol.URN{HasSHA1: true}

// fullHead is a HEAD pong with so many of everything.
func fullHead(n int) protocol.HeadPong {
	p := protocol.HeadPong{Partial: true, Downloading: true, Queue: -2}
	for i := range n {
		p.Ranges = append(p.Ranges, protocol.Range{First: uint64(i) << 20, End: uint64(i)<<20 + 1<<18})
		p.Pushes = append(p.Pushes, protocol.FWNodeInfo{Servent: numbered(i), Proxies: []netip.AddrPort{hostAddr(i)}})
		p.Alternates = append(p.Alternates, hostAddr(i))
	}
	return p
}

// headPong is the only one among acts.
func headPong(t *testing.T, acts []Action) (protocol.HeadPong, int) {
	t.Helper()
	got := ops(acts, OpDatagram)
	if len(got) != 1 {
		t.Fatalf("%v", acts)
	}
	v, _ := protocol.ParseVendor(got[0].Msg[protocol.HeaderSize:])
	p, err := v.HeadPong()
	if err != nil {
		t.Fatal(err)
	}
	return p, len(got[0].Msg)
}

// TestHeadPongIsBounded: who has not proven its address gets an answer that is no longer
// than the question, with the first of what it asked for; who has, a longer one.
func TestHeadPongIsBounded(t *testing.T) {
	b := newUDPBench(t, nil)
	ask := func(i int) (asked int, acts []Action) {
		ping := protocol.NewHeadPing(aURN, protocol.HeadRanges|protocol.HeadAlternates|protocol.HeadPushes)
		h := head(protocol.KindVendor, numbered(i), 1, 0)
		look := ops(b.datagram(stranger, h, ping), OpHead)
		if len(look) != 1 || look[0].Addr != stranger || protocol.HeadParts(look[0].Index) != 7 {
			t.Fatalf("%v", look)
		}
		return len(b.message(h, ping)), b.step(LocalHead{ID: numbered(i), Pong: fullHead(40)})
	}
	asked, acts := ask(1)
	p, size := headPong(t, acts)
	if size > asked || size < asked-6 || len(p.Ranges) == 0 || len(p.Alternates) == 0 || !p.Partial || !p.Downloading || p.Queue != -2 {
		t.Errorf("%d bytes for %d: %+v", size, asked, p)
	}
	b.prove(b.ping(stranger, 23, protocol.NewGGEP(protocol.GGEPWish, []byte{1})))
	_, acts = ask(2)
	if p, size = headPong(t, acts); size > maxHeadPong || len(p.Ranges) < 20 || len(p.Alternates) < 20 {
		t.Errorf("%d bytes once it is proven: %d ranges, %d alternates", size, len(p.Ranges), len(p.Alternates))
	}
	if st := b.n.Stats(); st.HeadsIn != 2 {
		t.Errorf("%d HEAD pings counted", st.HeadsIn)
	}
}

// TestUserHead: the answer of whom we asked is reported once, and no other; a Pong does not
// stand for one, nor a HEAD pong for a Pong.
func TestUserHead(t *testing.T) {
	b := newUDPBench(t, nil)
	pong := protocol.NewHeadPong(fullHead(2), 500)
	answer := func(from netip.AddrPort, id int, p protocol.Payload) []Action {
		kind := protocol.KindVendor
		if _, ok := p.(protocol.Pong); ok {
			kind = protocol.KindPong
		}
		return b.datagram(from, head(kind, numbered(id), 1, 0), p)
	}
	sent := ops(b.step(UserHead{ID: numbered(1), Addr: stranger, URN: aURN}), OpDatagram)
	if len(sent) != 1 || sent[0].Addr != stranger {
		t.Fatalf("%v", sent)
	}
	v, _ := protocol.ParseVendor(sent[0].Msg[protocol.HeaderSize:])
	if u, want, err := v.HeadPing(); u != aURN || want&protocol.HeadAlternates == 0 || err != nil {
		t.Errorf("it asks for %v, %v (%v)", u, want, err)
	}
	bad := []([]Action){
		answer(another, 1, pong), answer(stranger, 2, pong),
		answer(stranger, 1, protocol.Vendor{Code: pong.Code, Selector: pong.Selector, Version: 1, Data: []byte{0, 1}}),
	}
	for i, acts := range bad {
		if len(acts) > 0 {
			t.Errorf("%d: %v", i, acts)
		}
	}
	got := answer(stranger, 1, pong)
	if len(got) != 1 || got[0].Op != OpHeadPong || got[0].ID != numbered(1) || string(got[0].Msg) != string(pong.Data) {
		t.Fatalf("%v", got)
	}
	if again := answer(stranger, 1, pong); len(again) > 0 {
		t.Errorf("again: %v", again)
	}
	b.wantDrops(DropUDPUnasked, 3)
	b.wantDrops(DropMalformed, 1)

	b.step(UserHead{ID: numbered(3), Addr: another, URN: aURN})
	if answer(another, 3, protocol.Pong{Addr: another}); b.n.proven(another) {
		t.Error("a Pong to a HEAD ping proves an address")
	}
	b.step(UserHead{ID: numbered(4), Addr: another, URN: aURN})
	b.now = b.now.Add(replyTimeout)
	if late := answer(another, 4, pong); len(late) > 0 {
		t.Errorf("late: %v", late)
	}
}

// TestUserHeadDenied: what may not go there, or is one too many, is told at once.
func TestUserHeadDenied(t *testing.T) {
	b := newUDPBench(t, nil)
	ask := func(a netip.AddrPort) bool {
		acts := b.step(UserHead{ID: numbered(9), Addr: a, URN: aURN})
		denied := len(acts) == 1 && acts[0].Op == OpHeadPong && acts[0].ID == numbered(9) && acts[0].Msg == nil
		if !denied && len(ops(acts, OpDatagram)) != 1 {
			t.Fatalf("%v", acts)
		}
		return !denied
	}
	for _, a := range []string{"8.8.8.8:6346", "0.0.0.1:6346", "224.0.0.1:6346", "10.7.0.1:0"} {
		if ask(netip.MustParseAddrPort(a)) {
			t.Errorf("%s is asked", a)
		}
	}
	n := 0
	for n < 100 && ask(hostAddr(n)) {
		n++
	}
	if n != int(rateHeads.Burst) {
		t.Errorf("%d at once", n)
	}
	b.now = b.now.Add(time.Second)
	if !ask(stranger) {
		t.Error("a second later it is too much still")
	}
	if st := b.n.Stats(); st.HeadsOut != uint64(n+1) || st.HeadsDenied != 5 {
		t.Errorf("%d out, %d denied", st.HeadsOut, st.HeadsDenied)
	}
	told := newToldBench(t)
	if acts := told.step(UserHead{ID: numbered(1), Addr: stranger, URN: aURN}); len(acts) != 1 || acts[0].Op != OpHeadPong {
		t.Errorf("with connect-only: %v", acts)
	}
}
