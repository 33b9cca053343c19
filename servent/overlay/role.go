package overlay

import (
	"strings"
	"time"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/supernode"
)

// autoRole is what a node knows of its own role; most of it is of use only with
// RoleAuto.
type autoRole struct {
	since    time.Duration // when it took the present role
	alone    bool          // it is a supernode because it met none
	met      time.Duration // when a supernode last refused it for want of room
	named    time.Duration // when another that refused it last named some to ask
	lonely   time.Duration // when it takes itself for alone; 0 while it is not
	hopeless bool          // all that are known have refused it
	changes  uint64
	look     time.Duration // when a supernode next looks whether it is needed
	leaving  time.Duration // when a supernode that steps down is a leaf; 0: it stays
	offer    time.Duration // when a leaf next looks whether it could serve
	offered  bool          // what it has told supernodes of that
	unfit    string        // which peer has found it unfit to serve last, and why
	unfitAt  time.Duration
}

const (
	// aloneAfter is how long a node looks for supernodes before it becomes one
	// itself; aloneSpread is what chance adds, so that of two that wait for each
	// other one is first.
	aloneAfter, aloneSpread = 2 * time.Second, 3 * time.Second
	// hopelessSpread is what chance adds where there is nobody left to ask: leaves that
	// wait for each other.
	hopelessSpread = time.Second
	// alonePublic is for how long it looks on the public network, where host caches
	// have to be asked first.
	alonePublic = time.Minute
	// metLately is for how long a supernode that had no room keeps a node from
	// believing that there are none.
	metLately = time.Minute
	// namedLately does so after who had no room has named others to ask.
	namedLately = 12 * time.Second
)

// beginRole takes the role to start with.
func (n *Node) beginRole() {
	n.role = n.cfg.Role
	n.auto.since, n.policy = n.now, supernode.DefaultPolicy
	if n.role == RoleSupernode {
		n.planLook()
	}
	if n.role == RoleAuto {
		n.role = RoleLeaf
		n.auto.lonely = n.now + n.cfg.Discovery // with somebody to dial by then, it waits on
		n.plan(&n.auto.offer, candidateEvery)
	}
}

// wantedLinks is how many links to others than leaves the node dials for.
func (n *Node) wantedLinks() int { want, _ := n.cfg.linksAs(n.role); return want }

// mostLinks is how many of these it accepts.
func (n *Node) mostLinks() int { _, most := n.cfg.linksAs(n.role); return most }

// judgeRole does what is due about the role.
func (n *Node) judgeRole(out []Action) []Action {
	if n.cfg.Role != RoleAuto || n.role != RoleLeaf || n.cannotListen() {
		return out
	}
	return n.judgeAlone(out)
}

// judgeAlone makes a leaf a supernode that finds none: at once if there is nobody
// to dial, otherwise after some seconds.
func (n *Node) judgeAlone(out []Action) []Action {
	a := &n.auto
	if n.peers() > 0 {
		a.lonely, a.hopeless = 0, false
		return out
	}
	first := a.lonely > 0 && a.lonely == a.since+n.cfg.Discovery
	if a.lonely == 0 || first && (n.cfg.Public || len(n.hosts.list)+len(n.dials.seeds) > 0) {
		a.lonely = n.now + aloneAfter + n.chance(aloneSpread)
		if n.cfg.Public {
			a.lonely += alonePublic
		}
	}
	if !a.hopeless && n.allRefused() {
		a.hopeless, a.lonely = true, min(a.lonely, n.now+n.chance(hopelessSpread))
	}
	switch {
	case a.met > 0 && n.now < a.met+metLately:
		a.lonely = max(a.lonely, a.met+metLately)
	case a.named > 0 && !a.hopeless:
		a.lonely = max(a.lonely, a.named+namedLately)
	}
	if a.lonely > n.now {
		n.arm(a.lonely)
		return out
	}
	out = n.changeRole(RoleSupernode, "no supernode found", nil, out)
	a.alone = true
	if !n.cfg.Public { // those that were leaves, too, may want one now
		n.hosts.recall(n.now)
		n.dials.rest = 0
	}
	return out
}

// allRefused says whether this node knows some to link with, and has asked them all:
// some have no room, and the others do not answer. On the public network there are
// always more.
func (n *Node) allRefused() bool {
	if n.cfg.Public || len(n.dials.seeds)+len(n.dials.tries)+len(n.dials.urgent) > 0 {
		return false
	}
	refused := false
	for i := range n.hosts.list {
		h := &n.hosts.list[i]
		if h.next <= n.now {
			return false
		}
		refused = refused || h.full
	}
	return refused
}

// meet notes that who refused for want of room is a supernode, or knows some.
func (n *Node) meet(ev DialFailed) {
	switch {
	case ev.Code != codeFull:
	case ev.Role == RoleSupernode:
		n.auto.met = n.now
	case len(ev.Try) > 0:
		n.auto.named = n.now
	}
}

// maxUnfit is how much is kept of what a peer says of a check.
const maxUnfit = 100 // bytes

// foundUnfit keeps, for the user, what the supernode at l says whose check of this
// one failed. Who called in and has not been checked itself could say so of anybody.
func (n *Node) foundUnfit(l *link, why string) {
	if n.role != RoleSupernode || l.strange && !l.peer.Outbound {
		return
	}
	why = strings.ToValidUTF8(why[:min(len(why), maxUnfit)], "") // the cut may go through a rune
	n.auto.unfit, n.auto.unfitAt = l.peer.Addr.String()+": "+why, n.now
}

// isUnfit makes a node a leaf that was a supernode for want of others, and failed the
// check of one that it has looked up. Not where leaves depend on it: those are handed
// on when it is not needed.
func (n *Node) isUnfit(out []Action) []Action {
	if n.cfg.Role != RoleAuto || n.role != RoleSupernode || !n.auto.alone || n.leaves > 0 {
		return out
	}
	n.auto.met = n.now
	return n.changeRole(RoleLeaf, "failed the check of a supernode", nil, out)
}

// changeRole takes another role: the links of the old one end, but for keep, and
// others are made.
func (n *Node) changeRole(r Role, why string, keep *link, out []Action) []Action {
	was := n.auto
	n.role, n.auto = r, autoRole{since: n.now, met: was.met, changes: was.changes + 1}
	for i := 0; i < len(n.links); {
		if n.links[i] == keep {
			i++
			continue
		}
		out = n.bye(n.links[i], protocol.ByeModeChange, "Becomes a "+r.String(), out)
	}
	n.merged, n.placesTold = nil, 0
	if r == RoleSupernode {
		n.planLook()
	} else {
		n.plan(&n.auto.offer, candidateEvery)
	}
	n.endDynamic(func(*dynamic) bool { return true })
	for i := range n.own {
		out = n.beginOwn(&n.own[i], out)
	}
	n.dials.again(n.now)
	n.hosts.rested(n.now)
	n.arm(n.now)
	return append(out, Action{Op: OpRole, Text: why})
}

// RoleChanges counts how often the node has taken another role.
func (n *Node) RoleChanges() uint64 { return n.auto.changes }

// mayYield says whether this node gives way to who has room for it: it became a
// supernode for want of others and nobody depends on it.
func (n *Node) mayYield() bool {
	leaves, _ := n.places()
	return n.cfg.Role == RoleAuto && n.role == RoleSupernode && n.auto.alone && leaves == 0
}

// needsSupernodes says whether another supernode would be of use.
func (n *Node) needsSupernodes() bool { return n.duty().Load() >= n.policy.Lower }
