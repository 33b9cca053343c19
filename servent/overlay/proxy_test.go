package overlay

import (
	"net/netip"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/protocol"
)

// newProxy makes a node that is push proxy of the peer on link 1, and returns its GUID.
func newProxy(t *testing.T, change func(*Config)) (*bench, protocol.GUID) {
	t.Helper()
	b := newUDPBench(t, change)
	b.links(2)
	client := peerOf(1, RoleFlat).GUID
	acks := b.receive(1, head(protocol.KindVendor, client, 1, 0), protocol.NewProxyRequest())
	if links, _ := vendorTo(acks, protocol.VendorProxyAck); len(links) != 1 {
		t.Fatalf("no acknowledgement: %v", acks)
	}
	return b, client
}

// TestProxiedAddr: what a stranger's datagram may have a servent connect to, on either
// network; a meeting needs no address, but no better one either.
func TestProxiedAddr(t *testing.T) {
	meet := protocol.AppendGGEP(nil, protocol.NewGGEP(protocol.GGEPMeet, []byte{1}))
	ext6 := protocol.AppendGGEP(nil, protocol.AddrItem(netip.MustParseAddr("2a00:1450::1"))...)
	loop6 := protocol.AppendGGEP(nil, protocol.AddrItem(netip.MustParseAddr("::1"))...)
	for _, tt := range []struct {
		name, to        string
		ext             []byte
		public, private bool // passed on there
	}{
		{"a public one", "5.9.0.9:1", nil, true, true},
		{"an IPv6 one", "127.0.0.0:1", ext6, true, true},
		{"a private one", "192.168.1.1:80", nil, false, true},
		{"a link-local one", "169.254.1.1:80", nil, false, true},
		{"loopback", "127.0.0.1:22", nil, false, false},
		{"IPv6's loopback", "127.0.0.0:22", loop6, false, false},
		{"all hosts", "224.0.0.1:1", nil, false, false},
		{"broadcast", "255.255.255.255:1", nil, false, false},
		{"none", "0.0.0.0:1", nil, false, false},
		{"no port", "5.9.0.9:0", nil, false, false},
		{"a blocked one", "5.9.0.66:1", nil, false, false},
		{"a meeting, none", "0.0.0.0:0", meet, true, true},
		{"a meeting, a private one", "192.168.1.1:80", meet, false, true},
		{"a meeting, loopback", "127.0.0.1:22", meet, false, false},
	} {
		for _, public := range []bool{true, false} {
			b, client := newProxy(t, func(c *Config) {
				if c.Public = public; public {
					c.Listen = netip.MustParseAddrPort("81.2.69.5:6346")
				}
				c.Blocked = func(a netip.Addr) bool { return a == netip.MustParseAddr("5.9.0.66") }
			})
			from, want := stranger, tt.private
			if public {
				from, want = netip.MustParseAddrPort("5.9.0.1:6346"), tt.public
			}
			push := protocol.Push{Servent: client, Addr: netip.MustParseAddrPort(tt.to), Ext: tt.ext}
			got := sends(b.datagram(from, head(protocol.KindPush, none, 1, 0), push), protocol.KindPush)
			dropped := b.n.Stats().Drops[DropDialBack] == 1
			if (len(got) == 1) != want || dropped == want {
				t.Errorf("%s, public %v: passed on %v, dropped %v", tt.name, public, got, dropped)
			}
		}
	}
}

// TestProxiedRate: of datagrams for one servent so many are passed on, whoever sends
// them; a second later there is room again, and all the time for another.
func TestProxiedRate(t *testing.T) {
	b, client := newProxy(t, func(c *Config) { c.PushRate = Rate{1, 3} })
	second := peerOf(2, RoleFlat).GUID
	b.receive(2, head(protocol.KindVendor, second, 1, 0), protocol.NewProxyRequest())
	passed := func(n int, id protocol.GUID) int {
		return len(sends(b.datagram(hostAddr(n), head(protocol.KindPush, none, 1, 0), protocol.Push{Servent: id, Addr: hostAddr(n)}), protocol.KindPush))
	}
	for n := range 3 {
		if passed(n, client) != 1 {
			t.Errorf("push %d is not passed on", n)
		}
	}
	if passed(3, client) != 0 || b.n.Stats().Drops[DropRate] != 1 {
		t.Error("one past the limit is passed on")
	}
	if passed(4, second) != 1 {
		t.Error("another servent's is not passed on")
	}
	b.pass(time.Second)
	if passed(5, client) != 1 {
		t.Error("a second later it is not passed on")
	}
}

// TestProxyCancel: a client that can be connected to is let go; and we let our push
// proxies go, of which there are new ones when nobody gets through any more.
func TestProxyCancel(t *testing.T) {
	b, client := newProxy(t, nil)
	b.receive(2, head(protocol.KindVendor, client, 1, 0), protocol.NewProxyCancel()) // another's link
	if len(ops(b.step(ProxyPush{Servent: client, Addr: stranger}), OpPushFailed)) != 0 {
		t.Error("somebody else cancels it")
	}
	b.receive(1, head(protocol.KindVendor, none, 1, 0), protocol.NewProxyCancel())
	if len(ops(b.step(ProxyPush{Servent: client, Addr: stranger}), OpPushFailed)) != 1 {
		t.Error("it is a proxy still")
	}

	b = newUDPBench(t, nil)
	b.helper(1, protocol.VendorProxyRequest)
	b.helper(2, protocol.VendorProxyRequest)
	b.n.tcp = reach{state: ReachNo, next: time.Hour}
	if links, _ := vendorTo(b.n.askProxies(nil), protocol.VendorProxyRequest); len(links) != 2 {
		t.Fatalf("asks %v", links)
	}
	b.receive(1, head(protocol.KindVendor, b.n.cfg.ID, 1, 0), protocol.NewProxyAck(peerOf(1, RoleFlat).Addr))
	if len(b.n.Proxies()) != 1 {
		t.Fatal("no proxy")
	}
	out := b.step(ConnectedBack{From: netip.MustParseAddrPort("10.0.1.9:1")})
	if links, _ := vendorTo(out, protocol.VendorProxyCancel); len(links) != 1 || links[0] != 1 || len(b.n.Proxies()) != 0 {
		t.Errorf("tells %v, keeps %v", links, b.n.Proxies())
	}
	if out := b.step(ConnectedBack{From: netip.MustParseAddrPort("10.0.1.9:1")}); len(sends(out, protocol.KindVendor)) > 0 {
		t.Errorf("tells again: %v", out)
	}
	b.receive(1, head(protocol.KindVendor, b.n.cfg.ID, 1, 0), protocol.NewProxyAck(peerOf(1, RoleFlat).Addr))
	b.wantDrops(DropNoRoute, 1) // that came too late
	b.n.tcp = reach{state: ReachNo, next: time.Hour}
	if links, _ := vendorTo(b.n.askProxies(nil), protocol.VendorProxyRequest); len(links) != 2 {
		t.Errorf("firewalled again it asks %v", links)
	}
}
