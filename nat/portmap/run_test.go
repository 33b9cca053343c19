package portmap

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/sirupsen/logrus/hooks/test"
	"go.uber.org/goleak"
)

// start runs a Mapper against a control port and a search port on loopback.
func start(t *testing.T, control, search netip.AddrPort) (*Mapper, func()) {
	log, _ := test.NewNullLogger()
	log.SetLevel(logrus.DebugLevel)
	m, err := New(Config{
		Port: 6346, Log: log, NoMulticast: true,
		Gateway:     func() (netip.Addr, error) { return home, nil },
		ControlPort: control.Port(), SearchPort: search.Port(),
		wait: hurry,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	over := background(func() { _ = m.Run(ctx) })
	return m, func() { cancel(); <-over }
}

// settle waits until both transports are mapped.
func settle(t *testing.T, m *Mapper) State {
	t.Helper()
	late := time.After(3 * time.Second)
	for {
		s := m.State()
		if s.UDP.Protocol != None && s.TCP.Protocol != None {
			return s
		}
		select {
		case <-m.Changes():
		case <-late:
			t.Fatalf("nothing mapped: %+v", s)
		}
	}
}

// deaf answers nothing.
func deaf(*net.UDPConn, netip.AddrPort, []byte) {}

// One router that speaks everything, and each of the three alone.
func TestRunOnLoopback(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	for name, c := range map[string]struct {
		noPMP, noPCP bool
		upnp         bool
		want         []Protocol
	}{
		"all":     {false, false, true, []Protocol{UPnP, NATPMP, PCP}},
		"NAT-PMP": {false, true, false, []Protocol{NATPMP}},
		"PCP":     {true, false, false, []Protocol{PCP}},
		"UPnP":    {true, true, true, []Protocol{UPnP}},
	} {
		t.Run(name, func(t *testing.T) {
			control := &control{noPMP: c.noPMP, noPCP: c.noPCP}
			web := &igdRouter{}
			startIGD(t, web)
			search := web.search
			if !c.upnp {
				search = serveUDP(t, deaf)
			}
			m, end := start(t, startControl(t, control), search)
			s := settle(t, m)
			for _, one := range []Mapping{s.UDP, s.TCP} {
				if !slices.Contains(c.want, one.Protocol) || one.Outside.Port() != 6346 || one.Outside.Addr().As4()[0] != 25 {
					t.Errorf("%+v", one)
				}
			}
			if n := len(control.holds()); n != 2 && s.TCP.Protocol != UPnP && s.UDP.Protocol != UPnP {
				t.Errorf("%d mappings", n)
			}
			end()
			if len(control.holds()) != 0 || web.entries() != "map[]" {
				t.Errorf("left: %v, %s", control.holds(), web.entries())
			}
		})
	}
}
