package swarm

// ask lets v ask for a piece over one of its halves.
func (e *engine) ask(v, h, piece int32) {
	id := e.free
	if id < 0 {
		id = int32(len(e.asks))
		e.asks = append(e.asks, ask{})
	} else {
		e.free = e.asks[id].next
	}
	hf := &e.halves[h]
	e.asks[id] = ask{from: v, to: hf.to, half: h, piece: piece, next: -1, at: e.now, off: never}
	e.out[int(h)*e.pipe+int(hf.asks)] = id
	hf.asks++
	e.set(e.asked, v).Add(int(piece))
	if e.Claims {
		e.add(e.news(v)+int64(e.Latency), claim, v, piece)
	}

	g := &e.hosts[e.host(hf.to)]
	if g.last < 0 {
		g.first = id
	} else {
		e.asks[g.last].next = id
	}
	g.last = id
	e.send(e.host(hf.to))
}

// send lets a host send the first piece that somebody still waits for. A host
// that stalls sends nothing more, and whoever waits is not told.
func (e *engine) send(host int32) {
	g := &e.hosts[host]
	if g.sending {
		return
	}
	for g.first >= 0 {
		id := g.first
		a := &e.asks[id]
		from := max(e.now, a.at+int64(e.Latency))
		if a.off+int64(e.Latency) <= from {
			e.pop(g)
			e.release(id)
			continue
		}
		to := e.pass(g.up, from, a.piece, e.Hosts[host].Up)
		if stall := int64(e.Hosts[host].Stall); stall > 0 && to.free > stall {
			return
		}
		e.pop(g)
		g.sending, g.up = true, to
		e.add(to.free, sent, id, 0)
		if e.trace != nil {
			e.trace(host, true, a, from, to.free)
		}
		return
	}
}

// gate is one direction of an access link. It passes one piece at a time.
type gate struct {
	free int64 // when it is done with all that was to pass
	paid int64 // when it would be, had it nothing saved up
}

// pass lets a piece through a gate that is free from a moment on: as fast as
// the line is, but with what the gate may pass in a second, and what it has
// saved up.
func (e *engine) pass(g gate, from int64, piece int32, perSecond int64) gate {
	size := uint64(e.size(piece))
	g.paid = max(g.paid, from) + int64(span(size, 1, uint64(perSecond)))
	g.free = max(from+int64(span(size, 1, uint64(max(e.Line, perSecond)))), g.paid-int64(e.Burst))
	return g
}

// pop takes the first ask out of a host's queue.
func (e *engine) pop(g *host) {
	g.first = e.asks[g.first].next
	if g.first < 0 {
		g.last = -1
	}
}

// release puts an ask back among those not in use.
func (e *engine) release(id int32) {
	e.asks[id].next = e.free
	e.free = id
}

// sent: the last byte has left the giver, unless that is gone.
func (e *engine) sent(id int32) {
	a := &e.asks[id]
	host := e.host(a.to)
	g := &e.hosts[host]
	g.sending = false
	if e.peers[a.to].left {
		e.release(id)
	} else {
		g.sent += e.size(a.piece)
		e.add(e.now+int64(e.Latency), come, id, 0)
	}
	e.send(host)
}

// come: the piece is before the asker's access link, behind those that came
// before it.
func (e *engine) come(id int32) {
	a := &e.asks[id]
	if e.peers[a.from].left {
		e.release(id)
		return
	}
	host := e.host(a.from)
	g := &e.hosts[host]
	from := max(e.now, g.down.free)
	g.down = e.pass(g.down, from, a.piece, e.Hosts[host].Down)
	e.add(g.down.free, got, id, 0)
	if e.trace != nil {
		e.trace(host, false, a, from, g.down.free)
	}
}

// got: the piece is in. It is told of and makes room for another ask.
func (e *engine) got(id int32) {
	a := e.asks[id]
	p := &e.peers[a.from]
	if a.half >= 0 {
		e.settle(id)
	}
	e.release(id)
	have := e.set(e.have, a.from)
	switch {
	case p.left:
		return
	case have.Has(int(a.piece)):
		e.wasted += e.size(a.piece)
	default:
		have.Add(int(a.piece))
		p.missing--
		e.given++
		e.gotAt = max(e.gotAt, e.now)
		e.add(e.news(a.from)+int64(e.Latency), heard, a.from, a.piece)
		if p.loose {
			e.forget(a.from, a.piece)
		}
		e.set(e.asked, a.from).Remove(int(a.piece))
	}
	switch {
	case p.missing == 0 && p.done < 0:
		e.finish(a.from)
	case p.loose || int(p.missing) <= e.Endgame: // any half may have room now
		e.refillAll(a.from)
	case a.half >= 0:
		e.refill(a.from, a.half)
	}
}

// news is when v next tells what it has: once in each Poll, at a moment of its
// own.
func (e *engine) news(v int32) int64 {
	every := int64(e.Poll)
	if every == 0 {
		return e.now
	}
	own := every / int64(len(e.peers)) * int64(v)
	return e.now + (every+(own-e.now)%every)%every
}

// settle frees the place of an ask on its half.
func (e *engine) settle(id int32) {
	a := &e.asks[id]
	hf := &e.halves[a.half]
	places := e.out[int(a.half)*e.pipe:][:hf.asks]
	for i, other := range places {
		if other == id {
			places[i] = places[hf.asks-1]
			break
		}
	}
	hf.asks--
	a.half = -1
}

// forget stops v waiting for a piece that it has. Whether the givers hear of
// it is up to Cancel.
func (e *engine) forget(v, piece int32) {
	for h := e.peers[v].start; h < e.peers[v].end; h++ {
		for i := int32(0); i < e.halves[h].asks; i++ {
			id := e.out[int(h)*e.pipe+int(i)]
			if e.asks[id].piece != piece {
				continue
			}
			e.settle(id)
			if e.Cancel {
				e.asks[id].off = e.now
			}
			break // a half asks for a piece once
		}
	}
}

// drop gives up all asks over a half: the link is gone.
func (e *engine) drop(v, h int32) {
	for e.halves[h].asks > 0 {
		id := e.out[int(h)*e.pipe]
		piece := e.asks[id].piece
		e.settle(id)
		e.asks[id].off = e.now
		e.peers[v].loose = true // it may come all the same
		if !e.waits(v, piece) {
			e.set(e.asked, v).Remove(int(piece))
			e.disclaim(v, piece)
		}
	}
}

// waits says whether v still waits for a piece.
func (e *engine) waits(v, piece int32) bool {
	for h := e.peers[v].start; h < e.peers[v].end; h++ {
		if e.asksFor(h, piece) {
			return true
		}
	}
	return false
}

// asksFor says whether a piece is asked for over a half.
func (e *engine) asksFor(h, piece int32) bool {
	for _, id := range e.out[int(h)*e.pipe:][:e.halves[h].asks] {
		if e.asks[id].piece == piece {
			return true
		}
	}
	return false
}

// finish: v has the whole file.
func (e *engine) finish(v int32) {
	p := &e.peers[v]
	p.done = e.now
	e.busy--
	if e.Tracker != nil {
		e.part(v)
	}
	if e.Linger != 0 {
		e.add(e.now+max(0, int64(e.Linger)), leave, v, 0)
	}
}
