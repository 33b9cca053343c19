package sim

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/nat"
	"github.com/seed282dab8e/servent/protocol"
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

// puncher is a node of a World that punches towards another.
type puncher struct {
	*listener
	id    NodeID
	punch *nat.Punch
	seen  netip.AddrPort // by a server
}

func newPuncher(w *World, cfg NodeConfig) *puncher {
	p := &puncher{listener: &listener{stranger: *newStranger(protocol.GUID{byte(w.Len() + 1)}, true)}}
	p.id = w.AddActor(cfg, p.listener)
	return p
}

// ask has a server tell where the puncher is seen.
func (p *puncher) ask(w *World, server *puncher) {
	w.SendDatagram(p.id, w.Addr(p.id), w.Addr(server.id), []byte("who am I"))
	w.Run(time.Second)
	for _, d := range server.heard {
		p.seen = d.From
	}
	server.heard = nil
}

// candidates are what it tells the other.
func (p *puncher) candidates(w *World) []nat.Candidate {
	out := []nat.Candidate{{Transport: nat.UDP, Kind: nat.KindLocal, Addr: w.Addr(p.id)}}
	if p.seen.IsValid() {
		out = append(out, nat.Candidate{Transport: nat.UDP, Kind: nat.KindReflexive, Addr: p.seen})
	}
	return out
}

// turn handles what has come, and sends what is due.
func (p *puncher) turn(w *World) {
	now := epoch.Add(w.Now())
	send := func(to netip.AddrPort, what string) { w.SendDatagram(p.id, w.Addr(p.id), to, []byte(what)) }
	for _, d := range p.heard {
		if string(d.Msg) == "check" {
			send(d.From, "answer")
			p.punch.Checked(now, d.From)
		} else {
			p.punch.Answered(now, d.From)
		}
	}
	p.heard = nil
	for to, ok := p.punch.Next(now); ok; to, ok = p.punch.Next(now) {
		send(to, "check")
	}
}

// punched says whether two nodes get through to each other, and how soon.
func punched(t *testing.T, a, b NodeConfig) (time.Duration, bool) {
	t.Helper()
	w := New(Config{Role: overlay.RoleFlat, Seed: 5, Latency: Constant(20 * time.Millisecond)})
	server, x, y := newPuncher(w, NodeConfig{}), newPuncher(w, a), newPuncher(w, b)
	x.ask(w, server)
	y.ask(w, server)
	began := w.Now()
	for p, peer := range map[*puncher]*puncher{x: y, y: x} {
		p.punch = nat.NewPunch(epoch.Add(began), nat.Rank(nat.UDP, p.candidates(w), peer.candidates(w)))
	}
	for w.Now()-began < nat.PunchLimit+time.Second {
		x.turn(w)
		y.turn(w)
		_, s := x.punch.Result(epoch.Add(w.Now()))
		_, r := y.punch.Result(epoch.Add(w.Now()))
		if s == nat.PunchOpen && r == nat.PunchOpen {
			return w.Now() - began, true
		}
		w.Run(10 * time.Millisecond)
	}
	return 0, false
}

