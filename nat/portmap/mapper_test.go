package portmap

import (
	"context"
	"errors"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed282dab8e/servent/nat"
)

var home = netip.MustParseAddr("127.0.0.1")

// stub is a router without sockets. Its fields say how it behaves.
type stub struct {
	mu       *sync.Mutex // the stage's
	protocol Protocol
	delay    time.Duration // before it answers a probe
	absent   error         // what a probe returns
	refuses  error         // what add returns
	noUDP    error         // likewise, for UDP alone
	hangs    bool          // remove waits for its context
	slow     bool          // add does
	lease    time.Duration
	outside  netip.Addr
	shift    uint16 // of outside ports
	lost     bool   // until the next add

	probes, adds, removes, checks int
	held                          map[nat.Transport]uint16
}

func (s *stub) probe(ctx context.Context) error {
	s.mu.Lock()
	s.probes++
	delay := s.delay
	s.mu.Unlock()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(delay):
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.absent
	}
}

func (s *stub) add(ctx context.Context, t nat.Transport, wish uint16) (mapping, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.adds++
	if s.slow {
		s.mu.Unlock()
		<-ctx.Done()
		s.mu.Lock()
		return mapping{}, ctx.Err()
	}
	if s.refuses != nil {
		return mapping{}, s.refuses
	}
	if s.noUDP != nil && t == nat.UDP {
		return mapping{}, s.noUDP
	}
	s.lost = false
	s.held[t] = wish + s.shift
	return mapping{s.protocol, t, netip.AddrPortFrom(s.outside, wish+s.shift), s.lease, 0}, nil
}

func (s *stub) check(_ context.Context, m mapping) (mapping, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.checks++
	switch {
	case s.absent != nil:
		return m, s.absent
	case s.lost:
		return m, errLost
	}
	m.outside = netip.AddrPortFrom(s.outside, m.outside.Port())
	return m, nil
}

func (s *stub) remove(ctx context.Context, m mapping) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.removes++
	if s.hangs {
		s.mu.Unlock()
		<-ctx.Done()
		s.mu.Lock()
	}
	delete(s.held, m.transport)
	return nil
}

// stage is a Mapper with three stubs in a bubble. The test holds its lock but while
// it lets time pass.
type stage struct {
	mu sync.Mutex
	*Mapper
	upnp, pmp, pcp *stub
	gateway        netip.Addr
	noGateway      error
	opened, looked int
	end            func()
}

