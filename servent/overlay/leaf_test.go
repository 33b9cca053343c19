package overlay

import (
	"testing"

	"github.com/seed282dab8e/servent/protocol"
)

// TestLeafTellsOnlyOfItself: a leaf that heard of hosts from one supernode keeps
// them from another, which closes a leaf whose message has made hops (Bye 414).
func TestLeafTellsOnlyOfItself(t *testing.T) {
	b := newBench(t, func(c *Config) { c.Role, c.ConnectOnly = RoleLeaf, false })
	asked := sends(b.link(1, RoleSupernode), protocol.KindPing)
	b.link(2, RoleSupernode)
	if len(asked) != 1 {
		t.Fatalf("%d pings, want 1", len(asked))
	}
	pong := protocol.Pong{Addr: peerOf(9, RoleSupernode).Addr, KBytes: 8}
	b.receive(1, protocol.Header{ID: header(asked[0]).ID, Kind: protocol.KindPong, TTL: 2, Hops: 1}, pong)
	if len(b.n.pongs.ring) != 1 {
		t.Fatalf("%d pongs cached, want 1", len(b.n.pongs.ring))
	}
	answer := sends(b.receive(2, protocol.Header{Kind: protocol.KindPing, TTL: 4}, nil), protocol.KindPong)
	if len(answer) != 1 || header(answer[0]).Hops != 0 {
		t.Errorf("%d pongs, want its own: %+v", len(answer), answer)
	}
}
