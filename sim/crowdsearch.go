package sim

import (
	"slices"
	"time"

	"github.com/seed282dab8e/servent/servent/overlay"
)

const (
	// dynamicHops is how many supernodes a dynamic query passes at most after the first.
	dynamicHops = 4
	// soonTime is when a user would like to have it.
	soonTime = 10 * time.Second
)

// question is a search of an honest leaf's.
type question struct {
	by    NodeID
	file  int
	at    time.Duration
	there []NodeID // who could be found
	flood *Flood
}

// ask has an honest leaf search.
func (c *Crowd) ask() (question, bool) {
	by, ok := c.anyLeaf()
	if !ok {
		return question{}, false
	}
	q := question{by: by, at: c.w.Now(), file: c.drawFile()}
	q.there = c.holders(q, c.horizon(by))
	q.flood = c.w.Query(by, queryFor(q.file), 0)
	return q, true
}

// anyLeaf draws an honest leaf that has its supernodes, or else one that has some, as
// where there are no more; false when there is hardly any.
func (c *Crowd) anyLeaf() (found NodeID, ok bool) {
	for range 1000 {
		id := NodeID(c.rand.IntN(len(c.kinds)))
		n := c.node(id)
		if n == nil || n.Role() != overlay.RoleLeaf || !c.kinds[id].honest() {
			continue
		}
		switch have := servers(n); {
		case have >= c.cfg.Parents:
			return id, true
		case have > 0:
			found, ok = id, true
		}
	}
	return found, ok
}

// horizon returns the nodes whose files a question of id can reach, by NodeID: those
// on supernodes at most four hops from its own. What goes through a node that garbles
// or is no supernode ends there.
func (c *Crowd) horizon(id NodeID) []bool {
	seen, reached := make([]bool, c.w.Len()), make([]bool, c.w.Len())
	seen[id] = true
	at := []NodeID{id}
	for hop := 0; hop <= 1+dynamicHops && len(at) > 0; hop++ {
		var next []NodeID
		for _, v := range at {
			n := c.node(v)
			if n == nil {
				continue
			}
			reached[v] = true
			if v != id && n.Role() == overlay.RoleLeaf {
				continue
			}
			for _, e := range c.w.nodes[v].ends {
				if peer := e.peer.node; e.open && e.peer.open && !seen[peer] {
					seen[peer] = true
					next = append(next, peer)
				}
			}
		}
		at = next
	}
	return reached
}

// holders returns those that had joined a minute before, so that supernodes had been
// told of their files, were still there, had a supernode, and could serve who asked.
func (c *Crowd) holders(q question, within []bool) (there []NodeID) {
	for _, holder := range c.holds[q.file] {
		n := c.node(holder)
		unreachable := c.kinds[q.by].firewalled && c.kinds[holder].firewalled
		if n == nil || holder == q.by || unreachable || !within[holder] || !c.kinds[holder].honest() {
			continue
		}
		if servers(n) > 0 && q.at-c.born[holder] >= time.Minute && !slices.Contains(there, holder) {
			there = append(there, holder)
		}
	}
	return there
}

// still leaves those of a question's holders that have not gone since.
func (c *Crowd) still(q question) []NodeID {
	return slices.DeleteFunc(slices.Clone(q.there), func(id NodeID) bool { return c.node(id) == nil })
}

// count returns how many of the holders were found within that time; all of them if
// as many files were as were wanted: others share, too, and such as have gone since.
func (q question) count(there []NodeID, target int, within time.Duration) (hits int) {
	var got []NodeID
	for _, h := range q.flood.Hits {
		if h.At-q.at <= within && h.Node >= 0 && h.real(queryFor(q.file)) {
			got = append(got, h.Node)
		}
	}
	slices.Sort(got)
	got = slices.Compact(got)
	if len(got) >= target {
		return len(there)
	}
	for _, holder := range there {
		if _, ok := slices.BinarySearch(got, holder); ok {
			hits++
		}
	}
	return hits
}

// real says whether a hit names a file that there is.
func (h Hit) real(text string) bool {
	return len(h.Files) > 0 && h.Files[0].Name != text+falseEnd
}
