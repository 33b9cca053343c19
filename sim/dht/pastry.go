package dht

import (
	"cmp"
	"slices"
)

// digit is how many bits of an identifier Pastry and Plaxton resolve in one hop.
const digit = 4

// Pastry gives a key to the node whose identifier is numerically nearest. A
// node knows the l/2 nodes on each side of it (its leaf set), and for each
// number of leading digits and each next digit one node that has them (its
// routing table). A lookup goes to nodes that share ever more digits with the
// key, until the key falls among a leaf set.
//
// Source: Rowstron, Druschel, "Pastry: scalable, decentralized object location
// and routing for large-scale peer-to-peer systems", Middleware 2001, section
// 2.3, with b = 4. The table holds any one of the nodes that fit; real ones take
// the nearest in latency, which changes times and not hops.
type Pastry struct {
	*Ring
	// Noticed are dead nodes that those whose leaf sets they were in do without
	// already, since they look after these more often than after their tables.
	Noticed Dead
	half    int32
}

// NewPastry returns a Pastry with leaf sets of l nodes (2 or more); the paper
// has l = 16.
func NewPastry(ring *Ring, l int) *Pastry {
	return &Pastry{Ring: ring, half: int32(min(max(1, l/2), ring.Len()/2))}
}

// Name is "Pastry".
func (t *Pastry) Name() string { return "Pastry" }

// Owner returns the node nearest to key that is up; of two as near the one
// ahead of it.
func (t *Pastry) Owner(key ID, dead Dead) int32 {
	up := t.successor(key)
	down := t.step(up, -1)
	for i := 0; dead.has(up); i++ {
		if i == t.Len() {
			return -1
		}
		up = t.step(up, 1)
	}
	for dead.has(down) {
		down = t.step(down, -1)
	}
	if t.away(down, key) < t.away(up, key) {
		return down
	}
	return up
}

// away is how far v is from key, going round the shorter way.
func (t *Pastry) away(v int32, key ID) ID {
	d := t.ids[v] - key
	return min(d, -d)
}

// nearer orders nodes by their distance from key.
func (t *Pastry) nearer(key ID) func(a, b int32) int {
	return func(a, b int32) int {
		return cmp.Or(cmp.Compare(t.away(a, key), t.away(b, key)), cmp.Compare(t.ids[a]-key, t.ids[b]-key))
	}
}

// Entries counts the nodes of table and leaf set; some may be in both.
func (t *Pastry) Entries(v int32) int {
	return len(t.table(v, 0, nil)) + int(min(2*t.half, int32(t.Len()-1)))
}

// entry appends the node that v has for the digits of id before bit; nothing
// when there is none.
func (t *Pastry) entry(v int32, id ID, bit int, dst []int32) []int32 {
	b := t.prefix(id, bit)
	return pick(b, 1, Hash(uint64(t.ids[v]))+ID(b.lo)<<8+ID(bit), dst)
}

// table appends the entries of v that share row digits with it or more.
func (t *Pastry) table(v int32, row int, dst []int32) []int32 {
	for bit := row * digit; bit < 64 && t.prefix(t.ids[v], bit).len() > 1; bit += digit {
		for d := ID(1); d < 1<<digit; d++ {
			dst = t.entry(v, t.ids[v]^d<<(64-digit-bit), bit+digit, dst)
		}
	}
	return dst
}

// leaves appends the leaf set of v, and v.
func (t *Pastry) leaves(v int32, dst []int32) []int32 {
	for i := -t.half; i <= t.half; i++ {
		dst = append(dst, t.step(v, i))
	}
	return dst
}

// among says whether key lies among the leaf set of v.
func (t *Pastry) among(v int32, key ID) bool {
	off := t.ahead(v, t.successor(key))
	return off <= t.half || int32(t.Len())-off < t.half
}

// Lookup follows the digits of the key.
func (t *Pastry) Lookup(from int32, key ID, dead Dead, p *Path) {
	p.reset()
	v := from
	for {
		next := t.next(v, key, dead, p)
		if next == v {
			break
		}
		p.Hops++
		v = next
	}
	p.Owner, p.Found = v, v == t.Owner(key, dead)
}

// next returns the node that v sends the lookup to; v when it knows none
// nearer to the key.
func (t *Pastry) next(v int32, key ID, dead Dead, p *Path) int32 {
	var room [256]int32
	if t.among(v, key) {
		return t.first(v, key, t.leaves(v, room[:0]), dead, p)
	}
	row := common(t.ids[v], key) / digit
	for _, w := range t.entry(v, key, (row+1)*digit, room[:0]) {
		if !t.noticed(v, w) && p.ask(w, dead) {
			return w
		}
	}
	// The rare case: any node that shares as many digits and is nearer. Those of
	// the leaf set that are nearer lie between v and the key, and so share them.
	return t.first(v, key, t.table(v, row, t.leaves(v, room[:0])), dead, p)
}

// first asks the known nodes, nearest to the key first, and returns the one
// that answers; v when the others are dead or farther away.
func (t *Pastry) first(v int32, key ID, known []int32, dead Dead, p *Path) int32 {
	slices.SortFunc(known, t.nearer(key))
	for _, w := range known {
		if w == v || !t.noticed(v, w) && p.ask(w, dead) {
			return w
		}
	}
	return v
}

// noticed says whether w is in the leaf set of v, which knows that it is dead.
func (t *Pastry) noticed(v, w int32) bool {
	off := t.ahead(v, w)
	return (off <= t.half || int32(t.Len())-off <= t.half) && t.Noticed.has(w)
}
