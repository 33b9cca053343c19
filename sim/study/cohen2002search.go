package study

import (
	"context"
	"math"
	"math/rand/v2"

	"github.com/seed282dab8e/servent/sim/load"
	"github.com/seed282dab8e/servent/sim/model"
)

// weighted is the mean of something over all searches, and its standard error.
type weighted struct{ Mean, Err float64 }

// cohenSearcher searches for one object after the other.
type cohenSearcher struct {
	blind *model.Blind
	peers int32
	r     *rand.Rand

	holders []int32 // peers whose place holds object+1 have the object
	object  int32
}

// searchAll measures the size by random probes and by walks. Each object counts by
// its popularity, but is not searched for that often: most searches go where they
// make the sum surer for least work (Neyman 1934).
func (c *cohenSearcher) searchAll(ctx context.Context, tick func(float64), s *cohen2002, q []float64, copies []int, size *cohenSize) error {
	spread := make([]float64, len(q))
	for i, n := range copies {
		spread[i] = q[i] * math.Sqrt(float64(s.Peers)/float64(n)) // the deviation of a search is about its mean, as is its work
	}
	clear(c.holders)
	probes := load.Replicate(load.Proportional, spread, s.Searches, s.Searches)
	walks := load.Replicate(load.Proportional, spread, s.Walks, s.Walks)
	for i, n := range copies {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		c.place(int32(i)+1, n)
		size.Probes.add(q[i], c.repeat(probes[i], c.probe))
		size.Walk.add(q[i], c.repeat(walks[i], c.walk))
		tick(float64(i) / float64(len(q)))
	}
	size.Probes.Err, size.Walk.Err = math.Sqrt(size.Probes.Err), math.Sqrt(size.Walk.Err)
	return nil
}

// add adds one object. Err is a variance until all are there.
func (w *weighted) add(weight float64, s sample) {
	w.Mean += float64(weight * s.mean())
	w.Err += float64(weight * weight * s.err() * s.err())
}

// place gives copies of an object to that many peers.
func (c *cohenSearcher) place(object int32, copies int) {
	c.object = object
	for copies > 0 {
		if p := c.r.Int32N(c.peers); c.holders[p] != object {
			c.holders[p] = object
			copies--
		}
	}
}

func (c *cohenSearcher) repeat(times int, search func() int) sample {
	var s sample
	for range times {
		s.add(float64(search()))
	}
	return s
}

// probe asks random peers until one has the object.
func (c *cohenSearcher) probe() int {
	for n := 1; ; n++ {
		if c.holders[c.r.Int32N(c.peers)] == c.object {
			return n
		}
	}
}

// walk walks from a random peer until it meets one with the object, and counts
// the steps. Peers send the query over links that it has not taken yet.
func (c *cohenSearcher) walk() int {
	look := func(peer int32, _ int) int {
		if c.holders[peer] == c.object {
			return 1
		}
		return 0
	}
	p := model.Walk{Walkers: 1, Check: 1, Most: 1000 * int(c.peers), Keep: true}
	return c.blind.Walk(p, c.r.Int32N(c.peers), look, c.r).Last
}
