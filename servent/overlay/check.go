package overlay

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/supernode"
)

// checkKind says why a peer is checked.
type checkKind uint8

const (
	ofStranger  checkKind = iota // a supernode that this node has not known
	ofCandidate                  // a leaf that might serve
	ofOwn                        // a supernode that this leaf depends on
)

// check is what this node finds out about the peer of a link before it relies on
// it: whether it sends fast enough, and whether it can be connected to.
type check struct {
	kind  checkKind
	begin time.Duration // when it starts; it runs once asked is set
	asked time.Duration
	tries uint8
	id    protocol.GUID // of the probe
	data  protocol.ProbeStream
	size  int
	got   int
	rate  int           // bytes a second, once all have come
	nonce protocol.GUID // that the call says; zero where there is none
	heard bool          // that the call has come
}

const (
	checkTime        = 5 * time.Second        // for all of it, or as long as the slowest takes that passes
	checkSpread      = 500 * time.Millisecond // before a stranger is checked
	ownAfter         = 30 * time.Second       // before a leaf checks its supernode, and
	ownSpread        = 4 * time.Minute        // what chance adds
	busyRest         = 4 * time.Second        // after a peer had no time, doubled with each
	ownRest          = 30 * time.Second       // likewise, of a supernode that this leaf hangs on
	maxBusy          = 8                      // times
	maxBusyCandidate = 1                      // likewise, of a leaf that might serve
	checkedFor       = time.Hour              // a pass is remembered
	failedFor        = 30 * time.Minute       // and a failure
	maxStrangers     = 12                     // that have called in and are not checked yet
	maxChecked       = 1024                   // that are remembered
	ownProbe         = 16 << 10               // bytes that a leaf asks its supernode for
	candidateFor     = 5 * time.Minute        // that a link must have been up before its leaf is asked to serve
)

// checked remembers how a check ended.
type checked struct {
	servent protocol.GUID
	addr    netip.AddrPort // its own address, and the port where it says that it listens
	until   time.Duration
	ok      bool
}

// openAddr is where the peer of l must be found if others are to connect to it: at
// the link's own address. No other machine's counts.
func openAddr(p *Peer) netip.AddrPort {
	return netip.AddrPortFrom(p.Addr.Addr().Unmap(), p.Listen.Port())
}

// recall returns what is remembered of a servent.
func (n *Node) recall(p *Peer) *checked {
	a := openAddr(p)
	for i := range n.checks {
		c := &n.checks[i]
		same := c.addr == a || c.servent == p.GUID
		if c.until > n.now && c.addr.Addr() == a.Addr() && same && (!c.ok || c.servent == p.GUID && c.addr == a) {
			return c
		}
	}
	return nil
}

func (n *Node) remember(p *Peer, ok bool, d time.Duration) {
	a := openAddr(p)
	n.checks = slices.DeleteFunc(n.checks, func(c checked) bool {
		return c.until <= n.now || c.addr == a && c.servent == p.GUID
	})
	if len(n.checks) == maxChecked {
		n.checks = slices.Delete(n.checks, 0, 1)
	}
	n.checks = append(n.checks, checked{p.GUID, a, n.now + d, ok})
}

// strange says whether a peer must be checked before it is relied on: a supernode
// of our kind, unless the user named it or it has passed lately.
func (n *Node) strange(p *Peer) bool {
	if !p.Servent || p.Role != RoleSupernode || n.dials.seedAt(p.Addr.Addr().Unmap()) {
		return false
	}
	c := n.recall(p)
	return c == nil || !c.ok
}

// strangers counts the supernodes that have called in and are not checked yet, and
// the handshakes of some.
func (n *Node) strangers() int {
	count := 0
	for _, l := range n.links {
		if l.strange && !l.peer.Outbound {
			count++
		}
	}
	for _, a := range n.admitted {
		if a.strange {
			count++
		}
	}
	return count
}

// relies says whether this node believes what the peer of l says of others, and
// names it to them. A leaf's mistakes are its own: it believes at once.
func (n *Node) relies(l *link) bool { return !l.strange || n.role == RoleLeaf }

// planCheck has a stranger checked that takes probes.
func (n *Node) planCheck(l *link) {
	if !l.strange || l.check != nil || !l.supports.has(protocol.VendorProbe) {
		return
	}
	c := &check{kind: ofStranger, begin: n.now + n.chance(checkSpread)}
	if n.role == RoleLeaf {
		c.kind, c.begin = ofOwn, n.now+ownAfter+n.chance(ownSpread)
	}
	l.check = c
	n.arm(c.begin)
}

