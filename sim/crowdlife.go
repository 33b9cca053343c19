package sim

import (
	"time"

	"github.com/seed282dab8e/servent/servent/overlay"
	"github.com/seed282dab8e/servent/sim/exact"
	"github.com/seed282dab8e/servent/sim/load"
)

// come has a node join in the place of a peer, for the next session of that.
func (c *Crowd) come(peer int32) {
	stays, crashes := c.load.Session(peer, c.stays[peer])
	c.stays[peer]++
	id := c.join(c.draw(peer))
	if stays != load.Forever {
		c.w.After(stays, func() { c.leave(id, crashes) })
	}
}

// replace has another node join soon after one has left, so that the number stays.
func (c *Crowd) replace(id NodeID) {
	peer := c.kinds[id].peer
	after := time.Duration(-exact.Log(1-float64(c.rand.Float64())) * float64(10*time.Second))
	c.w.After(after, func() { c.come(peer) })
}

// leave ends a session with a goodbye, or without one: half of those that crash do so
// that the machine is gone too.
func (c *Crowd) leave(id NodeID, crashes bool) {
	if c.gone[id] {
		return
	}
	c.retire(id)
	c.replace(id)
	switch {
	case !crashes:
		c.w.Leave(id)
	case c.rand.IntN(2) == 0:
		c.w.Crash(id)
	default:
		c.w.Vanish(id)
	}
}

func (c *Crowd) retire(id NodeID) {
	c.gone[id] = true
	if n := c.node(id); n != nil {
		c.lost += n.RoleChanges()
	}
}

// crash ends a part of the supernodes at once, but for the bootstrap node, and says
// how many.
func (c *Crowd) crash(part float64) int {
	count := 0
	for i := range c.kinds {
		id := NodeID(i)
		if n := c.node(id); n == nil || n.Role() != overlay.RoleSupernode || !c.kinds[i].honest() || id == bootstrap {
			continue
		}
		if c.rand.Float64() < part {
			c.retire(id)
			c.w.Crash(id)
			c.replace(id)
			count++
		}
	}
	return count
}

// full returns the honest leaves that have all the supernodes that they want.
func (c *Crowd) full() []NodeID {
	var had []NodeID
	for i := range c.kinds {
		n := c.node(NodeID(i))
		if n != nil && n.Role() == overlay.RoleLeaf && c.kinds[i].honest() && servers(n) >= c.cfg.Parents {
			had = append(had, NodeID(i))
		}
	}
	return had
}

// recovery lets time pass until all of these nodes that still run have all their
// supernodes, or serve; it gives up after limit, and says how many are short then.
func (c *Crowd) recovery(of []NodeID, limit time.Duration, pass func(time.Duration) error) (took time.Duration, short int, err error) {
	began := c.w.Now()
	for {
		if err := pass(time.Second); err != nil { // word of what has crashed is on its way
			return 0, 0, err
		}
		short = 0
		for _, id := range of {
			if n := c.node(id); n != nil && n.Role() == overlay.RoleLeaf && servers(n) < c.cfg.Parents {
				short++
			}
		}
		if took = c.w.Now() - began; short == 0 || took >= limit {
			return took, short, nil
		}
	}
}
