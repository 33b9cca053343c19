package reach

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/nat"
	"github.com/seed282dab8e/servent/nat/stun"
)

// TestProbe: sockets that serve tell one that asks where it is, while messages of
// the overlay come and go on the same ports.
func TestProbe(t *testing.T) {
	var servers []netip.AddrPort
	for range 2 {
		s, at := opened(t, "127.0.0.1:0")
		s.Serve(true)
		servers = append(servers, at)
	}
	asks, at := opened(t, "127.0.0.1:0")
	other, _ := opened(t, "127.0.0.1:0")
	other.Send(at, gnutella(1, []byte("beside")))
	if err := asks.Probe(t.Context(), at, servers); err != nil {
		t.Fatal(err)
	}
	b := asks.Behaviour()
	if b.Blocked != nat.No || b.Outside != at || b.Mapping != nat.MappingNone {
		t.Errorf("%+v", b)
	}
	if m := <-asks.Messages(); string(m.Msg) != string(gnutella(1, []byte("beside"))) {
		t.Errorf("%q", m.Msg)
	}
	if s := asks.Stats(); s.Foreign != 0 || s.Strangers != 0 {
		t.Errorf("%+v", s)
	}
}

// TestProbeSilence: who does not serve says nothing, and a socket that hears nobody is
// taken for blocked, by more than one server.
func TestProbeSilence(t *testing.T) {
	one, a := opened(t, "127.0.0.1:0")
	two, b := opened(t, "127.0.0.1:0")
	asks, at := opened(t, "127.0.0.1:0")
	if err := asks.Probe(t.Context(), at, []netip.AddrPort{a, b}); err != nil {
		t.Fatal(err)
	}
	if got := asks.Behaviour(); got.Blocked != nat.Yes {
		t.Errorf("%+v", got)
	}
	for _, s := range []*Socket{one, two} {
		if got := s.Stats(); got.Denied != 3 || got.Answered != 0 {
			t.Errorf("%+v", got)
		}
	}
}

// TestProbeEnds with who asks and with the socket; there is one at a time.
func TestProbeEnds(t *testing.T) {
	_, silent := opened(t, "127.0.0.1:0")
	asks, at := opened(t, "127.0.0.1:0")
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- asks.Probe(ctx, at, []netip.AddrPort{silent}) }()
	for asks.Stats().Out == 0 {
		time.Sleep(time.Millisecond)
	}
	if err := asks.Probe(t.Context(), at, []netip.AddrPort{silent}); !errors.Is(err, errProbing) {
		t.Errorf("a second one: %v", err)
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestServeLimits: one who asks without end gets no more than a burst, and no more
// bytes than is promised for each.
func TestServeLimits(t *testing.T) {
	serves, to := opened(t, "127.0.0.1:0")
	serves.Serve(true)
	asks, _ := opened(t, "127.0.0.1:0")
	const requests = 3 * stun.AskerBurst
	for i := range requests {
		asks.Send(to, stun.NewRequest(stun.ID{byte(i)}, 0))
	}
	wait := time.Now().Add(10 * time.Second)
	for {
		if s := serves.Stats(); s.Answered+s.Denied == requests {
			if s.Answered < stun.AskerBurst || s.Answered > stun.AskerBurst+4 {
				t.Errorf("%+v", s)
			}
			return
		}
		if time.Now().After(wait) {
			t.Fatalf("%+v", serves.Stats())
		}
		time.Sleep(time.Millisecond)
	}
}

// bound is a UDP socket of a loopback address.
func bound(t *testing.T, at string) *net.UDPConn {
	t.Helper()
	c, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.MustParseAddrPort(at)))
	if err != nil {
		t.Skip("this machine has no ", at)
	}
	t.Cleanup(func() { _ = c.Close() }) // again
	return c
}

// TestServeElsewhere: a server with two addresses, and one with two ports, answer from
// there when asked, as often as one that has none, with no more bytes; and what a client
// finds out by them is right.
func TestServeElsewhere(t *testing.T) {
	for _, two := range []bool{true, false} {
		serves, to := opened(t, "127.0.0.1:0")
		serves.Serve(true)
		port := bound(t, "127.0.0.1:0")
		var address *net.UDPConn
		number := port.LocalAddr().(*net.UDPAddr).AddrPort().Port()
		if two {
			address = bound(t, netip.AddrPortFrom(netip.MustParseAddr("127.0.0.2"), number).String())
		}
		ended := make(chan struct{})
		go func() { serves.ServeElsewhere(port, address); close(ended) }()
		waitFor(t, func() bool { serves.stun.mu.Lock(); defer serves.stun.mu.Unlock(); return serves.stun.port != nil })
		asks, at := opened(t, "127.0.0.1:0")
		if err := asks.Probe(t.Context(), at, []netip.AddrPort{to}); err != nil {
			t.Fatal(err)
		}
		want := nat.FilteringUnknown // the port alone tells only of a router that shuts out all
		if two {
			want = nat.FilteringEndpoint
		}
		if b := asks.Behaviour(); b.Filtering != want || b.Mapping != nat.MappingNone {
			t.Errorf("two addresses %v: %+v", two, b)
		}
		before := serves.Stats()
		client := bound(t, "127.0.0.1:0")
		for range 4 * stun.AskerBurst {
			for _, a := range []netip.AddrPort{to, port.LocalAddr().(*net.UDPAddr).AddrPort()} {
				if _, err := client.WriteToUDPAddrPort(stun.NewRequest(stun.ID{1}, stun.ChangePort), a); err != nil {
					t.Fatal(err)
				}
			}
		}
		waitFor(t, func() bool { s := serves.Stats(); return s.Denied-before.Denied > 4*stun.AskerBurst })
		if n := serves.Stats().Answered; n > stun.AskerBurst+8 {
			t.Errorf("%d answers to one address", n)
		}
		serves.Close()
		<-ended
		if _, err := port.WriteToUDPAddrPort([]byte("x"), to); !errors.Is(err, net.ErrClosed) {
			t.Errorf("left open: %v", err)
		}
	}
}

// TestServeElsewhereEnds with one of its sockets, and then says no more that it has them.
func TestServeElsewhereEnds(t *testing.T) {
	serves, _ := opened(t, "127.0.0.1:0")
	port := bound(t, "127.0.0.1:0")
	ended := make(chan struct{})
	go func() { serves.ServeElsewhere(port, nil); close(ended) }()
	_ = port.Close()
	<-ended
	if o := serves.stun.server.Other; o.IsValid() {
		t.Errorf("it answers from %v still", o)
	}
}
