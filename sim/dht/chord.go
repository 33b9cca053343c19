package dht

import "math/bits"

// Chord is a ring in which the owner of a key is the first node at it or after
// it. Node n knows the first node after n+2^i for every i (its fingers) and the
// next nodes of the ring (its successor list). A lookup jumps from node to node
// to the farthest finger before the key, until it comes to the key's
// predecessor, which knows the owner.
//
// Source: Stoica, Morris, Karger, Kaashoek, Balakrishnan, "Chord: a scalable
// peer-to-peer lookup service for internet applications", SIGCOMM 2001, section
// 4; the lists, section 5. Lookups are iterative: the asker itself asks each
// node on the way.
type Chord struct {
	*Ring
	// Noticed are dead nodes that those before them on the ring do without
	// already, since they look after their successors more often than others do
	// after their fingers.
	Noticed    Dead
	successors int32
	shortcut   bool
}

// NewChord returns a Chord whose successor lists have r nodes (1 or more). Lists
// serve when fingers are dead, and to know the owner.
func NewChord(ring *Ring, r int) *Chord {
	return &Chord{Ring: ring, successors: int32(min(r, ring.Len()-1))}
}

// NewListChord is NewChord whose lookups also jump to nodes of the successor
// list when no finger is nearer to the key, as in the version in IEEE/ACM
// Transactions on Networking 11(1), 2003, section IV.E.3.
func NewListChord(ring *Ring, r int) *Chord {
	c := NewChord(ring, r)
	c.shortcut = true
	return c
}

// Name is "Chord".
func (c *Chord) Name() string { return "Chord" }

// Owner returns the first node at key or after it that is up.
func (c *Chord) Owner(key ID, dead Dead) int32 {
	v := c.successor(key)
	for range c.Len() {
		if !dead.has(v) {
			return v
		}
		v = c.step(v, 1)
	}
	return -1
}

// Entries counts the different nodes among fingers and list.
func (c *Chord) Entries(v int32) int {
	n := int(c.successors)
	last := int32(0)
	for i := range 64 {
		if off := c.finger(v, i); off > max(last, c.successors) {
			n++
			last = off
		}
	}
	return n
}

// finger returns how many places ahead of v its finger i is.
func (c *Chord) finger(v int32, i int) int32 {
	return c.ahead(v, c.successor(c.ids[v]+1<<i))
}

// Lookup asks along the fingers. Path.Hops counts the owner: one less leads to
// the key's predecessor. As in the paper's find_successor, a node does not look
// whether it owns the key itself; the lookup then goes all the way round.
func (c *Chord) Lookup(from int32, key ID, dead Dead, p *Path) {
	p.reset()
	if c.Len() == 1 {
		p.Owner, p.Found = from, true
		return
	}
	v, before := from, c.before(from, key)
	for {
		next := c.closest(v, key, before, dead, p)
		if next < 0 {
			break
		}
		p.Hops++
		v, before = next, c.before(next, key)
	}
	p.Hops++
	p.Owner = c.follow(v, before, dead, p)
	p.Found = p.Owner >= 0 && p.Owner == c.Owner(key, dead)
}

// before returns how many places ahead of v the key's predecessor was when all
// were up.
func (c *Chord) before(v int32, key ID) int32 {
	return c.ahead(c.step(v, 1), c.successor(key))
}

// closest asks the nodes that v knows before the key, nearest to the key
// first, and returns the first that answers; -1 when none is known.
func (c *Chord) closest(v int32, key ID, before int32, dead Dead, p *Path) int32 {
	if before == 0 {
		return -1
	}
	last := int32(-1)
	for i := bits.Len64(uint64(key-c.ids[v])) - 1; i >= 0; i-- {
		off := c.finger(v, i)
		if off == 0 || off > before || off == last { // 0: it is v, all the way round
			continue
		}
		if c.shortcut && off < c.successors {
			break
		}
		if w, ok := c.ask(v, off, dead, p); ok {
			return w
		}
		last = off
	}
	return c.listed(v, min(before, c.successors), dead, p)
}

// listed asks the nodes from far places ahead down to the next one.
func (c *Chord) listed(v, far int32, dead Dead, p *Path) int32 {
	for off := far; off > 0; off-- {
		if w, ok := c.ask(v, off, dead, p); ok {
			return w
		}
	}
	return -1
}

// follow returns the first node of v's successor list that is up, given that
// those in the next before places are not; -1 when all of the list are dead.
func (c *Chord) follow(v, before int32, dead Dead, p *Path) int32 {
	for off := before + 1; off <= c.successors; off++ {
		if w, ok := c.ask(v, off, dead, p); ok {
			return w
		}
	}
	return -1
}

// ask sends a request to the node that is off places after v, unless v knows that
// it is dead, and says whether it answers.
func (c *Chord) ask(v, off int32, dead Dead, p *Path) (int32, bool) {
	w := c.step(v, off)
	known := off <= c.successors && c.Noticed.has(w)
	return w, !known && p.ask(w, dead)
}
