package overlay

import (
	"net/netip"
	"testing"
	"time"
)

// newAuto is a node that chooses its role.
func newAuto(t testing.TB, change func(*Config)) *bench {
	t.Helper()
	return newBench(t, func(c *Config) {
		c.Role, c.ConnectOnly = RoleAuto, false
		if change != nil {
			change(c)
		}
	})
}

// TestAloneBecomesSupernode: at once without anybody to dial, after some seconds
// otherwise, later where a supernode has no room, and never what cannot listen.
func TestAloneBecomesSupernode(t *testing.T) {
	at := peerOf(1, RoleSupernode).Addr
	for _, tt := range []struct {
		name     string
		change   func(*Config)
		before   func(*bench)
		no, then time.Duration // still a leaf, a supernode by then; 0: never
	}{
		{"nobody to dial", nil, func(*bench) {}, -1, time.Millisecond},
		{"a seed that does not answer", func(c *Config) { c.Connect = []netip.AddrPort{at} }, func(*bench) {}, aloneAfter, aloneAfter + aloneSpread},
		{"a host", nil, func(b *bench) { b.step(Heard{[]netip.AddrPort{at}}) }, aloneAfter, aloneAfter + aloneSpread},
		{"refused by a leaf", nil, func(b *bench) {
			b.step(Heard{[]netip.AddrPort{at}})
			b.pass(time.Millisecond) // is dialled
			b.step(DialFailed{Addr: at, Code: codeFull, Role: RoleLeaf})
		}, -1, hopelessSpread + time.Millisecond},
		{"refused by one of two", nil, func(b *bench) {
			b.step(Heard{[]netip.AddrPort{at, peerOf(2, RoleFlat).Addr}})
			b.pass(time.Millisecond)
			b.step(DialFailed{Addr: at, Code: codeFull, Role: RoleLeaf})
		}, aloneAfter - time.Millisecond, aloneAfter + aloneSpread},
		{"no answer", nil, func(b *bench) {
			b.step(Heard{[]netip.AddrPort{at}})
			b.pass(time.Millisecond)
			b.step(DialFailed{Addr: at})
		}, aloneAfter - time.Millisecond, aloneAfter + aloneSpread},
		{"refused by a supernode", nil, func(b *bench) {
			b.step(Heard{[]netip.AddrPort{at}})
			b.step(DialFailed{Addr: at, Code: codeFull, Role: RoleSupernode})
		}, metLately - time.Second, metLately + aloneAfter + aloneSpread},
		{"the owner looks for hosts", func(c *Config) { c.Discovery = time.Second }, func(*bench) {}, time.Second - time.Millisecond, time.Second},
		{"the owner finds one", func(c *Config) { c.Discovery = time.Second }, func(b *bench) { b.step(Heard{[]netip.AddrPort{at}}) }, aloneAfter, time.Second + aloneAfter + aloneSpread},
		{"the public network", func(c *Config) { c.Public = true }, func(*bench) {}, alonePublic, alonePublic + aloneAfter + aloneSpread},
		{"firewalled", func(c *Config) { c.Firewalled = true }, func(*bench) {}, time.Hour, 0},
		{"a leaf by the user's wish", func(c *Config) { c.Role = RoleLeaf }, func(*bench) {}, time.Hour, 0},
	} {
		b := newAuto(t, tt.change)
		tt.before(b)
		if tt.no >= 0 {
			if b.pass(tt.no); b.n.Role() != RoleLeaf {
				t.Errorf("%s: a %s after %v", tt.name, b.n.Role(), tt.no)
			}
		}
		if tt.then == 0 {
			continue
		}
		out := b.pass(tt.then - max(tt.no, 0))
		if told := ops(out, OpRole); b.n.Role() != RoleSupernode || len(told) != 1 || b.n.RoleChanges() != 1 {
			t.Errorf("%s: a %s after %v, told %d times", tt.name, b.n.Role(), tt.then, len(told))
		}
	}
}

// TestLeavesThatWait: who becomes a supernode for want of others calls those at once
// that had refused it as leaves do; not on the public network, where they may be many.
func TestLeavesThatWait(t *testing.T) {
	for public, want := range map[bool]int{false: 1, true: 0} {
		at := netip.MustParseAddrPort("10.1.2.3:6346")
		if public {
			at = netip.MustParseAddrPort("5.1.2.3:6346")
		}
		b := newAuto(t, func(c *Config) { c.Public = public })
		b.step(Heard{[]netip.AddrPort{at}})
		b.pass(time.Millisecond)
		b.step(DialFailed{Addr: at, Code: codeFull, Role: RoleLeaf})
		for range 200 {
			out := b.pass(time.Second)
			if b.n.Role() == RoleSupernode {
				if dials := ops(append(out, b.pass(time.Second)...), OpDial); len(dials) != want {
					t.Errorf("public %v: %d dials, want %d", public, len(dials), want)
				}
				break
			}
			if dials := ops(out, OpDial); !public && len(dials) > 0 {
				t.Errorf("dialled while both are leaves: %+v", dials)
			}
		}
		if b.n.Role() != RoleSupernode {
			t.Errorf("public %v: still a %s", public, b.n.Role())
		}
	}
}

