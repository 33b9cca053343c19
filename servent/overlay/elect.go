package overlay

import (
	"cmp"
	"net/netip"
	"slices"
	"time"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/supernode"
)

const (
	// placesEvery is the least time between two messages that tell neighbours of
	// leaf places, and placesStep the part of them that must have changed.
	placesEvery = 5 * time.Second
	placesStep  = 1. / 32
	// handOverTime is what leaves have to go elsewhere, when a supernode steps down.
	handOverTime = 10 * time.Second
	// candidateEvery is how often a leaf looks whether it could serve.
	candidateEvery = time.Minute
)

// Capacity is what this node has to offer, as far as it is known.
func (n *Node) Capacity() supernode.Capacity {
	c := supernode.Capacity{Uptime: n.now - epoch, Upload: n.uploadSeen}
	tcp, udp := n.Reachable()
	c.TCP = tested(tcp)
	if n.cfg.UDP || n.cannotListen() {
		c.UDP = tested(udp)
	}
	if r := n.machine; r != (Resources{}) {
		c.Machine, c.Memory, c.Disk, c.Descriptors, c.OnBattery = true, r.Memory, r.Disk, r.Descriptors, r.OnBattery
	}
	return c
}

func tested(r Reach) supernode.Tested {
	return [...]supernode.Tested{ReachUnknown: supernode.Untested, ReachYes: supernode.Passed, ReachNo: supernode.Failed}[r]
}

// Election is how a node stands in the choice of supernodes.
type Election struct {
	Auto    bool
	Role    Role
	InRole  time.Duration
	Alone   bool // it is a supernode because it met none
	Leaving bool // it is stepping down
	// Become, Offer and Stay hold its capacity against what each of them asks.
	Become, Offer, Stay supernode.Assessment
	Places              supernode.Places   // of this node's leaves
	Near                []supernode.Places // of its neighbours that were checked
	Changes             uint64             // of role
	Passed              uint64             // checks that others have passed here
	Failed              uint64
	// Unfit is which peer has lately found that this supernode should be none, and why.
	Unfit string
}

// Election tells how the node stands at now.
func (n *Node) Election(now time.Time) Election {
	n.setNow(now)
	c, d := n.Capacity(), n.duty()
	e := Election{
		Auto: n.cfg.Role == RoleAuto, Role: n.role, InRole: n.now - n.auto.since, Alone: n.auto.alone, Leaving: n.auto.leaving > 0,
		Become: c.Assess(supernode.Become), Offer: c.Assess(supernode.Offer()), Stay: c.Assess(supernode.Stay), Places: d.Own, Near: d.Near,
		Changes: n.auto.changes, Passed: n.stats.ChecksPassed, Failed: n.stats.ChecksFailed,
	}
	if n.now < n.auto.unfitAt+failedFor {
		e.Unfit = n.auto.unfit
	}
	return e
}

// duty is what the policy decides by.
func (n *Node) duty() supernode.Duty {
	d := supernode.Duty{InRole: n.now - n.auto.since, Fit: true, Alone: n.auto.alone}
	d.Own = supernode.Places{Taken: n.leaves, Total: n.cfg.MaxLeaves}
	if n.role != RoleSupernode {
		d.Own = supernode.Places{}
	}
	for _, l := range n.links {
		if l.peer.Role == RoleSupernode && !l.strange && l.places.Total > 0 {
			d.Near = append(d.Near, l.places)
		}
	}
	return d
}

// look has a supernode decide whether there are too few of its kind, or too many.
func (n *Node) look(out []Action) []Action {
	if n.role != RoleSupernode || n.auto.leaving > 0 || !n.due(&n.auto.look) {
		return out
	}
	n.planLook()
	d := n.duty()
	if n.cfg.Role == RoleAuto {
		c := n.Capacity()
		d.Fit = c.Assess(supernode.Stay).OK
		d.Alone = n.auto.alone && !c.Assess(supernode.Become).OK
	} else {
		d.InRole, d.Alone = 0, false // who serves by its user's wish goes on
	}
	switch n.policy.Decide(d, n.cfg.Rand) {
	case supernode.Recruit:
		return n.recruit(out)
	case supernode.StepDown:
		return n.stepDown(out)
	}
	return out
}

