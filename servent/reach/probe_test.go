package reach

import (
	"context"
	"errors"
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
