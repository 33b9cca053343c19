package study

import (
	"math"
	"math/rand/v2"

	"github.com/seed282dab8e/servent/sim/graph"
)

// yangCluster is a super-peer, or partners that share its part, with its
// clients.
type yangCluster struct {
	clients float64
	files   float64 // of the clients, which they tell the super-peer of
	answer  yangAnswer
}

// yangNet is one network: clusters, and links between super-peers.
type yangNet struct {
	s        *yang2003
	g        *graph.Graph
	clusters []yangCluster
	ttl      int
	partners float64 // of which each cluster has so many; 1: no redundancy

	// Of the flood that is looked at:
	parent, hops []int32
	order        []int32
	below        []yangAnswer // what comes back by way of each super-peer, its own included
}

// newYangNet puts clusters of about that many peers on g, partners and clients
// together. Clients are normal with a deviation of a fifth. Who has which files does
// not depend on the number of partners.
func newYangNet(s *yang2003, g *graph.Graph, size float64, ttl, partners int, r *rand.Rand) *yangNet {
	n := &yangNet{
		s: s, g: g, ttl: ttl, partners: float64(partners),
		clusters: make([]yangCluster, g.Len()),
		parent:   make([]int32, g.Len()), hops: make([]int32, g.Len()), below: make([]yangAnswer, g.Len()),
	}
	queries := newYangQueries(s.results / yangMeanFiles)
	for i := range n.clusters {
		c := &n.clusters[i]
		peers := max(partners, 1+int(math.Round((size-1)*(1+float64(0.2*r.NormFloat64())))))
		c.clients = float64(peers - partners)
		all := 0.0
		for peer := range peers {
			files := yangFiles(r)
			all += files
			if peer >= partners {
				c.files += files
			}
			c.answer.addresses += queries.chance(files)
		}
		c.answer.chance, c.answer.results = queries.chance(all), s.results/yangMeanFiles*all
	}
	return n
}

// yangLoads is the load of a network.
type yangLoads struct {
	Super           []yangLoad `json:"-"` // of one partner of each cluster
	MeanSuper       yangLoad   // of a super-peer
	MeanClient      yangLoad
	All             yangLoad // of all peers together
	Path            float64  // links that a response crosses, on average
	Reach           float64  // the part of the clusters that a query comes to
	Results         float64  // of a query
	Supers, Clients float64
}

// loads adds up what all queries, joins and updates cost. Floods from sources, at
// most that many, stand for all.
func (n *yangNet) loads(r *rand.Rand) *yangLoads {
	l := &yangLoads{Super: make([]yangLoad, n.g.Len())}
	sources := r.Perm(n.g.Len())
	sources = sources[:min(len(sources), n.s.sources)]
	times := float64(n.g.Len()) / float64(len(sources))
	var paths, answers float64
	for _, v := range sources {
		n.flood(int32(v))
		n.query(int32(v), l, times*n.s.rate*(n.clusters[v].clients+n.partners))
		got := n.below[v]
		n.serve(v, l, times*n.s.rate*n.clusters[v].clients, got)
		for _, w := range n.order[1:] {
			paths += float64(float64(n.hops[w]) * n.clusters[w].answer.chance)
			answers += n.clusters[w].answer.chance
		}
		l.Reach += float64(len(n.order)) / float64(n.g.Len()*len(sources))
		l.Results += got.results / float64(len(sources))
	}
	l.Path = perOne(paths, answers)
	n.maintain(l)
	n.sum(l)
	return l
}

// connections are those of one partner.
func (n *yangNet) connections(v int) float64 {
	return float64(float64(n.g.Degree(v))*n.partners) + n.clusters[v].clients + n.partners - 1
}

// flood finds the way of a query from a super-peer, and what comes back on it.
func (n *yangNet) flood(source int32) {
	for v := range n.parent {
		n.parent[v] = -1
	}
	n.parent[source], n.hops[source] = source, 0
	n.order = append(n.order[:0], source)
	for i := 0; i < len(n.order); i++ {
		v := n.order[i]
		n.below[v] = n.clusters[v].answer
		if int(n.hops[v]) == n.ttl {
			continue
		}
		for _, w := range n.g.Neighbours(int(v)) {
			if n.parent[w] < 0 {
				n.parent[w], n.hops[w] = v, n.hops[v]+1
				n.order = append(n.order, w)
			}
		}
	}
	for i := len(n.order) - 1; i > 0; i-- {
		v := n.order[i]
		n.below[n.parent[v]].add(n.below[v])
	}
}

// query adds what one query costs the super-peers of the flood, so many times.
// Partners take turns, so that each has its part of the load.
func (n *yangNet) query(source int32, l *yangLoads, times float64) {
	times /= n.partners
	for _, v := range n.order {
		conns := float64(yangPerConn * n.connections(int(v)))
		cost := yangLoad{Work: yangSearch(n.clusters[v].answer.results)}
		if int(n.hops[v]) < n.ttl {
			for _, w := range n.g.Neighbours(int(v)) {
				if w == n.parent[v] && v != source {
					continue // nothing goes back
				}
				cost.Out += yangQuery
				cost.Work += yangSendQ + conns
				l.Super[w].add(yangLoad{In: yangQuery, Work: yangReceiveQ + float64(yangPerConn*n.connections(int(w)))}, times)
			}
		}
		if v != source {
			a, up := n.below[v], n.parent[v]
			cost.Out += a.bytes()
			cost.Work += a.sending() + float64(a.chance*conns)
			l.Super[up].add(yangLoad{In: a.bytes(), Work: a.receiving() + float64(a.chance*yangPerConn*n.connections(int(up)))}, times)
		}
		l.Super[v].add(cost, times)
	}
}

// serve adds what the queries of clients cost them and their super-peer beside
// the flood.
func (n *yangNet) serve(v int, l *yangLoads, times float64, got yangAnswer) {
	conns := float64(yangPerConn * n.connections(v))
	super := yangLoad{
		In: yangQuery, Out: got.bytes(),
		Work: yangReceiveQ + conns + got.sending() + float64(got.chance*conns),
	}
	l.Super[v].add(super, times/n.partners)
	client := yangLoad{In: got.bytes(), Out: yangQuery, Work: yangSendQ + got.receiving() + float64(yangPerConn*n.partners*(1+got.chance))}
	l.MeanClient.add(client, times)
}

// maintain adds joins and updates: a client tells every partner.
func (n *yangNet) maintain(l *yangLoads) {
	for v, c := range n.clusters {
		if c.clients == 0 {
			continue
		}
		conns := float64(yangPerConn * n.connections(v))
		client, super := yangJoin(c.files / c.clients)
		super.Work += conns
		l.Super[v].add(super, n.s.joins*c.clients)
		l.MeanClient.add(client, n.s.joins*c.clients*n.partners)
		client, super = yangUpdated()
		super.Work += conns
		l.Super[v].add(super, n.s.updates*c.clients)
		l.MeanClient.add(client, n.s.updates*c.clients*n.partners)
	}
}

// sum makes means of what was added up; those of the clients hold their sum.
func (n *yangNet) sum(l *yangLoads) {
	l.All = l.MeanClient
	for v, s := range l.Super {
		l.All.add(s, n.partners)
		l.MeanSuper.add(s, 1/float64(n.g.Len()))
		l.Clients += n.clusters[v].clients
	}
	l.Supers = float64(n.g.Len()) * n.partners
	all := l.MeanClient
	l.MeanClient = yangLoad{}
	if l.Clients > 0 {
		l.MeanClient.add(all, 1/l.Clients)
	}
}