// planLook plans the next look, so that neighbours do not look at the same time.
func (n *Node) planLook() {
	n.plan(&n.auto.look, n.policy.Every/2+n.chance(n.policy.Every))
}

// recruit checks the leaf that has been linked for longest among those that could
// serve; who passes is asked to.
func (n *Node) recruit(out []Action) []Action {
	var best *link
	for _, l := range n.links {
		if l.check != nil && l.check.kind == ofCandidate {
			return out
		}
		if best == nil && l.candidate && l.peer.Role == RoleLeaf && !l.passedOver && n.now-l.since >= candidateFor {
			best = l
		}
	}
	if best == nil || n.role != RoleSupernode {
		return out
	}
	best.check = &check{kind: ofCandidate}
	return n.beginCheck(best, out)
}

// promote asks a leaf that has passed to become a supernode.
func (n *Node) promote(l *link, rate int, out []Action) []Action {
	l.passedOver = true // it does so now, or not at all
	return n.sendVendor(l, protocol.NewPromote(uint32(rate)), out)
}

// onPromote becomes a supernode at the wish of one that this leaf hangs on and has
// checked, where its own capacity is enough.
func (n *Node) onPromote(l *link, h protocol.Header, v protocol.Vendor, out []Action) []Action {
	rate, err := v.Promote()
	switch {
	case err != nil:
		return n.malformed(l, h.Kind, out)
	case n.cfg.Role != RoleAuto || n.role != RoleLeaf || l.peer.Role != RoleSupernode || !l.peer.Servent || l.strange:
		return n.dropped(h.Kind, DropRole, out)
	}
	c := n.Capacity()
	c.Upload = int(rate)
	if !n.rested() || !c.Assess(supernode.Become).OK {
		return n.dropped(h.Kind, DropRole, out)
	}
	n.uploadSeen = int(rate)
	return n.changeRole(RoleSupernode, "asked by "+l.peer.Addr.String(), nil, out)
}

// rested says whether this node may serve again after it has stepped down.
func (n *Node) rested() bool {
	return n.auto.changes == 0 || n.now-n.auto.since >= n.policy.MinRest
}

// couldServe says whether a supernode should check this leaf.
func (n *Node) couldServe() bool {
	return n.cfg.Role == RoleAuto && n.role == RoleLeaf && n.rested() && n.Capacity().Assess(supernode.Offer()).OK
}

// offerSelf tells supernodes whether this leaf could be one, when that has changed.
func (n *Node) offerSelf(out []Action) []Action {
	if n.cfg.Role != RoleAuto || n.role != RoleLeaf || !n.due(&n.auto.offer) {
		return out
	}
	n.plan(&n.auto.offer, candidateEvery)
	if fit := n.couldServe(); fit != n.auto.offered {
		n.auto.offered = fit
		for _, l := range n.links {
			out = n.offerTo(l, out)
		}
	}
	return out
}

func (n *Node) offerTo(l *link, out []Action) []Action {
	if n.role != RoleLeaf || l.peer.Role != RoleSupernode || !l.supports.has(protocol.VendorCandidate) {
		return out
	}
	return n.sendVendor(l, protocol.NewCandidate(n.auto.offered, n.now-epoch), out)
}

// onCandidate hears from a leaf whether it could serve. It will be checked.
func (n *Node) onCandidate(l *link, h protocol.Header, v protocol.Vendor, out []Action) []Action {
	fit, _, err := v.Candidate()
	switch {
	case err != nil:
		return n.malformed(l, h.Kind, out)
	case l.peer.Role != RoleLeaf || !l.peer.Servent:
		return n.dropped(h.Kind, DropRole, out)
	}
	l.candidate = fit
	return out
}

// sendPlaces tells other supernodes of this one's leaf places when they have changed
// by enough.
func (n *Node) sendPlaces(out []Action) []Action {
	if !n.due(&n.placesDue) || n.role != RoleSupernode {
		return out
	}
	n.placesTold = n.leaves
	for _, l := range n.links {
		out = n.tellPlaces(l, out)
	}
	return out
}

