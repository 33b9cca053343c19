package study

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/seed282dab8e/servent/sim/dht"
)

// dhtKind is one table and how the study calls it.
type dhtKind struct {
	name string
	make func(*dht.Ring) dht.Overlay
}

// dhtKinds are the tables with the parameters of their papers.
func dhtKinds() []dhtKind {
	return []dhtKind{
		{"Chord", func(r *dht.Ring) dht.Overlay { return dht.NewChord(r, 16) }},
		{"Kademlia", func(r *dht.Ring) dht.Overlay { return dht.NewKademlia(r, 20, 3) }},
		{"Pastry", func(r *dht.Ring) dht.Overlay { return dht.NewPastry(r, 16) }},
		{"Plaxton", func(r *dht.Ring) dht.Overlay { return dht.NewPlaxton(r, 3) }},
		{"Kademlia, one at a time", func(r *dht.Ring) dht.Overlay { return dht.NewKademlia(r, 20, 1) }},
	}
}

// dhtCount is what many lookups came to.
type dhtCount struct {
	Lookups, Found, Hops, Messages, Timeouts int
	Share                                    []int // lookups with 0, 1, ... hops
}

func (c *dhtCount) add(p *dht.Path) {
	c.Lookups++
	c.Messages += p.Messages()
	c.Timeouts += p.Timeouts
	if !p.Found {
		return
	}
	c.Found++
	c.Hops += p.Hops
	for len(c.Share) <= p.Hops {
		c.Share = append(c.Share, 0)
	}
	c.Share[p.Hops]++
}

// mean is per lookup; hops are those of lookups that found the owner.
func (c dhtCount) mean(n int) float64 { return float64(n) / float64(max(1, c.Lookups)) }
func (c dhtCount) hops() float64      { return float64(c.Hops) / float64(max(1, c.Found)) }
func (c dhtCount) found() float64     { return 100 * c.mean(c.Found) }

// dhtRings is over how many random networks of n nodes lookups are spread.
func dhtRings(n int) int { return max(4, min(32, 1<<20/n)) }

// dhtHops is one size.
type dhtHops struct {
	Counts  []dhtCount // by dhtKinds
	Entries []float64  // in the table of a node
	Even    float64    // mean hops of a Chord with equal distances, to the predecessor

	Expected dhtExpected
}

// dhtExpected is what theory says of random identifiers: mean hops, for Chord to
// the predecessor, for Kademlia asking one node at a time.
type dhtExpected struct{ Chord, Plaxton, Kademlia float64 }

func (s *dhtStudy) hops(ctx context.Context, n int, tick func(float64)) (*dhtHops, error) {
	r := s.random("hops", n)
	kinds := dhtKinds()
	out := &dhtHops{Counts: make([]dhtCount, len(kinds)), Entries: make([]float64, len(kinds))}
	rings := dhtRings(n)
	for i := range rings {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		ring := dht.RandomRing(r, n)
		for k, kind := range kinds {
			o := kind.make(ring)
			dhtLookups(r, o, nil, (s.lookups+rings-1)/rings, &out.Counts[k])
			const sample = 50
			for range sample {
				out.Entries[k] += float64(o.Entries(int32(r.IntN(n)))) / float64(sample*rings)
			}
		}
		tick(float64(i+1) / float64(rings+1))
	}
	out.Even = dhtEven(n)
	out.Expected = dhtExpected{round6(dht.ChordHops(n)), round6(dht.PlaxtonHops(n)), round6(dht.KademliaHops(n, 20))}
	return out, nil
}

// published is the network of figure 5 in Rowstron, Druschel 2001.
func (s *dhtStudy) published(ctx context.Context) (*dhtCount, error) {
	r := s.random("published", 0)
	out := &dhtCount{}
	const rings = 4
	for range rings {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		dhtLookups(r, dht.NewPastry(dht.RandomRing(r, 100_000), 16), nil, s.lookups/rings, out)
	}
	return out, nil
}

// dhtEven looks up a key before each node in a Chord of n nodes, a power of
// two, at equal distances.
func dhtEven(n int) float64 {
	log := 0
	for 1<<log < n {
		log++
	}
	ring := dht.EvenRing(log)
	o := dht.NewChord(ring, 1)
	var p dht.Path
	hops := 0
	for v := range int32(n) {
		o.Lookup(0, ring.ID(v)-1, nil, &p)
		hops += p.Hops - 1
	}
	return float64(hops) / float64(n)
}

// dhtLoss is one part of dead nodes.
type dhtLoss struct {
	Counts []dhtCount // by dhtKinds
	Lists  dhtCount   // Chord as in the paper of 2003: 1000 nodes, lists of 20
}

func (s *dhtStudy) loss(ctx context.Context, percent int, tick func(float64)) (*dhtLoss, error) {
	r := s.random("loss", percent)
	kinds := dhtKinds()
	out := &dhtLoss{Counts: make([]dhtCount, len(kinds))}
	rings := dhtRings(s.peers)
	each := (s.lookups + rings - 1) / rings
	for i := range rings {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		ring := dht.RandomRing(r, s.peers)
		dead := dhtKill(r, s.peers, percent)
		for k, kind := range kinds {
			dhtLookups(r, kind.make(ring), dead, each, &out.Counts[k])
		}
		dhtLookups(r, dht.NewListChord(dht.RandomRing(r, 1000), 20), dhtKill(r, 1000, percent), each, &out.Lists)
		tick(float64(i+1) / float64(rings))
	}
	return out, nil
}

// dhtKill has a part of n nodes die.
func dhtKill(r *rand.Rand, n, percent int) dht.Dead {
	dead := make(dht.Dead, n)
	for _, v := range r.Perm(n)[:n*percent/100] {
		dead[v] = true
	}
	return dead
}

// dhtLookups looks up random keys from random nodes that are up.
func dhtLookups(r *rand.Rand, o dht.Overlay, dead dht.Dead, lookups int, c *dhtCount) {
	var p dht.Path
	for range lookups {
		from := int32(r.IntN(o.Len()))
		for dead != nil && dead[from] {
			from = int32(r.IntN(o.Len()))
		}
		o.Lookup(from, dht.ID(r.Uint64()), dead, &p)
		c.add(&p)
	}
}

// dhtChurn is one mean session.
type dhtChurn struct{ Chord dht.Churned }

func (s *dhtStudy) churn(ctx context.Context, mean time.Duration, tick func(float64)) (*dhtChurn, error) {
	sessions := s.weibull(mean)
	c := dht.Churn{
		Nodes: s.ring, Successors: 16, Period: 30 * time.Second, Lookups: s.lookups, Length: 2 * time.Hour,
		Session: func(r *rand.Rand) time.Duration { return sessions.Quantile(r.Float64()).Round(time.Millisecond) },
	}
	out := c.Run(s.random("churn", int(mean/time.Second)), func(done float64) bool {
		tick(done)
		return ctx.Err() == nil
	})
	return &dhtChurn{out}, ctx.Err()
}
