package overlay

import (
	"net/netip"
	"slices"
	"time"

	"github.com/seed282dab8e/servent/nat"
	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/supernode"
)

// Node is one servent's part in the overlay. Make it with New.
type Node struct {
	cfg   Config
	start time.Time
	now   time.Duration // since start; the time of the present call
	role  Role          // that it plays now; never RoleAuto
	auto  autoRole

	policy     supernode.Policy
	machine    Resources // as the owner last told; zero: not known
	uploadSeen int       // bytes a second, as a supernode has seen it
	checks     []checked // how checks of others ended
	probes     bucket    // of others that are answered
	placesDue  time.Duration
	placesTold int // leaves, when that was told last

	links    []*link // in join order, so that equal calls give equal actions
	byID     map[LinkID]*link
	leaves   int         // of links, those to leaves
	admitted []admission // handshakes that hold a place
	arrivals arrivals

	queries routes // by MUID of the query
	pings   routes // by MUID of the ping
	servers routes // by servent GUID, from hits: where a Push goes

	own          []ownQuery
	dynamics     []*dynamic
	pongs        pongCache
	hosts        hostCache
	dials        dialer
	dialBacks    bucket
	meets        bucket
	lastMeets    seenMeets
	wantsProxies bool // before it is known whether others can connect

	shared     Shared
	merged     *protocol.RouteTable // what offered returns; nil: to be made
	leafWords  *protocol.RouteTable // of the lists that leaves gave; nil: none
	tableDue   time.Duration        // when a changed table goes out; 0 when none waits
	tablesSent time.Duration        // when tables last went out
	nearDue    time.Duration        // likewise the list of neighbours
	seen       netip.Addr           // this node's IPv4 address as peers see it
	seen6      netip.Addr           // and its IPv6 address
	mapped     [2]netip.AddrPort    // what routers forward to it, by nat.Transport
	tcp        reach                // do connections come through
	udpIn      reach                // and datagrams
	dgrams     *datagrams           // nil until the first
	hashes     []uint32             // scratch

	prefetched uint32 // of no meaning

	deadline time.Duration // 0 when nothing waits
	stats    Stats
}

// epoch is what the node's clock shows at first, so that 0 can mean never.
const epoch = time.Second

// New makes a node that has no links. now is the time that the node's clock
// starts at; later calls must not go back behind it.
func New(now time.Time, cfg Config) (*Node, error) {
	cfg.setDefaults()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	n := &Node{cfg: cfg, start: now.Add(-epoch), now: epoch, byID: map[LinkID]*link{}}
	for _, r := range []*routes{&n.queries, &n.pings, &n.servers} {
		r.key = [2]uint64{cfg.Rand.Uint64(), cfg.Rand.Uint64()}
		r.max, r.life = cfg.MaxRoutes, cfg.RouteLife
	}
	n.pings.life = time.Minute
	n.hosts.max = cfg.MaxHosts
	n.dials.seeds = seedsOf(cfg.Connect)
	n.beginRole()
	n.arm(n.now)
	return n, nil
}

// Step tells the node that ev happened and appends what must be done now.
func (n *Node) Step(now time.Time, ev Event, out []Action) []Action {
	n.setNow(now)
	switch ev := ev.(type) {
	case Received:
		return n.onReceived(ev, out)
	case Sent:
		n.onSent(ev)
	case PeerUp:
		return n.onPeerUp(ev, out)
	case PeerDown:
		n.onPeerDown(ev)
	case Malformed:
		return n.onMalformed(ev, out)
	case DialFailed:
		n.onDialFailed(ev)
	case Heard:
		n.onHeard(ev)
	case Shared:
		n.onShared(ev)
	case LocalHits:
		return n.onLocalHits(ev, out)
	case ListPart:
		return n.onListPart(ev, out)
	case ListAnswered:
		return n.onListAnswered(ev, out)
	case LeafWords:
		return n.onLeafWords(ev, out)
	case UserQuery:
		return n.onUserQuery(ev, out)
	case UserQueryEnd:
		n.onUserQueryEnd(ev)
	case UserPush:
		return n.onUserPush(ev, out)
	case ProxyPush:
		return n.onProxyPush(ev, out)
	case Datagram:
		return n.onDatagram(ev, out)
	case ConnectedBack:
		return n.onConnectedBack(ev, out)
	case AskCaches:
		return n.onAskCaches(ev, out)
	case Called:
		return n.onCall(ev, out)
	case Resources:
		n.machine = ev
	case Mapped:
		n.onMapped(ev)
	case WantProxies:
		n.wantsProxies = true
		return n.askProxies(out)
	case Probed:
		n.onProbed(ev)
	case LocalHead:
		return n.onLocalHead(ev, out)
	case UserHead:
		return n.onUserHead(ev, out)
	}
	return out
}

