package sim

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/servent/overlay"
	"github.com/seed282dab8e/servent/sim/load"
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
	text  string
	at    time.Duration
	names []string  // of the files that it asks for, ascending
	there []holding // what could be found
	flood *Flood
}

// holding is how many of the files that a question asks for a node has.
type holding struct {
	node  NodeID
	files int
}

// filesOf adds up what there is.
func filesOf(there []holding) (files int) {
	for _, h := range there {
		files += h.files
	}
	return files
}

// ask has an honest leaf search.
func (c *Crowd) ask() (question, bool) {
	asked, ok := c.nextQuery()
	if !ok {
		return question{}, false
	}
	var targets load.Targets
	c.load.Find(&asked, &targets)
	q := question{by: c.at[asked.From], at: c.w.Now(), text: textOf(asked.Words)}
	for _, f := range targets.Files {
		q.names = append(q.names, c.name(f))
	}
	slices.Sort(q.names)
	q.there = c.holdings(&q, &targets, c.horizon(q.by))
	q.flood = c.w.Query(q.by, q.text, 0)
	return q, true
}

// nextQuery returns the workload's next query that an honest leaf asks which has its
// supernodes, or else, as where there are no more, the next of one that has some;
// false when there is hardly any.
func (c *Crowd) nextQuery() (found load.Query, ok bool) {
	for range 1000 {
		q := c.load.Query(c.asked)
		c.asked++
		id := c.at[q.From]
		n := c.node(id)
		if n == nil || n.Role() != overlay.RoleLeaf || !c.kinds[id].honest() {
			continue
		}
		switch have := servers(n); {
		case have >= c.cfg.Parents:
			return q, true
		case have > 0 && !ok:
			found, ok = q, true
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

// holdings returns what those have who had joined a minute before, so that supernodes
// had been told of their files, were still there, had a supernode, and could serve
// who asked.
func (c *Crowd) holdings(q *question, t *load.Targets, within []bool) (there []holding) {
	for i, peer := range t.Peers {
		id := c.at[peer]
		n := c.node(id)
		if n == nil || !within[id] || !c.kinds[id].honest() || c.kinds[q.by].firewalled && c.kinds[id].firewalled {
			continue
		}
		if servers(n) > 0 && q.at-c.born[id] >= time.Minute {
			there = append(there, holding{id, int(t.Counts[i])})
		}
	}
	return there
}

// still leaves what those have who have not gone since a question.
func (c *Crowd) still(q question) []holding {
	return slices.DeleteFunc(slices.Clone(q.there), func(h holding) bool { return c.node(h.node) == nil })
}

// real says whether a hit names files that there are, and that were asked for.
func (q question) real(h Hit) bool {
	return len(h.Files) > 0 && !slices.ContainsFunc(h.Files, func(f protocol.FileRecord) bool {
		_, ok := slices.BinarySearch(q.names, f.Name)
		return !ok
	})
}

// count returns how many of the files there were found within that time; all of them
// if as many were as were wanted: others share, too, and such as have gone since.
func (q question) count(there []holding, target int, within time.Duration) (files int) {
	got := q.copies(within)
	if len(got) >= target {
		return filesOf(there)
	}
	for _, h := range there {
		from, _ := slices.BinarySearchFunc(got, h.node, func(c fileCopy, id NodeID) int { return cmp.Compare(c.node, id) })
		for ; from < len(got) && got[from].node == h.node; from++ {
			files++
		}
	}
	return files
}

// fileCopy is a file of a node.
type fileCopy struct {
	node NodeID
	name string
}

// copies returns what real hits within that time named, each once, by node.
func (q question) copies(within time.Duration) (got []fileCopy) {
	for _, h := range q.flood.Hits {
		if h.At-q.at > within || h.Node == nobody || !q.real(h) {
			continue
		}
		for _, f := range h.Files {
			got = append(got, fileCopy{h.Node, f.Name})
		}
	}
	slices.SortFunc(got, func(a, b fileCopy) int { return cmp.Or(cmp.Compare(a.node, b.node), strings.Compare(a.name, b.name)) })
	return slices.Compact(got)
}
