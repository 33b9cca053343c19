package overlay

import (
	"net/netip"
	"time"

	"github.com/seed282dab8e/servent/nat"
	"github.com/seed282dab8e/servent/protocol"
)

// Reach says whether strangers can get through to a node.
type Reach uint8

const (
	ReachUnknown Reach = iota
	ReachYes
	ReachNo
)

var reachNames = [...]string{"unknown", "yes", "no"}

// String returns "unknown", "yes" or "no".
func (r Reach) String() string { return reachNames[min(int(r), len(reachNames)-1)] }

// Reachable says what the node has found out about itself: whether connections,
// and whether datagrams that it did not ask for, come through.
func (n *Node) Reachable() (tcp, udp Reach) {
	if n.cannotListen() {
		return ReachNo, ReachNo
	}
	return n.tcp.state, n.udpIn.state
}

// reach is what the tests of one kind have told. A test asks a few peers to
// come by; it fails when nobody has come in time.
type reach struct {
	state Reach
	next  time.Duration // when the next test begins
	ends  time.Duration // when the present one has failed; 0 while there is none
	via   bool          // the present one is of a port that a router forwards
	fails uint8         // in a row
}

const (
	firstTest  = 10 * time.Second       // after the first link that can help
	testTime   = 10 * time.Second       // peers give up a call after five
	testSoon   = 5 * time.Second        // after a first failure
	testAgain  = time.Minute            // where there was nobody to ask
	testNo     = 5 * time.Minute        // once it is known that nothing comes through
	testYes    = 20 * time.Minute       // once it is known that something does
	testPeers  = 3                      // that are asked
	testSpread = 200 * time.Millisecond // times 0 to 255
	mappedTest = time.Second            // after what a router forwards has changed
	maxTestBad = 2                      // tests that fail before that is believed
	hastyFirst = time.Second            // in place of firstTest, and
	hastyTime  = 8 * time.Second        // of testTime, for who is Hasty
)

// testTime is how long others may take to come by.
func (n *Node) testTime() time.Duration {
	if n.cfg.Hasty {
		return hastyTime
	}
	return testTime
}

// passed notes that somebody has come through.
func (r *reach) passed(now time.Duration) {
	*r = reach{state: ReachYes, next: now + testYes}
}

// failed notes that nobody came. One test may fail for the peers' sake.
// It says whether that is believed.
func (r *reach) failed(now time.Duration, hasty bool) bool {
	r.ends, r.next = 0, now+testSoon
	r.fails++
	if believed := hasty || r.fails >= maxTestBad; !believed {
		return false
	}
	r.state, r.next = ReachNo, now+testNo
	return true
}

// cannotListen says whether no test is worth while.
func (n *Node) cannotListen() bool { return n.cfg.Firewalled || n.cfg.Listen.Port() == 0 }

// firewalled says whether nobody can connect to this node, as far as it knows.
// While nothing is known it takes itself for reachable.
func (n *Node) firewalled() bool { return n.cannotListen() || n.tcp.state == ReachNo }

func (n *Node) onConnectedBack(ev ConnectedBack, out []Action) []Action {
	if !n.tellsReach(ev.From.Addr().Unmap()) {
		return out
	}
	was := n.firewalled()
	n.tcp.passed(n.now)
	n.arm(n.tcp.next)
	n.retell(was)
	if !n.firewalled() {
		out = n.cancelProxies(out)
	}
	return out
}

// retell has supernodes that answer for this leaf hear what its hits say now, where
// that was another thing when it was firewalled or not.
func (n *Node) retell(was bool) {
	if n.role == RoleLeaf && n.firewalled() != was {
		n.plan(&n.tableDue, tableSoon)
	}
}

// tellsReach says whether a connection from a proves anything: on the public network
// one from our own does not. Who has come to a private one from far away has come.
func (n *Node) tellsReach(a netip.Addr) bool {
	if !n.cfg.Public {
		return isHost(a) && !n.blocked(a)
	}
	return n.mayDial(a, true) && a != n.Addr().Addr()
}

// testReach begins the tests that are due and ends those that have failed.
func (n *Node) testReach(out []Action) []Action {
	if n.cannotListen() || len(n.links) == 0 {
		return out
	}
	was := n.firewalled()
	out = n.test(nat.TCP, protocol.VendorConnectBack, out)
	n.retell(was)
	if n.cfg.UDP {
		out = n.test(nat.UDP, protocol.VendorUDPConnectBack, out)
	}
	return n.askProxies(out)
}