// Deadline says when Expire must next be called; false when nothing waits.
func (n *Node) Deadline() (time.Time, bool) {
	return n.start.Add(n.deadline), n.deadline > 0
}

// Expire does what is due at now and appends what must be done.
func (n *Node) Expire(now time.Time, out []Action) []Action {
	n.setNow(now)
	if n.deadline == 0 || n.now < n.deadline {
		return out
	}
	n.deadline = 0
	n.ageRoutes()
	n.endQueries()
	out = n.expireLinks(out)
	out = n.advanceDynamics(out)
	out = n.sendTables(out)
	out = n.sendNeighbours(out)
	out = n.testReach(out)
	out = n.endOffers(out)
	out = n.judgeRole(out)
	out = n.runChecks(out)
	out = n.look(out)
	out = n.offerSelf(out)
	out = n.sendPlaces(out)
	out = n.finishStepDown(out)
	return n.dial(out)
}

// setNow takes the time of a call; a clock that jumps back stands still.
func (n *Node) setNow(now time.Time) { n.now = max(n.now, now.Sub(n.start)) }

// arm makes sure that Expire is called at t.
func (n *Node) arm(t time.Duration) {
	if n.deadline == 0 || t < n.deadline {
		n.deadline = t
	}
}

// plan sets *t, when something is to be done, to after from now, unless it is
// planned for sooner; 0 is never.
func (n *Node) plan(t *time.Duration, after time.Duration) {
	if at := n.now + after; *t == 0 || at < *t {
		*t = at
		n.arm(at)
	}
}

// due says whether what is planned for *t is to be done now, and ends the plan if
// so. Otherwise it sees to it that Expire comes back.
func (n *Node) due(t *time.Duration) bool {
	switch {
	case *t == 0:
		return false
	case n.now < *t:
		n.arm(*t)
		return false
	}
	*t = 0
	return true
}

func (n *Node) newID() protocol.GUID {
	var id protocol.GUID
	for i := 0; i < len(id); i += 8 {
		v := n.cfg.Rand.Uint64()
		for j := range 8 {
			id[i+j] = byte(v >> (8 * j))
		}
	}
	return id.Marked()
}

