package sim

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/nat"
	"github.com/seed282dab8e/servent/servent/overlay"
	"github.com/seed282dab8e/servent/sim/natbox"
)

// town is supernodes that all can connect to, and leaves behind the routers of the
// laboratory, one of each kind, and more of the usual ones.
type town struct {
	w      *World
	leaves []NodeID
	site   map[NodeID]string
}

func newTown(t *testing.T, seed uint64) *town {
	t.Helper()
	c := &town{w: New(Config{Seed: seed, Latency: Uniform(5*time.Millisecond, 40*time.Millisecond)}), site: map[NodeID]string{}}
	var supernodes []NodeID
	for range 6 {
		id := c.w.Add(NodeConfig{Addr: c.publicAddr(), Overlay: overlay.Config{Role: overlay.RoleSupernode, UDP: true, Public: true}})
		c.w.Step(id, overlay.Heard{Addrs: addrsOf(c.w, supernodes...)})
		supernodes = append(supernodes, id)
	}
	for _, name := range strings.Fields("open full addr port port port port presv rej sym sym fw cgn cgn udpbl") {
		router, carrier, _ := natbox.Named(name)
		cfg := NodeConfig{
			Name: name, Router: router, Carrier: carrier,
			Overlay: overlay.Config{Role: overlay.RoleLeaf, Links: 1, UDP: true, Public: true, HalfWay: true, Firewalled: name != "open"},
		}
		if router.Mapping <= nat.MappingNone {
			cfg.Addr = c.publicAddr()
		}
		id := c.w.Add(cfg)
		c.leaves = append(c.leaves, id)
		c.site[id] = name
	}
	for i, id := range c.leaves { // hardly two have the same one
		c.w.Step(id, overlay.Heard{Addrs: addrsOf(c.w, supernodes[i%len(supernodes)])})
	}
	c.w.Run(time.Minute)
	return c
}

// publicAddr is where the next node may live that others see where it is.
func (c *town) publicAddr() netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{5, 9, byte(c.w.Len()), 1}), 6346) // not two in one /24
}

// pushed says whether a Push has a node connect to who asked for that.
func (c *town) pushed(from, to NodeID) bool {
	before := len(c.w.DialBacks())
	c.w.Step(from, overlay.UserPush{Servent: c.w.GUID(to), Proxies: c.w.Node(to).Proxies()})
	c.w.Run(time.Second)
	for _, d := range c.w.DialBacks()[before:] {
		if d.Node == to && d.Addr == c.w.Addr(from) {
			return true
		}
	}
	return false
}

// TestReachEachOther: which part of all pairs can exchange files, of nodes that ship:
// where who asks can be connected to, by Push; where neither can, half way, just as the
// laboratory's matrix says. For the rest a Push and its answer get through, so that they
// could agree on a relay.
func TestReachEachOther(t *testing.T) {
	c := newTown(t, 1)
	possible := map[string]bool{}
	for _, cell := range labCells(t) {
		possible[cell.name] = cell.possible[nat.UDP] || cell.possible[nat.TCP]
	}
	byPush, met, relayed := 0, 0, 0
	for _, from := range c.leaves {
		for _, to := range c.leaves {
			name := c.site[from] + " with " + c.site[to]
			switch {
			case from == to || c.site[to] == "open":
			case c.site[from] == "open":
				if byPush++; !c.pushed(from, to) {
					t.Errorf("%s: no Push gets there", name)
				}
			case c.meets(t, from, to) != possible[name]:
				t.Errorf("%s: in the laboratory %v", name, possible[name])
			case possible[name]:
				met++
			default:
				relayed++
			}
		}
	}
	if byPush != 14 || met != 140 || relayed != 42 {
		t.Errorf("%d pairs by Push, %d half way, %d by a relay only", byPush, met, relayed)
	}
}

// meets says whether two nodes meet half way. Each hears of the other in any case.
func (c *town) meets(t *testing.T, from, to NodeID) bool {
	t.Helper()
	g := c.w.Meet(from, to)
	c.w.Run(meetTime)
	if !g.Asked || !g.Answered || g.Open && g.Took > 1500*time.Millisecond {
		t.Errorf("%s with %s: %+v", c.site[from], c.site[to], g)
	}
	return g.Open
}

// TestMeetAgain: who is asked twice, by two proxies, meets once; who has no proxy asks
// nobody; one that has left does not answer; and afterwards nothing is left of it.
func TestMeetAgain(t *testing.T) {
	c := newTown(t, 2)
	a, b := c.leaves[3], c.leaves[4]
	var log strings.Builder
	c.w.trace.keep = true
	g := c.w.Meet(a, b)
	c.w.Run(2 * meetTime)
	for _, line := range c.w.Trace().Lines {
		log.WriteString(line + "\n")
	}
	if n := strings.Count(log.String(), " meets "); n != 1 || !g.Open {
		t.Errorf("met %v, %d times asked", g.Open, n)
	}
	if n := len(c.w.nodes[a].sides) + len(c.w.nodes[b].sides) + len(c.w.meetings); n != 0 {
		t.Errorf("%d sides or meetings are kept", n)
	}
	if g := c.w.Meet(c.leaves[0], b); g.Asked {
		t.Error("one that all can connect to has a proxy")
	}
	c.w.Leave(b)
	g = c.w.Meet(a, b)
	c.w.Run(meetTime)
	if g.Asked || g.Open {
		t.Errorf("who has left is met: %+v", g)
	}
}
