package dht

// Plaxton resolves a key digit by digit: the node at level i shares i digits
// with the key's root. Where no node has the next digit, the next higher digit
// that some node has takes its place (surrogate routing), which is the same
// wherever a lookup comes from.
//
// Source: Plaxton, Rajaraman, Richa, "Accessing nearby copies of replicated
// objects in a distributed environment", SPAA 1997; surrogates and backups from
// Zhao, Kubiatowicz, Joseph, "Tapestry", UCB/CSD-01-1141, 2001, with base 16.
type Plaxton struct {
	*Ring
	backups int
}

// NewPlaxton returns a mesh whose table entries have c nodes each, which are
// tried one after the other: 1 as Plaxton has it, 3 as Tapestry.
func NewPlaxton(ring *Ring, c int) *Plaxton { return &Plaxton{ring, max(1, c)} }

// Name is "Plaxton".
func (t *Plaxton) Name() string { return "Plaxton" }

// Owner returns the root of key among the nodes that are up.
func (t *Plaxton) Owner(key ID, dead Dead) int32 {
	group := t.prefix(0, 0)
	if !group.alive(dead) {
		return -1
	}
	for bit := 0; group.len() > 1; bit += digit {
		for d := ID(0); ; d++ {
			if b := t.slot(group, key, bit, d); b.alive(dead) {
				group = b
				break
			}
		}
	}
	return group.lo
}

// slot returns the nodes of a group, which share the digits before bit, whose
// next digit is d higher than that of key.
func (t *Plaxton) slot(group block, key ID, bit int, d ID) block {
	shift := 64 - digit - bit
	next := (key>>shift + d) & (1<<digit - 1)
	share := t.ids[group.lo] >> shift &^ (1<<digit - 1)
	return t.prefix((share|next)<<shift, bit+digit)
}

// Entries counts the nodes of all levels.
func (t *Plaxton) Entries(v int32) int {
	n := 0
	for bit := 0; bit < 64; bit += digit {
		group := t.prefix(t.ids[v], bit)
		if group.len() == 1 {
			break
		}
		for d := ID(0); d < 1<<digit; d++ {
			if b := t.slot(group, 0, bit, d); !b.has(v) {
				n += min(t.backups, b.len())
			}
		}
	}
	return n
}

// Lookup goes to the key's root.
func (t *Plaxton) Lookup(from int32, key ID, dead Dead, p *Path) {
	p.reset()
	v, group := from, t.prefix(0, 0)
	for bit := 0; group.len() > 1; bit += digit {
		next := int32(-1)
		for d := ID(0); next < 0; d++ {
			group = t.slot(t.prefix(t.ids[v], bit), key, bit, d)
			next = t.ask(v, group, dead, p)
		}
		if next != v {
			p.Hops++
		}
		v = next
	}
	p.Owner, p.Found = v, v == t.Owner(key, dead)
}

// ask returns the node of the slot that v goes on with: v when it is there
// itself, else its entry that answers; -1 when none does.
func (t *Plaxton) ask(v int32, slot block, dead Dead, p *Path) int32 {
	if slot.has(v) {
		return v
	}
	var room [8]int32
	for _, w := range pick(slot, t.backups, Hash(uint64(t.ids[v]))+ID(slot.lo), room[:0]) {
		if p.ask(w, dead) {
			return w
		}
	}
	return -1
}
