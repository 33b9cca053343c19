package sim

import (
	"fmt"
	"math"
	"math/rand/v2"
	"net/netip"
	"strings"
	"time"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/servent/overlay"
)

// election is a network that forms itself, under churn (docs/performance.md).
type election struct {
	w      *World
	why    map[string]int // role changes, by reason
	rand   *rand.Rand
	places int        // leaf places of a supernode
	kinds  []nodeKind // by NodeID
	born   []time.Duration
	off    map[NodeID]bool // have gone

	rarity int              // how many files there are to choose from
	holds  map[int][]NodeID // by file

	lost uint64 // role changes of nodes that have gone
}

// nodeKind is what is true of a node, whatever it claims.
type nodeKind struct{ liar, firewalled bool }

const (
	bootstrap = NodeID(0)
	// Sessions are Weibull, as in KAD's later crawl (docs: simulation workloads).
	sessionScale = 169.5 * float64(time.Minute)
	sessionShape = 0.615
	// liarUpload is what a liar can send: too little for a supernode.
	liarUpload = 8 << 10
)

// accessClasses are upload rates in bytes a second, with their weights.
var accessClasses = []struct{ upload, weight int }{{87355, 1601}, {158001, 758}, {4280818, 258}, {89000, 47}}

func (e *election) upload() int {
	total := 0
	for _, c := range accessClasses {
		total += c.weight
	}
	at := e.rand.IntN(total)
	for _, c := range accessClasses {
		if at -= c.weight; at < 0 {
			return c.upload
		}
	}
	panic("weights")
}

// session draws how long a node stays.
func (e *election) session() time.Duration {
	return time.Duration(sessionScale * math.Pow(-math.Log(1-e.rand.Float64()), 1/sessionShape))
}

// newElection begins with the bootstrap node alone. size nodes join within ramp;
// later ones keep their number.
func newElection(seed uint64, size, places int, ramp time.Duration) *election {
	e := &election{rand: random(seed, 77), places: places, off: map[NodeID]bool{}, rarity: size / 10, holds: map[int][]NodeID{}}
	e.why = map[string]int{}
	e.w = New(Config{Seed: seed, DialTimeout: 5 * time.Second, Latency: Uniform(10*time.Millisecond, 150*time.Millisecond), Watch: func(_ NodeID, _ overlay.Event, acts []overlay.Action) {
		for i := range acts {
			if acts[i].Op == overlay.OpRole {
				why, _, _ := strings.Cut(acts[i].Text, " by ")
				e.why[why]++
			}
		}
	}})
	e.join(nodeKind{}, time.Duration(math.MaxInt64)) // bootstrap: `servent supernode`
	for range size - 1 {
		at := time.Duration(e.rand.Int64N(int64(ramp)))
		e.w.After(at, func() { e.join(e.draw(), e.session()) })
	}
	return e
}

// replace has another node join soon after one has left, so that the number stays.
func (e *election) replace() {
	after := time.Duration(e.rand.ExpFloat64() * float64(10*time.Second))
	e.w.After(after, func() { e.join(e.draw(), e.session()) })
}

func (e *election) draw() nodeKind {
	return nodeKind{liar: e.rand.Float64() < 0.3, firewalled: e.rand.Float64() < 0.5}
}

// plenty is a machine with all that is asked for.
var plenty = overlay.Resources{Memory: 4 << 30, Disk: 20 << 30, Descriptors: 4096}

func (e *election) join(k nodeKind, stays time.Duration) {
	cfg := NodeConfig{Upload: e.upload(), Filtered: k.firewalled}
	file := int(math.Pow(float64(e.rarity), e.rand.Float64())) // log-uniform: some have many holders, some one
	cfg.Overlay.MaxLeaves, cfg.Overlay.TableOnly = e.places, e.rand.IntN(4) == 0
	cfg.Files = []string{e.fileName(file)}
	if len(e.kinds) == int(bootstrap) {
		cfg.Overlay.Role = overlay.RoleSupernode
	}
	var id NodeID
	if k.liar {
		cfg.Upload = liarUpload
		id = e.w.addLiar(cfg)
	} else {
		id = e.w.Add(cfg)
	}
	e.kinds, e.born = append(e.kinds, k), append(e.born, e.w.Now())
	if !k.liar {
		e.holds[file] = append(e.holds[file], id)
	}
	e.w.Step(id, plenty)
	if id != bootstrap {
		e.w.Step(id, overlay.Heard{Addrs: []netip.AddrPort{e.w.Addr(bootstrap)}})
		e.w.After(stays, func() { e.leave(id) })
	}
}

func (e *election) fileName(file int) string {
	return fmt.Sprintf("opus%dq walzer %d.ogg", file, file)
}

// leave ends a session: half of them with a goodbye, the others without, of these
// half so that the machine is gone too.
func (e *election) leave(id NodeID) {
	if e.off[id] {
		return
	}
	e.retire(id)
	e.replace()
	switch e.rand.IntN(4) {
	case 0:
		e.w.Crash(id)
	case 1:
		e.w.Vanish(id)
	default:
		e.w.Leave(id)
	}
}

