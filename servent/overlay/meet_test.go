package overlay

import (
	"net/netip"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/protocol"
)

// lonely returns a supernode for want of others, with this first byte of its GUID.
func lonely(t *testing.T, id byte) *bench {
	b := newAuto(t, func(c *Config) { c.ID = protocol.GUID{id}.Marked() })
	b.pass(time.Millisecond)
	if b.n.Role() != RoleSupernode {
		t.Fatalf("a %s", b.n.Role())
	}
	return b
}

// TestCrossingCalls: of two supernodes for want of others that call each other at the
// same time the one with the higher GUID gives way, and its call is the link that
// stays, in whatever order the handshakes end.
func TestCrossingCalls(t *testing.T) {
	const in, out = 1, 2
	for own, wantRole := range map[byte]Role{3: RoleSupernode, 9: RoleLeaf} {
		for _, ownLast := range []bool{false, true} {
			b := lonely(t, own)
			caller, called := ownPeer(5, RoleSupernode, false), ownPeer(5, RoleSupernode, true)
			if g := b.n.Admit(in, caller).Guide; g != GuideLeaf {
				t.Fatalf("GUID %d: tells who calls %q", own, g.Header())
			}
			called.Guide = GuideLeaf
			yields := b.n.Admit(out, called).Guide == GuideLeaf
			if yields != (wantRole == RoleLeaf) {
				t.Errorf("GUID %d: gives way: %v", own, yields)
			}
			called.Told, caller.Told = RoleSupernode, RoleSupernode
			if yields {
				called.Told = RoleLeaf
			} else { // the other one does
				caller.Role = RoleLeaf
				if v := b.n.Admit(in, caller); v.Code != 200 {
					t.Fatalf("GUID %d: refuses its leaf: %+v", own, v)
				}
			}
			ups := []PeerUp{{Link: out, Peer: called}, {Link: in, Peer: caller}}
			if ownLast {
				ups[0], ups[1] = ups[1], ups[0]
			}
			for _, up := range ups {
				b.step(up)
			}
			links, want := b.n.Links(), LinkID(in)
			if yields {
				want = out
			}
			if b.n.Role() != wantRole || len(links) != 1 || links[0].ID != want {
				t.Errorf("GUID %d, its own call last %v: a %s with %+v", own, ownLast, b.n.Role(), links)
			}
		}
	}
}

// TestCallBack: a leaf that has nobody calls a supernode that it has refused, if that
// was a leaf before; others who call in do not choose for it.
func TestCallBack(t *testing.T) {
	known, other := ownPeer(1, RoleSupernode, false), ownPeer(2, RoleSupernode, false)
	for name, tt := range map[string]struct {
		peer Peer
		want int
	}{"known": {known, 1}, "not known": {other, 0}} {
		b := newAuto(t, nil)
		b.step(Heard{[]netip.AddrPort{known.Listen}})
		b.pass(time.Millisecond)
		b.step(DialFailed{Addr: known.Listen, Code: codeFull, Role: RoleLeaf})
		if v := b.n.Admit(7, tt.peer); v.Code == 200 {
			t.Fatalf("%s: %+v", name, v)
		}
		if dials := ops(b.pass(0), OpDial); len(dials) != tt.want || tt.want > 0 && dials[0].Addr != tt.peer.Listen {
			t.Errorf("%s: dials %+v", name, dials)
		}
	}
}

// dialsOf runs b for d; each dial has the outcome that answer gives. It counts the
// dials by address.
func dialsOf(b *bench, d time.Duration, answer func(netip.AddrPort) Event) map[netip.AddrPort]int {
	count := map[netip.AddrPort]int{}
	acts := b.pass(0)
	for end := b.now.Add(d); b.now.Before(end); acts = append(acts, b.pass(50*time.Millisecond)...) {
		dials := ops(acts, OpDial)
		acts = nil
		for _, a := range dials {
			count[a.Addr]++
			acts = append(acts, b.step(answer(a.Addr))...)
		}
	}
	return count
}

// TestRefusedByItself: a host that this node has refused since it has taken another
// role is called again at once; one that it refuses whatever its role, not sooner than
// one that has refused it.
func TestRefusedByItself(t *testing.T) {
	at := hostAddr(1)
	b := newAuto(t, func(c *Config) { c.Discovery = time.Second })
	b.step(Heard{[]netip.AddrPort{at}})
	if dials := ops(b.pass(time.Millisecond), OpDial); len(dials) != 1 {
		t.Fatalf("dials %+v", dials)
	}
	b.pass(aloneAfter + aloneSpread + time.Second)
	if b.n.Role() != RoleSupernode {
		t.Fatalf("a %s", b.n.Role())
	}
	b.step(DialFailed{Addr: at, Code: codeFull, Own: true})
	if dials := ops(b.pass(0), OpDial); len(dials) != 1 {
		t.Errorf("with another role: dialled %d times", len(dials))
	}
	p := ownPeer(1, RoleSupernode, true)
	p.Addr, p.Told = at, RoleLeaf
	if dials := ops(b.step(PeerUp{Link: 3, Peer: p}), OpDial); len(b.n.Links()) > 0 || len(dials) != 1 {
		t.Errorf("with another role than it had said: %d links, %d dials", len(b.n.Links()), len(dials))
	}
	refuses := func(a netip.AddrPort) Event { return DialFailed{Addr: a, Code: codeFull, Own: true} }
	b.step(refuses(at)) // the call that is out
	if n, most := dialsOf(b, 10*time.Minute, refuses)[at], int(10*time.Minute/refusedRetry)/2; n == 0 || n > most {
		t.Errorf("with the same role: %d calls in ten minutes, one to %d are wanted", n, most)
	}
}

// TestNamedLately: a host that was called a short while ago is not called again for
// that another names it, so that full ones that name each other are not besieged.
func TestNamedLately(t *testing.T) {
	var hosts []netip.AddrPort
	for i := range byte(12) {
		hosts = append(hosts, peerOf(i+1, RoleSupernode).Addr)
	}
	b := newAuto(t, nil)
	b.step(Heard{hosts})
	for at, n := range dialsOf(b, 10*time.Minute, func(a netip.AddrPort) Event {
		return DialFailed{Addr: a, Code: codeFull, Role: RoleSupernode, Try: hosts[:10]}
	}) {
		if most := int(10 * time.Minute / hostRetry); n > most {
			t.Errorf("%s is called %d times in ten minutes, %d at most", at, n, most)
		}
	}
}

// TestCallBeforeSupports: a check's call may be faster than what its link says.
func TestCallBeforeSupports(t *testing.T) {
	b := newSupernode(t, nil)
	b.step(PeerUp{Link: 1, Peer: ownPeer(1, RoleSupernode, false)})
	out := b.step(Called{From: hostAddr(3), Servent: protocol.GUID{1}.Marked(), Nonce: protocol.GUID{7}})
	if told, _ := vendors(t, out, 1, protocol.VendorCalled); len(told) != 1 {
		t.Errorf("the call is told of %d times", len(told))
	}
}
