package sim

import "time"

// A partition, a lost packet and a full access line all do the same to what
// is sent on a link: it comes later, and in its order.

// Partition cuts the network in parts: nothing passes between nodes of different
// groups, nor to and from those of none, until Heal or another Partition. Links
// stay up, as those of TCP do, until a node gives one up; what was sent on them
// comes after Heal. Dials and datagrams fail. The last word of a handshake still
// comes through.
func (w *World) Partition(groups ...[]NodeID) {
	w.record.note(op{Do: doPartition, Groups: groups})
	for _, m := range w.nodes {
		m.group = 0
	}
	for i, ids := range groups {
		for _, id := range ids {
			w.nodes[id].group = int32(i + 1)
		}
	}
	w.apart = true
}

// Heal ends a partition.
func (w *World) Heal() {
	w.record.note(op{Do: doHeal})
	w.apart = false
	held := w.held
	w.held = nil
	for _, ev := range held {
		if e := w.end(ev.link); e != nil {
			w.queue.push(w.inOrder(e.peer, w.now), ev)
		}
	}
}

// Slow makes all that a node sends, by its latency, its upload and its links'
// bandwidth, take factor times as long; 1 ends that. It does nothing where factor
// is not over 0.
func (w *World) Slow(id NodeID, factor float64) {
	w.record.note(op{Do: doSlow, Node: id, Factor: factor})
	if factor > 0 {
		w.nodes[id].slow = factor
	}
}

// slowed is how long something that takes d takes at a node.
func (m *member) slowed(d time.Duration) time.Duration {
	if m.slow == 0 {
		return d
	}
	return time.Duration(float64(d) * m.slow)
}

func (w *World) parted(a, b *member) bool { return w.apart && a.group != b.group }

// delayed says whether what has come to the end of a link does not reach the node
// now: it waits for the end of a partition, or for the node's access line.
func (w *World) delayed(ev event) bool {
	e := w.end(ev.link)
	if e == nil || e.closed || ev.kind == atDown && e.closing {
		return false
	}
	m := w.nodes[e.node]
	if w.parted(m, w.nodes[e.peer.node]) {
		w.held = append(w.held, ev)
		return true
	}
	if m.cfg.Download <= 0 || ev.size == landed {
		return false
	}
	m.coming = max(m.coming, w.now) + atRate(len(ev.msg), m.cfg.Download)
	if m.coming == w.now {
		return false
	}
	ev.size = landed
	w.queue.push(m.coming, ev)
	return true
}

// landed is the size of an event that has its node's access line behind it.
const landed = -1

const (
	// firstTimeout is how long TCP waits at least before it sends a packet again, in
	// Linux; it waits twice as long each time (RFC 6298, 5.5).
	firstTimeout = 200 * time.Millisecond
	// maxTimeouts bounds what a loss of nearly everything would make of that.
	maxTimeouts = 8
	// packetSize is how much of a link's bytes goes in one packet.
	packetSize = 1460
)

// retransmission is how much later a message of size bytes comes because packets of
// it were lost.
func (w *World) retransmission(e *end, size int) (late time.Duration) {
	if e.wire.Loss <= 0 {
		return 0
	}
	for ; size > 0; size -= packetSize {
		again, timeout := time.Duration(0), firstTimeout
		for n := 0; n < maxTimeouts && w.rand.Float64() < e.wire.Loss; n++ {
			again, timeout = again+timeout, 2*timeout
		}
		late = max(late, again)
	}
	return late
}
