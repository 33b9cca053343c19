package overlay

import (
	"encoding/binary"
	"net/netip"
	"runtime"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/protocol"
)

// numbered is the id with that number.
func numbered(i int) (id protocol.GUID) {
	binary.LittleEndian.PutUint64(id[:], uint64(i)+1)
	return id
}

// heap is what is in use once the garbage is gone.
func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// storm is something that peers do without end.
type storm struct {
	name  string
	times int
	each  func(i int) incoming
}

var storms = []storm{
	{"one query from a second link for ever", 200_000, func(int) incoming {
		return incoming{2, head(protocol.KindQuery, asked, 1, 0), query("blue")}
	}},
	{"pushes to us", 100_000, func(int) incoming {
		return incoming{1, head(protocol.KindPush, none, 1, 0), pushTo("10.3.3.3:1")}
	}},
	{"pushes to nobody", 100_000, func(i int) incoming {
		return incoming{1, head(protocol.KindPush, none, 3, 0), protocol.Push{Servent: numbered(i), Addr: hostAddr(1)}}
	}},
	{"hits that nobody asked for", 100_000, func(i int) incoming {
		return incoming{2, head(protocol.KindQueryHit, numbered(i), 3, 0), hitOf(numbered(i))}
	}},
	{"hits of ever other servents", 100_000, func(i int) incoming {
		return incoming{2, head(protocol.KindQueryHit, asked, 3, 0), hitOf(numbered(i))}
	}},
	{"ever other queries", 2_000_000, func(i int) incoming {
		return incoming{LinkID(1 + i%2), head(protocol.KindQuery, numbered(i), 3, 0), query("blue")}
	}},
	{"ever other pings", 200_000, func(i int) incoming {
		return incoming{LinkID(1 + i%2), head(protocol.KindPing, numbered(i), 3, 0), nil}
	}},
	{"pongs of ever other hosts", 200_000, func(i int) incoming {
		return incoming{2, head(protocol.KindPong, numbered(i), 3, 0), protocol.Pong{Addr: hostAddr(i)}}
	}},
}

// TestMemoryOfDatagrams: the same for what comes over UDP, of ever other addresses.
func TestMemoryOfDatagrams(t *testing.T) {
	b := newUDPBench(t, nil)
	b.links(3)
	round := func(i int) {
		from := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 2 + byte(i>>16), byte(i >> 8), byte(i)}), 6346)
		b.n.dgrams.in, b.n.dgrams.out = bucket{}, bucket{}
		b.datagram(from, head(protocol.KindPing, numbered(i), 1, 0), nil)
		b.datagram(from, head(protocol.KindVendor, numbered(i), 1, 0), protocol.NewHeadPing(protocol.URN{HasSHA1: true}, 0))
		b.datagram(from, head(protocol.KindPong, numbered(i), 1, 0), protocol.Pong{Addr: from})
	}
	b.n.udp()
	for i := range 10_000 {
		round(i)
	}
	before := heap()
	for i := range 50_000 {
		round(10_000 + i)
	}
	if grew := heap() - before; grew > 128<<10 {
		t.Errorf("the heap has grown by %d KiB", grew>>10)
	}
}

// TestMemoryStaysFlat: whatever peers do without end, a node's tables stay
// within their limits, and its heap does not grow.
func TestMemoryStaysFlat(t *testing.T) {
	for _, s := range storms {
		t.Run(s.name, func(t *testing.T) {
			b := newStormBench(t)
			times := s.times
			if testing.Short() {
				times /= 10
			}
			warm := times / 10
			for i := range warm {
				b.take(s.each(i))
			}
			before := heap()
			for i := warm; i < times; i++ {
				b.take(s.each(i))
			}
			if grew := heap() - before; grew > 128<<10 {
				t.Errorf("the heap has grown by %d KiB", grew>>10)
			}
			for name, r := range map[string]*routes{"queries": &b.n.queries, "pings": &b.n.pings, "servers": &b.n.servers} {
				if most := b.n.cfg.MaxRoutes; len(r.young.log) > most || len(r.old.log) > most {
					t.Errorf("%s: %d and %d routes, want at most %d", name, len(r.young.log), len(r.old.log), most)
				}
			}
			if len(b.n.Links()) != 3 || len(b.n.hosts.list) > b.n.cfg.MaxHosts {
				t.Errorf("%d links, %d hosts", len(b.n.Links()), len(b.n.hosts.list))
			}
		})
	}
}

// newStormBench makes a node with three links that may send what they like,
// and that has seen the query asked from the first.
func newStormBench(t *testing.T) *bench {
	b := newBench(t, func(c *Config) {
		c.ConnectOnly, c.MaxRoutes = false, 1<<12
		c.Rate, c.HitRate, c.PushRate = Rate{1e9, 1e9}, Rate{1e9, 1e9}, Rate{1e9, 1e9}
	})
	b.links(3)
	b.receive(1, head(protocol.KindQuery, asked, 3, 0), query("blue"))
	b.pass(time.Second)
	return b
}

// take lets a message come, and what is sent for it go.
func (b *bench) take(m incoming) {
	for _, a := range b.receive(m.link, m.h, m.p) {
		if a.Op == OpSend {
			b.step(Sent{Link: a.Link, Bytes: len(a.Msg)})
		}
	}
}