// TestServedStaysLeaf: who has a link is not alone; when it ends, the search begins.
func TestServedStaysLeaf(t *testing.T) {
	b := newAuto(t, nil)
	b.link(1, RoleSupernode)
	if b.pass(time.Minute); b.n.Role() != RoleLeaf {
		t.Fatalf("a %s", b.n.Role())
	}
	b.step(PeerDown{Link: 1})
	if b.pass(aloneAfter + aloneSpread); b.n.Role() != RoleSupernode {
		t.Errorf("a %s, with nobody", b.n.Role())
	}
}

// guideOf answers a supernode that connects, or has been connected to and says g.
func guideOf(b *bench, id byte, outbound bool, g Guide) Guide {
	p := peerOf(id, RoleSupernode)
	p.Outbound, p.Guide = outbound, g
	return b.n.Admit(LinkID(id), p).Guide
}

// TestGuidance: with places a supernode wants others for leaves; one that is alone
// obeys, one with leaves or by the user's wish does not.
func TestGuidance(t *testing.T) {
	full := newSupernode(t, func(c *Config) { c.MaxLeaves = 10 })
	for id := byte(1); id <= 6; id++ {
		if g := guideOf(full, 50+id, false, GuideNone); g != GuideLeaf {
			t.Errorf("%d leaves of 10: says %q", id-1, g.Header())
		}
		full.link(id, RoleLeaf)
	}
	if g := guideOf(full, 60, false, GuideNone); g != GuideUltrapeer {
		t.Errorf("6 leaves of 10: says %q", g.Header())
	}
	if g := guideOf(full, 61, true, GuideLeaf); g != GuideNone {
		t.Error("a supernode by the user's wish obeys")
	}

	alone := newAuto(t, nil)
	alone.pass(time.Second)
	if g := guideOf(alone, 1, true, GuideUltrapeer); g != GuideNone {
		t.Error("it gives way without being asked")
	}
	if g := guideOf(alone, 2, true, GuideLeaf); g != GuideLeaf {
		t.Fatal("it does not give way")
	}
	alone.link(3, RoleSupernode)
	out := alone.link(2, RoleSupernode)
	if codes := byes(out); alone.n.Role() != RoleLeaf || len(codes) != 1 || codes[0] != 203 || len(alone.n.Links()) != 1 {
		t.Errorf("guided: a %s with %d links, Byes %v", alone.n.Role(), len(alone.n.Links()), codes)
	}

	served := newAuto(t, nil)
	served.pass(time.Second)
	if guideOf(served, 1, true, GuideLeaf) != GuideLeaf {
		t.Fatal("it does not give way")
	}
	served.link(5, RoleLeaf) // comes before that handshake ends
	p := peerOf(1, RoleSupernode)
	p.Told = RoleLeaf
	if out := ops(served.step(PeerUp{Link: 1, Peer: p}), OpClose); served.n.Role() != RoleSupernode || len(out) != 1 || out[0].Link != 1 {
		t.Errorf("with a leaf: a %s, closes %+v", served.n.Role(), out)
	}
	if guideOf(served, 2, true, GuideLeaf) != GuideNone {
		t.Error("with a leaf it gives way")
	}
}

// TestRoleInHandshake: what was said in a handshake must still hold when it ends.
func TestRoleInHandshake(t *testing.T) {
	for told, stays := range map[Role]bool{RoleAuto: true, RoleSupernode: true, RoleLeaf: false} {
		b := newSupernode(t, nil)
		p := peerOf(1, RoleSupernode)
		p.Told = told
		if b.step(PeerUp{Link: 1, Peer: p}); len(b.n.Links()) == 1 != stays {
			t.Errorf("told %s: %d links", told, len(b.n.Links()))
		}
	}
	for role, want := range map[Role]string{RoleAuto: "0.1; role=leaf; auto", RoleLeaf: "0.1; role=leaf", RoleFlat: "0.1; role=flat"} {
		h := newBench(t, func(c *Config) { c.Role = role }).n.Hello(netip.Addr{}, netip.AddrPort{})
		if got := h.Get(serventHeader); got != want || ParsePeer(h).Auto != (role == RoleAuto) {
			t.Errorf("%s says %q", role, got)
		}
	}
}

// TestSearchOutlivesRole: what the user looks for goes on in the other role.
func TestSearchOutlivesRole(t *testing.T) {
	b := newAuto(t, nil)
	b.link(1, RoleSupernode)
	id := b.newID()
	b.step(UserQuery{ID: id, Text: "blue"})
	b.step(PeerDown{Link: 1})
	b.pass(aloneAfter + aloneSpread)
	if d := b.n.dynamic(&id); b.n.Role() != RoleSupernode || d == nil || d.from != self {
		t.Errorf("a %s that asks %+v", b.n.Role(), d)
	}
}
