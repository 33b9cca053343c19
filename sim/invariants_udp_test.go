package sim

import (
	"net/netip"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/servent/overlay"
)

// TestUDPWatcherCanFail shows the watcher an answer that is too long, and the same
// to who is proven.
func TestUDPWatcherCanFail(t *testing.T) {
	to := netip.MustParseAddrPort("10.9.9.9:1")
	send := func(c *watcher, kind protocol.Kind, id protocol.GUID, size int) {
		msg := protocol.AppendMessage(nil, protocol.Header{ID: id, Kind: kind, TTL: 1}, rawPayload(make([]byte, size)))
		c.check(0, nil, []overlay.Action{{Op: overlay.OpDatagram, Addr: to, Msg: msg, TTL: 1}})
	}
	come := func(c *watcher, kind protocol.Kind, id protocol.GUID) {
		msg := protocol.AppendMessage(nil, protocol.Header{ID: id, Kind: kind, TTL: 1}, rawPayload(make([]byte, 14)))
		c.check(0, overlay.Datagram{From: to, Msg: msg}, nil)
	}
	c := watched(Config{})
	c.w.Add(NodeConfig{})
	come(c, protocol.KindPing, protocol.GUID{1})
	send(c, protocol.KindPong, protocol.GUID{1}, 14)
	send(c, protocol.KindPing, protocol.GUID{2}, 0)
	come(c, protocol.KindPong, protocol.GUID{2})
	send(c, protocol.KindPong, protocol.GUID{1}, 500)
	if len(c.faults) > 0 {
		t.Fatalf("faults where there are none: %v", c.faults)
	}
	c.w.Run(11 * time.Minute)
	send(c, protocol.KindPong, protocol.GUID{1}, 14)
	if len(c.faults) != 1 {
		t.Errorf("too much is not found: %v", c.faults)
	}
}
