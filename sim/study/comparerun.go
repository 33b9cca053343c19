package study

import (
	"context"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/seed282dab8e/servent/sim/graph"
	"github.com/seed282dab8e/servent/sim/load"
	"github.com/seed282dab8e/servent/sim/model"
)

// compared is what one model did with the searches of one network. Parts are of
// 1; times in ms, -1 where there are none.
type compared struct {
	TTL      int // that was used; 0: the model has none
	Searches int // that had something to find

	Recall, Success, Success10 float64 // copies found; searches with a hit, with ten
	Messages, Replies          float64 // a search
	Bytes, Duplicates          float64 // a search; of the messages
	Lost                       float64 // messages a search that went to peers that had left
	Reached, Covered           float64 // of the peers
	Stale                      float64 // of what was told of
	First50, First90, Tenth50  float64
	Hops                       float64 // to the first hit

	Gini, Busiest float64   // of the load; the part of it that the busiest 1 % of the peers carry
	Lorenz        []float64 // the part of the load that the busiest carry, see lorenzParts; -1 where that is nobody
	Most          float64   // messages of the busiest peer a search

	UpkeepMessages, UpkeepBytes float64 // a peer and second
}

// sent is how many messages a search takes in all.
func (c *compared) sent() float64 { return c.Messages + c.Replies }

// run builds a network and runs the searches in it.
func (c *compare) run(ctx context.Context, l cell, tick func(float64)) (*compared, error) {
	w, err := load.New(c.workload(l))
	if err != nil {
		return nil, err
	}
	tick(0.1)
	m, err := contenderOf(l.model).build(c, w, l.ttl)
	if err != nil {
		return nil, err
	}
	tick(0.2)
	t := &searchTally{w: w, ttl: ttlOf(m, l.ttl)}
	s := m.Searcher()
	for id := range uint64(c.searches) {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		t.one(s, id)
		tick(0.2 + 0.8*float64(id+1)/float64(c.searches))
	}
	got := t.result(s.Load())
	up := m.Upkeep()
	got.UpkeepMessages = up.Messages / float64(w.Peers())
	got.UpkeepBytes = up.Bytes / float64(w.Peers())
	return got, nil
}

// ttlOf returns the TTL that a model floods with; 0 when it does not.
func ttlOf(m model.Model, given int) int {
	if f, ok := m.(interface{ TTL() int }); ok {
		return f.TTL()
	}
	return given
}

// searchTally adds up searches.
type searchTally struct {
	w       *load.Workload
	ttl     int
	targets load.Targets
	sum     compared
	told    int // copies, stale ones included
	all     int // searches
	first   []time.Duration
	tenth   []time.Duration
}

// one runs one search. One that has nothing to find says nothing about recall.
func (t *searchTally) one(s model.Searcher, id uint64) {
	q := t.w.Query(id)
	t.w.Find(&q, &t.targets)
	o := s.Search(&q)
	a := &t.sum
	a.Messages += float64(o.Messages)
	a.Replies += float64(o.Replies)
	a.Bytes += float64(o.Bytes)
	a.Duplicates += float64(o.Duplicates)
	a.Lost += float64(o.Lost)
	a.Reached += float64(o.Reached)
	a.Covered += float64(o.Covered)
	a.Stale += float64(o.Stale)
	t.told += o.Found + o.Stale
	t.all++
	if t.targets.Copies == 0 {
		return
	}
	a.Searches++
	a.Recall += float64(o.Found) / float64(t.targets.Copies)
	if o.Found > 0 {
		a.Success++
		a.Hops += float64(o.Hops)
		t.first = append(t.first, o.First)
	}
	if o.Tenth >= 0 {
		a.Success10++
		t.tenth = append(t.tenth, o.Tenth)
	}
}

