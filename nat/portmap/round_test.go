package portmap

import (
	"context"
	"net/netip"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/nat"
)

func TestRenewedAtHalf(t *testing.T) {
	play(t, func(s *stage) { s.pcp.lease = 10 * time.Minute }, func(s *stage) {
		s.after(5*time.Minute - time.Second)
		if s.pcp.adds != 2 {
			t.Fatalf("%d requests before half of the lease", s.pcp.adds)
		}
		s.after(2 * time.Second)
		if s.pcp.adds != 4 {
			t.Fatalf("%d requests after half of the lease", s.pcp.adds)
		}
		if left := time.Until(s.State().TCP.Until); left < 9*time.Minute {
			t.Errorf("%v left", left)
		}
	})
}

func TestSilentRouterIsKeptUntilTheLeaseEnds(t *testing.T) {
	play(t, nothing, func(s *stage) {
		s.pcp.absent, s.pcp.refuses = errSilent, errSilent
		s.after(Lease - time.Minute)
		s.want(t, PCP, PCP)
		if n := s.pcp.adds; n > 2+2*8 {
			t.Errorf("asked %d times", n)
		}
		s.after(time.Minute + time.Second)
		s.want(t, NATPMP, NATPMP)
	})
}

func TestRefusedRenewalGoesElsewhere(t *testing.T) {
	play(t, nothing, func(s *stage) {
		s.pcp.refuses = refusal{PCP, 8}
		s.after(Lease/2 + time.Second)
		s.want(t, NATPMP, NATPMP)
	})
}

func TestLostMappingIsMadeAnew(t *testing.T) {
	play(t, nothing, func(s *stage) {
		s.pcp.lost = true
		s.after(checkEvery + time.Second)
		s.want(t, PCP, PCP)
		if s.pcp.lost || s.pcp.adds < 3 {
			t.Error("not asked again")
		}
	})
}

func TestNewOutsideAddressIsTold(t *testing.T) {
	play(t, nothing, func(s *stage) {
		<-s.Changes()
		s.pcp.outside = netip.MustParseAddr("25.0.0.9")
		s.after(checkEvery + time.Second)
		if a := s.State().TCP.Outside.Addr(); a != s.pcp.outside {
			t.Errorf("outside is %v", a)
		}
		<-s.Changes()
	})
}

func TestAnotherNetwork(t *testing.T) {
	play(t, nothing, func(s *stage) {
		s.gateway = netip.MustParseAddr("127.0.0.2")
		s.after(lookEvery + time.Second)
		s.want(t, PCP, PCP)
		if s.opened != 2 || s.State().Gateway != s.gateway || s.pcp.adds != 4 || s.pcp.removes != 0 {
			t.Errorf("opened %d, %d asked, %d removed, state %+v", s.opened, s.pcp.adds, s.pcp.removes, s.State())
		}
		s.noGateway = errNoRouter
		s.after(lookEvery + time.Second)
		s.want(t, None, None)
		if st := s.State(); st.UDP.Errors[UPnP] != "no default gateway" || st.Gateway.IsValid() {
			t.Errorf("state %+v", st)
		}
		s.noGateway = nil
		s.after(lookEvery + time.Second)
		s.want(t, PCP, PCP)
	})
}

func TestNoStormWithoutNetwork(t *testing.T) {
	play(t, func(s *stage) { s.noGateway = errNoRouter }, func(s *stage) {
		s.after(time.Hour)
		if want := int(time.Hour/lookEvery) + 1; s.looked > want {
			t.Errorf("looked %d times, not %d", s.looked, want)
		}
	})
}

func TestWhatWasDeniedElsewhereIsForgotten(t *testing.T) {
	play(t, nothing, func(s *stage) {
		s.after(lookEvery - time.Second)
		s.Deny(nat.TCP)
		s.gateway = netip.MustParseAddr("127.0.0.2")
		s.after(5 * denyEvery)
		if s.want(t, PCP, PCP); !s.State().TCP.Confirmed || s.pcp.removes != 0 {
			t.Errorf("state %+v", s.State())
		}
	})
}

