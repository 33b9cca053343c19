package servent_test

import (
	"bytes"
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/servent"
	"github.com/seed282dab8e/servent/servent/overlay"
)

// TestMeetHalfWay: of two to whom nobody can connect, on different supernodes, one fetches
// from the other: over UDP, over TCP, by a relay where neither works, and in vain, with the
// reason, where nobody relays.
func TestMeetHalfWay(t *testing.T) {
	for _, tt := range []struct {
		way      string
		udp, tcp bool
		relay    int64
	}{
		{"udp", true, false, 0},
		{"tcp", false, true, 0},
		{"both", true, true, 10 << 20},
		{"relay", false, false, 10 << 20},
		{"none", false, false, 0},
	} {
		t.Run(tt.way, func(t *testing.T) {
			t.Parallel()
			one := start(t, servent.Config{Role: servent.RoleSupernode, RelayRate: tt.relay})
			two := start(t, servent.Config{Role: servent.RoleSupernode, Connect: []string{one.Addr().String()}})
			shut := func(supernode *servent.Servent) servent.Config {
				cfg := servent.Config{Role: servent.RoleLeaf, Connect: []string{supernode.Addr().String()}, Overlay: overlay.Config{Firewalled: true}}
				servent.DialOnly(&cfg, one.Addr(), two.Addr())
				servent.Seal(&cfg, tt.udp, tt.tcp)
				return cfg
			}
			dir, content, urn := shareFile(t, "blue walrus.ogg", 3<<20)
			shares, fetches := start(t, shut(one), dir), start(t, shut(two))
			source := sourceOf(t, shares, fetches)
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			began := time.Now()
			req := servent.GetRequest{Magnet: urn, Dir: t.TempDir(), Sources: []servent.FoundSource{source}}
			got, err := fetches.Get(ctx, req, func(servent.GetProgress) {})
			relayed := one.Status().Relay.Pairs
			t.Logf("after %v: %v, %d relayed", time.Since(began), err, relayed)
			if tt.way == "none" {
				if err == nil || !strings.Contains(err.Error(), "no supernode of either offers to relay: `servent doctor` tells what to change at ours") || time.Since(began) > 10*time.Second {
					t.Errorf("%v, after %v", err, time.Since(began))
				}
				return
			}
			if err != nil || !got.Verified {
				t.Fatalf("%+v, %v", got, err)
			}
			if b, err := os.ReadFile(got.Path); err != nil || !bytes.Equal(b, content) {
				t.Errorf("%d bytes, %v", len(b), err)
			}
			if (relayed == 1) != (tt.way == "relay") {
				t.Errorf("%d pairs were relayed", relayed)
			}
			if e := shares.Status().Edge; e.DialBacksFailed == 0 {
				t.Errorf("it was connected plainly: %+v", e)
			}
		})
	}
}

// sourceOf waits until both know where they are seen, and one finds the other's file.
func sourceOf(t *testing.T, shares, fetches *servent.Servent) (source servent.FoundSource) {
	t.Helper()
	ready := func() bool {
		return shares.Status().NAT.Outside != "" && fetches.Status().NAT.Outside != ""
	}
	for wait := time.Now().Add(20 * time.Second); !ready(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(wait) {
			t.Fatalf("%+v, %+v", shares.Status().NAT, fetches.Status().NAT)
		}
	}
	for wait := time.Now().Add(20 * time.Second); source.Addr == "" && time.Now().Before(wait); { // the list takes a moment to reach its supernode
		ctx, enough := context.WithTimeout(t.Context(), time.Second)
		_ = fetches.Search(ctx, servent.SearchRequest{Query: "walrus", Limit: 1}, func(r servent.Found) { source = r.Sources[0] })
		enough()
	}
	return source
}
