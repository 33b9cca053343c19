package sim

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"time"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/servent/overlay"
	"github.com/seed282dab8e/servent/sim/graph"
	"github.com/seed282dab8e/servent/sim/natbox"
)

// World holds nodes, the links between them, and what will happen next. Make
// it with New. Its methods must not be called from within [Config.Watch].
type World struct {
	cfg   Config
	rand  *rand.Rand // of links and message ids; nodes have their own
	now   time.Duration
	queue queue

	nodes    []*member // by NodeID
	byAddr   map[netip.AddrPort]*member
	sites    map[int]*site  // that have a number
	carriers map[int]*site  // likewise
	routers  int            // that there are
	nets     [2]*natbox.Net // by nat.Transport
	byGUID   map[protocol.GUID]NodeID
	ends     []*end // by LinkID; nil once both ends are closed

	acts    []overlay.Action // of the step that runs
	copied  patched          // the last message that was copied for it
	flushed []*end           // have bytes to report as sent

	floods    map[protocol.GUID]*Flood
	meetings  map[[16]byte]*Meeting // under way, by token
	dialBacks []DialBack
	trace     trace
	traffic   kindCounts
	ran       uint64    // events, but for calls of After
	record    *recorder // nil: nobody wants to know

	apart bool    // there is a partition
	held  []event // that wait for it to end
}

// New makes a World without nodes.
func New(cfg Config) *World {
	cfg.setDefaults()
	w := &World{
		cfg:      cfg,
		rand:     rand.New(rand.NewPCG(cfg.Seed, 0)),
		byAddr:   map[netip.AddrPort]*member{},
		sites:    map[int]*site{},
		carriers: map[int]*site{},
		nets:     [2]*natbox.Net{natbox.NewNet(), natbox.NewNet()},
		byGUID:   map[protocol.GUID]NodeID{},
		ends:     []*end{nil}, // LinkID 0 is none
		floods:   map[protocol.GUID]*Flood{},
		meetings: map[[16]byte]*Meeting{},
		trace:    newTrace(cfg.Lines),
	}
	w.record = newRecorder(w, cfg)
	return w
}

// epoch is when every World begins.
var epoch = time.Date(2000, time.January, 1, 0, 0, 0, 0, time.UTC)

// Now returns how long the World has run.
func (w *World) Now() time.Duration { return w.now }

func (w *World) clock() time.Time { return epoch.Add(w.now) }

// Run lets d pass.
func (w *World) Run(d time.Duration) {
	end := w.now + d
	for {
		at, ok := w.queue.next()
		if !ok || at > end {
			break
		}
		w.runNext(at)
	}
	w.now = end
}

// idleSlack is how near a node's deadline may be for RunUntilIdle to wait for it.
const idleSlack = time.Millisecond

// RunUntilIdle runs until no message, dial or look-up is under way and no call
// of After is waiting. Deadlines of nodes, such as keep-alives, stay ahead.
func (w *World) RunUntilIdle() {
	for {
		at, ok := w.queue.next()
		if !ok || w.queue.busy == 0 && at > w.now+idleSlack {
			return
		}
		w.runNext(at)
	}
}

// After calls do when d has passed.
func (w *World) After(d time.Duration, do func()) {
	w.queue.push(w.now+d, event{kind: atUser, do: do})
}

func (w *World) after(d time.Duration, do func()) {
	w.queue.push(w.now+d, event{kind: atCall, do: do})
}

func (w *World) runNext(at time.Duration) {
	w.now = max(w.now, at)
	ev := w.queue.pop()
	if ev.kind != atUser {
		w.ran++
	}
	switch ev.kind {
	case atMessage:
		if !w.delayed(ev) {
			w.arrive(ev.link, ev.msg)
		}
	case atSent:
		w.sent(ev.link, int(ev.size))
	case atDown:
		if !w.delayed(ev) {
			w.down(ev.link)
		}
	case atTimer:
		w.expire(w.nodes[ev.node], at)
	case atCall, atUser:
		ev.do()
	}
}

// Step hands an event to a running node: a search, a Push, files, hosts.
func (w *World) Step(id NodeID, ev overlay.Event) {
	w.record.event(id, ev)
	w.tell(id, ev)
}

func (w *World) tell(id NodeID, ev overlay.Event) {
	if m := w.nodes[id]; m.actor != nil {
		w.step(m, ev)
	}
}

func (w *World) step(m *member, ev overlay.Event) {
	w.carryOut(m, ev, m.actor.Step(w.clock(), ev, w.acts[:0]))
}

