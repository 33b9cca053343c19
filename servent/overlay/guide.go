package overlay

import (
	"bytes"
	"slices"
	"strings"

	"github.com/seed282dab8e/servent/protocol"
)

// relayMark is in the X-Servent header of a supernode that relays.
const relayMark = "; relay"

// autoMark ends the X-Servent header of a node whose role may change.
const autoMark = "; auto"

// Guide is what an ultrapeer says to another one that connects, in
// X-Ultrapeer-Needed (docs/protocol.md 2).
type Guide uint8

const (
	GuideNone      Guide = iota // nothing
	GuideUltrapeer              // True: it is needed as what it is
	GuideLeaf                   // False: there is room for it as a leaf
)

const neededHeader = "X-Ultrapeer-Needed"

// Header returns the value of X-Ultrapeer-Needed; empty for none.
func (g Guide) Header() string { return [...]string{"", "True", "False"}[g] }

// HeaderName is where Header goes.
func (Guide) HeaderName() string { return neededHeader }

func parseGuide(value string) Guide {
	switch {
	case strings.EqualFold(value, "true"):
		return GuideUltrapeer
	case strings.EqualFold(value, "false"):
		return GuideLeaf
	}
	return GuideNone
}

// guide says what to tell a peer that connects, and to one that was connected to
// whether this node does as it was told: it does where it is a supernode only for
// want of others.
func (n *Node) guide(p Peer) Guide {
	switch {
	case n.role != RoleSupernode || p.Role != RoleSupernode:
		return GuideNone
	case p.Outbound && p.Guide == GuideLeaf && n.mayYield() && !n.awaits(p.GUID):
		return GuideLeaf
	case p.Outbound:
		return GuideNone
	case n.needsSupernodes():
		return GuideUltrapeer
	}
	return GuideLeaf
}

// awaits says whether the servent with that GUID will give way to this node: of two
// that call each other at the same time it is the one with the higher GUID.
func (n *Node) awaits(id protocol.GUID) bool {
	return id != (protocol.GUID{}) && bytes.Compare(n.cfg.ID[:], id[:]) < 0 &&
		slices.ContainsFunc(n.admitted, func(a admission) bool { return a.caller == id })
}

// obey makes this node a leaf, since the peer of l has room for it.
func (n *Node) obey(l *link, out []Action) []Action {
	return n.changeRole(RoleLeaf, "guided by "+l.peer.Addr.String(), l, out)
}