// chance draws a time under d.
func (n *Node) chance(d time.Duration) time.Duration {
	return time.Duration(n.cfg.Rand.Int64N(int64(d)))
}

// runChecks begins the checks that are due and ends those that took too long.
func (n *Node) runChecks(out []Action) []Action {
	for i := 0; i < len(n.links); {
		l := n.links[i]
		if l.check != nil {
			out = n.runCheck(l, out)
		}
		if i < len(n.links) && n.links[i] == l {
			i++
		}
	}
	return out
}

func (n *Node) runCheck(l *link, out []Action) []Action {
	c := l.check
	switch {
	case c.asked > 0 && n.now >= c.asked+checkTime:
		return n.checkFailed(l, c.lack(), out)
	case c.asked > 0:
		n.arm(c.asked + checkTime)
	case n.now >= c.begin:
		return n.beginCheck(l, out)
	default:
		n.arm(c.begin)
	}
	return out
}

// lack says what has not come in time.
func (c *check) lack() string {
	if c.got < c.size {
		return fmt.Sprintf("%d of %d bytes came in %v", c.got, c.size, checkTime)
	}
	return "nobody can connect to it"
}

// beginCheck asks for the probe, and has the peer called from outside where this
// node has not connected to it anyway.
func (n *Node) beginCheck(l *link, out []Action) []Action {
	c := l.check
	c.asked, c.id, c.size, c.got = n.now, n.newID(), protocol.MaxProbe, 0
	if c.kind == ofOwn {
		c.size = ownProbe
	}
	c.data = protocol.NewProbeStream(c.id)
	n.arm(c.asked + checkTime)
	if !l.peer.Outbound && c.nonce == (protocol.GUID{}) {
		at := openAddr(&l.peer)
		if at.Port() == 0 || n.blocked(at.Addr()) {
			return n.checkFailed(l, "it names no port to connect to", out)
		}
		c.nonce = n.newID()
		out = append(out, Action{Op: OpCall, Addr: at, ID: c.nonce})
	}
	return n.sendVendorAs(l, c.id, protocol.NewProbe(c.size), out)
}

// onProbeData takes a part of the answer to a probe.
func (n *Node) onProbeData(l *link, h protocol.Header, v protocol.Vendor, out []Action) []Action {
	data, err := v.ProbeData()
	c := l.check
	switch {
	case err != nil:
		return n.malformed(l, h.Kind, out)
	case c == nil || c.asked == 0 || h.ID != c.id || c.got == c.size:
		return n.dropped(h.Kind, DropProbe, out)
	case len(data) == 0 && c.got == 0:
		return n.checkLater(l, out)
	case len(data) != min(protocol.ProbeChunk, c.size-c.got) || !slices.Equal(data, c.data.Next(len(data))):
		return n.checkFailed(l, "what it sends was not asked for", out)
	}
	if c.got += len(data); c.got < c.size {
		return out
	}
	c.rate = int(float64(c.size) / max(n.now-c.asked, time.Millisecond).Seconds())
	return n.judgeCheck(l, out)
}

// checkLater asks again in a while: the peer has no time now.
func (n *Node) checkLater(l *link, out []Action) []Action {
	c := l.check
	most := uint8(maxBusy)
	if c.kind == ofCandidate { // there are others
		most = maxBusyCandidate
	}
	if c.tries++; c.tries > most {
		return n.checkFailed(l, "it has no time to be checked", out)
	}
	rest := busyRest
	if c.kind == ofOwn {
		rest = ownRest
	}
	rest <<= min(c.tries-1, 5)
	c.asked, c.begin = 0, n.now+rest+n.chance(rest)
	n.arm(c.begin)
	return out
}

// onCalled hears that the call has come to where the peer listens.
func (n *Node) onCalled(l *link, h protocol.Header, v protocol.Vendor, out []Action) []Action {
	nonce, err := v.Called()
	c := l.check
	switch {
	case err != nil:
		return n.malformed(l, h.Kind, out)
	case c == nil || c.nonce == (protocol.GUID{}) || c.nonce != nonce || c.heard:
		return n.dropped(h.Kind, DropProbe, out)
	}
	c.heard = true
	return n.judgeCheck(l, out)
}