// result turns sums into means.
func (t *searchTally) result(loads []uint32) *compared {
	a := &t.sum
	all := float64(t.all)
	a.TTL = t.ttl
	a.Duplicates = perOne(a.Duplicates, a.Messages)
	a.Stale = perOne(a.Stale, float64(t.told))
	a.Hops = perOne(a.Hops, a.Success)
	for _, v := range []*float64{&a.Messages, &a.Replies, &a.Bytes, &a.Lost} {
		*v /= all
	}
	for _, v := range []*float64{&a.Reached, &a.Covered} {
		*v /= all * float64(t.w.Peers()-1)
	}
	for _, v := range []*float64{&a.Recall, &a.Success, &a.Success10} {
		*v = perOne(*v, float64(a.Searches))
	}
	a.First50, a.First90 = quantileMS(t.first, 0.5), quantileMS(t.first, 0.9)
	a.Tenth50 = quantileMS(t.tenth, 0.5)
	t.share(loads, all)
	return a
}

// lorenzParts are the parts of the peers at which the curve of the load has its
// points, in 100,000ths: few peers may carry nearly all.
func lorenzParts() []int {
	return []int{1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000}
}

// share says how unequally the load is spread over the peers.
func (t *searchTally) share(loads []uint32, searches float64) {
	sorted := slices.Clone(loads)
	slices.Sort(sorted)
	slices.Reverse(sorted)
	n := len(sorted)
	var sum, weighted uint64
	for i, v := range sorted {
		sum += uint64(v)
		weighted += uint64(n-i) * uint64(v)
	}
	a := &t.sum
	a.Most = float64(sorted[0]) / searches
	if sum == 0 {
		return
	}
	a.Gini = float64(2*weighted)/float64(uint64(n)*sum) - float64(n+1)/float64(n)
	a.Busiest = carried(sorted, max(1, n/100), sum)
	for _, part := range lorenzParts() {
		busiest := n * part / 100_000
		if busiest == 0 {
			a.Lorenz = append(a.Lorenz, -1)
			continue
		}
		a.Lorenz = append(a.Lorenz, carried(sorted, busiest, sum))
	}
}

// carried is the part of all load that the first n have.
func carried(sorted []uint32, n int, all uint64) float64 {
	var sum uint64
	for _, v := range sorted[:n] {
		sum += uint64(v)
	}
	return float64(sum) / float64(all)
}

// perOne divides; nothing by nothing is nothing.
func perOne(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}

// quantileMS returns a quantile in ms; -1 of nothing. It sorts v.
func quantileMS(v []time.Duration, q float64) float64 {
	if len(v) == 0 {
		return -1
	}
	slices.Sort(v)
	at := min(len(v)-1, int(q*float64(len(v))))
	return float64(v[at]) / float64(time.Millisecond)
}

// bareGraphs is what floods of a million peers cost, without latency and without
// leaves, beside those of the supernodes that they would have.
type bareGraphs struct {
	Flat12, Super3, Super4, Super5, FlatAll, SuperAll bareFlood
}

// bareFlood is the mean over some sources.
type bareFlood struct{ Messages, Reached float64 } // Reached of 1

// Sizes of the published comparison.
const (
	bareFlat, bareDegree = 1_000_000, 4
	bareSuper, bareLinks = 31_250, 30
	bareLimit            = 64 // no such graph is as wide
)

func runBareGraphs(ctx context.Context, seed uint64, tick func(float64)) (*bareGraphs, error) {
	r := rand.New(rand.NewPCG(seed, 4))
	super := graph.Random(r, bareSuper, bareSuper*bareLinks/2)
	flat := graph.Regular(r, bareFlat, bareDegree)
	tick(0.3)
	var b bareGraphs
	for i, one := range []struct {
		g       *graph.Graph
		ttl     int
		sources int
		to      *bareFlood
	}{
		{super, 3, 1000, &b.Super3},
		{super, 4, 1000, &b.Super4},
		{super, 5, 100, &b.Super5},
		{super, bareLimit, 10, &b.SuperAll},
		{flat, 12, 50, &b.Flat12},
		{flat, bareLimit, 10, &b.FlatAll},
	} {
		sources := make([]int32, one.sources)
		n := float64(one.sources)
		for i := range sources {
			sources[i] = r.Int32N(int32(one.g.Len()))
		}
		floods, err := graph.Floods(ctx, one.g, sources, one.ttl)
		if err != nil {
			return nil, err
		}
		for _, f := range floods {
			one.to.Messages += float64(f.Messages) / n
			one.to.Reached += float64(f.Reached) / n / float64(one.g.Len()-1)
		}
		tick(0.3 + float64(0.11*float64(i+1)))
	}
	return &b, nil
}
