package sim

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strconv"
	"time"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/servent/overlay"
)

// NodeID names a node. They count from 0 in the order of Add.
type NodeID int32

// Actor is what a World runs at a node: an [overlay.Node], or what a test puts
// in its place.
type Actor interface {
	Hello(local netip.Addr, remote netip.AddrPort) protocol.Headers
	Admit(link overlay.LinkID, p overlay.Peer) overlay.Verdict
	Step(now time.Time, ev overlay.Event, out []overlay.Action) []overlay.Action
	Deadline() (time.Time, bool)
	Expire(now time.Time, out []overlay.Action) []overlay.Action
	Leave(now time.Time, out []overlay.Action) []overlay.Action
}

// member is a node of the World.
type member struct {
	id     NodeID
	cfg    NodeConfig
	shelf  *shelf         // what it shares; nil when nothing
	held   *holdings      // what its leaves share; nil until one has said
	ends   []*end         // its ends of links, in join order
	starts uint64         // how often it was started
	actor  Actor          // nil while it does not run
	node   *overlay.Node  // actor, when it is a Node
	site   *site          // behind whose router it is; nil: none
	absent bool           // vanished: its machine answers nobody
	timer  time.Duration  // when the next atTimer is due; 0 when there is none
	addr   netip.AddrPort // where it lives
	busy   time.Duration  // until when bytes wait to leave it, where Upload bounds them
	coming time.Duration  // likewise, to come in, with Download
	slow   float64        // what it does takes so many times as long; 0: as long
	group  int32          // of the partition

	sides map[[16]byte]*side // of meetings that it takes part in

	expires   int // at the one time expiredAt
	expiredAt time.Duration
}

// Add makes a node and starts it. A configuration that [overlay.New] refuses,
// or an address that is taken, panics: it is a mistake in the experiment.
func (w *World) Add(cfg NodeConfig) NodeID {
	w.record.add(cfg)
	id, err := w.add(cfg)
	if err != nil {
		panic("sim: " + err.Error())
	}
	return id
}

func (w *World) add(cfg NodeConfig) (NodeID, error) {
	m, err := w.join(cfg)
	if err != nil {
		return 0, err
	}
	if m.cfg.Overlay.ID == (protocol.GUID{}) {
		m.cfg.Overlay.ID = newGUID(rand.New(rand.NewPCG(^w.cfg.Seed, uint64(m.id))))
	}
	w.byGUID[m.cfg.Overlay.ID] = m.id
	if m.cfg.Overlay.Listen == (netip.AddrPort{}) && !m.cfg.Firewalled {
		m.cfg.Overlay.Listen = m.addr
		if m.site != nil && m.addr.Addr().Is4() { // others see it at an address that it does not know
			m.cfg.Overlay.Listen = netip.AddrPortFrom(netip.IPv4Unspecified(), m.addr.Port())
		}
	}
	m.shelf = newShelf(m.cfg)
	if m.shelf != nil && m.shelf.list == nil {
		m.cfg.Overlay.TableOnly = true
	}
	return m.id, w.start(m)
}

// AddActor makes a node that a is in charge of. It cannot be started again
// once it has ended.
func (w *World) AddActor(cfg NodeConfig, a Actor) NodeID {
	w.record.fail("an Actor of a test cannot be recorded")
	m, err := w.join(cfg)
	if err != nil {
		panic("sim: " + err.Error())
	}
	w.byGUID[m.cfg.Overlay.ID] = m.id
	m.actor = a
	w.arm(m)
	return m.id
}

func (w *World) join(cfg NodeConfig) (*member, error) {
	id := NodeID(len(w.nodes))
	m := &member{id: id, cfg: cfg, addr: cfg.Addr}
	if !m.addr.IsValid() {
		host := uint32(id) + 1
		ip := netip.AddrFrom4([4]byte{10, byte(host >> 16), byte(host >> 8), byte(host)})
		m.addr = netip.AddrPortFrom(ip, 6346)
	}
	if w.byAddr[m.addr] != nil {
		return nil, fmt.Errorf("node %d: address %s is taken", id, m.addr)
	}
	if err := w.settle(m); err != nil {
		return nil, err
	}
	w.byAddr[m.addr] = m
	w.nodes = append(w.nodes, m)
	return m, nil
}

