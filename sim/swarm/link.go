package swarm

// link joins two peers, if both have a half that is free.
func (e *engine) link(v, w int32) bool {
	a, b := e.freeHalf(v), e.freeHalf(w)
	if a < 0 || b < 0 {
		return false
	}
	e.halves[a] = half{to: w, back: b}
	e.halves[b] = half{to: v, back: a}
	e.peers[v].open++
	e.peers[w].open++
	e.learn(v, w, 1)
	e.learn(w, v, 1)
	return true
}

// freeHalf returns a half of v without a link; -1: all have one.
func (e *engine) freeHalf(v int32) int32 {
	for h := e.peers[v].start; h < e.peers[v].end; h++ {
		if e.halves[h].to < 0 {
			return h
		}
	}
	return -1
}

// linked says whether v has a link to w.
func (e *engine) linked(v, w int32) bool {
	for h := e.peers[v].start; h < e.peers[v].end; h++ {
		if e.halves[h].to == w {
			return true
		}
	}
	return false
}

// learn adds one to, or takes one from, what v counts of each piece that w has.
func (e *engine) learn(v, w int32, by uint16) {
	rare := e.copies(v)
	for p := range e.set(e.told, w).All() {
		rare[p] += by
	}
	if e.Claims {
		for p := range e.set(e.claimed, w).All() {
			rare[p] += by
		}
	}
}

// claim: the neighbours of v know that it waits for a piece, if it still does.
func (e *engine) claim(v, piece int32) {
	mine := e.set(e.claimed, v)
	if e.set(e.asked, v).Has(int(piece)) && !mine.Has(int(piece)) {
		mine.Add(int(piece))
		e.spread(v, piece, 1)
	}
}

// disclaim: v waits no longer, and has no such piece.
func (e *engine) disclaim(v, piece int32) {
	mine := e.set(e.claimed, v)
	if mine.Has(int(piece)) {
		mine.Remove(int(piece))
		e.spread(v, piece, less)
	}
}

// spread adds to what the neighbours of v count of a piece.
func (e *engine) spread(v, piece int32, by uint16) {
	for h := e.peers[v].start; h < e.peers[v].end; h++ {
		if w := e.halves[h].to; w >= 0 {
			e.copies(w)[piece] += by
		}
	}
}

// less, added to a count, takes one off.
const less = ^uint16(0)

// unlink ends the link of a half. What was asked over it is asked elsewhere.
func (e *engine) unlink(h int32) {
	b := e.halves[h].back
	w, v := e.halves[h].to, e.halves[b].to
	e.drop(v, h)
	e.drop(w, b)
	e.halves[h].to, e.halves[b].to = -1, -1
	e.peers[v].open--
	e.peers[w].open--
	e.learn(v, w, less)
	e.learn(w, v, less)
	e.refillAll(v)
	e.refillAll(w)
}

// heard: the neighbours of v know that it has a piece, and ask for it if they
// lack it and may.
func (e *engine) heard(v, piece int32) {
	e.disclaim(v, piece)
	e.set(e.told, v).Add(int(piece))
	for h := e.peers[v].start; h < e.peers[v].end; h++ {
		w := e.halves[h].to
		if w < 0 {
			continue
		}
		e.rare[int(w)*e.pieces+int(piece)]++
		b := e.halves[h].back
		if e.halves[b].asks < e.limit(v) && !e.set(e.have, w).Has(int(piece)) {
			e.refill(w, b)
		}
	}
}

// limit is how many asks may be under way at v over one link.
func (e *engine) limit(v int32) int32 {
	if e.seed(v) {
		return int32(e.SeedPipeline)
	}
	return int32(e.Pipeline)
}

// refill lets v ask over a half for as much as it may.
func (e *engine) refill(v, h int32) {
	w := e.halves[h].to
	if w < 0 || !e.wants(v) {
		return
	}
	for e.halves[h].asks < e.limit(w) {
		piece := e.pick(v, w, h)
		if piece < 0 {
			return
		}
		e.ask(v, h, piece)
	}
}

// refillAll does so over all halves, from a random one on, lest the same
// neighbour be first each time.
func (e *engine) refillAll(v int32) {
	p := &e.peers[v]
	n := p.end - p.start
	if n == 0 || !e.wants(v) {
		return
	}
	from := e.r.Int32N(n)
	for i := range n {
		e.refill(v, p.start+(from+i)%n)
	}
}

// watch ends the links of v over which nothing has come for too long.
func (e *engine) watch(v int32) {
	if !e.wants(v) {
		return
	}
	p := &e.peers[v]
	for h := p.start; h < p.end; h++ {
		w := e.halves[h].to
		if w >= 0 && e.late(h) {
			e.shun(v, w)
			e.unlink(h)
		}
	}
	e.add(e.now+int64(e.Timeout)/2, watch, v, 0)
}

// late says whether an ask over a half has waited longer than Timeout.
func (e *engine) late(h int32) bool {
	for _, id := range e.out[int(h)*e.pipe:][:e.halves[h].asks] {
		if e.now-e.asks[id].at > int64(e.Timeout) {
			return true
		}
	}
	return false
}
