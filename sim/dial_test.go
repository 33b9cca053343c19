package sim

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/servent/overlay"
)

// TestDialTakesItsTime: two messages for the connection, three for the handshake.
func TestDialTakesItsTime(t *testing.T) {
	l := newLogger(Config{})
	b := l.w.Add(NodeConfig{})
	a := l.w.Add(NodeConfig{Overlay: overlay.Config{Connect: addrsOf(l.w, b), Links: 1}})
	l.w.Run(time.Second)
	ups, at := of[overlay.PeerUp](l, a)
	if len(at) != 1 || at[0].Round(time.Millisecond) != 4*lag || !ups[0].Peer.Outbound || ups[0].Peer.Addr != l.w.Addr(b) {
		t.Errorf("who dials is linked at %v: %+v", at, ups)
	}
	ups, at = of[overlay.PeerUp](l, b)
	if len(at) != 1 || at[0].Round(time.Millisecond) != 5*lag || ups[0].Peer.Outbound {
		t.Fatalf("who was dialled is linked at %v: %+v", at, ups)
	}
	p := ups[0].Peer
	if p.Addr.Addr() != l.w.Addr(a).Addr() || p.Addr.Port() == 6346 || p.Listen != l.w.Addr(a) || p.GUID != l.w.GUID(a) || p.Role != overlay.RoleFlat {
		t.Errorf("peer %+v", p)
	}
	if peer, ok := l.w.Peer(l.w.Node(a).Links()[0].ID); !ok || peer != b {
		t.Errorf("peer of the link is %d, %t", peer, ok)
	}
}

func TestDialsFail(t *testing.T) {
	nobody := netip.MustParseAddrPort("10.9.9.9:6346")
	tests := []struct {
		name string
		make func(w *World) netip.AddrPort
		at   time.Duration
		code int
	}{
		{"nobody there", func(*World) netip.AddrPort { return nobody }, 10 * time.Second, 0},
		{"firewalled", func(w *World) netip.AddrPort { return w.Addr(w.Add(NodeConfig{Firewalled: true})) }, 10 * time.Second, 0},
		{"vanished", func(w *World) netip.AddrPort {
			id := w.Add(NodeConfig{})
			w.Vanish(id)
			return w.Addr(id)
		}, 10 * time.Second, 0},
		{"crashed", func(w *World) netip.AddrPort {
			id := w.Add(NodeConfig{})
			w.Crash(id)
			return w.Addr(id)
		}, 2 * lag, 0},
		{"crashes while it is dialled", func(w *World) netip.AddrPort {
			id := w.Add(NodeConfig{})
			w.After(lag, func() { w.Crash(id) })
			return w.Addr(id)
		}, 4 * lag, 0},
		{"vanishes while it is dialled", func(w *World) netip.AddrPort {
			id := w.Add(NodeConfig{})
			w.After(lag, func() { w.Vanish(id) })
			return w.Addr(id)
		}, 10*time.Second + 3*lag, 0},
		{"crashes within the handshake", func(w *World) netip.AddrPort {
			id := w.Add(NodeConfig{})
			w.After(3*lag+lag/2, func() { w.Crash(id) })
			return w.Addr(id)
		}, 4 * lag, 0},
		{"refuses", func(w *World) netip.AddrPort { // no leaves
			return w.Addr(w.Add(NodeConfig{}))
		}, 4 * lag, 503},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := newLogger(Config{})
			addr := tt.make(l.w)
			cfg := NodeConfig{Overlay: overlay.Config{Connect: []netip.AddrPort{addr}, ConnectOnly: true}}
			if tt.code != 0 {
				cfg.Overlay.Role = overlay.RoleLeaf
			}
			id := l.w.Add(cfg)
			l.w.Run(tt.at + lag)
			got, at := of[overlay.DialFailed](l, id)
			if len(got) < 1 || got[0].Addr != addr || got[0].Code != tt.code || at[0].Round(time.Millisecond) != tt.at {
				t.Errorf("failed %+v at %v, want at %s with code %d", got, at, tt.at, tt.code)
			}
		})
	}
}

// TestPlacesAreGivenBack: whatever becomes of a handshake, the node that was
// dialled does not hold a place for it for ever.
func TestPlacesAreGivenBack(t *testing.T) {
	for name, end := range map[string]func(*World, NodeID){
		"crash": (*World).Crash, "vanish": (*World).Vanish, "leave": (*World).Leave,
	} {
		t.Run(name, func(t *testing.T) {
			w := New(Config{Role: overlay.RoleFlat})
			b := w.Add(NodeConfig{Overlay: overlay.Config{MaxLinks: 1}})
			a := w.Add(NodeConfig{Overlay: overlay.Config{Connect: addrsOf(w, b), ConnectOnly: true}})
			w.After(3*lag+lag/2, func() { end(w, a) }) // b has admitted it
			w.Run(15 * time.Second)
			c := w.Add(NodeConfig{})
			if err := w.Link(c, b); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestLinkSaysWhyNot(t *testing.T) {
	w := New(Config{Role: overlay.RoleFlat})
	a := w.Add(NodeConfig{Name: "a", Overlay: overlay.Config{MaxLinks: 1}})
	b, c := w.Add(NodeConfig{Name: "b"}), w.Add(NodeConfig{Name: "c"})
	if err := w.Link(b, a); err != nil {
		t.Fatal(err)
	}
	w.Crash(c)
	for _, tt := range []struct {
		a, b NodeID
		want string
	}{
		{a, a, "link a to a: 409 Connected to myself"},
		{b, a, "link b to a: not taken: Already connected"},
		{a, c, "link a to c: one of them does not run"},
	} {
		if err := w.Link(tt.a, tt.b); err == nil || err.Error() != tt.want {
			t.Errorf("link %d to %d: %v, want %s", tt.a, tt.b, err, tt.want)
		}
	}
	w.Start(c)
	if err := w.Link(c, a); err == nil || !strings.Contains(err.Error(), "503") {
		t.Errorf("link to a full node: %v", err)
	}
	if err := w.Link(a, c); err == nil || !strings.Contains(err.Error(), "not taken") {
		t.Errorf("link from a full node: %v", err)
	}
	if g := w.Graph(); g.Size() != 1 {
		t.Errorf("%d links after refusals, want 1", g.Size())
	}
}