// judgeCheck ends a check of which everything has come.
func (n *Node) judgeCheck(l *link, out []Action) []Action {
	c := l.check
	want := supernode.Become.Upload
	if c.kind == ofOwn {
		want = supernode.Stay.Upload / 2 // it may be busy with others like this node
	}
	switch called := c.nonce == (protocol.GUID{}) || c.heard; {
	case c.asked == 0 || c.got < c.size:
		return out
	case c.rate < want:
		return n.checkFailed(l, fmt.Sprintf("%d bytes a second, %d are wanted", c.rate, want), out)
	case !called:
		return out
	}
	l.check, l.strange = nil, false
	n.stats.ChecksPassed++
	n.remember(&l.peer, true, checkedFor)
	if c.kind == ofCandidate {
		return n.promote(l, c.rate, out)
	}
	n.hearListen(l)
	n.neighboursChanged()
	out = n.sendTable(l, out)
	out = n.tellPlaces(l, out)
	return n.wake(out)
}

// checkFailed ends the link with a supernode that is none; a leaf only stays one.
func (n *Node) checkFailed(l *link, why string, out []Action) []Action {
	c := l.check
	l.check = nil
	n.stats.ChecksFailed++
	if c.kind == ofCandidate {
		l.candidate, l.passedOver = false, true
		return n.recruit(out)
	}
	n.remember(&l.peer, false, failedFor)
	n.hosts.drop(l.peer.Listen)
	n.hosts.drop(openAddr(&l.peer))
	return n.bye(l, protocol.ByeSecurity, "Check failed: "+why, out)
}

// The side that is checked.
var (
	// rateProbes is how often one link's probe is answered, rateAllProbes all of
	// them together, and rateAsks how often one may ask at all.
	rateProbes    = Rate{1. / 240, 1}
	rateAllProbes = Rate{1. / 4, 10}
	rateAsks      = Rate{1. / 4, 3}
	rateCalls     = Rate{1. / 60, 2}
)

// onProbe answers a probe, one at a time: what two would get at once would make
// this node look slow to both.
func (n *Node) onProbe(l *link, h protocol.Header, v protocol.Vendor, out []Action) []Action {
	size, err := v.Probe()
	switch {
	case err != nil:
		return n.malformed(l, h.Kind, out)
	case !l.peer.Servent:
		return n.dropped(h.Kind, DropRole, out)
	case !l.asks.allow(n.now, rateAsks):
		return n.dropped(h.Kind, DropRate, out)
	case l.strange && !l.peer.Outbound: // who calls in is checked first
		return n.sendVendorAs(l, h.ID, protocol.NewProbeData(nil), out)
	case n.proving() || !n.room(l, h.Kind, 2*size):
		return n.sendVendorAs(l, h.ID, protocol.NewProbeData(nil), out)
	case !l.probes.allow(n.now, rateProbes):
		return n.dropped(h.Kind, DropRate, out)
	case !n.probes.allow(n.now, rateAllProbes):
		l.probes = bucket{} // it was not answered
		return n.sendVendorAs(l, h.ID, protocol.NewProbeData(nil), out)
	}
	l.proving, l.provingTill = true, n.now+checkTime
	data := protocol.NewProbeStream(h.ID)
	for ; size > 0; size -= protocol.ProbeChunk {
		out = n.sendVendorAs(l, h.ID, protocol.NewProbeData(data.Next(min(size, protocol.ProbeChunk))), out)
	}
	return out
}

// proving says whether the answer to a probe is still going out.
func (n *Node) proving() bool {
	for _, l := range n.links {
		if l.proving = l.proving && l.queued > 2*protocol.ProbeChunk && n.now < l.provingTill; l.proving {
			return true
		}
	}
	return false
}

// onCall tells a peer that its call from outside has come.
func (n *Node) onCall(ev Called, out []Action) []Action {
	out = n.onConnectedBack(ConnectedBack{ev.From}, out)
	l := n.linkTo(ev.Servent) // which may not have said yet what it supports
	if l == nil || !l.peer.Servent || !l.calls.allow(n.now, rateCalls) {
		return n.dropped(protocol.KindVendor, DropProbe, out)
	}
	return n.sendVendor(l, protocol.NewCalled(ev.Nonce), out)
}

// callMark begins what a call from outside says.
const callMark = "SRVT CALL "

// MaxCall is the length of the longest text that ParseCall reads.
const MaxCall = len(callMark) + 32 + 1 + 32 + 2

// CallText is all that the owner says for an OpCall of the servent with GUID self.
func CallText(self, nonce protocol.GUID) string {
	return callMark + self.String() + " " + nonce.String() + "\n\n"
}

// ParseCall reads a CallText.
func ParseCall(text string) (servent, nonce protocol.GUID, ok bool) {
	rest, marked := strings.CutPrefix(strings.TrimRight(text, "\r\n"), callMark)
	a, b, both := strings.Cut(rest, " ")
	servent, err := protocol.ParseGUID(a)
	nonce, err2 := protocol.ParseGUID(b)
	return servent, nonce, marked && both && err == nil && err2 == nil
}