func (n *Node) onPeerUp(ev PeerUp, out []Action) []Action {
	guided := n.release(ev.Link) && n.mayYield()
	if ev.Peer.Told != RoleAuto && ev.Peer.Told != n.role && !guided {
		n.dials.up(ev.Peer.Addr, ev.Link)
		n.dials.down(ev.Link, n.now)
		if ev.Peer.Outbound { // it may well take what this node is now
			n.hosts.spared(ev.Peer.Addr, n.now)
		}
		return n.dial(append(out, Action{Op: OpClose, Link: ev.Link, Text: "role has changed since"}))
	}
	if ev.Peer.Outbound {
		n.dials.up(ev.Peer.Addr, ev.Link)
		n.hosts.good(ev.Peer.Addr, n.now)
	}
	if twin := n.linkTo(ev.Peer.GUID); twin != nil {
		if !guided && n.prefers(twin, ev.Peer) {
			n.dials.down(ev.Link, n.now)
			return append(out, Action{Op: OpClose, Link: ev.Link, Text: "already connected"})
		}
		out = n.bye(twin, protocol.ByeShutdown, "Replaced by another connection", out)
	}
	if n.cfg.Public && !n.mayDial(ev.Peer.Sees, false) {
		ev.Peer.Sees = netip.Addr{} // nobody on the public network sees a private address
	}
	if ev.Peer.Outbound && !ev.Peer.Listen.IsValid() { // gtk-gnutella does not say it to who knows
		ev.Peer.Listen = netip.AddrPortFrom(ev.Peer.Addr.Addr().Unmap(), ev.Peer.Addr.Port())
	}
	l := &link{id: ev.Link, peer: ev.Peer, since: n.now, heard: n.now, hopsFlow: 255, strange: n.strange(&ev.Peer)}
	n.links = append(n.links, l)
	n.byID[l.id] = l
	if l.peer.Role == RoleLeaf {
		n.leaves++
		n.placesChanged()
	} else if !l.strange {
		n.neighboursChanged()
	}
	if !ev.Peer.Outbound {
		out = n.onConnectedBack(ConnectedBack{ev.Peer.Addr}, out)
	}
	if guided {
		out = n.obey(l, out)
	}
	n.learnAddr(l)
	n.hearListen(l)
	n.arm(n.now + n.cfg.KeepAlive)
	return n.greet(l, out)
}

// greet sends what a new link gets at once: what we support, our table, a
// ping for hosts, and the searches that are going on.
func (n *Node) greet(l *link, out []Action) []Action {
	if l.peer.Vendor {
		out = n.sendSupported(l, out)
	}
	out = n.sendTable(l, out)
	if !n.cfg.ConnectOnly {
		out = n.sendPing(l, n.freshTTL(l), out)
		if n.pongs.refresh == 0 { // the first link: that was the first refresh
			n.pongs.refresh = n.now + n.pingEvery()
		}
	}
	for i := range n.own {
		out = n.sendOwn(l, &n.own[i], out)
	}
	out = n.wake(out)
	return n.dial(out)
}

// prefers says whether the link twin stays when another connection to the same
// servent comes up: of two connections made at the same time, in opposite
// directions, both ends keep the one that the lower GUID made. Who has become this
// node's leaf meanwhile ends the other one itself.
func (n *Node) prefers(twin *link, p Peer) bool {
	switch was, is := twin.peer.Role == RoleLeaf, p.Role == RoleLeaf; {
	case was && !is && p.Outbound:
		return true
	case is && !was && !p.Outbound:
		return false
	}
	if twin.peer.Outbound == p.Outbound {
		return false
	}
	lower := slices.Compare(n.cfg.ID[:], p.GUID[:]) < 0
	return twin.peer.Outbound == lower
}

func (n *Node) onPeerDown(ev PeerDown) {
	n.release(ev.Link)
	if l := n.byID[ev.Link]; l != nil {
		n.forget(l)
		return
	}
	n.dials.down(ev.Link, n.now)
	n.arm(n.dials.next(n.now))
}

// release ends the handshake of a link, and says whether the peer has guided this
// node to be its leaf.
func (n *Node) release(id LinkID) (guided bool) {
	n.admitted = slices.DeleteFunc(n.admitted, func(a admission) bool {
		guided = guided || a.link == id && a.guided
		return a.link == id
	})
	return guided
}

func (n *Node) forget(l *link) {
	delete(n.byID, l.id)
	if i := slices.Index(n.links, l); i >= 0 {
		n.links = slices.Delete(n.links, i, i+1)
	}
	n.endDynamic(func(d *dynamic) bool { return d.from == l.id })
	if l.peer.Role == RoleLeaf {
		n.leaves--
		n.placesChanged()
		if l.table.Table() != nil || l.held() {
			n.leavesChanged()
		}
	} else if !l.strange {
		n.neighboursChanged()
	}
	n.dials.down(l.id, n.now)
	n.dials.known = [len(n.dials.known)]netip.AddrPort{}
	n.arm(n.dials.next(n.now))
	if !n.cfg.ConnectOnly {
		if n.role == RoleLeaf && !n.cfg.Public { // who had no room may have some now
			n.hosts.retry(n.now)
		}
		n.pongs.refresh = min(n.pongs.refresh, n.now+n.pingEvery()) // soon, for a leaf
		n.arm(n.now)                                                // for another link in its place
	}
}

