package overlay

import (
	"net/netip"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/nat"
	"github.com/seed282dab8e/servent/protocol"
)

const (
	routerIP = "81.2.69.5"
	ownPort  = "6346"
)

var (
	forwardTCP = netip.MustParseAddrPort(routerIP + ":7001")
	forwardUDP = netip.MustParseAddrPort(routerIP + ":7002")
)

// mappedBench is a node on the public network that listens on all addresses.
func mappedBench(t *testing.T) *bench {
	return newUDPBench(t, func(c *Config) { c.Public, c.Listen = true, netip.MustParseAddrPort("0.0.0.0:"+ownPort) })
}

// seer brings up a link to a public peer that sees this node at an address, and can help
// with tests.
func (b *bench) seer(id byte, sees string) {
	b.t.Helper()
	p := peerOf(id, RoleFlat)
	p.Addr = netip.AddrPortFrom(netip.AddrFrom4([4]byte{5, 9, 1, id}), 6346)
	p.Listen, p.Sees = p.Addr, netip.MustParseAddr(sees)
	b.step(PeerUp{Link: LinkID(id), Peer: p})
	can := []protocol.MessageID{protocol.VendorConnectBack.ID(), protocol.VendorUDPConnectBack.ID()}
	b.receive(LinkID(id), head(protocol.KindVendor, none, 1, 0), protocol.Vendor{Data: protocol.AppendMessagesSupported(nil, can...)})
}

// TestMappedAddr: others are told the port that a router forwards where that is the
// router which they see, before any has told too, and else the node's own.
func TestMappedAddr(t *testing.T) {
	for _, tt := range []struct {
		name, listen string
		public       bool
		sees         string // empty: nobody
		mapped, want string
	}{
		{"nobody has told", "0.0.0.0:6346", true, "", routerIP + ":7001", routerIP + ":7001"},
		{"seen there", "0.0.0.0:6346", true, routerIP, routerIP + ":7001", routerIP + ":7001"},
		{"seen elsewhere", "0.0.0.0:6346", true, "81.2.69.6", routerIP + ":7001", "81.2.69.6:6346"},
		{"behind another router", "0.0.0.0:6346", true, "", "192.168.0.2:7001", "0.0.0.0:6346"},
		{"at an address of its own", "192.168.1.5:6346", true, routerIP, routerIP + ":7001", routerIP + ":7001"},
		{"at a public one", "81.2.69.7:6346", true, "81.2.69.7", routerIP + ":7001", "81.2.69.7:6346"},
		{"on a LAN, with nobody", "0.0.0.0:6346", false, "", "192.168.0.2:7001", "0.0.0.0:6346"},
		{"on a LAN, with neighbours", "0.0.0.0:6346", false, "192.168.1.5", routerIP + ":7001", "192.168.1.5:6346"},
		{"in IPv6 clothes", "0.0.0.0:6346", true, routerIP, "[::ffff:" + routerIP + "]:7001", routerIP + ":7001"},
	} {
		b := newUDPBench(t, func(c *Config) { c.Public, c.Listen = tt.public, netip.MustParseAddrPort(tt.listen) })
		if tt.sees != "" {
			b.seer(1, tt.sees)
		}
		b.step(Mapped{TCP: netip.MustParseAddrPort(tt.mapped)})
		if got := b.n.Addr().String(); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
		b.step(Mapped{})
		if got := b.n.Addr().Port(); got != 6346 {
			t.Errorf("%s: port %d when the mapping is gone", tt.name, got)
		}
	}
}

// TestMappedTold: messages, and searches by UDP, name the ports that are forwarded.
func TestMappedTold(t *testing.T) {
	b := mappedBench(t)
	b.seer(1, routerIP)
	b.step(Mapped{TCP: forwardTCP, UDP: forwardUDP})
	if h := b.n.Hello(netip.MustParseAddr("192.168.1.5"), stranger); h.Get("Listen-IP") != forwardTCP.String() {
		t.Errorf("Listen-IP: %s", h.Get("Listen-IP"))
	}
	pongs := sends(b.receive(1, head(protocol.KindPing, numbered(1), 1, 0), nil), protocol.KindPong)
	if p, err := protocol.ParsePong(pongs[0].Msg[protocol.HeaderSize:]); err != nil || p.Addr != forwardTCP {
		t.Errorf("pong: %+v, %v", p, err)
	}
	if s := b.n.sender(nil, nil); s.addr != forwardTCP {
		t.Errorf("hit over UDP: %v", s.addr)
	}
	if s := b.n.sender(b.n.links[0], nil); s.addr != forwardTCP {
		t.Errorf("hit: %v", s.addr)
	}
	proxy := netip.MustParseAddrPort("5.9.1.7:6346")
	pushes := ops(b.step(UserPush{Servent: protocol.GUID{7}, Proxies: []netip.AddrPort{proxy}}), OpDatagram)
	if p, err := protocol.ParsePush(pushes[0].Msg[protocol.HeaderSize:]); err != nil || p.Addr != forwardTCP {
		t.Errorf("push over UDP: %+v, %v", p, err)
	}
	if p := b.n.udpPong(nil); p.Addr != forwardTCP {
		t.Errorf("pong over UDP: %v", p.Addr)
	}
	b.n.udpIn.passed(b.n.now)
	if id, oob := b.n.wireID(ours); !oob || id != ours.WithAddr(forwardUDP) {
		t.Errorf("id %v", id)
	}
	for _, a := range []netip.AddrPort{forwardTCP, forwardUDP} {
		if b.n.maySend(a, false) || !b.n.isOwn(a) {
			t.Errorf("%v is not taken for its own", a)
		}
	}
	b.n.seen6 = netip.MustParseAddr("2001:db8::5")
	for port, own := range map[uint16]bool{6346: true, 7001: false} { // routers forward IPv4 alone
		if got := b.n.isOwn(netip.AddrPortFrom(b.n.seen6, port)); got != own {
			t.Errorf("port %d by IPv6: own %v", port, got)
		}
	}
}