func newGUID(r *rand.Rand) protocol.GUID {
	var id protocol.GUID
	for i := range id {
		id[i] = byte(r.Uint32())
	}
	return id.Marked()
}

// Start starts a node again that has left, crashed or vanished: with the same
// GUID, address and files, and without memory.
func (w *World) Start(id NodeID) {
	w.record.note(op{Do: doStart, Node: id})
	if err := w.start(w.nodes[id]); err != nil {
		panic("sim: " + err.Error()) // it has started before
	}
}

func (w *World) start(m *member) error {
	if m.actor != nil {
		return nil
	}
	cfg := m.cfg.Overlay
	if cfg.Role == overlay.RoleAuto {
		cfg.Role = w.cfg.Role
	}
	if cfg.Rand == nil {
		cfg.Rand = rand.New(rand.NewPCG(w.cfg.Seed, uint64(m.id+1)<<32|m.starts))
	}
	node, err := overlay.New(w.clock(), cfg)
	if err != nil {
		return fmt.Errorf("node %s: %w", w.Name(m.id), err)
	}
	m.actor, m.node, m.absent, m.timer = w.actor(m, node), node, false, 0
	m.starts++
	w.arm(m)
	if m.shelf != nil {
		w.step(m, m.shelf.shared)
	}
	return nil
}

// Leave stops a node that says goodbye.
func (w *World) Leave(id NodeID) {
	w.record.note(op{Do: doLeave, Node: id})
	m := w.nodes[id]
	if m.actor == nil {
		return
	}
	w.note(traceNote, id, func() string { return w.Name(id) + " leaves" })
	w.carryOut(m, nil, m.actor.Leave(w.clock(), w.acts[:0]))
	m.stop()
	for _, e := range m.takeEnds() {
		if !e.closing { // a handshake
			w.shut(e)
			w.hangUp(e, w.now)
		}
	}
}

// Crash stops a node at once. Its machine still closes its links.
func (w *World) Crash(id NodeID) {
	w.record.note(op{Do: doCrash, Node: id})
	m := w.nodes[id]
	w.note(traceNote, id, func() string { return w.Name(id) + " crashes" })
	m.stop()
	for _, e := range m.takeEnds() {
		w.shut(e)
		w.hangUp(e, w.now)
	}
}

// Vanish stops a node at once, as if its cable were cut: nobody is told.
func (w *World) Vanish(id NodeID) {
	w.record.note(op{Do: doVanish, Node: id})
	m := w.nodes[id]
	w.note(traceNote, id, func() string { return w.Name(id) + " vanishes" })
	m.stop()
	m.absent = true
	for _, e := range m.takeEnds() {
		w.shut(e)
	}
}

func (m *member) stop() { m.actor, m.node, m.held, m.sides = nil, nil, nil, nil }

func (m *member) takeEnds() []*end {
	ends := m.ends
	m.ends = nil
	return ends
}

// Len returns how many nodes there are, running or not.
func (w *World) Len() int { return len(w.nodes) }

// Node returns the node that runs at id; nil when none does.
func (w *World) Node(id NodeID) *overlay.Node { return w.nodes[id].node }

// Addr returns where a node lives.
func (w *World) Addr(id NodeID) netip.AddrPort { return w.nodes[id].addr }

// GUID returns the servent GUID of a node.
func (w *World) GUID(id NodeID) protocol.GUID { return w.nodes[id].cfg.Overlay.ID }

// Name returns what the trace calls a node.
func (w *World) Name(id NodeID) string {
	if name := w.nodes[id].cfg.Name; name != "" {
		return name
	}
	return "n" + strconv.Itoa(int(id))
}

func (w *World) addrName(a netip.AddrPort) string {
	if m := w.byAddr[a]; m != nil {
		return w.Name(m.id)
	}
	return a.String()
}

func (w *World) serventName(id protocol.GUID) string {
	if node, ok := w.byGUID[id]; ok {
		return w.Name(node)
	}
	return id.String()
}
