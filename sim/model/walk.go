package model

import "math/rand/v2"

// Walk is a search by walkers that go from peer to peer at random, all in step:
// Lv, Cao, Cohen, Li, Shenker: Search and replication in unstructured
// peer-to-peer networks (ICS 2002), section 4.
type Walk struct {
	Walkers int
	Check   int  // after so many steps each asks the searcher whether to go on; 0: it never asks
	Most    int  // steps, after which a walker ends
	Want    int  // hits that are enough; 0 counts as 1
	Keep    bool // peers send a query that comes again over links that it has not taken from there
	Biased  bool // walkers go to the neighbour with most links that has not seen the query, see [Blind.Walk]
	Index   bool // peers answer for their neighbours, too, whose lists of files they have
}

// Walk searches by walkers. A walker takes a random neighbour, maybe the one that
// it came from; the walk goes on until a check tells that enough was found. A
// check goes to the searcher directly and is one message; so walkers go on for up
// to Check-1 steps after the last hit. A peer that got the query tells its
// hits at once.
//
// A biased walk is that of Adamic, Lukose, Puniyani, Huberman: Search in
// power-law networks (Physical Review E 64, 2001): to the neighbour with the
// highest degree among those without the query, the first of equals; to a random
// one when all have it. There, peers answer for their neighbours: see Index.
func (b *Blind) Walk(p Walk, from int32, look Look, r *rand.Rand) Found {
	f := b.begin(from)
	b.at = b.at[:0]
	if b.g.Degree(int(from)) == 0 {
		return f
	}
	for range p.Walkers {
		b.at = append(b.at, from)
	}
	b.index(p, &f, from, look)
	for f.Last < p.Most && f.Hits < max(1, p.Want) {
		until := p.Most
		if p.Check > 0 {
			until = min(until, f.Last+p.Check)
		}
		for f.Last < until {
			f.Last++
			b.steps(p, &f, look, r)
		}
		if p.Check > 0 && f.Last%p.Check == 0 {
			b.check(&f)
		}
	}
	return f
}

// check lets each walker ask the searcher whether to go on.
func (b *Blind) check(f *Found) {
	f.Checks += int64(len(b.at))
	if b.Checked == nil {
		return
	}
	for i, v := range b.at {
		b.Checked(i, v)
	}
}

// steps lets each walker take one step.
func (b *Blind) steps(p Walk, f *Found, look Look, r *rand.Rand) {
	for i, from := range b.at {
		to := b.choose(p, from, r)
		f.Messages++
		if b.Sent != nil && !b.Sent(i, from, to) {
			f.Lost++
			b.seen.add(to) // nobody tries again
			continue
		}
		b.at[i] = to
		if b.arrive(f, to, f.Last, look) {
			b.index(p, f, to, look)
		}
	}
}

// index answers for the neighbours of a peer.
func (b *Blind) index(p Walk, f *Found, peer int32, look Look) {
	if !p.Index {
		return
	}
	for _, v := range b.g.Neighbours(int(peer)) {
		b.cover(f, v, f.Last, look)
	}
}

// choose returns where a walker goes from a peer.
func (b *Blind) choose(p Walk, from int32, r *rand.Rand) int32 {
	next := b.g.Neighbours(int(from))
	switch {
	case p.Biased:
		if i := b.best(next); i >= 0 {
			return next[i]
		}
	case p.Keep:
		if i := b.fresh(from, len(next), r); i >= 0 {
			return next[i]
		}
	}
	return next[r.IntN(len(next))]
}

// best returns the place of the neighbour with most links that the query has
// not come to; negative for none.
func (b *Blind) best(next []int32) int {
	best, most := -1, -1
	for i, v := range next {
		if d := b.g.Degree(int(v)); d > most && !b.seen.has(v) {
			best, most = i, d
		}
	}
	return best
}

// fresh takes a random one of the links of a peer that the query was not sent
// over; negative for none.
func (b *Blind) fresh(from int32, degree int, r *rand.Rand) int {
	first, left, taken := b.ends[from], 0, -1
	for i := range degree {
		if b.used.has(first + int32(i)) {
			continue
		}
		left++
		if r.IntN(left) == 0 {
			taken = i
		}
	}
	if taken >= 0 {
		b.used.add(first + int32(taken))
	}
	return taken
}