func (e *election) retire(id NodeID) {
	e.off[id] = true
	if n := e.w.Node(id); n != nil {
		e.lost += n.RoleChanges()
	}
}

// liar is a node that acts as a supernode from its first moment, whatever it is, and
// says in every handshake what a supernode of role auto would. One that is busy has
// never time to show how fast it is.
type liar struct {
	*overlay.Node
	busy bool
}

func (l liar) Step(now time.Time, ev overlay.Event, out []overlay.Action) []overlay.Action {
	if m, ok := ev.(overlay.Received); ok && l.busy {
		h, err := protocol.ParseHeader(m.Msg)
		v, err2 := protocol.ParseVendor(m.Msg[protocol.HeaderSize:])
		if err == nil && err2 == nil && h.Kind == protocol.KindVendor && v.Type() == protocol.VendorProbe {
			answer := protocol.Header{ID: h.ID, Kind: protocol.KindVendor, TTL: 1}
			return append(out, overlay.Action{Op: overlay.OpSend, Link: m.Link, TTL: 1, Msg: protocol.AppendMessage(nil, answer, protocol.NewProbeData(nil))})
		}
	}
	return l.Node.Step(now, ev, out)
}

func (l liar) Hello(local netip.Addr, remote netip.AddrPort) protocol.Headers {
	h := l.Node.Hello(local, remote)
	h.Set("X-Servent", "0.1; role=supernode; auto")
	return h
}

// addLiar makes a node that claims what it has not. Half of them act as supernodes
// at once, the others claim every capacity and wait to be asked.
func (w *World) addLiar(cfg NodeConfig) NodeID {
	if w.rand.IntN(2) == 0 {
		return w.Add(cfg) // its owner tells it of plenty
	}
	cfg.Overlay.Role = overlay.RoleSupernode
	cfg.Overlay.Dials = overlay.Rate{PerSecond: 0.1, Burst: 5} // it finds nobody for long, and would take most of the simulator's time
	id := w.Add(cfg)
	m := w.nodes[id]
	m.actor = liar{m.node, w.rand.IntN(2) == 0}
	return id
}

// shape is what a network looks like at one moment.
type shape struct {
	nodes, leaves, supers int
	taken, total          int // leaf places of honest supernodes, and of liars that have any
	liarPlaces, liarLinks int // liars that an honest node relies on as supernodes; links of leaves to liars
	leafLinks             int
	short                 int // honest leaves with fewer than three links
	changes               uint64
}

func (e *election) look() shape {
	s := shape{changes: e.lost}
	serves := map[NodeID]bool{} // by who has a leaf, or a checked neighbour
	for i := range e.kinds {
		id := NodeID(i)
		n := e.w.Node(id)
		if n == nil {
			continue
		}
		s.nodes++
		s.changes += n.RoleChanges()
		el := n.Election(e.w.clock())
		if n.Role() == overlay.RoleSupernode && !e.kinds[i].liar {
			s.supers++
			s.taken, s.total = s.taken+el.Places.Taken, s.total+el.Places.Total
		}
		if n.Role() != overlay.RoleLeaf || e.kinds[i].liar {
			continue
		}
		s.leaves++
		links := 0
		for _, l := range n.Links() {
			if l.Peer.Role != overlay.RoleSupernode {
				continue
			}
			links++
			s.leafLinks++
			if peer, ok := e.w.Peer(l.ID); ok && e.kinds[peer].liar {
				s.liarLinks++
				serves[peer] = true
			}
		}
		if links < 3 {
			s.short++
		}
	}
	for i := range e.kinds {
		if !e.kinds[i].liar || e.w.Node(NodeID(i)) == nil {
			continue
		}
		if serves[NodeID(i)] || e.reliedOn(NodeID(i)) {
			s.liarPlaces++
		}
	}
	return s
}

// reliedOn says whether an honest supernode takes a liar for one.
func (e *election) reliedOn(id NodeID) bool {
	for _, l := range e.w.Node(id).Links() {
		peer, ok := e.w.Peer(l.ID)
		if !ok || e.kinds[peer].liar || e.w.Node(peer) == nil {
			continue
		}
		for _, o := range e.w.Node(peer).Links() {
			if back, ok := e.w.Peer(o.ID); ok && back == id && o.Peer.Role == overlay.RoleSupernode && o.Checked {
				return true
			}
		}
	}
	return false
}

func (s shape) String() string {
	return fmt.Sprintf("%d nodes, %d leaves, %d supernodes, places %d/%d = %.1f %%, liars in %d places, %d/%d leaf links to liars, %d leaves short",
		s.nodes, s.leaves, s.supers, s.taken, s.total, 100*s.use(), s.liarPlaces, s.liarLinks, s.leafLinks, s.short)
}

func (s shape) use() float64 { return float64(s.taken) / float64(max(1, s.total)) }

