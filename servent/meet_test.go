package servent_test

import (
	"bytes"
	"context"
	"os"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/servent"
	"github.com/seed282dab8e/servent/servent/overlay"
)

// TestMeetHalfWay: of two to whom nobody can connect, on different supernodes, one fetches
// from the other. All that passes between them goes over UDP.
func TestMeetHalfWay(t *testing.T) {
	one := start(t, servent.Config{Role: servent.RoleSupernode})
	two := start(t, servent.Config{Role: servent.RoleSupernode, Connect: []string{one.Addr().String()}})
	shut := func(supernode *servent.Servent) servent.Config {
		cfg := servent.Config{Role: servent.RoleLeaf, Connect: []string{supernode.Addr().String()}, Overlay: overlay.Config{Firewalled: true}}
		servent.DialOnly(&cfg, supernode.Addr())
		return cfg
	}
	dir, content, urn := shareFile(t, "blue walrus.ogg", 3<<20)
	shares := start(t, shut(one), dir)
	fetches := start(t, shut(two))
	ready := func() bool {
		return shares.Status().NAT.Outside != "" && fetches.Status().NAT.Outside != ""
	}
	for wait := time.Now().Add(20 * time.Second); !ready(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(wait) {
			t.Fatalf("%+v, %+v", shares.Status().NAT, fetches.Status().NAT)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var source servent.FoundSource
	for source.Addr == "" && ctx.Err() == nil { // the list takes a moment to reach its supernode
		one, enough := context.WithTimeout(ctx, time.Second)
		_ = fetches.Search(one, servent.SearchRequest{Query: "walrus", Limit: 1}, func(r servent.Found) { source = r.Sources[0] })
		enough()
	}
	to := t.TempDir()
	began := time.Now()
	got, err := fetches.Get(ctx, servent.GetRequest{Magnet: urn, Dir: to, Sources: []servent.FoundSource{source}}, func(servent.GetProgress) {})
	if err != nil || !got.Verified {
		t.Fatalf("%+v, %v", got, err)
	}
	t.Logf("fetched in %v", time.Since(began))
	if b, err := os.ReadFile(got.Path); err != nil || !bytes.Equal(b, content) {
		t.Errorf("%d bytes, %v", len(b), err)
	}
	if e := shares.Status().Edge; e.DialBacksFailed == 0 {
		t.Errorf("it was connected over TCP: %+v", e)
	}
}
