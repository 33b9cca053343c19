package sim

import (
	"net/netip"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/servent/overlay"
	"github.com/seed282dab8e/servent/sim/natbox"
)

// TestNATBox: a node behind a NAT box learns the box's address from a peer, cannot be
// connected to, and gets datagrams only from where it has sent some of late.
func TestNATBox(t *testing.T) {
	l := newLogger(Config{})
	w := l.w
	quiet := overlay.Config{ConnectOnly: true, UDP: true}
	inside, outside := w.Add(NodeConfig{Filtered: true, Overlay: quiet}), w.Add(NodeConfig{Overlay: quiet})
	if a := w.Node(inside).Addr(); !a.Addr().IsUnspecified() || a.Port() != 6346 {
		t.Errorf("it takes itself for %s before anybody has told it", a)
	}
	if err := w.Link(inside, outside); err != nil {
		t.Fatal(err)
	}
	if a := w.Node(inside).Addr(); a != w.Addr(inside) {
		t.Errorf("it takes itself for %s, and is %s", a, w.Addr(inside))
	}
	w.Add(NodeConfig{Overlay: overlay.Config{ConnectOnly: true, Connect: addrsOf(w, inside)}})
	w.Run(20 * time.Second)
	if n := len(w.Node(inside).Links()); n != 1 {
		t.Errorf("%d links, want one, its own", n)
	}
	ping := protocol.AppendMessage(nil, protocol.Header{ID: protocol.GUID{1}, Kind: protocol.KindPing, TTL: 1}, protocol.Ping{})
	gets := func(from netip.AddrPort) bool {
		before, _ := of[overlay.Datagram](l, inside)
		w.SendDatagram(outside, from, w.Addr(inside), ping)
		w.Run(time.Second)
		after, _ := of[overlay.Datagram](l, inside)
		return len(after) > len(before)
	}
	there := netip.MustParseAddrPort("10.7.7.7:7000")
	before := gets(there)
	w.SendDatagram(inside, w.Addr(inside), there, ping)
	soon, elsewhere := gets(there), gets(netip.AddrPortFrom(there.Addr(), 7001))
	w.Run(natbox.Idle)
	if late := gets(there); before || !soon || elsewhere || late {
		t.Errorf("a datagram comes in before one went there: %v, soon after: %v, from another port: %v, a minute later: %v", before, soon, elsewhere, late)
	}
}
