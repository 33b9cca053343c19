package gia

// bucket is a peer's side of flow control (section 3.2.2). A peer gives tokens
// as fast as it can process queries, a neighbour spends one for each query that
// it sends, and one that has an unspent token gets no other: it is inactive,
// and what it would have got goes to the rest. Start-time fair queueing (Goyal,
// Vin, Cheng, SIGCOMM 1996) says who is next: over time each active neighbour
// gets tokens in proportion to its capacity.
type bucket struct {
	has     mask  // slots of neighbours that have given a token
	want    mask  // slots of neighbours that have spent theirs
	virtual int64 // start tag of the token given last
	ticking bool  // has an event on a line that allows the next token
}

// used tells v that the neighbour at a slot has spent its token.
func (w *walks) used(v int32, slot int) {
	b := &w.bucket[v]
	b.want.set(slot)
	tag := &w.tag[w.net.start[v]+int32(slot)]
	*tag = max(*tag, b.virtual)
	if !b.ticking {
		w.give(v)
	}
}

func (w *walks) ticked(v int32) {
	b := &w.bucket[v]
	b.ticking = false
	if !b.want.empty() {
		w.give(v)
	}
}

// give gives a token to the neighbour whose turn it is. The next comes later
// when the queue is long. That it comes at all keeps peers that wait for one
// another from waiting for ever.
func (w *walks) give(v int32) {
	b := &w.bucket[v]
	line := ticked
	if w.peer[v].backlog > w.limit[w.net.class[v]] {
		line = crept
	}
	b.ticking = true
	w.lines.push(line+int(w.net.class[v]), w.now, v)

	slot := w.turn(v)
	at := w.net.start[v] + int32(slot)
	to := w.net.to[at]
	b.want.clear(slot)
	b.virtual = w.tag[at]
	w.tag[at] += most / int64(Classes()[w.net.class[to]].Capacity)
	w.got(to, int(w.net.back[at]))
}

// turn returns the slot that wants a token and has the lowest start tag.
func (w *walks) turn(v int32) int {
	left := w.bucket[v].want
	tags := w.tag[w.net.start[v]:w.net.start[v+1]]
	best := left.first()
	for left.clear(best); !left.empty(); {
		i := left.first()
		left.clear(i)
		if tags[i] < tags[best] {
			best = i
		}
	}
	return best
}

// got hands v a token. The query that has waited longest spends it at once.
func (w *walks) got(v int32, slot int) {
	w.bucket[v].has.set(slot)
	if s := &w.peer[v]; s.waiting.head != 0 {
		w.forward(v, w.pop(&s.waiting))
	}
}
