package study

import (
	"context"
	"slices"
	"time"

	"github.com/seed282dab8e/servent/sim/gia"
)

// giaMoments are the times, in seconds, at which an adapting topology is looked
// at.
func giaMoments() []int {
	return []int{1, 2, 5, 10, 15, 20, 30, 40, 60, 80, 120, 160, 200, 250, 300, 400, 600}
}

// giaAdapting is how a topology adapts, in JSON.
type giaAdapting struct {
	Moments []giaMoment
	Degrees [][]int // how many peers of each class have each number of neighbours, in the end
}

// has says whether there are peers of a class: in a small network there are none of the
// largest capacity.
func (a *giaAdapting) has(class int) bool {
	return slices.ContainsFunc(a.Degrees[class], func(peers int) bool { return peers > 0 })
}

type giaMoment struct {
	Seconds      int
	Satisfaction []float64 // mean of each class
	Neighbours   []float64 // likewise
	Changes      int       // links made and dropped so far
	Parts        int       // that the network falls into
	Hops         float64   // of a query of Gia with no load; 0: nothing was found
}

func (s *gia2003) adapt(ctx context.Context, tick func(float64)) (*giaAdapting, error) {
	r := stream(s.Seed, 1<<32)
	class := gia.Capacities(s.Peers)
	o := gia.NewOverlay(r, gia.DefaultRules(), class)
	out := &giaAdapting{}
	for i, at := range giaMoments() {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		o.Adapt(time.Duration(at) * time.Second)
		m, err := s.moment(o, class, at)
		if err != nil {
			return nil, err
		}
		out.Moments = append(out.Moments, m)
		tick(float64(i+1) / float64(len(giaMoments())))
	}
	g := o.Graph()
	out.Degrees = make([][]int, gia.Levels)
	for v, c := range class {
		for len(out.Degrees[c]) <= g.Degree(v) {
			out.Degrees[c] = append(out.Degrees[c], 0)
		}
		out.Degrees[c][g.Degree(v)]++
	}
	return out, nil
}

// moment looks at a topology. The few queries that it sends have random numbers
// of their own, so they do not change what comes after.
func (s *gia2003) moment(o *gia.Overlay, class []uint8, at int) (giaMoment, error) {
	g := o.Graph()
	m := giaMoment{
		Seconds: at, Changes: o.Changes(), Parts: len(g.Components()),
		Satisfaction: make([]float64, gia.Levels), Neighbours: make([]float64, gia.Levels),
	}
	peers := make([]int, gia.Levels)
	for v, c := range class {
		peers[c]++
		m.Satisfaction[c] += o.Satisfaction(int32(v))
		m.Neighbours[c] += float64(g.Degree(v))
	}
	for c := range peers {
		m.Satisfaction[c] /= float64(max(1, peers[c]))
		m.Neighbours[c] /= float64(max(1, peers[c]))
	}
	if m.Parts > 1 {
		return m, nil // a walk would end nowhere
	}
	r := stream(s.Seed, 1<<32, uint64(at))
	config := gia.DefaultConfig()
	config.Replication = s.Replication
	net, err := gia.Over(r, config, gia.Gia(), class, g)
	if err != nil {
		return m, err
	}
	const rate, queries = 1e-6, 300
	seconds := queries / (rate * float64(s.Peers))
	m.Hops = net.Run(r, gia.Load{Rate: rate, Count: seconds, Drain: seconds, Enough: 1}).Hops
	return m, nil
}
