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
	link LinkID // 0: the slot is free
	ttl  uint8  // of the copy that was relayed
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

// generation is an open-addressing table with linear probing, at most 3/4 full.
type generation struct {
	slots []route
	used  int
}

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
	if g.used == 0 {
		return nil
	}
	mask := uint64(len(g.slots) - 1)
	for i := h & mask; ; i = (i + 1) & mask {
		e := &g.slots[i]
		switch {
		case e.link == 0:
			return nil
		case e.id == *id:
			return e
		}
	}
}

// add remembers e, whose id find did not know in the younger generation.
func (r *routes) add(now time.Duration, e route) {
	r.age(now)
	if r.young.used >= r.max {
		r.turn(now)
	}
	g := &r.young
	if (g.used+1)*4 > len(g.slots)*3 {
		r.grow()
	}
	g.place(e, r.hash(&e.id))
	g.used++
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
	old := r.old.slots
	r.old, r.young, r.born = r.young, generation{}, now
	if r.old.used >= r.max/2 && len(old) == len(r.old.slots) { // busy: use the memory again
		clear(old)
		r.young.slots = old
	}
}

// empty says whether there is nothing left to age.
func (r *routes) empty() bool { return r.young.used == 0 && r.old.used == 0 }

func (r *routes) grow() {
	old := r.young.slots
	r.young.slots = make([]route, max(minSlots, 2*len(old)))
	for i := range old {
		if old[i].link != 0 {
			r.young.place(old[i], r.hash(&old[i].id))
		}
	}
}

func (g *generation) place(e route, h uint64) {
	mask := uint64(len(g.slots) - 1)
	i := h & mask
	for g.slots[i].link != 0 {
		i = (i + 1) & mask
	}
	g.slots[i] = e
}
