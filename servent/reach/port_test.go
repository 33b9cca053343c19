package reach

import (
	"context"
	"io"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	reuseport "github.com/libp2p/go-reuseport"
	"github.com/seed282dab8e/servent/nat"
	"github.com/seed282dab8e/servent/nat/stun"
)

// listening is a Port at an address of this machine, and the listener that it goes with.
func listening(t *testing.T, at string) (*Port, net.Listener, netip.AddrPort) {
	t.Helper()
	l, err := reuseport.Listen("tcp", at)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	addr := l.Addr().(*net.TCPAddr).AddrPort()
	return NewPort(addr.Port(), func(netip.Addr) netip.Addr { return addr.Addr() }), l, addr
}

// serveSTUN answers binding requests on a listener as a supernode does.
func serveSTUN(t *testing.T, l net.Listener) {
	s, _ := opened(t, "127.0.0.1:0")
	s.Serve(true)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			if b, err := stun.ReadMessage(c); err == nil {
				_, _ = c.Write(s.Answer(c.RemoteAddr().(*net.TCPAddr).AddrPort(), b))
			}
			_ = c.Close()
		}
	}()
}

// TestPortProbe: servers see the port that is listened on, and may be asked again.
func TestPortProbe(t *testing.T) {
	p, _, at := listening(t, "127.0.0.1:0")
	_, l1, one := listening(t, "127.0.0.1:0")
	_, l2, two := listening(t, "127.0.0.2:0")
	serveSTUN(t, l1)
	serveSTUN(t, l2)
	p.Probe(t.Context(), []netip.AddrPort{one, two})
	if b := p.Behaviour(); b.Outside != at || b.Mapping != nat.MappingNone {
		t.Errorf("%+v, want %v", b, at)
	}
	_ = l1.Close()
	_ = l2.Close()
	before, then := p.learned.Latest()
	p.Refresh(t.Context(), time.Hour)
	if after, now := p.learned.Latest(); after != before || now != then {
		t.Error("asked again too soon")
	}
}

// TestPortProbePace: no two servers are asked at the same moment, since routers may give
// each of these connections another port, and look symmetric.
func TestPortProbePace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var begun []time.Time
		p := NewPort(1, func(netip.Addr) netip.Addr {
			mu.Lock()
			defer mu.Unlock()
			begun = append(begun, time.Now())
			return netip.IPv6Loopback() // from which no server can be reached
		})
		servers := make([]netip.AddrPort, stun.MaxServers+1)
		for i := range servers {
			servers[i] = netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, byte(i + 1)}), 1)
		}
		p.Probe(t.Context(), servers)
		if len(begun) != stun.MaxServers {
			t.Fatalf("%d servers were asked", len(begun))
		}
		for i, at := range begun[1:] {
			if pace := at.Sub(begun[i]); pace != askPace {
				t.Errorf("%v after the one before", pace)
			}
		}
	})
}

// TestPortStrangers: servers that answer nonsense, another's transaction or nothing tell
// nothing.
func TestPortStrangers(t *testing.T) {
	for what, answer := range map[string][]byte{
		"nonsense": []byte("HTTP/1.1 200 OK\r\n\r\n   "), "nothing": nil,
		"too long": {1, 1, 0xff, 0xff, 0x21, 0x12, 0xa4, 0x42, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0},
		"another":  stun.NewRequest(stun.ID{1}, 0),
	} {
		p, _, _ := listening(t, "127.0.0.1:0")
		_, l, at := listening(t, "127.0.0.1:0")
		go func() {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = io.ReadFull(c, make([]byte, 20))
			_, _ = c.Write(answer)
			_ = c.Close()
		}()
		p.Probe(t.Context(), []netip.AddrPort{at})
		if b := p.Behaviour(); b.Outside.IsValid() {
			t.Errorf("%s: %+v", what, b)
		}
	}
}

// TestConnect: who is refused tries again, and a connection comes from the port; the
// attempts are bounded.
func TestConnect(t *testing.T) {
	p, _, at := listening(t, "127.0.0.1:0")
	_, gone, to := listening(t, "127.0.0.1:0")
	_ = gone.Close()
	var later atomic.Pointer[net.Listener]
	time.AfterFunc(200*time.Millisecond, func() {
		if l, err := reuseport.Listen("tcp", to.String()); err == nil {
			later.Store(&l)
		}
	})
	var from net.Addr
	p.Connect(t.Context(), []netip.AddrPort{to}, func(c net.Conn) {
		from = c.LocalAddr()
		_ = c.Close()
	})
	if l := later.Load(); l != nil {
		_ = (*l).Close()
	}
	if from == nil || from.String() != at.String() {
		t.Errorf("connected from %v, want %v", from, at)
	}
	began := time.Now()
	_, gone, to = listening(t, "127.0.0.1:0")
	_ = gone.Close()
	p.Connect(t.Context(), []netip.AddrPort{to}, func(net.Conn) { t.Error("connected to nobody") })
	if took := time.Since(began); took < nat.MaxDials*10*time.Millisecond || took > nat.PunchLimit+time.Second {
		t.Errorf("refused for %v", took)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	p.Connect(ctx, []netip.AddrPort{to}, func(net.Conn) { t.Error("connected after the end") })
}

// TestSecure: what a third carries, the two know who it is from; another is refused.
func TestSecure(t *testing.T) {
	one, _, oneID := owned(t, "127.0.0.1:0")
	two, _, twoID := owned(t, "127.0.0.1:0")
	for _, tt := range []struct {
		what string
		ok   bool
	}{{"the peer", true}, {"another", false}} {
		a, b := net.Pipe()
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		said := make(chan error, 1)
		go func() {
			c, err := one.Secure(ctx, a, stun.Asked, twoID)
			if err == nil {
				_, err = c.Write([]byte("GIV"))
			}
			if err != nil {
				_ = a.Close()
			}
			said <- err
		}()
		want := oneID
		if !tt.ok {
			want[3]++
		}
		c, err := two.Secure(ctx, b, stun.Asking, want)
		buf := make([]byte, 3)
		if err == nil {
			_, err = io.ReadFull(c, buf)
		}
		_ = b.Close()
		if (err == nil) != tt.ok || tt.ok && string(buf) != "GIV" {
			t.Errorf("%s: %v, %q", tt.what, err, buf)
		}
		if err := <-said; err != nil && tt.ok {
			t.Error(err)
		}
		cancel()
	}
}
