package gia

import (
	"math/rand/v2"

	"github.com/seed282dab8e/servent/sim/graph"
)

// Paths is where queries of Gia go when there is no load: every peer has tokens
// from all its neighbours, and files are somebody else's business. It may be
// used by any number of goroutines, each with a [Walker] of its own.
type Paths struct{ net *Network }

// NewPaths adapts a topology of peers of the given classes, in any order, with
// the paper's parameters. It returns the topology, too.
func NewPaths(r *rand.Rand, class []uint8) (*Paths, *graph.Graph, error) {
	c := DefaultConfig()
	o := NewOverlay(r, c.Rules, class)
	o.Adapt(c.Settle)
	g := o.Graph()
	n, err := lay(r, Gia(), class, g)
	return &Paths{n}, g, err
}

// Walker takes one query after the other along its path.
type Walker struct {
	net  *Network
	book tried
}

// Walker makes one.
func (p *Paths) Walker() *Walker { return &Walker{net: p.net} }

// Begin starts a new query.
func (w *Walker) Begin() { w.book.reset() }

// Next returns whom v sends the query to, and keeps book of it; ok is false
// when v has no neighbours.
func (w *Walker) Next(r *rand.Rand, v int32) (to int32, ok bool) {
	all := below(w.net.degree(v))
	if all.empty() {
		return 0, false
	}
	open := all.not(w.book.of(w.net, v))
	if open.empty() {
		w.book.flush(w.net, v)
		open = all
	}
	slot := w.net.best(v, open).any(r)
	at := w.net.start[v] + int32(slot)
	to = w.net.to[at]
	w.book.mark(w.net, v, slot)
	w.book.mark(w.net, to, int(w.net.back[at]))
	return to, true
}