func (n *Node) test(t nat.Transport, by protocol.VendorType, out []Action) []Action {
	r := n.reachBy(t)
	switch {
	case r.ends > 0 && r.ends <= n.now:
		if r.failed(n.now, n.cfg.Hasty) && r.via {
			out = append(out, Action{Op: OpUnmapped, Index: uint32(t)})
		}
	case r.ends == 0 && r.next > 0 && r.next <= n.now:
		asked := 0
		r.via = false
		for i := 0; i < len(n.links) && asked < testPeers; i++ {
			l := n.links[i]
			port, via := n.portTo(l, t)
			if l.supports.has(by) && (t == nat.TCP || via || n.unheard(l)) {
				out = n.askBack(l, by, port, out)
				r.via = r.via || via
				asked++
			}
		}
		r.next = n.now + testAgain // nobody to ask
		if asked > 0 {
			r.ends = n.now + n.testTime()
		}
	}
	switch {
	case r.ends > 0:
		n.arm(r.ends)
	case r.next > 0:
		n.arm(r.next)
	}
	return out
}

// holeTime is for how long a firewall may let datagrams in from where some went.
const holeTime = 2 * time.Minute

// closed says whether what comes from an address is no answer to a firewall.
func (c *contact) closed(now time.Duration) bool { return c.sent == 0 || now-c.sent >= holeTime }

// onProbed takes what STUN has told of datagrams. Who was asked can test nothing for a
// while, since routers let its datagrams in now.
func (n *Node) onProbed(ev Probed) {
	if !n.cfg.UDP {
		return
	}
	for _, a := range ev.Asked {
		n.udp().contacts.at(n.now, netip.AddrPortFrom(a.Addr().Unmap(), a.Port())).sent = n.now
	}
	switch {
	case ev.Filtering == nat.FilteringEndpoint && ev.Outside == n.addrBy(nat.UDP): // which others are told
		n.udpIn.passed(n.now)
	case ev.Filtering == nat.FilteringEndpoint:
		return
	case ev.Filtering != nat.FilteringUnknown && n.addrBy(nat.UDP) != n.mapped[nat.UDP]:
		n.udpIn = reach{state: ReachNo, next: n.now + testNo}
	default:
		return
	}
	n.arm(n.udpIn.next)
}

// unheard says whether no datagram has gone to the machine of l lately. Two
// peers that test at once would open each other's firewalls: see scheduleTest.
func (n *Node) unheard(l *link) bool {
	if n.dgrams == nil {
		return true
	}
	c := n.dgrams.contacts.find(netip.AddrPortFrom(l.peer.Addr.Addr().Unmap(), l.peer.Listen.Port()))
	return c == nil || c.closed(n.now)
}

// askBack asks the peer of l to come by at that port of ours.
func (n *Node) askBack(l *link, by protocol.VendorType, port uint16, out []Action) []Action {
	if by == protocol.VendorConnectBack {
		return n.sendVendor(l, protocol.NewConnectBack(port), out)
	}
	id := n.newID()
	n.udp().asked.add(n.now, question{id: id, why: forReach, until: n.now + testTime})
	return n.sendVendorAs(l, id, protocol.NewUDPConnectBack(port), out)
}

// scheduleTest has the first test begin soon after a peer can help with it. That
// of UDP begins at a time which depends on the GUID, so that two new peers hardly
// test at once.
func (n *Node) scheduleTest() {
	first, spread := firstTest, time.Duration(n.cfg.ID[1])*testSpread
	if n.cfg.Hasty {
		first, spread = hastyFirst, 0
	}
	if n.tcp.next == 0 {
		n.tcp.next = n.now + first
	}
	if n.udpIn.next == 0 {
		n.udpIn.next = n.now + first + spread
	}
	n.arm(min(n.tcp.next, n.udpIn.next))
}

// rateComeBack is how often a link may ask us to come by.
var rateComeBack = Rate{1. / 60, 4}

// comeBack does what a BEAR/7 or GTKG/7 asks: it comes to the port named, at the
// link's own address and nowhere else.
func (n *Node) comeBack(l *link, h protocol.Header, v protocol.Vendor, out []Action) []Action {
	port, err := v.ConnectBack()
	if err != nil {
		return n.malformed(l, h.Kind, out)
	}
	to := netip.AddrPortFrom(l.peer.Addr.Addr().Unmap(), port)
	if n.blocked(to.Addr()) || !l.comeBacks.allow(n.now, rateComeBack) {
		return n.dropped(h.Kind, DropRate, out)
	}
	if v.Type() == protocol.VendorConnectBack {
		return append(out, Action{Op: OpConnectBack, Addr: to})
	}
	if !n.maySend(to, true) {
		return n.dropped(h.Kind, DropUDPStranger, out)
	}
	return n.ask(to, forOthers, v.ConnectBackID(h.ID), protocol.HeaderSize, out)
}
