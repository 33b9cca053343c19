package study

import (
	"math"
	"strings"
	"testing"

	"github.com/seed282dab8e/servent/sim/graph"
	"github.com/seed282dab8e/servent/sim/report"
)

func smallYang(seed int) *yang2003 {
	s := yang2003Info().New().(*yang2003)
	s.peers, s.instances, s.sources, s.seed = 1000, 1, 20, seed
	return s
}

func TestYang2003(t *testing.T) { checkStudy(t, func(seed int) Study { return smallYang(seed) }) }

// TestYangRules: the rules of the paper hold in a network a fifth of the size.
func TestYangRules(t *testing.T) {
	s := smallYang(1)
	s.peers, s.sources, s.instances = 4000, 100, 2
	compared := 0
	for _, target := range targets(whole(t, s)) {
		if target.Kind != report.Holds {
			continue
		}
		compared++
		if target.Missing || !target.Met() {
			t.Errorf("%s: %g, want %g", target.What, target.Ours, target.Paper)
		}
	}
	if compared != 3 {
		t.Errorf("%d rules compared, want 3", compared)
	}
}

// byHand is a network of clusters without clients whose answers are all alike,
// and one query a second from each.
func byHand(g *graph.Graph, ttl int, answer yangAnswer) *yangNet {
	s := &yang2003{rate: 1, sources: 1000, results: 0.1}
	n := newYangNet(s, g, 1, ttl, 1, stream(1))
	for i := range n.clusters {
		n.clusters[i] = yangCluster{answer: answer}
	}
	return n
}

// TestYangByHand: on a line of three, each query of an end crosses two links; its
// responses come back over two and one.
func TestYangByHand(t *testing.T) {
	answer := yangAnswer{chance: 0.5, addresses: 1, results: 2} // 40 + 28 + 152 = 220 bytes
	l := byHand(graph.Line(3), 7, answer).loads(stream(1))
	// The ends: a query sent and two received, two responses received and two sent.
	end := yangLoad{In: 2*94 + 2*220, Out: 94 + 2*220}
	// The middle: of its own two sent; of each end one received and one passed on;
	// responses: two to itself, of each end's query two sent and one received.
	middle := yangLoad{In: 2*94 + 2*220 + 2*220, Out: 2*94 + 2*94 + 4*220}
	for v, want := range []yangLoad{end, middle, end} {
		if got := l.Super[v]; math.Abs(got.In-want.In) > 1e-6 || math.Abs(got.Out-want.Out) > 1e-6 {
			t.Errorf("super-peer %d: %+v, want %+v", v, got, want)
		}
	}
	if math.Abs(l.Path-8.0/6) > 1e-9 || math.Abs(l.Reach-1) > 1e-9 || math.Abs(l.Results-6) > 1e-9 {
		t.Errorf("path %g, reach %g, results %g", l.Path, l.Reach, l.Results)
	}
	if l := byHand(graph.Line(3), 1, answer).loads(stream(1)); math.Abs(l.Reach-7.0/9) > 1e-9 || l.Path != 1 {
		t.Errorf("TTL 1: reach %g, path %g", l.Reach, l.Path)
	}
}

// TestYangConserves: among super-peers without clients, what comes in is what
// goes out, and floods cost what floods cost.
func TestYangConserves(t *testing.T) {
	for seed := range uint64(5) {
		g := graph.Random(stream(1, seed), 60, 150)
		n := byHand(g, 4, yangAnswer{chance: 0.3, addresses: 0.4, results: 1})
		l := n.loads(stream(1))
		in, out, queries := 0.0, 0.0, 0
		for _, s := range l.Super {
			in += s.In
			out += s.Out
		}
		if math.Abs(in/out-1) > 1e-12 {
			t.Errorf("seed %d: %g bytes in, %g out", seed, in, out)
		}
		quiet := byHand(g, 4, yangAnswer{}).loads(stream(1))
		for v := range g.Len() {
			queries += g.Flood(v, 4).Messages
		}
		if math.Abs(quiet.All.Out-float64(94*queries)) > 1e-3 {
			t.Errorf("seed %d: %g bytes of queries, floods say %d", seed, quiet.All.Out, 94*queries)
		}
	}
}

