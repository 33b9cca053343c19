package overlay

import (
	"net/netip"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/protocol"
)

// TestPushByLinkedProxy: a proxy of our own kind that is linked gets a push over the link,
// and passes it on; another machine's port, and foreign ones, get it over UDP.
func TestPushByLinkedProxy(t *testing.T) {
	for _, tt := range []struct {
		what string
		own  bool
		port uint16
		link int
	}{{"own kind", true, 6346, 1}, {"foreign", false, 6346, 0}, {"another port", true, 6347, 0}} {
		b := newUDPBench(t, nil)
		p := peerOf(1, RoleFlat)
		p.Servent, p.Listen = tt.own, netip.AddrPortFrom(p.Addr.Addr(), 6346)
		b.step(PeerUp{Link: 1, Peer: p})
		out := b.step(UserPush{Servent: servent, Proxies: []netip.AddrPort{netip.AddrPortFrom(p.Addr.Addr(), tt.port)}})
		sent := 0
		for _, a := range ops(out, OpSend) {
			if h := header(a); h.Kind == protocol.KindPush && h.TTL > 1 {
				sent++
			}
		}
		if got := len(ops(out, OpDatagram)); sent != tt.link || got != 1-tt.link {
			t.Errorf("%s: %d over the link, %d over UDP", tt.what, sent, got)
		}
	}
}

// TestPushFromAfar: a private network may have servents far away. Pushes go there and
// come from there, nothing else does where there is no link.
func TestPushFromAfar(t *testing.T) {
	far := netip.MustParseAddrPort("5.9.0.1:6346")
	b := newUDPBench(t, nil)
	b.links(1)
	if out := b.step(UserPush{Servent: servent, Proxies: []netip.AddrPort{far}}); len(ops(out, OpDatagram)) != 1 {
		t.Errorf("no push goes far: %v", out)
	}
	b.datagram(far, protocol.Header{Kind: protocol.KindPush, TTL: 1}, protocol.Push{Servent: servent, Addr: far})
	b.wantDrops(DropUDPStranger, 0)
	b.wantDrops(DropNoRoute, 1)
	b.datagram(far, protocol.Header{Kind: protocol.KindPing, TTL: 1}, nil)
	b.wantDrops(DropUDPStranger, 1)
	if !b.n.MayAsk(far.Addr(), false) || b.n.MayAsk(netip.MustParseAddr("127.0.0.1"), false) {
		t.Error("asks this machine, or nobody far away")
	}
}

// TestWantProxies: who does not know yet whether others can connect asks for push proxies
// where it wants to meet somebody, once, and not when others have come through.
func TestWantProxies(t *testing.T) {
	for _, tt := range []struct {
		what           string
		wants, reached bool
		want           int
	}{{"wants", true, false, 1}, {"does not", false, false, 0}, {"is reached", true, true, 0}} {
		b := newUDPBench(t, nil)
		b.helper(1, protocol.VendorProxyRequest)
		if tt.reached {
			b.step(ConnectedBack{From: netip.MustParseAddrPort("10.0.1.2:1")})
		}
		var acts []Action
		if tt.wants {
			acts = append(b.step(WantProxies{}), b.step(WantProxies{})...)
		}
		acts = append(acts, b.pass(5*time.Second)...)
		if links, _ := vendorTo(acts, protocol.VendorProxyRequest); len(links) != tt.want {
			t.Errorf("%s: asked %d, want %d", tt.what, len(links), tt.want)
		}
	}
}
