package model

import "github.com/seed282dab8e/servent/sim/graph"

// Look says how many files a peer has that match the search. It is asked once
// for each peer, when the query first comes to where that is known, so many hops
// from the peer that searches, which is not asked itself.
type Look func(peer int32, hops int) int

// Found is what one search cost and found on a bare graph, on which a message
// takes one hop of time.
type Found struct {
	Messages int64 // copies of the query sent on links
	Checks   int64 // times that a walker asked the searcher whether to go on; not in Messages
	Lost     int64 // of the messages, those to peers that were gone
	Reached  int   // peers that got the query
	Covered  int   // peers of which it was found out whether they have files
	Hits     int   // files that they had
	Hops     int   // of the query to the first hit; -1 when there is none
	Last     int   // hops that the search went on for; rounds are added up
}

// Duplicates returns how many messages came to a peer that had the query.
func (f Found) Duplicates() int64 { return f.Messages - f.Lost - int64(f.Reached) }

// Blind runs searches that know nothing of where files are, one after the
// other, over one graph. It is for one goroutine and allocates nothing once
// it is warm.
type Blind struct {
	// Sent, when not nil, is told of each step of a walker, which is a number from
	// 0 on, and says whether the message arrives. When it does not, the walker
	// stays where it is.
	Sent func(walker int, from, to int32) bool
	// Checked, when not nil, is told of each check.
	Checked func(walker int, at int32)

	g       *graph.Graph
	seen    marks // peers that got the query, or are gone
	covered marks
	used    marks // ends of links that it was sent over
	ends    []int32

	front, next []int32 // peers of a ring
	at          []int32 // where walkers are
}

// NewBlind returns what searches g.
func NewBlind(g *graph.Graph) *Blind {
	n := g.Len()
	b := &Blind{g: g, seen: newMarks(n), covered: newMarks(n), used: newMarks(2 * g.Size()), ends: make([]int32, n+1)}
	for v := range n {
		b.ends[v+1] = b.ends[v] + int32(g.Degree(v))
	}
	return b
}

// begin forgets the search before.
func (b *Blind) begin(from int32) Found {
	b.seen.clear()
	b.covered.clear()
	b.used.clear()
	b.seen.add(from)
	b.covered.add(from)
	return Found{Hops: -1}
}

// arrive notes that the query came to a peer, and says whether that was the
// first time.
func (b *Blind) arrive(f *Found, peer int32, hops int, look Look) bool {
	if !b.seen.add(peer) {
		return false
	}
	f.Reached++
	b.cover(f, peer, hops, look)
	return true
}

// cover finds out what a peer has.
func (b *Blind) cover(f *Found, peer int32, hops int, look Look) {
	if !b.covered.add(peer) {
		return
	}
	f.Covered++
	if n := look(peer, hops); n > 0 {
		f.Hits += n
		if f.Hops < 0 {
			f.Hops = hops
		}
	}
}
