package sim

import (
	"fmt"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/search"
	"github.com/seed282dab8e/servent/servent/overlay"
)

// watcher checks what must hold for every step of every node that behaves: no
// message goes back to its sender, TTL and hops together never grow, a hit goes
// the way that its query came, a leaf gets no query that its table excludes,
// queues are bounded, and nothing over UDP makes much of little.
type watcher struct {
	w      *World
	came   map[visit]passage
	udp    udpWatcher
	steps  int
	relays int // messages checked
	hits   int
	asked  int // queries at leaves
	most   int // bytes that may wait on a link
	faults []string
	hashes []uint32 // scratch
}

// visit is a query at a node.
type visit struct {
	node  NodeID
	start uint64 // of the node, which forgets all when it starts again
	id    protocol.GUID
}

// passage is how a query came there.
type passage struct {
	link overlay.LinkID // the first; 0: it is the user's
	life int            // the most that its TTL and hops added up to
}

func newWatcher(w *World) *watcher {
	return &watcher{w: w, came: map[visit]passage{}, most: maxQueued}
}

// maxFaults is how many faults are told of.
const maxFaults = 10

func (c *watcher) fault(format string, args ...any) {
	if len(c.faults) < maxFaults {
		c.faults = append(c.faults, fmt.Sprintf("at %s: ", c.w.Now())+fmt.Sprintf(format, args...))
	}
}

// queuesEvery is how many steps there are to one look at a node's queues.
const queuesEvery = 50

// check looks at a step: it has the form of Config.Watch.
func (c *watcher) check(id NodeID, ev overlay.Event, acts []overlay.Action) {
	c.steps++
	switch ev := ev.(type) {
	case overlay.UserQuery:
		c.noteOwn(id, acts)
		c.came[c.visit(id, ev.ID)] = passage{life: overlay.HardTTL}
	case overlay.Received:
		h, err := protocol.ParseHeader(ev.Msg)
		if err == nil && h.Kind == protocol.KindQuery && sound(h, ev.Msg) && c.heeds(ev.Link) {
			c.noteQuery(id, ev, h)
		}
		for i := range acts {
			c.checkRelay(id, ev.Link, h, &acts[i])
		}
	}
	for i := range acts {
		c.checkSend(id, &acts[i])
		if ev == nil {
			c.checkAsk(id, &acts[i])
		}
	}
	c.checkUDP(id, ev, acts)
	if c.steps%queuesEvery == 0 {
		c.checkQueues(id)
	}
}

func (c *watcher) visit(id NodeID, query protocol.GUID) visit {
	return visit{id, c.w.nodes[id].starts, query}
}

// noteOwn notes the ids that a search goes out with.
func (c *watcher) noteOwn(id NodeID, acts []overlay.Action) {
	for i := range acts {
		if h := headerOf(&acts[i]); acts[i].Op == overlay.OpSend && h.Kind == protocol.KindQuery {
			c.came[c.visit(id, h.ID)] = passage{life: overlay.HardTTL}
		}
	}
}

// sound says whether a query is none that every node drops: a Garbler may have sent it.
func sound(h protocol.Header, msg []byte) bool {
	_, err := protocol.ParseQuery(msg[protocol.HeaderSize:])
	whole := len(msg) == protocol.HeaderSize+int(h.Size) && h.Size <= protocol.MaxSize(h.Kind)
	return err == nil && whole && h.TTL > 0 && int(h.TTL)+int(h.Hops) <= overlay.HardTTL
}

// heeds says whether a node looks at what comes on a link: one that it has closed may
// still bring what was under way.
func (c *watcher) heeds(link overlay.LinkID) bool {
	e := c.w.end(link)
	return e == nil || e.open && !e.closing
}

// noteQuery notes where a query came from, and that a leaf may be asked it.
func (c *watcher) noteQuery(id NodeID, m overlay.Received, h protocol.Header) {
	v := c.visit(id, h.ID)
	p, known := c.came[v]
	if !known {
		p.link = m.Link
	}
	p.life = max(p.life, int(h.TTL)+int(h.Hops))
	if from, honest := c.sender(m.Link); honest {
		c.checkLeaf(id, from, m.Msg)
	} else {
		p.life = overlay.HardTTL
	}
	c.came[v] = p
}

// sender returns who is at the other end of a link, and whether it behaves. The TTL
// of a Garbler's question means nothing: a supernode asks for a leaf as for itself.
func (c *watcher) sender(link overlay.LinkID) (id NodeID, honest bool) {
	id, ok := c.w.Peer(link)
	return id, !ok || c.w.nodes[id].cfg.Act == Honest
}

