package study

import (
	"context"
	"math/rand/v2"

	"github.com/seed282dab8e/servent/sim/graph"
)

// yangStreams are where one network gets its randomness from: its links, its
// peers, and all else. So networks that differ in one thing are alike in the
// others.
type yangStreams struct{ links, peers, rest *rand.Rand }

func (s *yang2003) streams(point, instance int) yangStreams {
	of := func(n uint64) *rand.Rand { return stream(s.seed, n, uint64(point), uint64(instance)) }
	return yangStreams{of(1), of(2), of(3)}
}

// supers is how many clusters there are.
func (s *yang2003) supers(size float64) int { return max(2, int(float64(s.peers)/size)) }

// yangChange is a load beside the one before: 4.03 where it grew by 303 %.
type yangChange struct{ Bandwidth, In, Out, Work sample }

// add adds a pair of loads. One that was nothing has no multiples: that of who
// was in no flood, where few sources stand for all.
func (c *yangChange) add(after, before yangLoad) {
	if before.In == 0 || before.Out == 0 {
		return
	}
	c.Bandwidth.add(after.bandwidth() / before.bandwidth())
	c.In.add(after.In / before.In)
	c.Out.add(after.Out / before.Out)
	c.Work.add(after.Work / before.Work)
}

// yangRaise is what comes of more links.
type yangRaise struct {
	Alone    yangChange // of one super-peer that goes from yangFew links to yangMany
	Together yangChange // of those with so many among all that have more, beside those with few before
	Busy     yangChange // of those with so many among all that have no more, likewise

	FewPath, FewReach, ManyPath, ManyReach sample
}

// A super-peer has four neighbours and wants nine, as in the paper's example.
const (
	yangFew  = 4
	yangMany = 9
	// yangSamples is how many super-peers of each network try it.
	yangSamples = 16
)

func (s *yang2003) runAlone(ctx context.Context, tick func(float64), size float64, r func(int) yangStreams) (*yangRaise, error) {
	res := &yangRaise{}
	for i := range s.instances {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		from := r(i)
		supers := s.supers(size)
		few := newYangNet(s, s.topology(from.links, supers, s.degree), size, s.ttl, 1, from.peers)
		many := few.on(s.topology(from.links, supers, s.more))
		before, after := few.loads(from.rest), many.loads(from.rest)
		res.FewPath.add(before.Path)
		res.FewReach.add(before.Reach)
		res.ManyPath.add(after.Path)
		res.ManyReach.add(after.Reach)
		if base, ok := few.meanAt(before, yangFew); ok {
			if l, ok := many.meanAt(after, yangMany); ok {
				res.Together.add(l, base)
			}
			if l, ok := few.meanAt(before, yangMany); ok {
				res.Busy.add(l, base)
			}
		}
		if err := s.tryAlone(ctx, few, before, &res.Alone, from.rest); err != nil {
			return nil, err
		}
		tick(float64(i+1) / float64(s.instances))
	}
	return res, nil
}

// on is the same clusters with other links.
func (n *yangNet) on(g *graph.Graph) *yangNet {
	m := *n
	m.g = g
	return &m
}

// meanAt is the mean load of the super-peers with that degree, if there are any.
func (n *yangNet) meanAt(l *yangLoads, degree int) (mean yangLoad, ok bool) {
	count := 0.0
	for v, load := range l.Super {
		if n.g.Degree(v) == degree {
			mean.add(load, 1)
			count++
		}
	}
	if count == 0 {
		return mean, false
	}
	var m yangLoad
	m.add(mean, 1/count)
	return m, true
}

// tryAlone gives random super-peers with few links more, one after the other, to
// random others.
func (s *yang2003) tryAlone(ctx context.Context, n *yangNet, before *yangLoads, change *yangChange, r *rand.Rand) error {
	tried := 0
	for _, v := range r.Perm(n.g.Len()) {
		if n.g.Degree(v) != yangFew || tried == yangSamples || n.g.Len() <= yangMany {
			continue
		}
		tried++
		if ctx.Err() != nil {
			return ctx.Err()
		}
		raised := n.on(withLinks(n.g, int32(v), yangMany, r))
		change.add(raised.loads(r).Super[v], before.Super[v])
	}
	return nil
}
