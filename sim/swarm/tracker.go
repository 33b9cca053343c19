package swarm

// startTurns plans the first turn of each host at the tracker, at a random
// moment of the interval: the hosts' clocks have run since long before.
func (e *engine) startTurns() {
	if e.Tracker == nil {
		return
	}
	for i := e.Seeds; i < len(e.Hosts); i++ {
		at := int64(e.Hosts[i].Start) + e.r.Int64N(int64(e.Tracker.Interval))
		e.add(at, announce, int32(i), 0)
	}
}

// turn announces one file of a host: the next that is not done and could use a
// link.
func (e *engine) turn(host int32) {
	g := &e.hosts[host]
	waits := false
	for range e.Files {
		v := g.turn*int32(len(e.Hosts)) + host
		g.turn = (g.turn + 1) % int32(e.Files)
		if !e.wants(v) {
			continue
		}
		waits = true
		if int(e.peers[v].open) < e.Tracker.Links {
			e.announce(v)
			break
		}
	}
	if waits || e.now <= int64(e.Hosts[host].Start) {
		e.add(e.now+int64(e.Tracker.Interval), announce, host, 0)
	}
}

// announce lets v ask those that the tracker tells it of for links, until it
// has asked as many as it could take.
func (e *engine) announce(v int32) {
	p := &e.peers[v]
	for _, rank := range e.handout(v / int32(len(e.Hosts))) {
		for _, w := range rank {
			if int(p.open+p.pending) >= e.Tracker.Links {
				return
			}
			if w == v || e.shuns(v, w) || e.linked(v, w) {
				continue
			}
			p.pending++
			e.add(e.now+3*int64(e.Latency), dial, v, w) // to the tracker, back, to w
		}
	}
}

// handout draws peers of a file and returns them by rank: who has all, the
// seeds, the others.
func (e *engine) handout(file int32) [3][]int32 {
	for i := range e.ranks {
		e.ranks[i] = e.ranks[i][:0]
	}
	list := e.listed[file]
	for i := range min(e.Tracker.Handout, len(list)) {
		j := i + int(e.r.Int32N(int32(len(list)-i)))
		list[i], list[j] = list[j], list[i]
		rank := 2
		if e.peers[list[i]].missing == 0 {
			rank = 0
		}
		e.ranks[rank] = append(e.ranks[rank], list[i])
	}
	for s := range int32(e.Seeds) {
		e.ranks[1] = append(e.ranks[1], file*int32(len(e.Hosts))+s)
	}
	seeds := e.ranks[1]
	e.r.Shuffle(len(seeds), func(i, j int) { seeds[i], seeds[j] = seeds[j], seeds[i] })
	return e.ranks
}

// dialled: v's wish for a link is at w. A full peer refuses, and v does not
// try it again for a while.
func (e *engine) dialled(v, w int32) {
	p, q := &e.peers[v], &e.peers[w]
	p.pending--
	switch {
	case !e.wants(v) || e.linked(v, w):
	case q.left || int(q.open+q.pending) >= e.most(w) || !e.link(v, w):
		e.refused++
		e.shun(v, w)
	default:
		e.refillAll(v)
		e.refillAll(w)
	}
}

// part ends the links of v, which is done, to others that are: neither can
// give the other anything, and both have room for who can be given to.
func (e *engine) part(v int32) {
	for h := e.peers[v].start; h < e.peers[v].end; h++ {
		if w := e.halves[h].to; w >= 0 && e.peers[w].missing == 0 {
			e.unlink(h)
		}
	}
}

// shun lets v leave w alone for a while.
func (e *engine) shun(v, w int32) {
	if e.Tracker == nil {
		return
	}
	p := &e.peers[v]
	p.shunned = append(p.shunned, shun{w, e.now + int64(e.Tracker.Shun)})
}

func (e *engine) shuns(v, w int32) bool {
	for _, s := range e.peers[v].shunned {
		if s.peer == w && s.until > e.now {
			return true
		}
	}
	return false
}
