package sim

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/seed282dab8e/servent/servent/overlay"
	"github.com/seed282dab8e/servent/sim/load"
	"github.com/seed282dab8e/servent/sim/natbox"
)

// Crowd is a network of real nodes that come, go, misbehave and search as its
// configuration says. Make it with NewCrowd; it is used like a World, by one
// goroutine.
type Crowd struct {
	cfg   CrowdConfig
	w     *World
	rand  *rand.Rand
	watch *watcher // nil: nothing is checked

	kinds []crowdKind // by NodeID
	born  []time.Duration
	gone  []bool // has left for good

	load    *load.Workload
	shelves *load.Shelves
	names   []string // of the files of load; empty until somebody shares it
	at      []NodeID // by peer of load: the node in its place; nobody until the first
	stays   []int    // likewise: how many sessions have begun
	asked   uint64   // how many queries of load were looked at

	why  map[string]int // role changes, by reason
	lost uint64         // role changes of nodes that have gone
}

// crowdKind is what is true of a node, whatever it claims.
type crowdKind struct {
	peer       int32 // of the workload, whose place it has
	act        Act
	firewalled bool
}

// honest says whether it takes no role that it is not fit for, and no message
// of it is false.
func (k crowdKind) honest() bool { return k.act == Honest }

// boasts says whether it claims what it has not.
func (k crowdKind) boasts() bool { return k.act == Boaster || k.act == BusyBoaster }

// bootstrap is the node that all others know at first, where they find their roles
// themselves: `servent supernode`.
const bootstrap = NodeID(0)

// nobody stands where no node has been yet.
const nobody = NodeID(-1)

// NewCrowd begins a Crowd: with the bootstrap node alone, or with none.
func NewCrowd(cfg CrowdConfig) (*Crowd, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	workload, err := load.New(cfg.Load)
	if err != nil {
		return nil, err
	}
	c := &Crowd{
		cfg: cfg, rand: rand.New(rand.NewPCG(cfg.Seed, 77)), why: map[string]int{},
		load: workload, shelves: workload.Shelves(), names: make([]string, workload.Files()),
		at: slices.Repeat([]NodeID{nobody}, cfg.Nodes), stays: make([]int, cfg.Nodes),
	}
	c.w = New(Config{
		Seed: cfg.Seed, DialTimeout: 5 * time.Second, Latency: cfg.Latency,
		Loss: cfg.Loss, LinkLoss: cfg.Loss, Watch: c.see, Record: cfg.Record,
	})
	if cfg.Check {
		c.watch = newWatcher(c.w)
	}
	first := max(1, cfg.Supernodes)
	for peer := range first { // all of them are there before any leaf is
		c.join(crowdKind{peer: int32(peer)})
	}
	c.linkSupernodes()
	for peer := first; peer < cfg.Nodes; peer++ {
		at := time.Duration(c.rand.Int64N(int64(cfg.Ramp)))
		c.w.After(at, func() { c.come(int32(peer)) })
	}
	return c, nil
}

// see notes role changes, and has the watcher look.
func (c *Crowd) see(id NodeID, ev overlay.Event, acts []overlay.Action) {
	for i := range acts {
		if acts[i].Op == overlay.OpRole {
			why, _, _ := strings.Cut(acts[i].Text, " by ")
			c.why[why]++
		}
	}
	if c.watch != nil && c.kinds[id].honest() {
		c.watch.check(id, ev, acts)
	}
}

// draw makes up the node in a peer's place.
func (c *Crowd) draw(peer int32) crowdKind {
	k := crowdKind{peer: peer, firewalled: c.load.Firewalled(peer)}
	switch boasts := c.rand.Float64() < c.cfg.Boasters; {
	case boasts && c.cfg.Supernodes == 0:
		k.act = Boaster
	case c.cfg.FalseHits > 0 && c.rand.Float64() < c.cfg.FalseHits:
		k.act = FalseHits
	case c.cfg.Garblers > 0 && c.rand.Float64() < c.cfg.Garblers:
		k.act = Garbler
	}
	return k
}

