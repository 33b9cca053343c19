package overlay

import (
	"encoding/binary"
	"runtime"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/protocol"
)

// forwarder is a node that passes queries from link 1 on to ten others, and has
// files of its own.
type forwarder struct {
	*bench
	msg  []byte
	next uint64
	out  []Action
}

func newForwarder(t testing.TB, text string, share ...string) *forwarder {
	b := newBench(t, func(c *Config) { c.Rate, c.UDP = Rate{1e12, 1e12}, true })
	b.links(11)
	b.step(Shared{Table: table(share...), Files: 1})
	return &forwarder{bench: b, msg: b.message(flood(5, 1), query(text))}
}

// forward lets one more query come, whose id is new, and reports its copies as
// written.
func (f *forwarder) forward() {
	f.next++
	binary.LittleEndian.PutUint64(f.msg, f.next*0x9e3779b97f4a7c15)
	f.out = f.n.Step(f.now, Received{Link: 1, Msg: f.msg}, f.out[:0])
	for i := range f.out {
		if a := &f.out[i]; a.Op == OpSend {
			f.n.Step(f.now, Sent{Link: a.Link, Bytes: len(a.Msg)}, nil)
		}
	}
}

// TestForwardAllocatesNothing: neither for a query that is only passed on, nor
// for one that is looked up too, nor for a duplicate.
func TestForwardAllocatesNothing(t *testing.T) {
	for name, tt := range map[string]struct {
		text string
		want int // actions
	}{
		"passed on":   {"blue danube by johann strauss", 10},
		"looked up":   {"blue moon", 11},
		"by one word": {"moon", 11},
	} {
		t.Run(name, func(t *testing.T) {
			f := newForwarder(t, tt.text, "blue", "moon")
			f.forward()
			if len(f.out) != tt.want {
				t.Fatalf("%d actions, want %d", len(f.out), tt.want)
			}
			if n := testing.AllocsPerRun(2000, f.forward); n != 0 {
				t.Errorf("%v allocations a query", n)
			}
			again := func() { f.out = f.n.Step(f.now, Received{Link: 2, Msg: f.msg}, f.out[:0]) }
			if n := testing.AllocsPerRun(100, again); n != 0 || len(f.out) != 0 {
				t.Errorf("%v allocations a duplicate", n)
			}
			if st := f.n.Stats(); st.Drops != [numDrops]uint64{} {
				t.Errorf("drops %v", st.Drops)
			}
		})
	}
}

// TestHitsBackAllocateNothing: nor do answers on their way back.
func TestHitsBackAllocateNothing(t *testing.T) {
	f := newForwarder(t, "blue")
	f.forward()
	hit := f.message(protocol.Header{ID: protocol.GUID(f.msg[:16]), Kind: protocol.KindQueryHit, TTL: 3, Hops: 2}, hitOf(protocol.GUID{5}))
	back := func() {
		f.out = f.n.Step(f.now, Received{Link: 3, Msg: hit}, f.out[:0])
		f.n.Step(f.now, Sent{Link: 1, Bytes: len(hit)}, nil)
	}
	back()
	if n := testing.AllocsPerRun(100, back); n != 0 || len(f.out) != 1 {
		t.Errorf("%v allocations, %d actions", n, len(f.out))
	}
}

// BenchmarkForward passes a query from one link on to ten others; each has an
// id of its own, so that the table of routes turns over and over.
func BenchmarkForward(b *testing.B) {
	for name, share := range map[string][]string{"relayed": {"other"}, "looked up too": {"blue", "danube"}} {
		b.Run(name, func(b *testing.B) {
			f := newForwarder(b, "blue danube", share...)
			b.ReportAllocs()
			for b.Loop() {
				f.forward()
			}
			b.ReportMetric(10*float64(b.N)/b.Elapsed().Seconds(), "deliveries/s")
		})
	}
}

// BenchmarkDuplicate drops a query that came before by another way.
func BenchmarkDuplicate(b *testing.B) {
	f := newForwarder(b, "blue danube")
	f.forward()
	b.ReportAllocs()
	for b.Loop() {
		f.out = f.n.Step(f.now, Received{Link: 2, Msg: f.msg}, f.out[:0])
	}
}

// maxIdle is the most that an idle node may take (design: 100,000 in a process).
const maxIdle = 16 << 10

// idleNodes makes n nodes of a role that have links and have seen traffic, and
// lets everything age.
func idleNodes(tb testing.TB, n int, role Role, links byte) []*Node {
	nodes := make([]*Node, n)
	for i := range nodes {
		b := newBench(tb, func(c *Config) { c.Role, c.UDP, c.ConnectOnly, c.AliveTimeout = role, true, false, 100*time.Hour })
		for id := byte(1); id <= links; id++ {
			peer := map[Role]Role{RoleFlat: RoleFlat, RoleLeaf: RoleSupernode}[role]
			b.link(id, peer)
			b.step(Sent{Link: LinkID(id), Bytes: 1 << 20})
		}
		b.hearPongs(1, 0, maxPongs, 2)
		for range 20 {
			b.receive(1, flood(5, 1), query("blue danube"))
		}
		for range 3 {
			b.pass(10 * time.Minute)
			for id := byte(1); id <= links; id++ {
				b.step(Sent{Link: LinkID(id), Bytes: 1 << 20})
			}
		}
		nodes[i] = b.n
	}
	return nodes
}

// bytesOf returns how many bytes of heap each of n values takes that make makes.
func bytesOf(n int, make func() []*Node) float64 {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	nodes := make()
	runtime.GC()
	runtime.ReadMemStats(&after)
	runtime.KeepAlive(nodes)
	return float64(int64(after.HeapAlloc)-int64(before.HeapAlloc)) / float64(n)
}

// TestIdleNodeIsSmall counts the bytes of nodes with a full pong cache and the
// hosts of its pongs, when no flood runs.
func TestIdleNodeIsSmall(t *testing.T) {
	const n = 1000
	for _, tt := range []struct {
		role  Role
		links byte
	}{{RoleLeaf, 3}, {RoleFlat, 4}} {
		size := bytesOf(n, func() []*Node { return idleNodes(t, n, tt.role, tt.links) })
		t.Logf("%s with %d links: %.0f bytes", tt.role, tt.links, size)
		if size > maxIdle {
			t.Errorf("%s with %d links takes %.0f bytes, want at most %d", tt.role, tt.links, size, maxIdle)
		}
		if size < 500 {
			t.Errorf("%.0f bytes are too few to be true", size)
		}
	}
}

// BenchmarkIdleNode reports the same as metrics.
func BenchmarkIdleNode(b *testing.B) {
	for role, links := range map[Role]byte{RoleLeaf: 3, RoleFlat: 4} {
		b.Run(role.String(), func(b *testing.B) {
			for b.Loop() {
				b.ReportMetric(bytesOf(200, func() []*Node { return idleNodes(b, 200, role, links) }), "bytes/node")
			}
		})
	}
}
