package servent

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/servent/overlay"
	"github.com/seed282dab8e/servent/servent/reach"
)

// air is a UDP socket whose other end is the test.
type air struct {
	in, out chan reach.Message
	ended   chan struct{}
}

func newAir() *air {
	return &air{make(chan reach.Message), make(chan reach.Message, 100), make(chan struct{})}
}

func (a *air) ReadFromUDPAddrPort(b []byte) (int, netip.AddrPort, error) {
	select {
	case m := <-a.in:
		return copy(b, m.Msg), m.From, nil
	case <-a.ended:
		return 0, netip.AddrPort{}, net.ErrClosed
	}
}

func (a *air) WriteToUDPAddrPort(b []byte, to netip.AddrPort) (int, error) {
	select {
	case a.out <- reach.Message{From: to, Msg: slices.Clone(b)}:
	default: // lost
	}
	return len(b), nil
}

func (a *air) Close() error { close(a.ended); return nil }

// TestUDPCacheLadder: who knows nobody asks a host cache over UDP, and dials whom it
// names; it hears of further caches there.
func TestUDPCacheLadder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAir()
		dialed := make(chan netip.AddrPort, 10)
		h := runHostOn(t, Config{
			Network: Gnutella, UDPCaches: []string{"u.test:1000"}, listener: newPipes(), packets: a,
			resolve: func(_ context.Context, host string) ([]netip.Addr, error) {
				if host != "u.test" {
					return nil, errors.New("no such host")
				}
				return []netip.Addr{netip.MustParseAddr("192.168.0.9"), netip.MustParseAddr("5.9.0.1")}, nil
			},
			dial: func(_ context.Context, to netip.AddrPort) (net.Conn, error) {
				dialed <- to
				return nil, errors.New("connection refused")
			},
		})
		asked := <-a.out
		head, err := protocol.ParseHeader(asked.Msg)
		if err != nil || head.Kind != protocol.KindPing || asked.From != netip.MustParseAddrPort("5.9.0.1:1000") {
			t.Fatalf("to %v goes %x", asked.From, asked.Msg)
		}
		if _, ok := protocol.FindGGEP(asked.Msg[protocol.HeaderSize:], protocol.GGEPWish); !ok {
			t.Errorf("the ping asks for no hosts: %x", asked.Msg)
		}
		hosts := []netip.AddrPort{netip.MustParseAddrPort("5.9.0.7:6346"), netip.MustParseAddrPort("10.0.0.7:6346")}
		ext := append(protocol.HostItems(protocol.GGEPHosts, hosts), protocol.NewGGEP(protocol.GGEPCaches, []byte("v.test:7\n")))
		pong := protocol.Pong{Addr: asked.From, Ext: protocol.AppendGGEP(nil, ext...)}
		a.in <- reach.Message{From: asked.From, Msg: protocol.AppendMessage(nil, protocol.Header{ID: head.ID, Kind: protocol.KindPong, TTL: 1}, pong)}
		if got := <-dialed; got != hosts[0] {
			t.Errorf("dials %v", got)
		}
		st := h.Status()
		if r := st.Bootstrap[rungUDP]; r.State != rungOK || r.Asked != 1 || r.Answered != 1 || r.Hosts != 2 {
			t.Errorf("%+v", r)
		}
		if st.Hosts != 1 || st.Datagrams != (DatagramInfo{1, 1}) {
			t.Errorf("%d hosts, %+v", st.Hosts, st.Datagrams)
		}
		time.Sleep(udpCacheEvery) // then the further one is asked too
		if r := h.Status().Bootstrap[rungUDP]; r.Error == "" {
			t.Errorf("v.test, which leads nowhere, was not asked: %+v", r)
		}
		h.stop()
	})
}

// TestConnectBackIsBounded: so many at once, the others are counted.
func TestConnectBackIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		said := make(chan string, 100)
		h := runHost(t, Config{dial: func(context.Context, netip.AddrPort) (net.Conn, error) {
			here, there := net.Pipe()
			go func() {
				time.Sleep(time.Second)
				b, _ := io.ReadAll(there)
				said <- string(b)
			}()
			return here, nil
		}})
		h.call(func(l *loop) {
			for range maxConnectBacks + 1 {
				l.edgeAction(&overlay.Action{Op: overlay.OpConnectBack, Addr: netip.MustParseAddrPort("5.9.0.1:1")})
			}
		})
		for range maxConnectBacks {
			if s := <-said; s != connectBackText {
				t.Errorf("said %q", s)
			}
		}
		synctest.Wait()
		if n := h.Status().Edge.ConnectBacksDropped; n != 1 {
			t.Errorf("%d dropped", n)
		}
		h.call(func(l *loop) {
			if l.callers != 0 {
				t.Errorf("%d still run", l.callers)
			}
		})
		h.stop()
	})
}

// TestHead: a HEAD ping is answered by a look at what is shared.
func TestHead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := runHost(t, Config{})
		got := h.lookUpHead(job{id: protocol.GUID{1}, urn: "urn:sha1:PLSTHIPQGSSZTS5FJUPAKUZWUGYQYPFB"})
		if want := (overlay.LocalHead{ID: protocol.GUID{1}}); !reflect.DeepEqual(got, want) {
			t.Errorf("%+v", got)
		}
		h.stop()
	})
}

// TestPortTakenByUDP: a port whose UDP side is taken is an error that names the
// flag; one that may be chosen is chosen elsewhere.
func TestPortTakenByUDP(t *testing.T) {
	taken, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	if _, err := New(Config{Listen: taken.LocalAddr().String(), ConnectOnly: true}); err == nil {
		t.Error("a taken port is opened")
	} else if text := err.Error(); !strings.Contains(text, "UDP side") || !strings.Contains(text, "--listen") {
		t.Error(text)
	}
	dir := t.TempDir()
	if err := keepPort(dir, taken.LocalAddr().(*net.UDPAddr).Port); err != nil {
		t.Fatal(err)
	}
	s, err := New(Config{DataDir: dir, ConnectOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if int(s.Addr().Port()) == taken.LocalAddr().(*net.UDPAddr).Port {
		t.Error("the taken port")
	}
	if c, err := net.ListenPacket("udp", s.listener.Addr().String()); err == nil {
		_ = c.Close() // it was only looked at
		t.Error("the UDP side is not held")
	}
}
