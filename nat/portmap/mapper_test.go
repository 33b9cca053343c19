package portmap

import (
	"errors"
	"net/netip"
	"testing"
	"time"
)

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
