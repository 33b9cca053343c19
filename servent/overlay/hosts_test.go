package overlay

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/protocol"
)

func hostAddr(n int) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 1, byte(n >> 8), byte(n)}), 6346)
}

func hostCacheOf(n, most int) (*hostCache, *rand.Rand) {
	c, r := &hostCache{max: most}, rand.New(rand.NewPCG(5, 6))
	for i := range n {
		c.add(r, hostAddr(i), true, 0)
	}
	return c, r
}

func any(netip.AddrPort) bool { return true }

func TestHostCacheLimit(t *testing.T) {
	c, r := hostCacheOf(10, 10)
	if len(c.list) != 10 {
		t.Fatalf("%d hosts", len(c.list))
	}
	c.add(r, hostAddr(3), true, 0) // is there
	for i := range 10 {
		if c.find(hostAddr(i)) < 0 {
			t.Errorf("host %d is not there", i)
		}
	}
	c.add(r, hostAddr(99), true, 0) // one past the limit
	if len(c.list) != 10 || c.find(hostAddr(99)) < 0 {
		t.Errorf("%d hosts; the newest there: %t", len(c.list), c.find(hostAddr(99)) >= 0)
	}
}

// TestHostCachePlaces: one machine has few places, but for loopback; hosts that
// were linked once stay, whoever comes.
func TestHostCachePlaces(t *testing.T) {
	port := func(ip string, n int) netip.AddrPort {
		return netip.AddrPortFrom(netip.MustParseAddr(ip), uint16(n+1))
	}
	c, r := hostCacheOf(0, 100)
	for n := range 2000 {
		c.add(r, port("10.9.9.9", n), true, 0)
	}
	if len(c.list) != maxPerIP || c.find(port("10.9.9.9", 0)) < 0 {
		t.Errorf("one machine has %d places", len(c.list))
	}
	for range maxHostFails {
		c.bad(port("10.9.9.9", 1), 0, hostRetry)
	}
	c.add(r, port("10.9.9.9", 77), true, 0) // in its place
	if len(c.list) != maxPerIP || c.find(port("10.9.9.9", 77)) < 0 || c.find(port("10.9.9.9", 1)) >= 0 {
		t.Errorf("a place that fails is not given away: %v", c.list)
	}
	for n := range 50 {
		c.add(r, port("127.0.0.1", n), true, 0)
	}
	if len(c.list) != maxPerIP+50 {
		t.Errorf("%d hosts with 50 on loopback", len(c.list))
	}

	c, r = hostCacheOf(10, 10)
	for n := range 5 {
		c.good(hostAddr(n), 0)
	}
	for n := range 1000 {
		c.add(r, hostAddr(100+n), true, 0)
	}
	for n := range 5 {
		if c.find(hostAddr(n)) < 0 {
			t.Errorf("host %d, once linked, is gone", n)
		}
	}
	for i := range c.list {
		c.list[i].linked = true
	}
	if c.add(r, hostAddr(7777), true, 0); len(c.list) != 10 || c.find(hostAddr(7777)) >= 0 {
		t.Error("a newcomer takes the place of one that was linked")
	}
}

func TestHostCachePick(t *testing.T) {
	c, r := hostCacheOf(5, 10)
	const now = time.Hour
	for i := range 5 {
		a, _ := c.pick(r, now, any)
		if !a.IsValid() {
			t.Fatalf("pick %d: none", i)
		}
		c.tried(a, now)
	}
	if a, wait := c.pick(r, now, any); a.IsValid() || wait != now+hostRetry {
		t.Errorf("all tried: %v, wait until %s", a, wait)
	}
	if a, _ := c.pick(r, now+hostRetry-1, any); a.IsValid() {
		t.Errorf("%v is picked before its time", a)
	}
	if a, _ := c.pick(r, now+hostRetry, any); !a.IsValid() {
		t.Error("none is picked in time")
	}
	none := func(netip.AddrPort) bool { return false }
	if a, wait := c.pick(r, 2*now, none); a.IsValid() || wait != 0 {
		t.Errorf("none usable: %v, %s", a, wait)
	}
	var empty hostCache
	if a, wait := empty.pick(r, now, any); a.IsValid() || wait != 0 || empty.some(r, 3) != nil {
		t.Errorf("empty cache: %v, %s", a, wait)
	}
}

// TestHostCacheForgets: a host that fails three times in a row is forgotten,
// unless there are few; a success begins the count anew.
func TestHostCacheForgets(t *testing.T) {
	c, _ := hostCacheOf(fewHosts+1, 100)
	a := hostAddr(0)
	fail := func(times int) {
		for range times {
			c.tried(a, 0)
			c.bad(a, 0, hostRetry)
		}
	}
	fail(maxHostFails - 1)
	c.good(a, 0)
	fail(maxHostFails - 1)
	if c.find(a) < 0 {
		t.Fatal("forgotten too early")
	}
	fail(1)
	if c.find(a) >= 0 || len(c.list) != fewHosts {
		t.Fatalf("not forgotten; %d hosts", len(c.list))
	}
	a = hostAddr(1)
	fail(300)
	if c.find(a) < 0 {
		t.Error("one of the last few is forgotten")
	}
	if next := c.list[c.find(a)].next; next != hostRetry*maxHostFails {
		t.Errorf("it is tried again after %s", next)
	}
	c.bad(hostAddr(77), 0, hostRetry) // unknown: nothing happens
}

func TestHostCacheSome(t *testing.T) {
	c, r := hostCacheOf(5, 10)
	for k, want := range map[int]int{0: 0, 3: 3, 5: 5, 9: 5} {
		got := c.some(r, k)
		slices.SortFunc(got, netip.AddrPort.Compare)
		if len(slices.Compact(got)) != want {
			t.Errorf("some(%d) gives %v", k, got)
		}
	}
}