// maxExpires is how often a node may ask for the present as its deadline.
const maxExpires = 1000

func (w *World) expire(m *member, at time.Duration) {
	if m.actor == nil || m.timer != at {
		return // stopped, or moved
	}
	m.timer = 0
	if m.expires++; m.expiredAt != w.now {
		m.expires, m.expiredAt = 0, w.now
	}
	if m.expires > maxExpires {
		panic(fmt.Sprintf("sim: seed %d: %s does not come to rest at %s", w.cfg.Seed, w.Name(m.id), w.now))
	}
	w.carryOut(m, nil, m.actor.Expire(w.clock(), w.acts[:0]))
}

// carryOut does what a node asks. Nothing of it steps a node before all is
// done, since the actions stand in the one slice that every step uses.
func (w *World) carryOut(m *member, ev overlay.Event, acts []overlay.Action) {
	if w.cfg.Watch != nil {
		w.cfg.Watch(m.id, ev, acts)
	}
	w.copied = patched{}
	for i := range acts {
		w.do(m, &acts[i])
	}
	w.acts = acts
	w.arm(m)
	for len(w.flushed) > 0 {
		e := w.flushed[len(w.flushed)-1]
		w.flushed = w.flushed[:len(w.flushed)-1]
		n := e.unsent
		e.unsent = 0
		w.step(m, overlay.Sent{Link: e.id, Bytes: n})
	}
}

// arm makes sure that the node runs at its deadline.
func (w *World) arm(m *member) {
	deadline, ok := m.actor.Deadline()
	if !ok {
		return
	}
	at := max(deadline.Sub(epoch), w.now)
	if m.timer == 0 || at < m.timer {
		m.timer = max(at, 1)
		w.queue.push(m.timer, event{kind: atTimer, node: m.id})
	}
}

func (w *World) do(m *member, a *overlay.Action) {
	switch a.Op {
	case overlay.OpSend:
		w.send(a)
	case overlay.OpClose:
		w.close(a.Link, a.Text)
	case overlay.OpDial:
		w.dial(m, a.Addr)
	case overlay.OpSearch:
		w.lookUp(m, a)
	case overlay.OpHit:
		w.hit(m, a)
	case overlay.OpDialBack:
		w.dialBack(m, a)
	case overlay.OpMeet:
		w.meet(m, a)
	case overlay.OpDatagram:
		w.datagram(m, a)
	case overlay.OpConnectBack:
		w.connectBack(m, a)
	case overlay.OpListCut:
		w.cutList(m, a)
	case overlay.OpListOffer, overlay.OpListPart:
		w.takeList(m, a)
	case overlay.OpListGone:
		m.held.lists.Gone(w.now, uint32(a.Link))
	case overlay.OpCall:
		w.call(m, a)
	case overlay.OpHead:
		w.lookUpHead(m, a)
	case overlay.OpHosts:
		addr, n := a.Addr, a.Limit
		w.note(traceNote, m.id, func() string { return fmt.Sprintf("%s hears of %d hosts from %s", w.Name(m.id), n, w.addrName(addr)) })
	case overlay.OpPushFailed:
		w.note(traceNote, m.id, func() string { return w.Name(m.id) + " has no route for a push to " + w.serventName(a.ID) })
	}
}

// DialBack is a connection that a Push asked for.
type DialBack struct {
	At    time.Duration
	Node  NodeID // connects
	Addr  netip.AddrPort
	Index uint32 // of the file
}

// DialBacks returns the connections that Pushes asked for so far. They are
// only recorded.
func (w *World) DialBacks() []DialBack { return w.dialBacks }

func (w *World) dialBack(m *member, a *overlay.Action) {
	w.dialBacks = append(w.dialBacks, DialBack{w.now, m.id, a.Addr, a.Index})
	addr, index := a.Addr, a.Index
	w.note(traceNote, m.id, func() string {
		return fmt.Sprintf("%s dials back to %s, file %d", w.Name(m.id), w.addrName(addr), index)
	})
}

// Graph returns who is linked with whom at present.
func (w *World) Graph() *graph.Graph {
	var edges []graph.Edge
	for _, e := range w.ends {
		if e != nil && e.open && e.peer.open {
			edges = append(edges, graph.Edge{A: int32(e.node), B: int32(e.peer.node)})
		}
	}
	return graph.New(len(w.nodes), edges)
}

// Peer returns the node at the other end of a link. It is known as long as one
// end is open, and within Watch.
func (w *World) Peer(link overlay.LinkID) (NodeID, bool) {
	if e := w.end(link); e != nil {
		return e.peer.node, true
	}
	return 0, false
}
