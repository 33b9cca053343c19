package stun

import (
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/nat"
	"github.com/seed282dab8e/servent/sim/natbox"
)

// lab is a client behind a router, and servers: two of two addresses and ports each,
// and one that is plain.
type lab struct {
	net    *natbox.Net
	box    *natbox.Box // nil: none
	local  netip.AddrPort
	client *Client
	server Server
	other  netip.AddrPort // of the server that has one
	now    time.Duration
	flying []flying
	dead   map[netip.AddrPort]bool
}

type flying struct {
	at       time.Duration
	behind   *natbox.Box
	from, to netip.AddrPort
	msg      []byte
}

var (
	primary = ap("203.0.113.11:3478")
	second  = ap("203.0.113.21:3479")
	plain   = ap("203.0.113.12:6346")
)

func (l *lab) time() time.Time { return begin.Add(l.now) }

func (l *lab) send(from, to netip.AddrPort, msg []byte) {
	l.flying = append(l.flying, flying{l.now + 20*time.Millisecond, nil, from, to, msg})
}

// out has the client's datagrams pass the routers.
func (l *lab) out(to netip.AddrPort, msg []byte) {
	at, seen, ok := l.net.Out(l.now, l.box, l.local, to)
	if ok {
		l.flying = append(l.flying, flying{l.now + 20*time.Millisecond, at, seen, to, msg})
	}
}

// arrive brings a datagram to the client or to a server.
func (l *lab) arrive(f flying) {
	switch f.to.Addr() {
	case primary.Addr(), second.Addr(), plain.Addr():
		if l.dead[f.to] {
			return
		}
		s := &l.server
		if s.Other = l.other; f.to == plain {
			s.Other = netip.AddrPort{}
		}
		if a, ok := s.Answer(l.time(), f.from, f.msg); ok {
			from := f.to
			if a.FromAddress {
				from = netip.AddrPortFrom(second.Addr(), from.Port())
			}
			if a.FromPort {
				from = netip.AddrPortFrom(from.Addr(), second.Port())
			}
			l.send(from, f.from, a.Msg)
		}
	default:
		if inside, fate := l.net.In(l.now, f.behind, f.from, f.to); fate == natbox.Arrived && inside == l.local {
			l.client.Receive(l.time(), f.from, f.msg)
		}
	}
}

func (l *lab) run() {
	for !l.client.Done() && l.now < time.Minute {
		for to, msg, ok := l.client.Next(l.time()); ok; to, msg, ok = l.client.Next(l.time()) {
			l.out(to, msg)
		}
		l.now += time.Millisecond
		for len(l.flying) > 0 && l.flying[0].at <= l.now {
			f := l.flying[0]
			l.flying = l.flying[1:]
			l.arrive(f)
		}
	}
}

func newLab(kind, carrier natbox.Kind, local netip.AddrPort, learned *nat.Classifier, servers ...netip.AddrPort) *lab {
	l := &lab{net: natbox.NewNet(), local: local, other: second, dead: map[netip.AddrPort]bool{}}
	for i, k := range []natbox.Kind{carrier, kind} {
		if k != (natbox.Kind{}) {
			b := natbox.New(k, netip.AddrFrom4([4]byte{203, 0, 113, byte(105 + i)}))
			l.net.Put(b, l.box)
			l.box = b
		}
	}
	l.net.Host(local, l.box)
	for _, s := range []netip.AddrPort{primary, second, plain} {
		for _, port := range []uint16{primary.Port(), second.Port(), plain.Port()} {
			l.net.Host(netip.AddrPortFrom(s.Addr(), port), nil)
		}
	}
	l.client = NewClient(local, servers, ids(), learned)
	return l
}

// TestVerdicts is the table of the laboratory of network namespaces: each site, and
// what a probe found there.
func TestVerdicts(t *testing.T) {
	table, err := os.ReadFile("../testdata/lab/sites.txt")
	if err != nil {
		t.Fatal(err)
	}
	mappings := map[string]nat.Mapping{"none": nat.MappingNone, "EIM": nat.MappingEndpoint, "APDM": nat.MappingPort}
	filters := map[string]nat.Filtering{"EIF": nat.FilteringEndpoint, "ADF": nat.FilteringAddress, "APDF": nat.FilteringPort}
	answers := map[string]nat.Answer{"-": nat.Unknown, "no": nat.No, "yes": nat.Yes}
	sites := 0
	for line := range strings.Lines(string(table)) {
		w := strings.Fields(line)
		kind, carrier, ok := natbox.Named(w[0])
		if w[0] == "#" || w[0] == "site" {
			continue
		}
		sites++
		local := ap("192.168.1.2:6346")
		if kind.Mapping <= nat.MappingNone {
			local = ap("198.51.100.106:6346")
		}
		var learned nat.Classifier
		l := newLab(kind, carrier, local, &learned, plain, primary)
		l.run()
		b := learned.Behaviour(l.time())
		want := nat.Behaviour{Blocked: nat.Yes, Local: b.Local, Outside: b.Outside}
		if w[1] != "blocked" {
			want.Blocked, want.Mapping, want.Filtering = nat.No, mappings[w[1]], filters[w[2]]
			want.Hairpin, want.Preserved = answers[w[3]], answers[w[4]]
		}
		if !ok || b != want {
			t.Errorf("%s: %+v, want %+v", w[0], b, want)
		}
		if !l.client.Done() || l.now > 5*time.Second {
			t.Errorf("%s: done %v after %v", w[0], l.client.Done(), l.now)
		}
	}
	if sites != 12 {
		t.Errorf("%d sites", sites)
	}
}

// TestAddressDependent is a kind that the laboratory has not: the same towards all ports
// of one host.
func TestAddressDependent(t *testing.T) {
	var learned nat.Classifier
	l := newLab(natbox.Kind{Mapping: nat.MappingAddress, Filtering: nat.FilteringPort}, natbox.Kind{}, ap("192.168.1.2:6346"), &learned, plain, primary)
	l.run()
	if b := learned.Behaviour(l.time()); b.Mapping != nat.MappingAddress {
		t.Errorf("%+v", b)
	}
}

// TestOneAddress: with a server that has a second port only, what can be told is told.
func TestOneAddress(t *testing.T) {
	for name, want := range map[string]nat.Filtering{
		"full": nat.FilteringUnknown, "addr": nat.FilteringUnknown, "port": nat.FilteringPort, "sym": nat.FilteringPort,
	} {
		kind, _, _ := natbox.Named(name)
		var learned nat.Classifier
		l := newLab(kind, natbox.Kind{}, ap("192.168.1.2:6346"), &learned, plain, primary)
		l.other = netip.AddrPortFrom(primary.Addr(), second.Port())
		l.server.PortOnly = true
		l.run()
		if got := learned.Behaviour(l.time()).Filtering; got != want || l.server.Elsewhere > 0 {
			t.Errorf("%s: %v, want %v; %d requests refused", name, got, want, l.server.Elsewhere)
		}
	}
}

// TestOneServerDown: that is no router that blocks all.
func TestOneServerDown(t *testing.T) {
	var one nat.Classifier
	l := newLab(natbox.Home(), natbox.Kind{}, ap("192.168.1.2:6346"), &one, plain, primary)
	l.dead[plain] = true
	l.run()
	if b := one.Behaviour(l.time()); b.Blocked != nat.No || b.Mapping != nat.MappingEndpoint {
		t.Errorf("one of two servers is down: %+v", b)
	}
}