// play runs a Mapper for a test. PCP answers first, UPnP last.
func play(t *testing.T, setUp func(*stage), test func(*stage)) {
	synctest.Test(t, func(t *testing.T) {
		s := &stage{gateway: home}
		stubOf := func(p Protocol, delay time.Duration) *stub {
			return &stub{mu: &s.mu, protocol: p, delay: delay, lease: Lease, outside: netip.MustParseAddr("25.0.0.1"), held: map[nat.Transport]uint16{}}
		}
		s.pcp, s.pmp, s.upnp = stubOf(PCP, time.Millisecond), stubOf(NATPMP, 2*time.Millisecond), stubOf(UPnP, 3*time.Millisecond)
		setUp(s)
		m, err := New(Config{
			Port: 6346,
			Gateway: func() (netip.Addr, error) {
				s.mu.Lock()
				defer s.mu.Unlock()
				s.looked++
				return s.gateway, s.noGateway
			},
			routers: func(place) [protocols]router {
				s.mu.Lock()
				defer s.mu.Unlock()
				s.opened++
				return [protocols]router{UPnP: s.upnp, NATPMP: s.pmp, PCP: s.pcp}
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		s.Mapper = m
		ctx, cancel := context.WithCancel(t.Context())
		ended := background(func() { _ = m.Run(ctx) })
		s.mu.Lock()
		defer s.mu.Unlock()
		s.end = func() {
			s.mu.Unlock()
			defer s.mu.Lock()
			cancel()
			<-ended
		}
		defer s.end()
		s.after(10 * time.Millisecond)
		test(s)
	})
}

// background runs f and returns what is closed when it has ended.
func background(f func()) <-chan struct{} {
	ended := make(chan struct{})
	go func() { defer close(ended); f() }()
	return ended
}

// after lets time pass.
func (s *stage) after(d time.Duration) {
	s.mu.Unlock()
	defer s.mu.Lock()
	time.Sleep(d)
	synctest.Wait()
}

func nothing(*stage) {}

// want compares who has mapped the transports.
func (s *stage) want(t *testing.T, udp, tcp Protocol) {
	t.Helper()
	if st := s.State(); st.UDP.Protocol != udp || st.TCP.Protocol != tcp {
		t.Fatalf("mapped by %v and %v, not %v and %v: %+v", st.UDP.Protocol, st.TCP.Protocol, udp, tcp, st)
	}
}

func TestFirstAnswerIsKept(t *testing.T) {
	play(t, nothing, func(s *stage) {
		s.want(t, PCP, PCP)
		if s.pmp.adds+s.upnp.adds != 0 {
			t.Error("others were asked for the port too")
		}
		m := s.State().TCP
		if m.Outside != netip.MustParseAddrPort("25.0.0.1:6346") || !m.Confirmed || m.DoubleNAT || m.Errors != [protocols]string{} {
			t.Errorf("state %+v", m)
		}
		if left := time.Until(m.Until); left > Lease || left < Lease-time.Second {
			t.Errorf("%v left", left)
		}
		select {
		case <-s.Changes():
		default:
			t.Error("nobody was told")
		}
	})
}

func TestOneThatRefusesIsPassedOver(t *testing.T) {
	play(t, func(s *stage) { s.pcp.refuses, s.pmp.absent = refusal{PCP, 2}, errSilent }, func(s *stage) {
		s.want(t, UPnP, UPnP)
		e := s.State().UDP.Errors
		if e[PCP] != "refused: not authorized" || e[NATPMP] != "no router answered" || e[UPnP] != "" {
			t.Errorf("errors %q", e)
		}
		s.end()
		if s.pcp.removes+s.pmp.removes != 0 {
			t.Error("removed what was never there")
		}
	})
}

func TestWhatIsNotGranted(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*stub)
		want   error
	}{
		"lease of 0":            {func(s *stub) { s.lease = 0 }, errShort},
		"lease below the least": {func(s *stub) { s.lease = minLease - time.Second }, errShort},
		"no outside address":    {func(s *stub) { s.outside = netip.IPv4Unspecified() }, errNoOutside},
		"no address at all":     {func(s *stub) { s.outside = netip.Addr{} }, errNoOutside},
		"outside port 0":        {func(s *stub) { s.shift = 1<<16 - 6346 }, errNoOutside},
	} {
		t.Run(name, func(t *testing.T) {
			play(t, func(s *stage) { c.change(s.pcp) }, func(s *stage) {
				s.want(t, NATPMP, NATPMP)
				if got := s.State().UDP.Errors[PCP]; got != c.want.Error() {
					t.Errorf("error %q", got)
				}
				if len(s.pcp.held) != 0 {
					t.Error("what is of no use was left there")
				}
			})
		})
	}
	play(t, func(s *stage) { s.pcp.lease = minLease }, func(s *stage) { s.want(t, PCP, PCP) })
}

func TestLeaseIsNotBelievedForEver(t *testing.T) {
	for _, granted := range []time.Duration{maxLease, maxLease + time.Second} {
		play(t, func(s *stage) { s.pcp.lease = granted }, func(s *stage) {
			m := s.State().TCP
			if left := time.Until(m.Until); left > maxLease || left < maxLease-time.Second {
				t.Errorf("%v left of %v", left, granted)
			}
		})
	}
}

// Who takes for ever is not waited for, and does not hold up the others.
func TestSlowRouters(t *testing.T) {
	play(t, func(s *stage) {
		s.pcp.refuses, s.pmp.delay, s.upnp.delay = refusal{PCP, 2}, time.Hour, patience-time.Second
	}, func(s *stage) {
		s.after(patience - 2*time.Second)
		s.want(t, None, None)
		s.after(2 * time.Second)
		s.want(t, UPnP, UPnP)
	})
	play(t, func(s *stage) { s.pcp.absent, s.pmp.delay, s.upnp.delay = errSilent, time.Hour, time.Hour }, func(s *stage) {
		s.after(patience)
		if e := s.State().TCP.Errors; e[NATPMP] != "no router answered" || e[UPnP] != "no router answered" {
			t.Errorf("errors %q", e)
		}
	})
}

func TestOtherPortAndDoubleNATAreReported(t *testing.T) {
	play(t, func(s *stage) { s.pcp.shift, s.pcp.outside = 7, netip.MustParseAddr("100.64.3.4") }, func(s *stage) {
		m := s.State().UDP
		if m.Outside.Port() != 6353 || !m.DoubleNAT {
			t.Errorf("state %+v", m)
		}
	})
}

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

func TestRemovedAtTheEnd(t *testing.T) {
	play(t, nothing, func(s *stage) {
		s.end()
		if len(s.pcp.held) != 0 || s.pcp.removes != 2 || s.pmp.removes+s.upnp.removes != 0 {
			t.Errorf("held %v, removed %d", s.pcp.held, s.pcp.removes)
		}
		s.want(t, None, None)
	})
}

func TestTheEndIsBounded(t *testing.T) {
	play(t, func(s *stage) { s.pcp.hangs = true }, func(s *stage) {
		begin := time.Now()
		s.end()
		if d := time.Since(begin); d != farewell || s.pcp.removes != 2 {
			t.Errorf("took %v, asked %d times", d, s.pcp.removes)
		}
	})
}

// Who is cut off while it asks may have a mapping that it does not know of.
func TestWhatMayBeThereIsRemovedToo(t *testing.T) {
	play(t, func(s *stage) { s.pcp.refuses, s.pmp.absent, s.upnp.absent = errSilent, errSilent, errSilent }, func(s *stage) {
		s.end()
		if s.pcp.removes != 2 {
			t.Errorf("%d removed", s.pcp.removes)
		}
	})
}

// That it was cut off is no error of the router.
func TestCutOff(t *testing.T) {
	play(t, func(s *stage) { s.pcp.slow = true }, func(s *stage) {
		s.end()
		if e := s.State().UDP.Errors[PCP]; e != "" || s.pcp.removes != 1 {
			t.Errorf("error %q, %d removed", e, s.pcp.removes)
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

func TestNew(t *testing.T) {
	if _, err := New(Config{}); err == nil {
		t.Error("port 0 is taken")
	}
}

func TestWords(t *testing.T) {
	for err, want := range map[error]string{
		refusal{NATPMP, 2}: "refused: not authorized",
		refusal{PCP, 8}:    "refused: no ports left",
		refusal{UPnP, 718}: "refused: the port belongs to another machine",
		refusal{PCP, 99}:   "refused: code 99",
		refusal{None, 1}:   "refused: code 1",
	} {
		if err.Error() != want {
			t.Errorf("%q, not %q", err, want)
		}
	}
	if errors.Is(refusal{PCP, 2}, refusal{NATPMP, 2}) {
		t.Error("refusals of different protocols are one")
	}
}