// checkLeaf: a leaf is asked only for what its table holds.
func (c *watcher) checkLeaf(id, from NodeID, msg []byte) {
	n := c.w.Node(id)
	shelf := c.w.nodes[id].shelf
	if n == nil || n.Role() != overlay.RoleLeaf || n.RoleChanges() > 0 {
		return
	}
	c.asked++
	q, err := protocol.ParseQuery(msg[protocol.HeaderSize:])
	if err != nil {
		c.fault("%s asks its leaf %s what cannot be read", c.w.Name(from), c.w.Name(id))
		return
	}
	c.hashes = search.AppendHashes(c.hashes[:0], q.Text)
	if shelf == nil || shelf.shared.Table == nil || !holds(shelf.shared.Table, c.hashes, &q) {
		c.fault("%s asks its leaf %s for %q, which its table excludes", c.w.Name(from), c.w.Name(id), q.Text)
	}
}

// holds says whether a table has all words, or one of the URNs.
func holds(t *protocol.RouteTable, words []uint32, q *protocol.Query) bool {
	all := len(words) > 0
	for _, w := range words {
		all = all && t.Has(w)
	}
	for u := range q.URNs() {
		all = all || u.HasSHA1 && t.Has(protocol.WordHash(u.SHA1URN()))
	}
	return all
}

// checkRelay: no message goes back to its sender, and TTL and hops of one that
// is passed on move by one, or the TTL is cut. Leaves and their supernode are one,
// so the TTL of what goes to a leaf may stay at 1.
func (c *watcher) checkRelay(id NodeID, from overlay.LinkID, h protocol.Header, a *overlay.Action) {
	if a.Op != overlay.OpSend || headerOf(a).ID != h.ID || headerOf(a).Kind != h.Kind {
		return
	}
	if h.Kind == protocol.KindVendor { // is never passed on, and an answer has its id
		return
	}
	c.relays++
	if a.Link == from {
		c.fault("%s sends a %s back to where it came from", c.w.Name(id), h.Kind)
	}
	last := a.TTL == 1 && c.toLeaf(a.Link)
	_, honest := c.sender(from)
	if a.TTL == 0 || honest && a.TTL >= h.TTL && !last || a.Hops != h.Hops+1 {
		c.fault("%s passes on a %s of TTL %d and hops %d with %d and %d", c.w.Name(id), h.Kind, h.TTL, h.Hops, a.TTL, a.Hops)
	}
}

// toLeaf says whether the other end of a link is a leaf.
func (c *watcher) toLeaf(link overlay.LinkID) bool {
	peer, ok := c.w.Peer(link)
	if !ok {
		return false
	}
	n := c.w.Node(peer)
	return n == nil || n.Role() == overlay.RoleLeaf
}

// checkSend: every message is within the TTL limit, a query within its own, and a
// hit goes to where its query came from first.
func (c *watcher) checkSend(id NodeID, a *overlay.Action) {
	switch {
	case a.Op == overlay.OpHit:
		if p, ok := c.came[c.visit(id, a.ID)]; !ok || p.link != 0 {
			c.fault("%s hands its user a hit for another's query", c.w.Name(id))
		}
		return
	case a.Op != overlay.OpSend:
		return
	}
	h := headerOf(a)
	if a.TTL == 0 || int(a.TTL)+int(a.Hops) > overlay.HardTTL {
		c.fault("%s sends a %s with TTL %d and hops %d", c.w.Name(id), h.Kind, a.TTL, a.Hops)
	}
	p, ok := c.came[c.visit(id, h.ID)]
	switch h.Kind {
	case protocol.KindQueryHit:
		c.hits++
		if !ok || p.link != a.Link {
			c.fault("%s sends a hit to link %d, the query came from %d", c.w.Name(id), a.Link, p.link)
		}
	case protocol.KindQuery:
		if ok && int(a.TTL)+int(a.Hops) > p.life && !(a.TTL == 1 && c.toLeaf(a.Link)) {
			c.fault("%s sends a QUERY on with TTL %d and hops %d, together they were %d", c.w.Name(id), a.TTL, a.Hops, p.life)
		}
	}
}

// checkAsk: a question that goes on later does not go to who asked either.
func (c *watcher) checkAsk(id NodeID, a *overlay.Action) {
	h := headerOf(a)
	if p, ok := c.came[c.visit(id, h.ID)]; ok && a.Op == overlay.OpSend && h.Kind == protocol.KindQuery && a.Link == p.link {
		c.fault("%s sends a QUERY back to where it came from", c.w.Name(id))
	}
}

// maxQueued is what may wait on a link: Config.MaxQueue of the nodes.
const maxQueued = 512 << 10

func (c *watcher) checkQueues(id NodeID) {
	n := c.w.Node(id)
	if n == nil {
		return
	}
	for _, l := range n.Links() {
		if l.Queued < 0 || l.Queued > c.most {
			c.fault("%s has %d bytes queued on link %d", c.w.Name(id), l.Queued, l.ID)
		}
	}
}

func headerOf(a *overlay.Action) protocol.Header {
	h, _ := protocol.ParseHeader(a.Msg)
	return h
}
