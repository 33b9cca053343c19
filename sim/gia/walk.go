package gia

// walks passes queries on as walks: at any time each is at one peer.
type walks struct {
	*run
	all  []walk // 0 is nobody
	free int32  // a list of those that have ended
	peer []server

	bucket []bucket       // of each peer, and
	tag    []int64        // of each link: see tokens.go; only where there are tokens
	limit  [classes]int32 // of the backlog of peers that give tokens as they should
}

// walk is a query.
type walk struct {
	tried   tried
	found   []int32 // who has what was found so far, when more than one is looked for
	born    int64
	keyword int32
	hops    int32
	next    int32 // in the list that it is in
	came    int32 // the slot by which it came to where it is; -1: it began there, or the book has it
	counted bool
}

// server is a peer with its queues.
type server struct {
	in      list  // queries as they came
	waiting list  // processed, for want of a token
	serving int32 // being processed; 0: none
	backlog int32 // in all of these
}

// list is a queue of walks. The zero value is empty.
type list struct{ head, tail int32 }

func newWalks(x *run) *walks {
	w := &walks{run: x, all: make([]walk, 1), peer: make([]server, len(x.net.class))}
	for i, c := range Classes() {
		w.limit[i] = max(1, int32(x.load.Backlog*float64(c.Capacity)))
	}
	if x.net.design.Tokens {
		w.tag, w.bucket = make([]int64, len(x.net.to)), make([]bucket, len(w.peer))
		for v := range w.bucket {
			w.bucket[v].has = below(x.net.degree(int32(v)))
		}
	}
	return w
}

func (w *walks) push(l *list, i int32) {
	w.all[i].next = 0
	if l.head == 0 {
		l.head = i
	} else {
		w.all[l.tail].next = i
	}
	l.tail = i
}

func (w *walks) pop(l *list) int32 {
	i := l.head
	l.head = w.all[i].next
	return i
}

func (w *walks) ask(v, keyword int32, counted bool) {
	i := w.free
	if i == 0 {
		w.all = append(w.all, walk{})
		i = int32(len(w.all) - 1)
	} else {
		w.free = w.all[i].next
	}
	q := &w.all[i]
	q.keyword, q.hops, q.came, q.born, q.counted = keyword, 0, -1, w.now, counted
	w.peer[v].backlog++
	if w.load.Costly {
		w.push(&w.peer[v].in, i)
		w.serve(v)
		return
	}
	w.handle(v, i)
}

// end forgets a walk that is in no list.
func (w *walks) end(i int32) {
	q := &w.all[i]
	q.tried.reset()
	q.found = q.found[:0]
	q.next, w.free = w.free, i
}

// serve lets v process the next query, unless it is at one.
func (w *walks) serve(v int32) {
	s := &w.peer[v]
	if s.serving != 0 || s.in.head == 0 {
		return
	}
	s.serving = w.pop(&s.in)
	w.lines.push(served+int(w.net.class[v]), w.now, v)
}

func (w *walks) served(v int32) {
	s := &w.peer[v]
	i := s.serving
	s.serving = 0
	w.res.Messages++
	w.serve(v)
	w.handle(v, i)
}

// handle does with a query that v has processed what is to be done.
func (w *walks) handle(v, i int32) {
	q := &w.all[i]
	switch {
	case w.net.files.knows(v, q.keyword) && w.satisfied(v, q):
		w.answered(q.counted, q.born, q.hops)
	case w.load.TTL > 0 && int(q.hops) >= w.load.TTL:
		w.expired(q.counted)
	default:
		if !w.forward(v, i) {
			w.push(&w.peer[v].waiting, i)
		}
		return
	}
	w.peer[v].backlog--
	w.end(i)
}

// satisfied says whether q has found enough, now that v can answer. An answer
// names who has the files, and the query carries the names along, so that each
// copy counts once (section 3.2.4).
func (w *walks) satisfied(v int32, q *walk) bool {
	if w.load.Responses == 1 {
		return true
	}
	for _, holder := range w.net.files.holders[q.keyword] {
		if w.net.canName(v, holder) && !contains(q.found, holder) {
			q.found = append(q.found, holder)
		}
	}
	return len(q.found) >= w.load.Responses
}

// forward sends walk i from v to a neighbour, and says whether it could.
func (w *walks) forward(v, i int32) bool {
	open := w.open(v, &w.all[i])
	if open.empty() {
		return false
	}
	if w.net.design.Biased {
		open = w.net.best(v, open)
	}
	w.send(v, i, open.any(w.r))
	return true
}

// open returns where v may send a query: where it may send any, less the links
// that this one has passed. When that leaves none, the book is flushed (section
// 3.2.4). So it is a token that a query waits for, never a certain neighbour:
// the paper can be read either way, and only this one gives its figures.
func (w *walks) open(v int32, q *walk) mask {
	if q.came >= 0 {
		q.tried.mark(w.net, v, int(q.came))
		q.came = -1
	}
	all := below(w.net.degree(v))
	if w.net.design.Tokens {
		all = w.bucket[v].has
	}
	open := all.not(q.tried.of(w.net, v))
	if open.empty() && !all.empty() {
		q.tried.flush(w.net, v)
		open = all
	}
	return open
}

// send passes walk i, which is at v in no list, over a slot. Both ends note
// that, so it does not come straight back; the other does when it looks into the
// book.
func (w *walks) send(v, i int32, slot int) {
	at := w.net.start[v] + int32(slot)
	to := w.net.to[at]
	back := int(w.net.back[at])
	q := &w.all[i]
	q.hops++
	q.tried.mark(w.net, v, slot)
	q.came = int32(back)
	w.peer[v].backlog--
	w.push(&w.peer[to].in, i)
	w.peer[to].backlog++
	w.serve(to)
	if w.net.design.Tokens {
		w.bucket[v].has.clear(slot)
		w.used(to, back)
	}
}

// best keeps the slots of v whose neighbours have the highest capacity.
func (n *Network) best(v int32, open mask) mask {
	c := n.class[n.to[n.start[v]+int32(open.first())]]
	return open.and(below(int(n.upto[v][c])))
}

// canName says whether v answers for a file of holder.
func (n *Network) canName(v, holder int32) bool {
	return v == holder || n.design.OneHop && contains(n.neighbours(v), holder)
}

func contains(list []int32, x int32) bool {
	for _, y := range list {
		if x == y {
			return true
		}
	}
	return false
}
