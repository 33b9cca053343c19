package overlay

import (
	"encoding/binary"
	"math/bits"
	"time"

	"github.com/seed282dab8e/servent/protocol"
)

// route is where an id came from.
type route struct {
	id   protocol.GUID
	link LinkID
	ttl  uint8 // of the copy that was relayed
	hops uint8
}

// routes remembers the links that ids came from. It has two generations: when
// the younger is full or old it becomes the elder, and the elder is forgotten.
// So an id is remembered for at least life, unless more than max ids come in
// that time, and an idle table shrinks to nothing. The hash is keyed, since
// peers choose the ids.
type routes struct {
	key        [2]uint64
	max        int
	life       time.Duration
	born       time.Duration // when the younger generation began
	young, old generation
}

// generation is a log of routes in the order in which they came, and an index
// to it: an open-addressing table with linear probing, at most 3/4 full. Most
// ids that are looked up are new, and the index, which is small enough for the
// processor's cache, tells so without a look at the log.
type generation struct {
	log   []route
	index []uint32 // position in log and one, above it a part of the hash; 0: free
}

// positionBits is how much of an index entry is the position; MaxRoutes is bound by it.
const positionBits = 24

// entry is what the index holds for the route at position, whose id hashes to h.
func entry(h uint64, position int) uint32 { return uint32(h>>56)<<positionBits | uint32(position+1) }

const minSlots = 16

func (r *routes) hash(id *protocol.GUID) uint64 {
	a := binary.LittleEndian.Uint64(id[:8]) ^ r.key[0]
	b := binary.LittleEndian.Uint64(id[8:]) ^ r.key[1]
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo
}

// find returns the route of id, nil when it is not known. The pointer is good
// until the next add.
func (r *routes) find(id *protocol.GUID) *route {
	h := r.hash(id)
	if e := r.young.find(id, h); e != nil {
		return e
	}
	return r.old.find(id, h)
}

func (g *generation) find(id *protocol.GUID, h uint64) *route {
	if len(g.log) == 0 {
		return nil
	}
	tag, mask := uint32(h>>56), uint64(len(g.index)-1)
	for i := h & mask; ; i = (i + 1) & mask {
		switch e := g.index[i]; {
		case e == 0:
			return nil
		case e>>positionBits == tag:
			if have := &g.log[e&(1<<positionBits-1)-1]; have.id == *id {
				return have
			}
		}
	}
}

// add remembers e, whose id find did not know in the younger generation.
func (r *routes) add(now time.Duration, e route) {
	r.age(now)
	if len(r.young.log) >= r.max {
		r.turn(now)
	}
	g := &r.young
	if (len(g.log)+1)*4 > len(g.index)*3 {
		r.grow()
	}
	g.place(r.hash(&e.id), len(g.log))
	g.log = append(g.log, e)
}

// put is add for an id that may be known: the newest route wins.
func (r *routes) put(now time.Duration, e route) {
	r.age(now)
	if have := r.young.find(&e.id, r.hash(&e.id)); have != nil {
		*have = e
		return
	}
	r.add(now, e)
}

// age forgets what is old; it is called before every add and by Expire.
func (r *routes) age(now time.Duration) {
	if now-r.born >= r.life {
		r.turn(now)
	}
}

func (r *routes) turn(now time.Duration) {
	old := r.old
	r.old, r.young, r.born = r.young, generation{}, now
	if len(r.old.log) >= r.max/2 && len(old.index) == len(r.old.index) { // busy: use the memory again
		clear(old.index)
		r.young = generation{log: old.log[:0], index: old.index}
	}
}

// empty says whether there is nothing left to age.
func (r *routes) empty() bool { return len(r.young.log) == 0 && len(r.old.log) == 0 }

func (r *routes) grow() {
	g := &r.young
	g.index = make([]uint32, max(minSlots, 2*len(g.index)))
	for i := range g.log {
		g.place(r.hash(&g.log[i].id), i)
	}
}

// place puts the route at position into the index.
func (g *generation) place(h uint64, position int) {
	mask := uint64(len(g.index) - 1)
	i := h & mask
	for g.index[i] != 0 {
		i = (i + 1) & mask
	}
	g.index[i] = entry(h, position)
}