// crash ends a part of the supernodes at once, but for the bootstrap node, and says how many.
func (e *election) crash(part float64) int {
	count := 0
	for i := range e.kinds {
		id := NodeID(i)
		if n := e.w.Node(id); n == nil || n.Role() != overlay.RoleSupernode || e.kinds[i].liar || id == bootstrap {
			continue
		}
		if e.rand.Float64() < part {
			e.retire(id)
			e.w.Crash(id)
			e.replace()
			count++
		}
	}
	return count
}

// full returns the honest leaves that have three supernodes.
func (e *election) full() map[NodeID]bool {
	had := map[NodeID]bool{}
	for i := range e.kinds {
		n := e.w.Node(NodeID(i))
		if n != nil && n.Role() == overlay.RoleLeaf && !e.kinds[i].liar && servers(n) >= 3 {
			had[NodeID(i)] = true
		}
	}
	return had
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

// recovery lets time pass until all of these nodes that still run have three
// supernodes, or serve; it gives up after limit, and says how many are short then.
func (e *election) recovery(of map[NodeID]bool, limit time.Duration) (took time.Duration, short int) {
	began := e.w.Now()
	for {
		e.w.Run(time.Second) // word of what has crashed is on its way
		short = 0
		for id := range of {
			if n := e.w.Node(id); n != nil && n.Role() == overlay.RoleLeaf && servers(n) < 3 {
				short++
			}
		}
		if took = e.w.Now() - began; short == 0 || took >= limit {
			return took, short
		}
	}
}

// horizon returns the honest nodes whose files a question of id can reach: those on
// supernodes at most four hops from its own.
func (e *election) horizon(id NodeID) map[NodeID]bool {
	seen, at := map[NodeID]bool{id: true}, []NodeID{id}
	reached := map[NodeID]bool{}
	for hop := 0; hop <= 1+4 && len(at) > 0; hop++ {
		var next []NodeID
		for _, v := range at {
			n := e.w.Node(v)
			if n == nil {
				continue
			}
			reached[v] = true
			if v != id && n.Role() == overlay.RoleLeaf {
				continue
			}
			for _, l := range n.Links() {
				if peer, ok := e.w.Peer(l.ID); ok && !seen[peer] {
					seen[peer] = true
					next = append(next, peer)
				}
			}
		}
		at = next
	}
	return reached
}

// question is a search of an honest leaf's.
type question struct {
	by     NodeID
	file   int
	at     time.Duration
	within map[NodeID]bool
	flood  *Flood
}

// recall has so many honest leaves search at once, each for a file of its own, and
// returns how much is found of what there is, but of each no more than target. soon
// is what came within ten seconds.
func (e *election) recall(searches, target int) (found, soon, want int) {
	var asked []question
	for range searches {
		q := question{by: e.anyLeaf(), at: e.w.Now(), file: int(math.Pow(float64(e.rarity), e.rand.Float64()))}
		q.within = e.horizon(q.by)
		q.flood = e.w.Query(q.by, fmt.Sprintf("opus%dq", q.file), 0)
		asked = append(asked, q)
		e.w.Run(100 * time.Millisecond)
	}
	e.w.Run(5 * time.Minute) // of 20 neighbours one after another is asked, for up to 10 s each
	for _, q := range asked {
		if e.w.Node(q.by) == nil {
			continue
		}
		there := e.holders(q)
		want += min(len(there), target)
		found += min(q.count(there, target, time.Hour), target)
		soon += min(q.count(there, target, 10*time.Second), target)
		e.w.EndQuery(q.flood)
	}
	return found, soon, want
}

// anyLeaf draws an honest leaf that has its supernodes.
func (e *election) anyLeaf() NodeID {
	for {
		id := NodeID(e.rand.IntN(len(e.kinds)))
		if n := e.w.Node(id); n != nil && n.Role() == overlay.RoleLeaf && !e.kinds[id].liar && servers(n) >= 3 {
			return id
		}
	}
}

// holders returns those that had joined a minute before, so that supernodes had been
// told of their files, were still there, had a supernode, and could serve who asked.
func (e *election) holders(q question) (there []NodeID) {
	for _, holder := range e.holds[q.file] {
		n := e.w.Node(holder)
		if e.kinds[q.by].firewalled && e.kinds[holder].firewalled || holder == q.by || !q.within[holder] || n == nil || servers(n) == 0 || q.at-e.born[holder] < time.Minute {
			continue
		}
		there = append(there, holder)
	}
	return there
}

// count returns how many of the holders were found within that time; all of them if
// as many files were as were wanted: liars share, too, and such as have gone since.
func (q question) count(there []NodeID, target int, within time.Duration) (hits int) {
	got := map[NodeID]bool{}
	for _, h := range q.flood.Hits {
		if h.At-q.at <= within {
			got[h.Node] = true
		}
	}
	if len(got) >= target {
		return len(there)
	}
	for _, holder := range there {
		if got[holder] {
			hits++
		}
	}
	return hits
}
