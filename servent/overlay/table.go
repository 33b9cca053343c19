package overlay

import (
	"time"

	"github.com/seed282dab8e/servent/protocol"
)

const (
	// tableEvery is the least time between two changes of the route table, or list,
	// that go out. The first after a quiet time goes out after tableSoon.
	tableEvery = 5 * time.Second
	tableSoon  = 200 * time.Millisecond
	// emptyTableBits is the size of the table of a node that shares nothing.
	emptyTableBits = 14
	// tableInfinity is what an absent slot means in RESET; any value would do.
	tableInfinity = 7
	// maxUltrapeerSlots is the largest table taken from an ultrapeer, as
	// gtk-gnutella has it; a leaf may send the largest there is.
	maxUltrapeerSlots = 1 << 17
	// maxLeafFill is how full the table of a leaf may be: one that matches everything
	// would have it asked for everything, and all other supernodes, too.
	maxLeafFill = 0.9
	// tableBurst is how many whole tables of the largest size a link may send at
	// once; after that it has one in tableEvery.
	tableBurst = 4
	// leastWork is what a sequence costs at least, in slots: a small table is
	// work too.
	leastWork = 1 << 14
)

// emptyTable is the table of every node that shares nothing. Nobody changes it.
var emptyTable = protocol.NewRouteTable(emptyTableBits)

// onShared takes over what the node offers; its table goes out soon.
func (n *Node) onShared(ev Shared) {
	n.shared, n.merged = ev, nil
	n.planTables(tableSoon, tableEvery)
}

// planTables has tables go out soon, but every so often at most.
func (n *Node) planTables(soon, every time.Duration) {
	if n.tablesSent > 0 {
		soon = max(soon, n.tablesSent+every-n.now)
	}
	n.plan(&n.tableDue, soon)
}

func (n *Node) sendTables(out []Action) []Action {
	if !n.due(&n.tableDue) {
		return out
	}
	before := len(out)
	for _, l := range n.links {
		out = n.sendTable(l, out)
	}
	if len(out) > before {
		n.tablesSent = n.now
	}
	return out
}

// sendTable tells l what can be found here: a leaf its supernode, if not by a list,
// a supernode and a flat node other ultrapeers. Flat nodes flood to each other and need no tables.
func (n *Node) sendTable(l *link, out []Action) []Action {
	if n.givesList(l) {
		return n.offerList(l, out)
	}
	leaf := n.role == RoleLeaf && l.peer.LeafTable
	flat := n.role == RoleFlat && l.peer.Servent // whom ours ask whatever it holds
	if l.peer.Role != RoleSupernode || flat || !leaf && (!l.peer.LastHop || l.strange) {
		return out
	}
	t := n.offered()
	if l.sent != nil && l.sent.Equal(t) {
		return out
	}
	parts := t.AppendPatch(nil, l.sent, tableInfinity)
	size := 0
	for _, payload := range parts {
		size += protocol.HeaderSize + len(payload)
	}
	if !n.room(l, protocol.KindQRP, size) { // a table that lacks a part is a fault: later then
		n.plan(&n.tableDue, tableEvery)
		return out
	}
	for _, payload := range parts {
		h := protocol.Header{ID: n.newID(), Kind: protocol.KindQRP, TTL: 1}
		out = n.sendNew(l, h, raw(payload), out)
	}
	l.sent = t
	return out
}

// raw is a payload that is encoded already.
type raw []byte

func (r raw) Append(b []byte) []byte { return append(b, r...) }

// onTable takes a part of a peer's route table.
func (n *Node) onTable(l *link, m Received, out []Action) []Action {
	if l.peer.Role == RoleFlat {
		return n.dropped(protocol.KindQRP, DropRole, out)
	}
	payload := m.Msg[protocol.HeaderSize:]
	if r, err := protocol.ParseReset(payload); err == nil {
		l.slots, out = r.Slots, l.endHolding(out)
	}
	if !n.tableAllowed(l, payload) {
		out = n.dropped(protocol.KindQRP, DropRate, out)
		return n.bye(l, protocol.ByeBadQRP, "QRP table too large or too often", out)
	}
	before := l.table.Table()
	if err := l.table.Receive(payload); err != nil {
		out = n.dropped(protocol.KindQRP, DropMalformed, out)
		return n.bye(l, protocol.ByeBadQRP, "Invalid QRP sequence: "+err.Error(), out)
	}
	if l.peer.Role != RoleLeaf || l.table.Table() == before {
		return out
	}
	if l.table.Table().Fill() > maxLeafFill {
		out = n.dropped(protocol.KindQRP, DropTooLarge, out)
		return n.bye(l, protocol.ByeBadQRP, "QRP table matches everything", out)
	}
	n.leavesChanged()
	if before == nil { // now it can be told whether it may hold what the user looks for
		for i := range n.own {
			out = n.sendOwn(l, &n.own[i], out)
		}
	}
	return out
}

// tableAllowed says whether l may have us work on what a QRP message asks for.
// A kilobyte of PATCH can stand for millions of slots, so each sequence is paid
// for with its first part, by the size of the table. What cannot be read is
// left to the receiver.
func (n *Node) tableAllowed(l *link, payload []byte) bool {
	most := uint32(maxUltrapeerSlots)
	if l.peer.Role == RoleLeaf {
		most = 1 << protocol.MaxTableBits
	}
	if r, err := protocol.ParseReset(payload); err == nil {
		return r.Slots <= most
	}
	if p, err := protocol.ParseRoutePatch(payload); err != nil || p.Seq != 1 {
		return true
	}
	rate := Rate{float64(most) / tableEvery.Seconds(), tableBurst * float64(most)}
	return l.work.take(n.now, rate, float64(max(l.slots, leastWork)))
}
