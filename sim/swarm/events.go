package swarm

// kind is what happens in an event.
type kind uint8

const (
	sent     kind = iota // a: the ask whose piece has left the giver
	come                 // a: the ask whose piece is at the asker's access link
	got                  // a: the ask whose piece is in
	heard                // a: the peer that has told its neighbours of piece b
	claim                // a: the peer that tells them that it waits for piece b
	begin                // a: the peer that begins
	leave                // a: the peer that leaves
	watch                // a: the peer that looks for asks without an answer
	announce             // a: the host whose turn at the tracker it is
	dial                 // a: the peer that asks peer b for a link
)

// event happens at a moment; order tells those of one moment apart, in the
// order in which they were planned, and holds the kind.
type event struct {
	at    int64
	order uint64
	a, b  int32
}

func (e *event) kind() kind { return kind(e.order & 0xf) }

func (e *event) before(f *event) bool {
	return e.at < f.at || e.at == f.at && e.order < f.order
}

// events is a heap with four children a node: it is flatter than one with two,
// and the children share a cache line or two. Its zero value is empty.
type events struct {
	heap    []event
	planned uint64
}

// add plans an event.
func (q *events) add(at int64, k kind, a, b int32) {
	q.planned++
	q.heap = append(q.heap, event{at, q.planned<<4 | uint64(k), a, b})
	i := len(q.heap) - 1
	e := q.heap[i]
	for i > 0 {
		up := (i - 1) / 4
		if !e.before(&q.heap[up]) {
			break
		}
		q.heap[i] = q.heap[up]
		i = up
	}
	q.heap[i] = e
}

// next removes the first event; false when there is none.
func (q *events) next() (event, bool) {
	n := len(q.heap) - 1
	if n < 0 {
		return event{}, false
	}
	first, last := q.heap[0], q.heap[n]
	q.heap = q.heap[:n]
	if n > 0 {
		q.sink(last)
	}
	return first, true
}

// sink puts e where the first was and moves it down to its place.
func (q *events) sink(e event) {
	i, n := 0, len(q.heap)
	for {
		least := 4*i + 1
		if least >= n {
			break
		}
		for c, end := least+1, min(least+4, n); c < end; c++ {
			if q.heap[c].before(&q.heap[least]) {
				least = c
			}
		}
		if !q.heap[least].before(&e) {
			break
		}
		q.heap[i] = q.heap[least]
		i = least
	}
	q.heap[i] = e
}