// plenty is a machine with all that is asked for.
var plenty = overlay.Resources{Memory: 4 << 30, Disk: 20 << 30, Descriptors: 4096}

// boasterUpload is what a Boaster can send: too little for a supernode.
const boasterUpload = 8 << 10

// join adds a node.
func (c *Crowd) join(k crowdKind) NodeID {
	access := c.load.Access(k.peer)
	cfg := NodeConfig{Upload: access.Up, Download: access.Down, Act: k.act, Files: c.files(k.peer)}
	if k.firewalled {
		cfg.Router = natbox.Home()
	}
	cfg.Overlay.MaxLeaves, cfg.Overlay.TableOnly = c.cfg.Places, c.rand.IntN(4) == 0
	cfg.Overlay.MaxHosts = c.cfg.Hosts
	c.setRole(&cfg)
	if k.boasts() {
		k = c.boaster(k, &cfg)
	}
	c.kinds, c.born, c.gone = append(c.kinds, k), append(c.born, c.w.Now()), append(c.gone, false)
	id := c.w.Add(cfg)
	c.at[k.peer] = id
	c.w.Step(id, plenty)
	c.introduce(id)
	return id
}

// setRole gives the next node its role, where it has no choice.
func (c *Crowd) setRole(cfg *NodeConfig) {
	switch id := len(c.kinds); {
	case c.cfg.Supernodes == 0 && id == int(bootstrap), id < c.cfg.Supernodes:
		cfg.Overlay.Role = overlay.RoleSupernode
	case c.cfg.Supernodes > 0:
		cfg.Overlay.Role = overlay.RoleLeaf
		cfg.Overlay.Links, cfg.Overlay.MaxLinks = c.cfg.Parents, c.cfg.Parents
	}
}

// boaster makes a node one that claims what it has not. Half of them act as
// supernodes at once, the others claim every capacity and wait to be asked.
func (c *Crowd) boaster(k crowdKind, cfg *NodeConfig) crowdKind {
	k.act, cfg.Upload, cfg.Act = Boaster, boasterUpload, Honest
	if c.rand.IntN(2) == 0 {
		return k // its owner tells it of plenty
	}
	cfg.Act = Boaster
	if c.rand.IntN(2) == 0 {
		cfg.Act = BusyBoaster
	}
	cfg.Overlay.Role = overlay.RoleSupernode
	cfg.Overlay.Dials = overlay.Rate{PerSecond: 0.1, Burst: 5} // it finds nobody for long, and would take most of the simulator's time
	return k
}

// introduce tells a node of others: of the bootstrap node, or of more supernodes than
// it needs.
func (c *Crowd) introduce(id NodeID) {
	var known []netip.AddrPort
	switch {
	case c.cfg.Supernodes == 0 && id != bootstrap:
		known = []netip.AddrPort{c.w.Addr(bootstrap)}
	case int(id) >= c.cfg.Supernodes && c.cfg.Supernodes > 0:
		for range 2 * c.cfg.Parents {
			known = append(known, c.w.Addr(NodeID(c.rand.IntN(c.cfg.Supernodes))))
		}
	default:
		return
	}
	c.w.Step(id, overlay.Heard{Addrs: known})
}

// linkSupernodes gives those that are supernodes for good eight links each to others, on
// average. What cannot be linked, since it is already, is passed over.
func (c *Crowd) linkSupernodes() {
	n := c.cfg.Supernodes
	for i := range n {
		c.tryLink(NodeID(i), NodeID((i+1)%n)) // so that there is one network
		for range 3 {
			c.tryLink(NodeID(i), NodeID(c.rand.IntN(n)))
		}
	}
}

func (c *Crowd) tryLink(a, b NodeID) {
	if a != b {
		_ = c.w.Link(a, b)
	}
}

// node returns a node that runs; nil when none does.
func (c *Crowd) node(id NodeID) *overlay.Node {
	if id == nobody {
		return nil
	}
	return c.w.Node(id)
}

// servers counts the supernodes that a node is linked with.
func servers(n *overlay.Node) (count int) {
	for _, l := range n.Links() {
		if l.Peer.Role == overlay.RoleSupernode {
			count++
		}
	}
	return count
}
