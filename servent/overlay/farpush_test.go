package overlay

import (
	"net/netip"
	"testing"

	"github.com/seed282dab8e/servent/protocol"
)

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