// TestYangClients: a client gets what its super-peer gets, pays for joins and
// updates at every partner, and partners halve what searches cost.
func TestYangClients(t *testing.T) {
	load := func(partners int, rate, joins, updates float64) *yangLoads {
		s := &yang2003{rate: rate, joins: joins, updates: updates, sources: 1000, results: 0.1}
		return newYangNet(s, graph.Clique(10), 40, 1, partners, stream(3)).loads(stream(1))
	}
	one, two := load(1, 1, 0, 0), load(2, 1, 0, 0)
	if two.Clients != one.Clients-10 || one.Supers != 10 || two.Supers != 20 {
		t.Errorf("%g and %g clients, %g and %g super-peers", one.Clients, two.Clients, one.Supers, two.Supers)
	}
	if r := two.MeanSuper.bandwidth() / one.MeanSuper.bandwidth(); r < 0.45 || r > 0.5 {
		t.Errorf("a partner carries %g of one", r)
	}
	if math.Abs(one.MeanClient.Out-94) > 1e-9 || one.MeanClient.In <= 0 {
		t.Errorf("a client sends %g bytes a second", one.MeanClient.Out)
	}
	one, two = load(1, 1e-9, 0, 1), load(2, 1e-9, 0, 1)
	if math.Abs(one.MeanClient.Out-152) > 1e-3 || math.Abs(two.MeanClient.Out-304) > 1e-3 {
		t.Errorf("updates take %g and %g bytes", one.MeanClient.Out, two.MeanClient.Out)
	}
	one = load(1, 1e-9, 1, 0)
	if want := 80 + 72*yangMeanFiles; math.Abs(one.MeanClient.Out/float64(want)-1) > 0.3 || one.MeanSuper.In < one.MeanClient.Out {
		t.Errorf("joins take %g bytes, want about %d; a super-peer gets %g", one.MeanClient.Out, want, one.MeanSuper.In)
	}
}

func TestYangQueries(t *testing.T) {
	q := newYangQueries(0.001)
	if got := q.chance(1); math.Abs(got/0.001-1) > 0.01 {
		t.Errorf("one file: %g", got)
	}
	// Few files are found about as often as there are; many are found, but never surely.
	if got := q.chance(100); got < 0.08 || got > 0.1 {
		t.Errorf("100 files: %g", got)
	}
	if got := q.chance(1e5); got < 0.99 || got > 1 || q.chance(0) != 0 {
		t.Errorf("100,000 files: %g; none: %g", got, q.chance(0))
	}
}

func TestYangFiles(t *testing.T) {
	var s sample
	none, r := 0, stream(1)
	for range 200_000 {
		n := yangFiles(r)
		if n == 0 {
			none++
		}
		s.add(n)
	}
	if math.Abs(s.mean()/yangMeanFiles-1) > 0.05 || none < 50_000 || none > 53_000 {
		t.Errorf("%g files on average, %d of 200,000 share none", s.mean(), none)
	}
}

// TestYangTopology: the mean is that wanted, all are in one piece, and larger
// skews make larger hubs.
func TestYangTopology(t *testing.T) {
	hub := 0
	for _, skew := range []float64{0, 0.35, 0.8} {
		s := &yang2003{skew: skew}
		for _, mean := range []float64{3.1, 10} {
			g := s.topology(stream(1), 500, mean)
			if math.Abs(g.MeanDegree()/mean-1) > 0.08 || len(g.Components()) != 1 {
				t.Errorf("skew %g: mean %g for %g, %d parts", skew, g.MeanDegree(), mean, len(g.Components()))
			}
			if mean < 10 {
				continue
			}
			most := len(g.DegreeCounts())
			if most <= hub {
				t.Errorf("skew %g: a hub of %d links, with less skew %d", skew, most, hub)
			}
			hub = most
		}
	}
	if g := (&yang2003{}).topology(stream(1), 5, 10); g.Size() != 10 {
		t.Errorf("five with ten links each: %d links", g.Size())
	}
}

func TestWithLinks(t *testing.T) {
	g := graph.Ring(20)
	more := withLinks(g, 5, 9, stream(1))
	if more.Degree(5) != 9 || more.Size() != g.Size()+7 {
		t.Errorf("%d links of it, %d in all", more.Degree(5), more.Size())
	}
	for e := range g.Edges() {
		if !hasEdge(more, e) {
			t.Errorf("link %v is gone", e)
		}
	}
}

func hasEdge(g *graph.Graph, want graph.Edge) bool {
	for e := range g.Edges() {
		if e == want {
			return true
		}
	}
	return false
}

func TestLeastTTL(t *testing.T) {
	for _, tt := range []struct {
		g    *graph.Graph
		part float64
		want int
	}{{graph.Clique(10), 0.99, 1}, {graph.Ring(10), 0.99, 5}, {graph.Ring(10), 0.9, 4}, {graph.Ring(10), 0.3, 1}} {
		if got := leastTTL(tt.g, tt.part); got != tt.want {
			t.Errorf("%d nodes, %g: TTL %d, want %d", tt.g.Len(), tt.part, got, tt.want)
		}
	}
}

func TestYangRefuses(t *testing.T) {
	s := smallYang(1)
	s.more = s.degree
	if _, err := s.Points(); err == nil || !strings.HasPrefix(err.Error(), "--more 3.1") {
		t.Errorf("error %v", err)
	}
}