// TestPunchThroughRouters is the table of the laboratory of network namespaces that
// this project has (and of Ford, Srisuresh, Kegel, 2005): two kinds of routers, both
// ways round, and who gets through.
func TestPunchThroughRouters(t *testing.T) {
	kinds := []struct {
		name string
		kind natbox.Kind
	}{
		{"open", natbox.Kind{}},
		{"full", natbox.Kind{Mapping: nat.MappingEndpoint, Filtering: nat.FilteringEndpoint}},
		{"addr", natbox.Kind{Mapping: nat.MappingEndpoint, Filtering: nat.FilteringAddress}},
		{"port", natbox.Kind{Mapping: nat.MappingEndpoint, Filtering: nat.FilteringPort}},
		{"presv", natbox.Kind{Mapping: nat.MappingEndpoint, Filtering: nat.FilteringPort, KeepsPort: true}},
		{"sym", natbox.Kind{Mapping: nat.MappingPort, Filtering: nat.FilteringPort}},
		{"fw", natbox.Kind{Filtering: nat.FilteringPort}},
		{"blocked", natbox.Kind{Mapping: nat.MappingEndpoint, Filtering: nat.FilteringPort, Blocked: true}},
	}
	shut := []string{"port", "presv", "sym", "fw"} // what a symmetric one gets nowhere with
	for _, a := range kinds {
		for _, b := range kinds {
			want := a.name != "blocked" && b.name != "blocked" &&
				!(a.name == "sym" && slices.Contains(shut, b.name)) && !(b.name == "sym" && slices.Contains(shut, a.name))
			took, got := punched(t, NodeConfig{Router: a.kind}, NodeConfig{Router: b.kind})
			if got != want || took > 500*time.Millisecond {
				t.Errorf("%s with %s: %v after %v, want %v", a.name, b.name, got, took, want)
			}
		}
	}
}

// TestPunchWithinASite: by local addresses, whatever the router, and by outside ones
// where it turns packets round.
func TestPunchWithinASite(t *testing.T) {
	for _, tt := range []struct {
		hairpin, want bool
	}{{false, false}, {true, true}} {
		kind := natbox.Kind{Mapping: nat.MappingEndpoint, Filtering: nat.FilteringPort, Hairpin: tt.hairpin}
		if _, ok := punched(t, NodeConfig{Router: kind, Site: 1}, NodeConfig{Router: kind, Site: 1}); !ok {
			t.Errorf("hairpin %v: two behind one router do not reach each other", tt.hairpin)
		}
		w := New(Config{Role: overlay.RoleFlat, Seed: 5})
		server := newPuncher(w, NodeConfig{})
		x, y := newPuncher(w, NodeConfig{Router: kind, Site: 1}), newPuncher(w, NodeConfig{Router: kind, Site: 1})
		x.ask(w, server)
		y.ask(w, server)
		for range 3 {
			w.SendDatagram(x.id, w.Addr(x.id), y.seen, []byte("round"))
			w.SendDatagram(y.id, w.Addr(y.id), x.seen, []byte("round"))
			w.Run(time.Second)
		}
		if got := len(y.heard) > 0; got != tt.want {
			t.Errorf("hairpin %v: by the outside address %v", tt.hairpin, got)
		}
		if len(y.heard) > 0 && y.heard[0].From != x.seen {
			t.Errorf("it comes from %v, not %v", y.heard[0].From, x.seen)
		}
	}
}

// TestRealNodesBehindRouters: they take no inside address for their own, learn the
// outside one from whom they link with, and a site has its router from the first.
func TestRealNodesBehindRouters(t *testing.T) {
	home := natbox.Kind{Mapping: nat.MappingEndpoint, Filtering: nat.FilteringPort}
	w := New(Config{Role: overlay.RoleFlat})
	quiet := overlay.Config{ConnectOnly: true, UDP: true}
	in, out := w.Add(NodeConfig{Router: home, Overlay: quiet}), w.Add(NodeConfig{Overlay: quiet})
	if err := w.Link(in, out); err != nil {
		t.Fatal(err)
	}
	if got := w.Node(in).Addr().Addr().String(); got != "11.0.0.1" {
		t.Errorf("it takes itself for %s", got)
	}
	if _, err := w.add(NodeConfig{Site: 3}); err == nil || !strings.Contains(err.Error(), "site 3") {
		t.Errorf("a site without a router: %v", err)
	}
}

// TestBehindRouters: nobody connects to a node behind one, who is connected to by it
// sees the router's address, and within a site there is nothing between.
func TestBehindRouters(t *testing.T) {
	home := natbox.Kind{Mapping: nat.MappingEndpoint, Filtering: nat.FilteringPort}
	w := New(Config{Role: overlay.RoleFlat})
	out := w.Add(NodeConfig{})
	in := w.Add(NodeConfig{Router: home, Site: 7})
	near := w.Add(NodeConfig{Router: home, Site: 7})
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
