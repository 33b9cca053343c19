package dht

import (
	"cmp"
	"slices"
)

// Kademlia measures distance by XOR. A node keeps up to k contacts (a bucket)
// for each number of leading bits that another node shares with it (b = 1). The
// asker keeps a list of the nodes that it has heard of, asks alpha of the
// nearest at a time, and each answers with the k nearest that it knows.
//
// Source: Maymounkov, Mazières, "Kademlia: a peer-to-peer information system
// based on the XOR metric", IPTPS 2002, sections 2.1 to 2.3. A bucket holds any
// k of those that fit in; real ones are those that have been up longest.
type Kademlia struct {
	*Ring
	k, alpha int
}

// NewKademlia returns a Kademlia; the paper has k = 20 and alpha = 3.
func NewKademlia(ring *Ring, k, alpha int) *Kademlia {
	return &Kademlia{ring, max(1, k), max(1, alpha)}
}

// Name is "Kademlia".
func (t *Kademlia) Name() string { return "Kademlia" }

// Owner returns the node nearest to key that is up.
func (t *Kademlia) Owner(key ID, dead Dead) int32 {
	b := t.prefix(0, 0)
	if !b.alive(dead) {
		return -1
	}
	for bit := 63; b.len() > 1 && bit >= 0; bit-- {
		near, far := t.split(b, key, bit)
		if b = near; !near.alive(dead) {
			b = far
		}
	}
	return b.lo
}

// split parts a block whose nodes share the bits above bit into those that
// have that bit as id has it, and the others.
func (t *Kademlia) split(b block, id ID, bit int) (same, other block) {
	middle := t.ids[b.lo]&^(1<<bit<<1-1) | 1<<bit
	cut := t.from(middle)
	same, other = block{b.lo, cut}, block{cut, b.hi}
	if id>>bit&1 == 1 {
		same, other = other, same
	}
	return same, other
}

// Entries counts the contacts of all buckets.
func (t *Kademlia) Entries(v int32) int {
	n := 0
	own := t.prefix(0, 0)
	for bit := 63; own.len() > 1; bit-- {
		var bucket block
		own, bucket = t.split(own, t.ids[v], bit)
		n += min(t.k, bucket.len())
	}
	return n
}

// contact is a node that the asker has heard of.
type contact struct {
	dist  ID
	node  int32
	hops  int32 // of the chain of nodes that led to it
	asked bool
}

// Lookup looks for a value that only the owner holds: it ends when that has
// answered, or when the k nearest have and none of them was the owner.
func (t *Kademlia) Lookup(from int32, key ID, dead Dead, p *Path) {
	t.run(from, key, dead, p, t.Owner(key, dead))
}

// Nodes looks for the k nodes nearest to key, as before a value is stored on
// them: it ends when they have answered.
func (t *Kademlia) Nodes(from int32, key ID, dead Dead, p *Path) {
	t.run(from, key, dead, p, -1)
}

func (t *Kademlia) run(from int32, key ID, dead Dead, p *Path, until int32) {
	p.reset()
	if from == until {
		p.Owner, p.Found = from, true
		return
	}
	p.seen = append(p.seen, contact{dist: t.ids[from] ^ key, node: from, asked: true})
	t.learn(from, key, 1, p)
	for p.Owner < 0 && t.round(key, dead, p, until) {
	}
	if p.Owner < 0 {
		p.Owner, p.Hops = p.seen[0].node, int(p.seen[0].hops)
	}
	p.Found = until < 0 || p.Owner == until
}

// round asks alpha of the k nearest contacts, all before any answers; one that
// does not answer is left out, and the next one asked. It is false when there
// is nothing more to ask.
func (t *Kademlia) round(key ID, dead Dead, p *Path, until int32) bool {
	var room [8]contact
	answers := room[:0]
	for i := 0; i < min(t.k, len(p.seen)) && len(answers) < t.alpha; {
		c := &p.seen[i]
		if !c.asked && !p.ask(c.node, dead) {
			p.seen = slices.Delete(p.seen, i, i+1)
			continue
		}
		if !c.asked {
			c.asked = true
			answers = append(answers, *c)
		}
		i++
	}
	for _, c := range answers {
		t.learn(c.node, key, c.hops+1, p)
		if c.node == until {
			p.Owner, p.Hops = until, int(c.hops)
		}
	}
	return len(answers) > 0
}

// learn adds the answer of v to what the asker has heard of.
func (t *Kademlia) learn(v int32, key ID, hops int32, p *Path) {
	var room [64]int32
	for _, w := range t.nearest(v, key, room[:0]) {
		c := contact{dist: t.ids[w] ^ key, node: w, hops: hops}
		i, known := slices.BinarySearchFunc(p.seen, c, func(a, b contact) int { return cmp.Compare(a.dist, b.dist) })
		if !known {
			p.seen = slices.Insert(p.seen, i, c)
		}
	}
}

// nearest appends the k contacts of v that are nearest to key. A bucket whose
// bit of v and key differs holds nodes nearer to the key than v, the higher the
// bit the nearer; the others hold nodes farther away, the higher the farther.
func (t *Kademlia) nearest(v int32, key ID, dst []int32) []int32 {
	id := t.ids[v]
	own := t.prefix(0, 0)
	var farther [64]block
	n := 0
	for bit := 63; own.len() > 1 && len(dst) < t.k; bit-- {
		var bucket block
		own, bucket = t.split(own, id, bit)
		if (id^key)>>bit&1 == 0 {
			farther[n] = bucket
			n++
			continue
		}
		dst = t.fill(v, key, bucket, dst)
	}
	for ; n > 0 && len(dst) < t.k; n-- {
		dst = t.fill(v, key, farther[n-1], dst)
	}
	return dst
}

// fill appends the contacts that v has in one bucket, nearest first, up to k in
// all.
func (t *Kademlia) fill(v int32, key ID, bucket block, dst []int32) []int32 {
	first := len(dst)
	dst = pick(bucket, t.k, Hash(uint64(t.ids[v]))+ID(bucket.lo), dst)
	slices.SortFunc(dst[first:], func(a, b int32) int { return cmp.Compare(t.ids[a]^key, t.ids[b]^key) })
	return dst[:min(len(dst), t.k)]
}