// TestMayDial: who may dial what. Public and private networks keep apart.
func TestMayDial(t *testing.T) {
	tests := []struct {
		addr                          string
		lan, lanFromLoopback, pub, up bool
	}{
		{"10.1.2.3", true, true, false, false},
		{"192.168.0.9", true, true, false, false},
		{"169.254.3.3", true, true, false, false},
		{"fe80::1", true, true, false, false},
		{"fd00::1", true, true, false, false},
		{"127.0.0.1", false, true, false, false},
		{"::1", false, true, false, false},
		{"203.0.113.7", false, false, true, true},
		{"2001:db8::1", false, false, true, true},
		{"0.0.0.0", false, false, false, false},
		{"224.0.0.1", false, false, false, false},
		{"ff02::1", false, false, false, false},
		{"255.255.255.255", false, false, false, false},
		{"240.0.0.1", false, false, false, false},
		{"0.1.2.3", false, false, false, false},
	}
	lan := newBench(t, nil).n
	public := newBench(t, func(c *Config) { c.Public = true }).n
	for _, tt := range tests {
		a := netip.MustParseAddr(tt.addr)
		got := [4]bool{lan.mayDial(a, false), lan.mayDial(a, true), public.mayDial(a, false), public.mayDial(a, true)}
		if want := [4]bool{tt.lan, tt.lanFromLoopback, tt.pub, tt.up}; got != want {
			t.Errorf("%s: lan, lan from loopback, public, public from loopback: %v, want %v", a, got, want)
		}
	}
	if lan.mayDial(netip.Addr{}, true) {
		t.Error("the zero address may be dialled")
	}
}

func TestHear(t *testing.T) {
	own := netip.MustParseAddrPort("10.0.0.1:6346")
	b := newBench(t, func(c *Config) { c.ConnectOnly = false })
	b.step(Heard{Addrs: []netip.AddrPort{
		own, hostAddr(1), netip.AddrPortFrom(hostAddr(2).Addr(), 0),
		{},
		netip.MustParseAddrPort("[::ffff:10.1.0.1]:6346"), // host 1 once more
	}})
	if got := b.n.Hosts(); !slices.Equal(got, []netip.AddrPort{hostAddr(1)}) {
		t.Errorf("hosts %v", got)
	}
	only := newBench(t, nil)
	only.step(Heard{Addrs: []netip.AddrPort{hostAddr(1)}})
	if got := only.n.Hosts(); len(got) != 0 {
		t.Errorf("a node that keeps to its own knows %v", got)
	}
}

// TestFaultyPeerIsLeftAlone: who was sent away for a fault is not the next to
// be dialled.
func TestFaultyPeerIsLeftAlone(t *testing.T) {
	b := newBench(t, func(c *Config) { c.ConnectOnly = false })
	p := peerOf(1, RoleFlat)
	p.Outbound = false
	p.Addr = netip.AddrPortFrom(p.Listen.Addr(), 40000)
	b.step(PeerUp{Link: 1, Peer: p})
	b.n.bye(b.n.byID[1], protocol.ByeHighTTL, "TTL too high", nil)
	if got := ops(b.pass(hostRetry/2), OpDial); len(got) > 0 {
		t.Errorf("dialled at once: %v", got)
	}
	if got := ops(b.pass(hostRetry), OpDial); len(got) != 1 {
		t.Errorf("%d dials after a rest, want one", len(got))
	}
}

// TestPeerNeedNotSayWhereItListens: where we reached it is where it listens; so
// it is kept, and others are told. Of one that came to us we do not know.
func TestPeerNeedNotSayWhereItListens(t *testing.T) {
	b := newBench(t, nil)
	called, caller := peerOf(1, RoleSupernode), peerOf(2, RoleSupernode)
	called.Listen, caller.Listen, caller.Outbound = netip.AddrPort{}, netip.AddrPort{}, false
	b.step(PeerUp{Link: 1, Peer: called})
	b.step(PeerUp{Link: 2, Peer: caller})
	b.link(3, RoleFlat)
	if got, want := b.n.Hosts(), []netip.AddrPort{called.Addr, peerOf(3, RoleFlat).Listen}; !slices.Equal(got, want) {
		t.Errorf("kept: %v, want %v", got, want)
	}
	pongs := sends(b.receive(3, head(protocol.KindPing, numbered(1), 2, 0), protocol.Ping{}), protocol.KindPong)
	var told []netip.AddrPort
	for _, a := range pongs {
		if p, err := protocol.ParsePong(a.Msg[protocol.HeaderSize:]); err == nil && a.Hops == 1 {
			told = append(told, p.Addr)
		}
	}
	if want := []netip.AddrPort{called.Addr}; !slices.Equal(told, want) {
		t.Errorf("a crawler was told %v, want %v", told, want)
	}
}

// TestFaultIsNotAnothers: who is sent away cannot have others forgotten, by
// naming them as itself.
func TestFaultIsNotAnothers(t *testing.T) {
	b := newBench(t, func(c *Config) { c.ConnectOnly = false })
	p := peerOf(1, RoleFlat)
	p.Listen, p.Outbound = hostAddr(1), false
	b.step(PeerUp{Link: 1, Peer: p})
	b.n.bye(b.n.byID[1], protocol.ByeHighTTL, "TTL too high", nil)
	if i := b.n.hosts.find(hostAddr(1)); i < 0 || b.n.hosts.list[i].fails != 0 {
		t.Errorf("hosts %+v", b.n.hosts.list)
	}
}
