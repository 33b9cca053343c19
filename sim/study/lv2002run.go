package study

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/seed282dab8e/servent/sim/graph"
	"github.com/seed282dab8e/servent/sim/load"
	"github.com/seed282dab8e/servent/sim/model"
)

// lvMethod is one way to search.
type lvMethod struct {
	name string
	ring *model.Ring // else walk
	walk model.Walk
}

const (
	lvRingName    = "expanding ring"
	lvWalkersName = "32 walkers"
	lvKeptName    = "32 walkers, links kept"
	lvDegreeName  = "walk by degree, neighbours' files known"
	lvFloodName   = "flood, TTL 7"
)

// lvMethods lists what is compared, on a graph of so many nodes.
func lvMethods(nodes int) []lvMethod {
	flood := model.Flood(7)
	return []lvMethod{
		{name: lvFloodName, ring: &flood},
		{name: lvRingName, ring: &model.Ring{First: 1, Add: 2, Most: nodes}},
		{name: lvWalkersName, walk: lvWalk(nodes, 32, 4)},
		{name: lvKeptName, walk: model.Walk{Walkers: 32, Check: 4, Most: 100 * nodes, Keep: true}},
		{name: lvDegreeName, walk: model.Walk{Walkers: 1, Check: 1, Most: 100 * nodes, Biased: true, Index: true}},
	}
}

// lvWalk ends when it has found something; that it must not go on for ever is for
// graphs with parts that cannot be reached.
func lvWalk(nodes, walkers, check int) model.Walk {
	return model.Walk{Walkers: walkers, Check: check, Most: 100 * nodes}
}

// lvSurer is how many times as many searches there are for what is held against
// what others found.
const lvSurer = 20

// lvRatios are the parts of the peers that have a file.
func lvRatios() []float64 { return []float64{0.00125, 0.0025, 0.005, 0.01, 0.02} }

// lvObjects is among how many files searches choose where popularity matters,
// lvZipf the exponent, lvMeanRatio the part of the peers that has a file on
// average.
const (
	lvObjects   = 100
	lvZipf      = 1.2
	lvMeanRatio = 0.01
)

// lvRun searches one graph.
type lvRun struct {
	s     *lv2002
	kind  lvKind
	g     *graph.Graph
	blind *model.Blind
	r     *rand.Rand

	stamp []int32 // peers with the stamp of now have the file
	now   int32
	cells []lvCell
	jobs  []func()
}

func newLvRun(kind lvKind, s *lv2002, g *graph.Graph, r *rand.Rand) *lvRun {
	return &lvRun{s: s, kind: kind, g: g, blind: model.NewBlind(g), r: r, stamp: make([]int32, g.Len())}
}

// all measures everything about the graph.
func (l *lvRun) all(ctx context.Context, tick func(float64)) (*lvResult, error) {
	l.plan()
	for i, job := range l.jobs {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		job()
		tick(float64(i+1) / float64(len(l.jobs)))
	}
	res := &lvResult{Nodes: l.g.Len(), Links: l.g.Size(), Cells: l.cells}
	for v := range l.g.Len() {
		res.MostLinks = max(res.MostLinks, l.g.Degree(v))
	}
	return res, nil
}

// plan lists what is measured. What one graph is enough for is done on the
// random one.
func (l *lvRun) plan() {
	nodes := l.g.Len()
	for _, ttl := range l.kind.ttls {
		flood := model.Flood(ttl)
		l.add(lvFlooding, "", float64(ttl), lvMethod{ring: &flood}, l.s.floods, func() int { return 0 })
	}
	for _, m := range lvMethods(nodes) {
		for i, ratio := range lvRatios() {
			searches := l.s.searches
			if i == 0 && l.kind.key == "random" && (m.name == lvRingName || m.name == lvWalkersName) {
				searches *= lvSurer
			}
			l.add(lvSearching, m.name, ratio, m, searches, l.copies(ratio))
		}
	}
	if l.kind.key != "random" {
		return
	}
	rare := l.copies(lvRatios()[0])
	for k := 1; k <= 128; k *= 2 {
		l.add(lvWalking, "", float64(k), lvMethod{walk: lvWalk(nodes, k, 4)}, l.s.searches, rare)
	}
	for c := 1; c <= 64; c *= 2 {
		l.add(lvChecking, "", float64(c), lvMethod{walk: lvWalk(nodes, 32, c)}, l.s.searches, rare)
	}
	l.planPopularity(nodes)
}

// planPopularity has files of different popularity and numbers of copies.
func (l *lvRun) planPopularity(nodes int) {
	budget := int(math.Round(lvObjects * lvMeanRatio * float64(nodes)))
	for _, exponent := range []float64{0, lvZipf} {
		q := zipf(lvObjects, exponent)
		for _, strategy := range []load.Strategy{load.Uniform, load.Proportional, load.SquareRoot} {
			if exponent == 0 && strategy != load.Uniform {
				continue // all strategies are one
			}
			copies := load.Replicate(strategy, q, budget, nodes)
			for _, m := range lvMethods(nodes)[1:3] {
				name := lvPopularityName(exponent, strategy, m.name)
				l.add(lvPopularity, name, 0, m, 2*l.s.searches, func() int { return copies[draw(l.r, q)] })
			}
		}
	}
}

func lvPopularityName(exponent float64, strategy load.Strategy, method string) string {
	asked := "all alike"
	if exponent > 0 {
		asked = fmt.Sprintf("Zipf %.1f", exponent)
	}
	return asked + ", " + strategy.String() + ", " + method
}

// draw returns a place in q, as often as it says.
func draw(r *rand.Rand, q []float64) int {
	u := r.Float64()
	for i, v := range q {
		if u -= v; u < 0 {
			return i
		}
	}
	return len(q) - 1
}

// copies is a number of copies that does not change.
func (l *lvRun) copies(ratio float64) func() int {
	n := max(1, int(math.Round(ratio*float64(l.g.Len()))))
	return func() int { return n }
}

// add plans one cell: so many searches, each from a random peer for a file that
// is at random others.
func (l *lvRun) add(part lvPart, name string, x float64, m lvMethod, searches int, copies func() int) {
	l.jobs = append(l.jobs, func() {
		c := lvCell{Part: part, Name: name, X: x}
		for range searches {
			from := l.r.Int32N(int32(l.g.Len()))
			l.place(from, copies())
			c.note(l.search(m, from), float64(l.g.Len()))
		}
		l.cells = append(l.cells, c)
	})
}

func (l *lvRun) search(m lvMethod, from int32) model.Found {
	look := func(peer int32, _ int) int {
		if l.stamp[peer] == l.now {
			return 1
		}
		return 0
	}
	if m.ring != nil {
		return l.blind.Ring(*m.ring, from, look)
	}
	return l.blind.Walk(m.walk, from, look, l.r)
}

// place gives copies to random peers other than the one that searches.
func (l *lvRun) place(from int32, copies int) {
	l.now++
	for copies = min(copies, l.g.Len()-1); copies > 0; {
		p := l.r.Int32N(int32(l.g.Len()))
		if p != from && l.stamp[p] != l.now {
			l.stamp[p] = l.now
			copies--
		}
	}
}

// note adds one search on a graph of so many nodes.
func (c *lvCell) note(f model.Found, nodes float64) {
	c.N++
	if f.Hops >= 0 {
		c.Found++
		c.Hops.add(float64(f.Hops))
	}
	c.Messages.add(float64(f.Messages) / nodes)
	c.Checks.add(float64(f.Checks) / nodes)
	c.Reached.add(float64(f.Reached) / nodes)
	c.Visited.add(float64(f.Reached))
}
