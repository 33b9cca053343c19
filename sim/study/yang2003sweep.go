package study

import (
	"context"

	"github.com/seed282dab8e/servent/sim/graph"
)

// yangDesign is the mean load of one design, over all instances.
type yangDesign struct {
	Name                          string
	Super, Client, SuperWork, All sample // bytes a second, in and out; of one or, All, of all peers
	AllWork, Path, Reach, Results sample
}

func (d *yangDesign) add(l *yangLoads) {
	d.Super.add(l.MeanSuper.bandwidth())
	d.SuperWork.add(l.MeanSuper.Work)
	d.Client.add(l.MeanClient.bandwidth())
	d.All.add(l.All.bandwidth())
	d.AllWork.add(l.All.Work)
	d.Path.add(l.Path)
	d.Reach.add(l.Reach)
	d.Results.add(l.Results)
}

// The designs that are compared at each size of clusters, and at each degree.
const (
	yangPlain       = "one super-peer"
	yangPartners    = "two partners"
	yangAll         = "all linked, one super-peer"
	yangAllPartners = "all linked, two partners"
	yangGivenTTL    = "TTL as given"
	yangLeastTTL    = "least TTL"
)

// yangMostLinked is up to how many super-peers are all linked to each other.
const yangMostLinked = 2000

func (s *yang2003) runSize(ctx context.Context, tick func(float64), size float64, r func(int) yangStreams) ([]yangDesign, error) {
	designs := []yangDesign{{Name: yangPlain}, {Name: yangPartners}, {Name: yangAll}, {Name: yangAllPartners}}
	for i := range s.instances {
		from := r(i)
		supers := s.supers(size)
		some := s.topology(from.links, supers, s.degree)
		for d := range designs {
			partners := 1 + d%2
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			if float64(partners) > size || d >= 2 && supers > yangMostLinked {
				continue
			}
			g, ttl := some, s.ttl
			if d >= 2 {
				g, ttl = graph.Clique(supers), 1
			}
			designs[d].add(newYangNet(s, g, size, ttl, partners, r(i).peers).loads(from.rest))
			tick((float64(i) + float64(float64(d+1)/4)) / float64(s.instances))
		}
	}
	return designs, nil
}

func (s *yang2003) runDegree(ctx context.Context, tick func(float64), degree float64, r func(int) yangStreams) ([]yangDesign, error) {
	designs := []yangDesign{{Name: yangGivenTTL}, {Name: yangLeastTTL}}
	for i := range s.instances {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		from := r(i)
		g := s.topology(from.links, s.supers(float64(s.cluster)), degree)
		n := newYangNet(s, g, float64(s.cluster), s.ttl, 1, from.peers)
		designs[0].add(n.loads(from.rest))
		n.ttl = leastTTL(g, 0.99)
		designs[1].add(n.loads(from.rest))
		tick(float64(i+1) / float64(s.instances))
	}
	return designs, nil
}

// leastTTL is with which floods reach that part of a connected graph, on average.
func leastTTL(g *graph.Graph, part float64) int {
	var at []int
	floods := min(g.Len(), 100)
	for v := range floods {
		for hop, n := range g.Flood(v, g.Len()).ReachedAt {
			if hop == len(at) {
				at = append(at, 0)
			}
			at[hop] += n
		}
	}
	sum := floods // the sources
	for hop, n := range at {
		if sum += n; float64(sum) >= part*float64(floods)*float64(g.Len()) {
			return hop + 1
		}
	}
	return len(at)
}