// placesChanged notes that a leaf has come or gone.
func (n *Node) placesChanged() {
	if n.role == RoleSupernode && max(n.leaves-n.placesTold, n.placesTold-n.leaves) >= int(placesStep*float64(n.cfg.MaxLeaves)) {
		n.plan(&n.placesDue, placesEvery)
	}
}

func (n *Node) tellPlaces(l *link, out []Action) []Action {
	if n.role != RoleSupernode || l.peer.Role != RoleSupernode || !l.supports.has(protocol.VendorPlaces) {
		return out
	}
	total := n.cfg.MaxLeaves
	if n.auto.leaving > 0 {
		total = n.leaves
	}
	return n.sendVendor(l, protocol.NewPlaces(n.leaves, total), out)
}

func (n *Node) onPlaces(l *link, h protocol.Header, v protocol.Vendor, out []Action) []Action {
	taken, total, err := v.Places()
	switch {
	case err != nil:
		return n.malformed(l, h.Kind, out)
	case l.peer.Role != RoleSupernode || !l.peer.Servent:
		return n.dropped(h.Kind, DropRole, out)
	}
	l.places = supernode.Places{Taken: taken, Total: total}
	return out
}

// roomy returns where the checked neighbours listen that have places for leaves. One
// with twice the places is twice as often before another.
func (n *Node) roomy() []netip.AddrPort {
	type host struct {
		addr netip.AddrPort
		key  float64
	}
	var hosts []host
	for _, l := range n.links {
		if free := l.places.Free(); l.peer.Role == RoleSupernode && !l.strange && free > 0 && l.peer.Listen.IsValid() {
			hosts = append(hosts, host{openAddr(&l.peer), n.cfg.Rand.ExpFloat64() / float64(min(free, n.cfg.MaxLeaves))})
		}
	}
	slices.SortFunc(hosts, func(a, b host) int { return cmp.Compare(a.key, b.key) })
	to := make([]netip.AddrPort, 0, len(hosts))
	for _, h := range hosts {
		to = append(to, h.addr)
	}
	return to
}

// stepDown tells the leaves who has room for them; a little later this node is a
// leaf itself.
func (n *Node) stepDown(out []Action) []Action {
	n.plan(&n.auto.leaving, handOverTime)
	for _, l := range n.links {
		if l.peer.Role == RoleLeaf && l.supports.has(protocol.VendorHandOver) {
			out = n.sendVendor(l, protocol.NewHandOver(n.roomy()), out)
		}
		out = n.tellPlaces(l, out)
	}
	return out
}

// finishStepDown becomes a leaf when the leaves have had their time.
func (n *Node) finishStepDown(out []Action) []Action {
	if !n.due(&n.auto.leaving) {
		return out
	}
	return n.changeRole(RoleLeaf, "not needed, or not fit", nil, out)
}

// onHandOver goes elsewhere before its supernode steps down: to those that it names,
// as far as they may be dialled.
func (n *Node) onHandOver(l *link, h protocol.Header, v protocol.Vendor, out []Action) []Action {
	to, err := v.HandOver()
	switch {
	case err != nil:
		return n.malformed(l, h.Kind, out)
	case n.role != RoleLeaf || l.peer.Role != RoleSupernode || !l.peer.Servent || l.going:
		return n.dropped(h.Kind, DropRole, out)
	}
	l.going = true
	for _, a := range to {
		if a.Port() == 0 || n.isOwn(a) || n.cfg.ConnectOnly || !n.mayDial(a.Addr(), l.peer.Addr.Addr().IsLoopback()) {
			n.stats.Drops[DropHandOver]++
			continue
		}
		n.hear(a, l.peer.Addr.Addr().IsLoopback())
		n.urge(a)
	}
	return n.dial(out)
}

// going counts the links that are about to end.
func (n *Node) going() int {
	count := 0
	for _, l := range n.links {
		if l.going {
			count++
		}
	}
	return count
}