// A clock that is set back would have leases end before they are renewed.
func TestClockSetBack(t *testing.T) {
	play(t, nothing, func(s *stage) {
		s.end()
		s.routers, s.slots = [protocols]router{UPnP: s.upnp, NATPMP: s.pmp, PCP: s.pcp}, [transports]slot{}
		one := &s.slots[nat.UDP]
		one.grant(now().Add(time.Hour), mapping{PCP, nat.UDP, netip.MustParseAddrPort("25.0.0.1:6346"), Lease, 0})
		before := s.pcp.adds
		s.pcp.refuses = errSilent
		for range 3 {
			s.mu.Unlock()
			s.keep(context.Background(), one)
			s.mu.Lock()
		}
		if n := s.pcp.adds - before; n != 1 {
			t.Errorf("asked %d times", n)
		}
	})
}

func TestNoStormWhereNothingAnswers(t *testing.T) {
	play(t, func(s *stage) { s.pcp.absent, s.pmp.absent, s.upnp.absent = errSilent, errSilent, errSilent }, func(s *stage) {
		s.after(time.Hour)
		before := s.upnp.probes
		if before > 13 {
			t.Errorf("%d probes in the first hour", before)
		}
		s.after(10 * time.Hour)
		if n := s.upnp.probes - before; n < 59 || n > 61 {
			t.Errorf("%d probes in ten hours, not one in ten minutes", n)
		}
		s.pmp.absent = nil
		s.after(maxRetry + time.Second)
		s.want(t, NATPMP, NATPMP)
	})
}

func TestOneTransportAloneIsNoStormEither(t *testing.T) {
	play(t, func(s *stage) {
		s.pmp.absent, s.upnp.absent = errSilent, errSilent
		s.pcp.noUDP = refusal{PCP, 8}
	}, func(s *stage) {
		s.want(t, None, PCP)
		s.after(10 * time.Hour)
		s.want(t, None, PCP)
		if n := s.upnp.probes; n > 80 {
			t.Errorf("%d probes", n)
		}
	})
}

func TestDenied(t *testing.T) {
	play(t, nothing, func(s *stage) {
		s.Deny(nat.TCP)
		s.after(time.Second)
		if st := s.State(); st.TCP.Confirmed || !st.UDP.Confirmed || st.TCP.Protocol != PCP {
			t.Fatalf("state %+v", st)
		}
		s.after(denyEvery - 2*time.Second)
		s.want(t, PCP, PCP)
		s.after(2 * time.Second)
		s.want(t, PCP, NATPMP)
		st := s.State()
		if !st.TCP.Confirmed || st.TCP.Errors[PCP] != errDenied.Error() || s.pcp.removes != 1 {
			t.Errorf("state %+v", st)
		}
		s.Deny(nat.TCP)
		s.after(2*denyEvery + time.Second)
		s.want(t, PCP, UPnP)
		s.Deny(nat.TCP)
		s.after(4*denyEvery + time.Second)
		s.want(t, PCP, PCP)
		s.Deny(nat.TCP)
		s.after(8*denyEvery + time.Second)
		s.want(t, PCP, NATPMP) // of all three the one denied longest ago
	})
}

func TestDeniedForEverIsNoStorm(t *testing.T) {
	play(t, func(s *stage) { s.pmp.absent, s.upnp.absent = errSilent, errSilent }, func(s *stage) {
		for range 10 * 60 * 60 {
			s.Deny(nat.UDP)
			s.after(time.Second)
		}
		if n := s.pcp.removes; n < 50 || n > 70 {
			t.Errorf("made anew %d times in ten hours", n)
		}
	})
}

func TestDenyOfNothing(t *testing.T) {
	play(t, func(s *stage) { s.pcp.absent, s.pmp.absent, s.upnp.absent = errSilent, errSilent, errSilent }, func(s *stage) {
		s.Deny(nat.UDP)
		s.pcp.absent = nil
		s.after(maxRetry)
		if !s.State().UDP.Confirmed {
			t.Error("a mapping is denied that was not there")
		}
	})
}