// TestMappedLeaf: supernodes that answer for a leaf are told its new address soon.
func TestMappedLeaf(t *testing.T) {
	for role, told := range map[Role]bool{RoleLeaf: true, RoleFlat: false} {
		b := newBench(t, func(c *Config) { c.Role = role })
		b.pass(time.Minute)
		b.step(Mapped{TCP: forwardTCP})
		if got := b.n.tableDue > 0; got != told {
			t.Errorf("%s: told %v", role, got)
		}
	}
}

// TestMappedTest: what is mapped is tested at once, at the port at which each peer can
// come by; two tests without anybody deny it.
func TestMappedTest(t *testing.T) {
	b := mappedBench(t)
	b.n.cfg.AliveTimeout = time.Hour
	b.seer(1, routerIP)
	b.seer(2, "81.2.69.6") // another router
	ports := func(out []Action, by protocol.VendorType) map[LinkID]uint16 {
		got := map[LinkID]uint16{}
		for _, a := range sends(out, protocol.KindVendor) {
			if v, err := protocol.ParseVendor(a.Msg[protocol.HeaderSize:]); err == nil && v.Type() == by {
				got[a.Link], _ = v.ConnectBack()
			}
		}
		return got
	}
	b.pass(firstTest + testTime) // one has failed: that was of another port
	b.pass(testAgain + time.Second)
	b.step(Mapped{TCP: forwardTCP}) // while the second is under way
	out := b.pass(mappedTest)
	if got := ports(out, protocol.VendorConnectBack); len(got) != 2 || got[1] != 7001 || got[2] != 6346 {
		t.Errorf("asked to come to %v", got)
	}
	if got := ops(b.pass(testTime), OpUnmapped); len(got) > 0 {
		t.Error("denied by one test")
	}
	denied := ops(b.pass(testAgain+testTime), OpUnmapped)
	if len(denied) != 1 || denied[0].Index != uint32(nat.TCP) {
		t.Errorf("denied: %v", denied)
	}
	b.wantReach(ReachNo, ReachNo)
	b.step(Mapped{})
	if got := ops(b.pass(mappedTest+2*testTime+testAgain), OpUnmapped); len(got) > 0 {
		t.Error("denied though nothing is forwarded")
	}
	b.step(Mapped{TCP: forwardTCP}) // by another protocol
	b.pass(mappedTest)
	b.step(ConnectedBack{From: netip.MustParseAddrPort("5.9.1.1:4000")})
	b.wantReach(ReachYes, ReachNo)
	if got := ops(b.pass(testTime), OpUnmapped); len(got) > 0 {
		t.Error("denied though somebody came")
	}
}

// TestUnmappedIsNotDenied: that nobody comes to the node's own port denies no mapping.
func TestUnmappedIsNotDenied(t *testing.T) {
	b := mappedBench(t)
	b.n.cfg.AliveTimeout = time.Hour
	b.seer(1, routerIP)
	b.step(Mapped{TCP: netip.MustParseAddrPort("81.2.69.6:6346")}) // not where others see it
	out := b.pass(firstTest + testAgain + 2*testTime + time.Second)
	b.wantReach(ReachNo, ReachNo)
	if got := ops(out, OpUnmapped); len(got) > 0 {
		t.Errorf("%v", got)
	}
}

// TestListensElsewhere: a peer of our kind may tell another port of the address that it
// has told before; no other address.
func TestListensElsewhere(t *testing.T) {
	b := mappedBench(t)
	b.seer(1, routerIP)
	was := b.n.links[0].peer.Listen
	told := func(l LinkID, addr string, hops uint8) string {
		b.receive(l, head(protocol.KindPong, none, 1, hops), protocol.Pong{Addr: netip.MustParseAddrPort(addr)})
		return b.n.byID[l].peer.Listen.String()
	}
	b.seer(2, routerIP)
	b.n.byID[2].peer.Servent = false
	if got := told(2, "5.9.1.2:7777", 0); got != "5.9.1.2:6346" {
		t.Errorf("of another kind: %s", got)
	}
	for _, tt := range []struct {
		addr string
		hops uint8
		want string
	}{
		{"5.9.1.1:7777", 1, was.String()},
		{"5.9.1.2:7777", 0, was.String()},
		{"5.9.1.1:0", 0, was.String()},
		{"5.9.1.1:7777", 0, "5.9.1.1:7777"},
	} {
		if got := told(1, tt.addr, tt.hops); got != tt.want {
			t.Errorf("%s after %d hops: %s, want %s", tt.addr, tt.hops, got, tt.want)
		}
	}
}
