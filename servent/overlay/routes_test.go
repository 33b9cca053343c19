package overlay

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/protocol"
)

func newRoutes(most int) *routes {
	return &routes{key: [2]uint64{0x1234567, 0x89abcdef}, max: most, life: time.Minute}
}

func idOf(n int) protocol.GUID {
	return protocol.GUID{byte(n), byte(n >> 8), byte(n >> 16), 7}
}

func (r *routes) knows(n int) bool {
	id := idOf(n)
	return r.find(&id) != nil
}

func TestRoutesFind(t *testing.T) {
	r := newRoutes(1 << 20)
	if r.knows(0) || !r.empty() {
		t.Error("an empty table knows something")
	}
	const n = 50000
	for i := range n {
		r.add(1, route{id: idOf(i), link: LinkID(i + 1), ttl: byte(i), hops: byte(i >> 3)})
	}
	for i := range n {
		id := idOf(i)
		if e := r.find(&id); e == nil || e.link != LinkID(i+1) || e.ttl != byte(i) || e.hops != byte(i>>3) || e.id != id {
			t.Fatalf("route %d: %+v", i, e)
		}
	}
	for i := n; i < 2*n; i++ {
		if r.knows(i) {
			t.Fatalf("route %d was never put in", i)
		}
	}
	id := idOf(7)
	r.find(&id).ttl = 99 // as ext-probes do
	if r.find(&id).ttl != 99 {
		t.Error("a change through the pointer is lost")
	}
}

func TestRoutesPut(t *testing.T) {
	r := newRoutes(100)
	r.put(0, route{id: idOf(1), link: 1})
	r.put(0, route{id: idOf(1), link: 2})
	id := idOf(1)
	if e := r.find(&id); e.link != 2 || len(r.young.log) != 1 {
		t.Errorf("put again gives %+v, %d routes", e, len(r.young.log))
	}
	r.age(time.Minute) // now it is in the elder generation
	r.put(time.Minute, route{id: idOf(1), link: 3})
	if e := r.find(&id); e.link != 3 {
		t.Errorf("put again after aging gives %+v", e)
	}
	r.age(2 * time.Minute)
	if e := r.find(&id); e == nil || e.link != 3 {
		t.Errorf("what was put last is not remembered for its life: %+v", e)
	}
}

// TestRoutesLife: an id is known for one life at least, and for less than two.
func TestRoutesLife(t *testing.T) {
	const life = time.Minute
	for _, at := range []time.Duration{0, time.Second, 59 * time.Second} {
		r := newRoutes(100)
		r.add(at, route{id: idOf(1), link: 1})
		r.age(at + life - 1)
		if !r.knows(1) {
			t.Errorf("added at %s, forgotten within its life", at)
		}
		for now := at; now <= at+2*life; now += time.Second {
			r.age(now)
		}
		if r.knows(1) {
			t.Errorf("added at %s, known after two lives", at)
		}
		if !r.empty() || r.young.log != nil || r.young.index != nil || r.old.log != nil || r.old.index != nil {
			t.Errorf("an idle table keeps memory")
		}
	}
}

// TestRoutesLimit: with max ids in each generation, the one that came max ago is
// known, and the one that came 2*max ago is not.
func TestRoutesLimit(t *testing.T) {
	const most = 100
	r := newRoutes(most)
	for i := range 10 * most {
		r.add(time.Duration(i), route{id: idOf(i), link: 1})
		if n := len(r.young.log); n > most {
			t.Fatalf("%d ids in a generation of %d", n, most)
		}
		if !r.knows(i) || i >= most && !r.knows(i-most) {
			t.Fatalf("at %d: it is not known, or not the one %d ago", i, most)
		}
		if i >= 2*most && r.knows(i-2*most) {
			t.Fatalf("at %d: the one %d ago is still known", i, 2*most)
		}
	}
	for n, elder := range map[int]int{most: 0, most + 1: most} { // at the limit, and one past it
		s := newRoutes(most)
		for i := range n {
			s.add(0, route{id: idOf(i), link: 1})
		}
		if len(s.old.log) != elder {
			t.Errorf("%d ids: %d in the elder generation, want %d", n, len(s.old.log), elder)
		}
	}
}

// TestRoutesReuse: a busy table works in the same memory for ever.
func TestRoutesReuse(t *testing.T) {
	const most = 1000
	r := newRoutes(most)
	n := 0
	add := func() {
		r.add(0, route{id: idOf(n), link: 1})
		n++
	}
	for range 4 * most {
		add()
	}
	if allocs := testing.AllocsPerRun(5*most, add); allocs != 0 {
		t.Errorf("%v allocations for an id in a busy table", allocs)
	}
}

// TestRoutesKeyed: peers who choose ids cannot choose where they go.
func TestRoutesKeyed(t *testing.T) {
	a, b := newRoutes(1), newRoutes(1)
	b.key[0]++
	same := 0
	for i := range 1000 {
		id := idOf(i)
		if a.hash(&id)%1024 == b.hash(&id)%1024 {
			same++
		}
	}
	if same > 20 {
		t.Errorf("%d of 1000 ids have one place under two keys", same)
	}
	n, m := newBench(t, nil).n, newBench(t, func(c *Config) { c.Rand = rand.New(rand.NewPCG(3, 4)) }).n
	if n.queries.key == m.queries.key || n.queries.key == n.pings.key || n.queries.key == n.servers.key {
		t.Error("tables share a key")
	}
}

// TestRoutesModel compares the table with a plain one over random calls.
func TestRoutesModel(t *testing.T) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 0))
		have := newRoutes(64)
		var young, old map[int]route
		young, old = map[int]route{}, map[int]route{}
		born, now := time.Duration(0), time.Duration(0)
		turn := func() { old, young, born = young, map[int]route{}, now }
		for range 5000 {
			now += time.Duration(r.IntN(int(2 * time.Second)))
			if now-born >= have.life {
				turn()
			}
			have.age(now)
			i := r.IntN(300)
			e := route{id: idOf(i), link: LinkID(1 + r.IntN(9)), ttl: uint8(r.IntN(9))}
			want, known := young[i]
			if !known {
				want, known = old[i]
			}
			id := e.id
			switch got := have.find(&id); {
			case (got != nil) != known:
				t.Fatalf("seed %d: id %d known: %t, want %t", seed, i, got != nil, known)
			case known && *got != want:
				t.Fatalf("seed %d: id %d: %+v, want %+v", seed, i, *got, want)
			}
			if _, again := young[i]; !again && len(young) >= 64 {
				turn()
			}
			young[i] = e
			have.put(now, e)
		}
	}
}
