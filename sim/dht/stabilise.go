package dht

import "slices"

// between says whether id lies after a and before b on the ring.
func between(a, id, b ID) bool { return id-a-1 < b-a-1 }

// stabilise has v ask its successor for a nearer one, tell it of itself, look
// whether its predecessor is there, and renew fingers.
func (g *ringing) stabilise(v int32) {
	n := &g.nodes[v]
	s := g.alive(n)
	if s < 0 { // it has lost the ring and enters anew
		if s = g.lookup(g.live[g.r.IntN(len(g.live))], n.id+1, 2); s < 0 || s == v {
			return
		}
	}
	g.sent[0] += 2
	if x := g.nodes[s].before; x >= 0 && between(n.id, g.nodes[x].id, g.nodes[s].id) {
		if g.sent[0]++; !g.down[x] {
			g.sent[0]++
			s = x
		}
	}
	n.list = g.listOf(v, s)
	g.sent[0]++
	if p := g.nodes[s].before; p < 0 || between(g.nodes[p].id, n.id, g.nodes[s].id) {
		g.nodes[s].before = v
	}
	if n.before >= 0 {
		if g.sent[0]++; g.down[n.before] {
			n.before = -1
		} else {
			g.sent[0]++
		}
	}
	g.renew(v)
}

// alive returns the first successor of n that answers, and strikes out those
// that do not.
func (g *ringing) alive(n *node) int32 {
	for len(n.list) > 0 && g.down[n.list[0]] {
		g.sent[0]++
		n.list = n.list[1:]
	}
	if len(n.list) == 0 {
		return -1
	}
	return n.list[0]
}

// renew looks up one finger, or all. Those before the successor are the
// successor.
func (g *ringing) renew(v int32) {
	n := &g.nodes[v]
	s := n.list[0]
	if len(n.fingers) == 0 {
		n.fingers = slices.Repeat([]int32{s}, 64)
	}
	for i := range n.fingers {
		if n.id+1<<i-n.id > g.nodes[s].id-n.id {
			n.fix = max(n.fix, i)
			break
		}
		n.fingers[i] = s
		n.fix = max(n.fix, i+1)
	}
	for n.fix < 64 {
		if f := g.lookup(v, n.id+1<<n.fix, 1); f >= 0 {
			n.fingers[n.fix] = f
		}
		n.fix++
		if !g.cfg.AllFingers {
			break
		}
	}
	if n.fix >= 64 {
		n.fix = 0
	}
}

// lookup runs one lookup by what the nodes know, counts its messages as those
// of one kind, and returns where it ended; -1 when it knew no way on.
func (g *ringing) lookup(from int32, key ID, kind int) int32 {
	p := &g.path
	p.reset()
	for v := from; p.Owner < 0; p.Hops++ {
		next, end := g.next(v, key)
		if next < 0 {
			break
		}
		if end {
			p.Owner = next
		}
		v = next
	}
	// A node that has got a new predecessor sends the asker there.
	for v := p.Owner; v >= 0; {
		v = g.nodes[v].before
		if v < 0 || !(g.nodes[v].id == key || between(key, g.nodes[v].id, g.nodes[p.Owner].id)) || !p.ask(v, g.down) {
			break
		}
		p.Owner = v
		p.Hops++
	}
	g.sent[kind] += p.Messages()
	return p.Owner
}

// next returns the node nearest before key that v knows and that answers or, if
// there is none, the first at or after key, where the lookup ends.
func (g *ringing) next(v int32, key ID) (w int32, end bool) {
	n := &g.nodes[v]
	for {
		best := v
		for _, list := range [2][]int32{n.list[:min(1, len(n.list))], n.fingers} {
			best = g.nearest(v, best, key, list)
		}
		if best == v { // no finger is left: the list has to serve
			best = g.nearest(v, best, key, n.list)
		}
		if best == v {
			break
		}
		if g.path.ask(best, g.down) {
			return best, false
		}
	}
	for _, s := range n.list {
		if !between(n.id, g.nodes[s].id, key) && g.path.ask(s, g.down) {
			return s, true
		}
	}
	return -1, false
}

// nearest returns the node of list that is nearest before key, and nearer than
// best; not one that was found dead, nor one that has been asked.
func (g *ringing) nearest(v, best int32, key ID, list []int32) int32 {
	for _, w := range list {
		if between(g.nodes[best].id, g.nodes[w].id, key) && w != v && !slices.Contains(g.path.tried, w) {
			best = w
		}
	}
	return best
}
