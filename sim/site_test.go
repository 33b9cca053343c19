package sim

import (
	"strings"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/servent/overlay"
	"github.com/seed282dab8e/servent/sim/natbox"
)

// listener writes down the datagrams that come to it.
type listener struct {
	stranger
	heard []overlay.Datagram
}

func (l *listener) Step(now time.Time, ev overlay.Event, out []overlay.Action) []overlay.Action {
	if d, ok := ev.(overlay.Datagram); ok {
		l.heard = append(l.heard, d)
		return out
	}
	return l.stranger.Step(now, ev, out)
}

// TestRealNodesBehindRouters: they take no inside address for their own, learn the
// outside one from whom they link with, and a site has its router from the first.
func TestRealNodesBehindRouters(t *testing.T) {
	w := New(Config{Role: overlay.RoleFlat})
	quiet := overlay.Config{ConnectOnly: true, UDP: true}
	in, out := w.Add(NodeConfig{Router: natbox.Home(), Overlay: quiet}), w.Add(NodeConfig{Overlay: quiet})
	if err := w.Link(in, out); err != nil {
		t.Fatal(err)
	}
	if got := w.Node(in).Addr().Addr().String(); got != "11.0.0.1" {
		t.Errorf("it takes itself for %s", got)
	}
	if _, err := w.add(NodeConfig{Site: 3}); err == nil || !strings.Contains(err.Error(), "site 3") {
		t.Errorf("a site without a router: %v", err)
	}
	if _, err := w.add(NodeConfig{Router: natbox.Home(), CarrierSite: 3}); err == nil || !strings.Contains(err.Error(), "carrier site 3") {
		t.Errorf("a carrier without a router: %v", err)
	}
}

// TestBehindRouters: nobody connects to a node behind one, who is connected to by it
// sees the router's address, and within a site there is nothing between.
func TestBehindRouters(t *testing.T) {
	w := New(Config{Role: overlay.RoleFlat})
	out := w.Add(NodeConfig{})
	in := w.Add(NodeConfig{Router: natbox.Home(), Site: 7})
	near := w.Add(NodeConfig{Router: natbox.Home(), Site: 7})
	for _, tt := range []struct {
		from, to NodeID
		shut     bool
		sees     string
	}{{out, in, true, "10.0.0.1"}, {in, out, false, "11.0.0.1"}, {in, near, false, "10.0.0.2"}, {near, in, false, "10.0.0.3"}} {
		from, to := w.nodes[tt.from], w.nodes[tt.to]
		if to.shut(from) != tt.shut || from.source(to).String() != tt.sees {
			t.Errorf("%s to %s: shut %v, from %v", w.Name(tt.from), w.Name(tt.to), to.shut(from), from.source(to))
		}
	}
}
