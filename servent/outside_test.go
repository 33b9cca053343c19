package servent_test

import (
	"testing"
	"time"

	"github.com/seed282dab8e/servent/servent"
)

// TestOutside: a leaf asks its supernodes where they see it, and a servent without any
// the servers that the user named. Leaves answer nobody.
func TestOutside(t *testing.T) {
	one := start(t, servent.Config{Role: servent.RoleSupernode})
	two := start(t, servent.Config{Role: servent.RoleSupernode})
	supernodes := []string{one.Addr().String(), two.Addr().String()}
	leaf := start(t, servent.Config{Role: servent.RoleLeaf, Connect: supernodes})
	alone := start(t, servent.Config{StunServers: append(supernodes, "nowhere.invalid:1")})
	refused := start(t, servent.Config{StunServers: []string{leaf.Addr().String()}})
	for name, s := range map[string]*servent.Servent{"leaf": leaf, "alone": alone} {
		want := servent.NATInfo{
			Local: s.Addr().String(), Outside: s.Addr().String(),
			Mapping: "none", Filtering: "unknown", Blocked: "no", Preserved: "yes", Hairpin: "unknown",
		}
		for wait := time.Now().Add(20 * time.Second); s.Status().NAT != want; time.Sleep(10 * time.Millisecond) {
			if time.Now().After(wait) {
				t.Fatalf("%s: %+v, want %+v", name, s.Status().NAT, want)
			}
		}
	}
	if e := one.Status().Edge; e.StunAnswered == 0 || e.UDPForeign > 0 {
		t.Errorf("%+v", e)
	}
	for wait := time.Now().Add(20 * time.Second); leaf.Status().Edge.StunDenied == 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(wait) {
			t.Fatalf("%+v", leaf.Status().Edge)
		}
	}
	if got := refused.Status().NAT; got.Outside != "" {
		t.Errorf("a leaf has answered: %+v", got)
	}
}

// TestOutsideAgain: a supernode that comes after the first has been asked is asked soon,
// since one alone cannot tell what routers do.
func TestOutsideAgain(t *testing.T) {
	one := start(t, servent.Config{Role: servent.RoleSupernode})
	asker := start(t, servent.Config{Connect: []string{one.Addr().String()}})
	answers := func(s *servent.Servent) {
		t.Helper()
		for wait := time.Now().Add(20 * time.Second); s.Status().Edge.StunAnswered == 0; time.Sleep(10 * time.Millisecond) {
			if time.Now().After(wait) {
				t.Fatal("it has not been asked")
			}
		}
	}
	answers(one)
	answers(start(t, servent.Config{Role: servent.RoleSupernode, Connect: []string{asker.Addr().String()}}))
}
