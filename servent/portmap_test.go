package servent

import (
	"context"
	"encoding/json"
	"net/netip"
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed282dab8e/servent/nat"
	"github.com/seed282dab8e/servent/nat/portmap"
	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/servent/overlay"
)

// fakeMapper forwards what the test says.
type fakeMapper struct {
	changes chan struct{}
	removed chan struct{} // closed when the servent has let it end

	mu     sync.Mutex
	state  portmap.State
	denied []nat.Transport
}

func newFakeMapper() *fakeMapper {
	return &fakeMapper{changes: make(chan struct{}, 1), removed: make(chan struct{})}
}

func (f *fakeMapper) Run(ctx context.Context) error {
	<-ctx.Done()
	time.Sleep(time.Second) // the router takes its time
	close(f.removed)
	return nil
}

func (f *fakeMapper) Changes() <-chan struct{} { return f.changes }

func (f *fakeMapper) State() portmap.State {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.state
}

func (f *fakeMapper) Deny(t nat.Transport) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.denied = append(f.denied, t)
	f.state.TCP.Confirmed = false
	f.changes <- struct{}{}
}

func (f *fakeMapper) set(udp, tcp portmap.Mapping) {
	f.mu.Lock()
	f.state = portmap.State{Gateway: netip.MustParseAddr("10.0.0.254"), Own: netip.MustParseAddr("10.0.0.1"), UDP: udp, TCP: tcp}
	f.mu.Unlock()
	f.changes <- struct{}{}
}

func mappedAt(addr string) portmap.Mapping {
	return portmap.Mapping{Protocol: portmap.UPnP, Outside: netip.MustParseAddrPort(addr), Confirmed: true}
}

// mappedHost runs a servent on the public network whose router is a fake; run ends it
// when done.
func mappedHost(t *testing.T, test func(t *testing.T, h *host, router *fakeMapper)) {
	synctest.Test(t, func(t *testing.T) {
		router := newFakeMapper()
		h := runHost(t, Config{Network: Gnutella, mapper: router, Overlay: overlay.Config{AliveTimeout: time.Hour}})
		test(t, h, router)
		h.stop()
		select {
		case <-router.removed:
		default:
			t.Error("the servent ends before its mappings are removed")
		}
		time.Sleep(time.Minute) // the test's own goroutines see that it is over
	})
}

// TestMappingTold: what a router forwards is told to others and to the user, and when
// others meet this servent half way; what is gone is told no more.
func TestMappingTold(t *testing.T) {
	mappedHost(t, func(t *testing.T, h *host, router *fakeMapper) {
		if p := h.Status().PortMapping; p.TCP.State != "asking" || p.UDP.State != "asking" || p.Router != "" {
			t.Errorf("before the router has answered: %+v", p)
		}
		router.set(mappedAt("81.2.69.5:7002"), mappedAt("81.2.69.5:7001"))
		synctest.Wait()
		st := h.Status()
		want := PortMapping{
			Router: "10.0.0.254", Inside: "10.0.0.1:6346",
			UDP: Forwarding{State: "mapped", Protocol: "UPnP", Outside: "81.2.69.5:7002"},
			TCP: Forwarding{State: "mapped", Protocol: "UPnP", Outside: "81.2.69.5:7001"},
		}
		if !reflect.DeepEqual(st.PortMapping, want) || st.Address != "81.2.69.5:7001" {
			t.Errorf("told %s, %+v", st.Address, st.PortMapping)
		}
		var m protocol.Meet
		h.tellAddrs(t.Context(), &m, nil)
		if len(m.Addrs) == 0 || m.Addrs[0].Kind != uint8(nat.KindMapped) || m.Addrs[0].Addr.String() != "81.2.69.5:7002" {
			t.Errorf("told where to be met: %+v", m.Addrs)
		}
		lost := portmap.Mapping{}
		lost.Errors[portmap.UPnP], lost.Refused[portmap.UPnP] = "refused: not authorized", true
		router.set(lost, lost)
		synctest.Wait()
		st = h.Status()
		f := Forwarding{State: "failed", Errors: []RouterError{{"UPnP", "refused: not authorized", true}}}
		if !reflect.DeepEqual(st.PortMapping.TCP, f) || st.Address != "10.0.0.1:6346" {
			t.Errorf("lost: %s, %+v", st.Address, st.PortMapping)
		}
		if text, err := json.Marshal(f); err != nil || !strings.Contains(string(text), `"errors":[{"protocol":"UPnP","error":"refused: not authorized","refused":true}]`) {
			t.Errorf("%s, %v", text, err)
		}
	})
}

