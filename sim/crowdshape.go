package sim

import (
	"fmt"
	"time"

	"github.com/seed282dab8e/servent/servent/overlay"
)

// Shape is what a Crowd looks like at one moment.
type Shape struct {
	At                        time.Duration
	Nodes, Leaves, Supernodes int // that run; of those that serve and those that do not, the honest ones
	Taken, Places             int // leaf places of honest supernodes
	BoasterPlaces             int // boasters that an honest node relies on as supernodes
	BoasterLinks, LeafLinks   int // of leaves to supernodes, those to boasters and all
	Short                     int // honest leaves with fewer supernodes than they want
	RoleChanges               uint64
}

// Use is the part of the leaf places that are taken.
func (s Shape) Use() float64 { return float64(s.Taken) / float64(max(1, s.Places)) }

func (s Shape) String() string {
	return fmt.Sprintf("%v: %d nodes, %d leaves, %d supernodes, places %d/%d = %.1f %%, boasters in %d places, %d/%d leaf links to boasters, %d leaves short",
		s.At, s.Nodes, s.Leaves, s.Supernodes, s.Taken, s.Places, 100*s.Use(), s.BoasterPlaces, s.BoasterLinks, s.LeafLinks, s.Short)
}

// look returns the shape at present.
func (c *Crowd) look() Shape {
	s := Shape{At: c.w.Now(), RoleChanges: c.lost}
	serves := make([]bool, len(c.kinds)) // boasters that have a leaf
	for i := range c.kinds {
		n := c.node(NodeID(i))
		if n == nil {
			continue
		}
		s.Nodes++
		s.RoleChanges += n.RoleChanges()
		switch {
		case c.kinds[i].boasts():
		case n.Role() == overlay.RoleSupernode:
			places := n.Election(c.w.clock()).Places
			s.Supernodes++
			s.Taken, s.Places = s.Taken+places.Taken, s.Places+places.Total
		case n.Role() == overlay.RoleLeaf:
			c.lookAtLeaf(&s, n, serves)
		}
	}
	for i := range c.kinds {
		if id := NodeID(i); c.kinds[i].boasts() && c.node(id) != nil && (serves[i] || c.reliedOn(id)) {
			s.BoasterPlaces++
		}
	}
	return s
}

func (c *Crowd) lookAtLeaf(s *Shape, n *overlay.Node, serves []bool) {
	s.Leaves++
	links := 0
	for _, l := range n.Links() {
		if l.Peer.Role != overlay.RoleSupernode {
			continue
		}
		links++
		if peer, ok := c.w.Peer(l.ID); ok && c.kinds[peer].boasts() {
			s.BoasterLinks++
			serves[peer] = true
		}
	}
	s.LeafLinks += links
	if links < c.cfg.Parents {
		s.Short++
	}
}

// reliedOn says whether an honest supernode takes a boaster for one.
func (c *Crowd) reliedOn(id NodeID) bool {
	for _, l := range c.node(id).Links() {
		peer, ok := c.w.Peer(l.ID)
		if !ok || c.kinds[peer].boasts() || c.node(peer) == nil {
			continue
		}
		for _, o := range c.node(peer).Links() {
			if back, ok := c.w.Peer(o.ID); ok && back == id && o.Peer.Role == overlay.RoleSupernode && o.Checked {
				return true
			}
		}
	}
	return false
}