// Addr is where others connect to this node, as far as it knows; its port is 0 when
// it accepts no connections.
func (n *Node) Addr() netip.AddrPort { return n.addrBy(nat.TCP) }

// learnAddr takes the address that most peers see this node at, when l comes up. On
// the public network one peer is believed only while it is the only one: two at
// different addresses must agree.
func (n *Node) learnAddr(l *link) {
	if a := l.peer.Sees.Unmap(); !a.IsValid() || a == n.seen || a == n.seen6 {
		return
	}
	best := 0
	if n.cfg.Public && len(n.links) > 1 {
		best = 1
	}
	best6 := best
	votes := n.witnesses()
	for _, l := range n.judges() {
		a := l.peer.Sees.Unmap()
		switch {
		case a.Is4() && votes[a] > best:
			n.seen, best = a, votes[a]
		case a.Is6() && votes[a] > best6 && n.mayDial(a, false):
			n.seen6, best6 = a, votes[a]
		}
	}
}

// maxJudges is how many links are asked for this node's address: those that are up
// the longest. A supernode has thousands.
const maxJudges = 32

func (n *Node) judges() []*link { return n.links[:min(len(n.links), maxJudges)] }

// witnesses counts the peers that see this node at an address. On the public
// network those at one address count once, and one that says that this node has its
// own address does not count: it would be trusted with the private network.
func (n *Node) witnesses() map[netip.Addr]int {
	type witness struct{ from, sees netip.Addr }
	heard, votes := map[witness]bool{}, map[netip.Addr]int{}
	for _, l := range n.judges() {
		w := witness{l.peer.Addr.Addr().Unmap(), l.peer.Sees.Unmap()}
		if n.cfg.Public {
			if w.from == w.sees || heard[w] {
				continue
			}
			heard[w] = true
		}
		votes[w.sees]++
	}
	return votes
}

// expireLinks pings silent links, closes dead and stalled ones, and refreshes
// the pong cache.
func (n *Node) expireLinks(out []Action) []Action {
	for i := 0; i < len(n.links); {
		l := n.links[i]
		out = n.expireLink(l, out)
		if i < len(n.links) && n.links[i] == l {
			i++
		}
	}
	return n.refreshPongs(out)
}

func (n *Node) expireLink(l *link, out []Action) []Action {
	out = n.expireGiving(l, out)
	silent := n.now - l.heard
	switch {
	case l.fullSince > 0 && n.now-l.fullSince >= n.cfg.StallLimit:
		return n.bye(l, protocol.ByeQueueFull, "Send queue stays full", out)
	case silent >= n.cfg.AliveTimeout:
		return n.bye(l, protocol.ByeNoReply, "No reply to alive ping", out)
	case silent >= n.cfg.KeepAlive && !l.pinged:
		l.pinged = true
		out = n.sendPing(l, 1, out)
	}
	if l.fullSince > 0 {
		n.arm(l.fullSince + n.cfg.StallLimit)
	}
	if l.pinged {
		n.arm(l.heard + n.cfg.AliveTimeout)
	} else {
		n.arm(l.heard + n.cfg.KeepAlive)
	}
	return out
}

func (n *Node) ageRoutes() {
	for _, r := range []*routes{&n.queries, &n.pings, &n.servers} {
		if r.empty() {
			r.born = n.now
			continue
		}
		r.age(n.now)
		if !r.empty() {
			n.arm(r.born + r.life)
		}
	}
}

// Leave says goodbye on every link, for a node that stops.
func (n *Node) Leave(now time.Time, out []Action) []Action {
	n.setNow(now)
	for len(n.links) > 0 {
		out = n.bye(n.links[0], protocol.ByeShutdown, "Servent stops", out)
	}
	return out
}
