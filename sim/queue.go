package sim

import (
	"time"

	"github.com/seed282dab8e/servent/servent/overlay"
)

// event is something that will happen at a certain time.
type event struct {
	kind eventKind
	node NodeID         // atTimer
	link overlay.LinkID // where: atMessage, atSent, atDown
	size int32          // atSent
	msg  []byte         // atMessage
	do   func()         // atCall, atUser
}

type eventKind uint8

const (
	atMessage eventKind = iota // msg arrives at the end link
	atSent                     // size bytes have left the end link
	atDown                     // the end link is closed
	atTimer                    // the deadline of node, unless it has moved
	atCall                     // do
	atUser                     // do, which Replay does by itself
)

// queue holds events by time, those of equal time in the order in which they
// were put in. It is a heap of four children a place; the events themselves do
// not move. Its zero value is empty.
type queue struct {
	heap  []entry
	slots []event
	free  []int32
	last  uint64
	busy  int // events that are not atTimer
}

type entry struct {
	at   time.Duration
	seq  uint64
	slot int32
}

func (e entry) before(o entry) bool {
	return e.at < o.at || e.at == o.at && e.seq < o.seq
}

const children = 4

func (q *queue) push(at time.Duration, ev event) {
	slot := int32(len(q.slots))
	if n := len(q.free); n > 0 {
		slot = q.free[n-1]
		q.free = q.free[:n-1]
		q.slots[slot] = ev
	} else {
		q.slots = append(q.slots, ev)
	}
	if ev.kind != atTimer {
		q.busy++
	}
	q.last++
	q.heap = append(q.heap, entry{at, q.last, slot})
	q.up(len(q.heap) - 1)
}

func (q *queue) up(i int) {
	e := q.heap[i]
	for i > 0 {
		parent := (i - 1) / children
		if !e.before(q.heap[parent]) {
			break
		}
		q.heap[i] = q.heap[parent]
		i = parent
	}
	q.heap[i] = e
}

// next is when the first event happens; false when there is none.
func (q *queue) next() (time.Duration, bool) {
	if len(q.heap) == 0 {
		return 0, false
	}
	return q.heap[0].at, true
}

// pop takes out the first event, which there must be.
func (q *queue) pop() event {
	slot := q.heap[0].slot
	n := len(q.heap) - 1
	last := q.heap[n]
	q.heap = q.heap[:n]
	if n > 0 {
		q.down(last)
	}
	ev := q.slots[slot]
	q.slots[slot] = event{}
	q.free = append(q.free, slot)
	if ev.kind != atTimer {
		q.busy--
	}
	return ev
}

// down puts e where the root was, or below.
func (q *queue) down(e entry) {
	i, n := 0, len(q.heap)
	for {
		first := i*children + 1
		if first >= n {
			break
		}
		least := first
		for c := first + 1; c < min(first+children, n); c++ {
			if q.heap[c].before(q.heap[least]) {
				least = c
			}
		}
		if !q.heap[least].before(e) {
			break
		}
		q.heap[i] = q.heap[least]
		i = least
	}
	q.heap[i] = e
}
