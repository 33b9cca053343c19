package gia

// floods passes queries on as floods: copies to all neighbours but the one that
// it came from. Every copy is processed, second ones too, and a flood goes on
// when it has found an answer.
type floods struct {
	*run
	query    []flooded
	freed    []int32
	copies   []dup // 0 is nobody
	free     int32
	peer     []flooder
	passable uint8 // the lowest class that floods on
}

type flooded struct {
	seen     []uint64 // a bit for each peer
	born     int64
	keyword  int32
	under    int32 // copies under way
	answered bool
	counted  bool
}

// dup is a copy of a query on its way or in a queue.
type dup struct {
	query, from, hops, next int32
}

type flooder struct {
	in      list
	serving int32
	backlog int32
}

func newFloods(x *run) *floods {
	f := &floods{run: x, copies: make([]dup, 1), peer: make([]flooder, len(x.net.class))}
	if x.net.design.Super {
		f.passable = superClass
	}
	return f
}

func (f *floods) push(l *list, i int32) {
	f.copies[i].next = 0
	if l.head == 0 {
		l.head = i
	} else {
		f.copies[l.tail].next = i
	}
	l.tail = i
}

func (f *floods) ask(v, keyword int32, counted bool) {
	if len(f.freed) == 0 {
		f.freed = append(f.freed, int32(len(f.query)))
		f.query = append(f.query, flooded{seen: make([]uint64, (len(f.peer)+63)/64)})
	}
	id := f.freed[len(f.freed)-1]
	f.freed = f.freed[:len(f.freed)-1]
	q := &f.query[id]
	clear(q.seen)
	*q = flooded{seen: q.seen, born: f.now, keyword: keyword, counted: counted}
	if f.load.Costly {
		f.put(v, dup{query: id, from: -1})
		return
	}
	q.under = 1
	f.handle(v, dup{query: id, from: -1})
}

// put lets a copy come to v. What v cannot come to before the run ends needs no
// memory.
func (f *floods) put(v int32, c dup) {
	f.query[c.query].under++
	p := &f.peer[v]
	if each := f.lines.delay[served+int(f.net.class[v])]; f.now+each*int64(p.backlog) > f.stop {
		return
	}
	p.backlog++
	i := f.free
	if i == 0 {
		f.copies = append(f.copies, dup{})
		i = int32(len(f.copies) - 1)
	} else {
		f.free = f.copies[i].next
	}
	f.copies[i] = c
	f.push(&f.peer[v].in, i)
	f.serve(v)
}

func (f *floods) serve(v int32) {
	p := &f.peer[v]
	if p.serving != 0 || p.in.head == 0 {
		return
	}
	p.serving = p.in.head
	p.in.head = f.copies[p.serving].next
	f.lines.push(served+int(f.net.class[v]), f.now, v)
}

func (f *floods) served(v int32) {
	i := f.peer[v].serving
	c := f.copies[i]
	f.copies[i].next, f.free = f.free, i
	f.peer[v].serving = 0
	f.peer[v].backlog--
	f.res.Messages++
	f.handle(v, c)
	f.serve(v)
}

// handle does with a copy that v has processed what is to be done.
func (f *floods) handle(v int32, c dup) {
	if q := &f.query[c.query]; !has(q.seen, v) {
		set(q.seen, v)
		f.first(v, c)
	}
	f.leave(c.query)
}

// first handles the first copy that v has got.
func (f *floods) first(v int32, c dup) {
	q := &f.query[c.query]
	if !q.answered && f.net.files.knows(v, q.keyword) {
		q.answered = true
		f.answered(q.counted, q.born, c.hops)
	}
	if f.load.TTL > 0 && int(c.hops) >= f.load.TTL {
		return
	}
	for _, w := range f.net.neighbours(v) {
		if w != c.from && f.net.class[w] >= f.passable {
			f.put(w, dup{query: c.query, from: v, hops: c.hops + 1})
		}
	}
}

// leave ends a copy, and the query when that was the last.
func (f *floods) leave(id int32) {
	q := &f.query[id]
	q.under--
	if q.under > 0 {
		return
	}
	if !q.answered {
		f.expired(q.counted)
	}
	f.freed = append(f.freed, id)
}

func (f *floods) ticked(int32) {} // there are no tokens