// TestMappingDenied: a router that says yes and forwards nothing is found out by tests,
// told so, and believed no more.
func TestMappingDenied(t *testing.T) {
	mappedHost(t, func(t *testing.T, h *host, router *fakeMapper) {
		router.set(portmap.Mapping{}, mappedAt("81.2.69.5:7001"))
		synctest.Wait()
		h.call(func(l *loop) { l.edgeAction(&overlay.Action{Op: overlay.OpUnmapped, Index: uint32(nat.TCP)}) })
		synctest.Wait()
		if len(router.denied) != 1 || router.denied[0] != nat.TCP {
			t.Errorf("denied %v", router.denied)
		}
		if st := h.Status(); st.PortMapping.TCP.State != "denied" || st.Address != "10.0.0.1:6346" {
			t.Errorf("told %s, %+v", st.Address, st.PortMapping)
		}
	})
}

// TestForwardedElsewhere: what a router forwards to another address of this machine than
// the servent listens on is of no use.
func TestForwardedElsewhere(t *testing.T) {
	st := portmap.State{Own: netip.MustParseAddr("192.168.1.5"), UDP: mappedAt("81.2.69.5:7002")}
	for listen, want := range map[string]string{
		"0.0.0.0:1": "81.2.69.5:7002", "[::]:1": "81.2.69.5:7002", "192.168.1.5:1": "81.2.69.5:7002", "192.168.7.5:1": "invalid AddrPort",
	} {
		s := Servent{addr: netip.MustParseAddrPort(listen)}
		if got := s.forwarded(st, nat.UDP).String(); got != want {
			t.Errorf("on %s: %s, want %s", listen, got, want)
		}
		if got := s.forwarded(st, nat.TCP); got.IsValid() {
			t.Errorf("on %s, not mapped: %s", listen, got)
		}
	}
}

// TestWhoMaps: routers are asked on both networks, on the local one with a peer on the
// internet only, but not by who listens on loopback,
// nor by who links only to peers that the user named, nor against the user's will.
func TestWhoMaps(t *testing.T) {
	far := []netip.AddrPort{netip.MustParseAddrPort("192.168.1.1:6346"), netip.MustParseAddrPort("81.2.69.5:6346")}
	for _, tt := range []struct {
		listen string
		cfg    Config
		want   bool
	}{
		{"0.0.0.0:6346", Config{Network: LAN}, true},
		{"0.0.0.0:6346", Config{Network: LAN, Connect: []string{"near"}}, false},
		{"[::]:6346", Config{Network: Gnutella}, true},
		{"192.168.1.5:6346", Config{}, true},
		{"127.0.0.1:6346", Config{}, false},
		{"[::1]:6346", Config{}, false},
		{"0.0.0.0:6346", Config{ConnectOnly: true}, false},
		{"0.0.0.0:6346", Config{NoPortMapping: true}, false},
		{"10.0.0.1:6346", Config{listener: newPipes()}, false},
	} {
		s := Servent{cfg: tt.cfg, log: discard(), addr: netip.MustParseAddrPort(tt.listen), seeds: far}
		if len(tt.cfg.Connect) > 0 {
			s.seeds = far[:1]
		}
		m, err := s.newMapper()
		if err != nil || (m != nil) != tt.want {
			t.Errorf("%s, %+v: %v, %v", tt.listen, tt.cfg, m, err)
		}
		if why := s.portMapping().Off; (why == "") != (tt.want || tt.cfg.listener != nil) {
			t.Errorf("%s: off for %q", tt.listen, why)
		}
	}
}
