package portmap

import (
	"context"
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
