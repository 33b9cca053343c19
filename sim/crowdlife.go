package sim

import (
	"math"
	"time"

	"github.com/seed282dab8e/servent/servent/overlay"
	"github.com/seed282dab8e/servent/sim/exact"
)

const (
	// Sessions are Weibull, as in KAD's later crawl (docs: simulation workloads).
	sessionScale = 169.5 * float64(time.Minute)
	sessionShape = 0.615

	forever = time.Duration(math.MaxInt64)
)

// accessClasses are upload rates in bytes a second, with their weights.
var accessClasses = [...]struct{ upload, weight int }{{87355, 1601}, {158001, 758}, {4280818, 258}, {89000, 47}}

// upload draws what a node can send, in bytes a second.
func (c *Crowd) upload() int {
	total := 0
	for _, class := range accessClasses {
		total += class.weight
	}
	at := c.rand.IntN(total)
	for _, class := range accessClasses {
		if at -= class.weight; at < 0 {
			return class.upload
		}
	}
	return 0 // never: the weights are all there is
}

// session draws how long a node stays.
func (c *Crowd) session() time.Duration {
	if c.cfg.Steady {
		return forever
	}
	return time.Duration(sessionScale * exact.Pow(-exact.Log(1-float64(c.rand.Float64())), 1/sessionShape))
}

// replace has another node join soon after one has left, so that the number stays.
func (c *Crowd) replace() {
	after := time.Duration(-exact.Log(1-float64(c.rand.Float64())) * float64(10*time.Second))
	c.w.After(after, func() { c.join(c.draw(), c.session()) })
}

// leave ends a session: half of them with a goodbye, the others without, of these
// half so that the machine is gone too.
func (c *Crowd) leave(id NodeID) {
	if c.gone[id] {
		return
	}
	c.retire(id)
	c.replace()
	switch c.rand.IntN(4) {
	case 0:
		c.w.Crash(id)
	case 1:
		c.w.Vanish(id)
	default:
		c.w.Leave(id)
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
			c.replace()
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
