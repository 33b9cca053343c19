package gia

import (
	"context"
	"math"
	"testing"

	"github.com/seed282dab8e/servent/sim/graph"
)

// over makes a network of the given topology and classes, where a file is at a
// part of the peers.
func over(t *testing.T, d Design, g *graph.Graph, class []uint8, replication float64) *Network {
	t.Helper()
	c := DefaultConfig()
	c.Replication = replication
	n, err := Over(seeded(4), c, d, class, g)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func built(t *testing.T, d Design, peers int, replication float64) *Network {
	t.Helper()
	c := DefaultConfig()
	c.Peers, c.Replication = peers, replication
	n, err := Build(seeded(2), c, d)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func allDesigns() []Design {
	return append(append([]Design{Flood(), RWRT(), Super(), Gia()}, Without()...), With()...)
}

// TestDesigns: each of the eight has or lacks one component.
func TestDesigns(t *testing.T) {
	on := func(d Design) int {
		n := 0
		for _, has := range []bool{d.OneHop, d.Biased, d.Adapted, d.Tokens} {
			if has {
				n++
			}
		}
		return n
	}
	seen := make(map[string]bool)
	for i := range 4 {
		a, b := Without()[i], With()[i]
		if on(a) != 3 || on(b) != 1 || a.Name[4:] != b.Name[5:] {
			t.Errorf("%+v, %+v", a, b)
		}
		seen[a.Name] = true
	}
	if len(seen) != 4 || on(Gia()) != 4 || on(RWRT()) != 0 {
		t.Error("components come twice")
	}
}

func TestNetwork(t *testing.T) {
	for _, d := range []Design{RWRT(), Gia()} {
		n := built(t, d, 500, 0.01)
		for v := range int32(500) {
			last := uint8(classes)
			for i := n.start[v]; i < n.start[v+1]; i++ {
				w := n.to[i]
				if back := int(n.back[i]); back >= n.degree(w) || n.neighbours(w)[back] != v {
					t.Fatalf("the link of %d to %d does not lead back", v, w)
				}
				slot := i - n.start[v]
				if c := n.class[w]; c > last || slot >= int32(n.upto[v][c]) || slot < int32(n.upto[v][c+1]) {
					t.Fatalf("slot %d of peer %d has class %d after %d; %v", slot, v, c, last, n.upto[v])
				}
				last = n.class[w]
			}
		}
	}
}

func TestTooManyNeighbours(t *testing.T) {
	star := func(leaves int) *graph.Graph {
		var edges []graph.Edge
		for i := range leaves {
			edges = append(edges, graph.Edge{A: 0, B: int32(i + 1)})
		}
		return graph.New(leaves+1, edges)
	}
	c := DefaultConfig()
	if _, err := Over(seeded(1), c, RWRT(), make([]uint8, 129), star(128)); err != nil {
		t.Error(err)
	}
	if _, err := Over(seeded(1), c, RWRT(), make([]uint8, 130), star(129)); err == nil {
		t.Error("129 neighbours fit")
	}
	if _, err := Over(seeded(1), c, Flood(), make([]uint8, 130), star(129)); err != nil {
		t.Error(err)
	}
}

func TestConnected(t *testing.T) {
	g := connected(seeded(1), 1000, 3) // has many alone
	if parts := g.Components(); len(parts) != 1 {
		t.Errorf("%d parts", len(parts))
	}
}

func TestCatalogue(t *testing.T) {
	for _, d := range []Design{RWRT(), Gia(), Super()} {
		for _, copies := range []int{7, fewHolders, fewHolders + 1} {
			checkCatalogue(t, built(t, d, 1000, float64(copies)/1000), copies)
		}
	}
}

func checkCatalogue(t *testing.T, n *Network, copies int) {
	t.Helper()
	for k, holders := range n.files.holders {
		if len(holders) != copies {
			t.Fatalf("%d copies, want %d", len(holders), copies)
		}
		for v := range int32(len(n.class)) {
			want := contains(holders, v)
			for _, w := range n.neighbours(v) {
				want = want || n.design.OneHop && contains(holders, w) && (!n.design.Super || n.class[w] < superClass)
			}
			if got := n.files.knows(v, int32(k)); got != want {
				t.Fatalf("%s: peer %d knows %v, want %v", n.design.Name, v, got, want)
			}
		}
	}
}

// TestNothingIsLost: every query is answered, has ended without an answer, or
// is still on its way, in calm and in collapse.
func TestNothingIsLost(t *testing.T) {
	for _, d := range allDesigns() {
		n := built(t, d, 200, 0.01)
		for _, rate := range []float64{0.001, 0.1, 20} {
			seconds := min(100, 10/rate)
			res := n.Run(seeded(9), Load{Rate: rate, TTL: 200, Warm: seconds, Count: seconds, Drain: seconds, Enough: 1})
			if res.Asked == 0 || res.Asked != res.Answered+res.Expired+res.Open || res.Open < 0 || res.Expired < 0 {
				t.Errorf("%s at %v: %+v", d.Name, rate, res)
			}
			if res.Counted > res.Asked || res.Success > 1 || res.Open > res.Snapshot+1 {
				t.Errorf("%s at %v: %+v", d.Name, rate, res)
			}
		}
	}
}

// TestWarmUp: 100 peers ask once a second together; what they ask before the run
// is warm, and after the time that counts, is in no figure.
func TestWarmUp(t *testing.T) {
	for _, d := range allDesigns() {
		res := built(t, d, 100, 0.05).Run(seeded(9), Load{Rate: 0.01, Warm: 100, Count: 50, Drain: 50, Enough: 1})
		if res.Counted < 49 || res.Counted > 51 || res.Asked < 149 || res.Success > 1 {
			t.Errorf("%s: counts %d of %d, of which %v are answered", d.Name, res.Counted, res.Asked, res.Success)
		}
	}
	var x run
	x.answered(false, 0, 7)
	x.expired(false)
	if x.ended != 0 || x.found != 0 || x.hops != 0 || x.delay != 0 || x.res.Answered != 1 || x.res.Expired != 1 {
		t.Errorf("of those that do not count there are %+v", x)
	}
	x.now = 5
	x.answered(true, 2, 7)
	x.expired(true)
	if x.ended != 2 || x.found != 1 || x.hops != 7 || x.delay != 3 {
		t.Errorf("of those that count there are %+v", x)
	}
}

// TestWorkIsBounded: peers process no more than their capacity.
func TestWorkIsBounded(t *testing.T) {
	bound := 0.0
	for c, n := range sizes(200) {
		bound += float64(n) * float64(Classes()[c].Capacity)
	}
	for _, d := range allDesigns() {
		res := built(t, d, 200, 0.01).Run(seeded(9), Load{Rate: 20, Warm: 0.2, Count: 0.2, Drain: 0.2, Enough: 1})
		if got := float64(res.Messages) / res.Seconds; got > bound {
			t.Errorf("%s: %v messages a second, and capacities are %v", d.Name, got, bound)
		}
	}
}

// TestCalmDelay: where all peers have capacity 10 and hardly anybody asks, a
// query takes a tenth of a second a hop.
func TestCalmDelay(t *testing.T) {
	class := make([]uint8, 400)
	for i := range class {
		class[i] = 1
	}
	g := graph.Regular(seeded(3), 400, 6)
	for _, d := range []Design{RWRT(), With()[0], With()[1]} {
		res := over(t, d, g, class, 0.02).Run(seeded(1), Load{Rate: 1e-5, Count: 2e5, Drain: 2e5, Enough: 1})
		if math.Abs(res.Delay/res.Hops-0.1) > 0.002 || res.Success != 1 {
			t.Errorf("%s: %v s for %v hops, %v found", d.Name, res.Delay, res.Hops, res.Success)
		}
	}
}

// TestQueueOfOne holds peers that each serve a hundred others against the
// formula for queues with Poisson arrivals and constant service (M/D/1): at half
// its capacity one makes them wait for half a service on average.
func TestQueueOfOne(t *testing.T) {
	const hubs, leaves = 20, 100
	class := make([]uint8, hubs*(leaves+1))
	var edges []graph.Edge
	for i := range hubs * leaves {
		edges = append(edges, graph.Edge{A: int32(i), B: int32(hubs*leaves + i%hubs)})
	}
	for i := range hubs {
		class[hubs*leaves+i] = 2
	}
	n := over(t, RWRT(), graph.New(len(class), edges), class, 0.01)
	for k := range keywords { // all hubs can answer
		n.files.known[k] = make([]uint64, len(class)/64+1)
		for i := range int32(hubs) {
			set(n.files.known[k], hubs*leaves+i)
		}
	}
	res := n.Run(seeded(1), Load{Rate: 0.5, Warm: 10, Count: 300, Drain: 100, Enough: 1})
	if want := 1.5 / 100 * leaves / (leaves + 1); math.Abs(res.Delay/want-1) > 0.04 {
		t.Errorf("%v s, want %v", res.Delay, want)
	}
}

// TestFloodCopies: over a connected graph every peer sends to all its
// neighbours but the one it was told by.
func TestFloodCopies(t *testing.T) {
	g := connected(seeded(5), 300, 6)
	n := over(t, Flood(), g, Capacities(300), 0.01)
	res := n.Run(seeded(1), Load{Rate: 1e-5, Count: 1e5, Drain: 1e5, Enough: 1})
	if res.Success != 1 || res.Asked < 200 {
		t.Fatalf("%+v", res)
	}
	each := float64(2*g.Size() - (g.Len() - 1))
	if got := float64(res.Messages) / float64(res.Asked); math.Abs(got/each-1) > 0.01 {
		t.Errorf("%v copies a flood, want %v", got, each)
	}
}

func TestTTL(t *testing.T) {
	line := graph.Line(50)
	class := make([]uint8, 50)
	for i := range class {
		class[i] = 4
	}
	for _, d := range []Design{RWRT(), Flood()} {
		n := over(t, d, line, class, 0.02)
		nobodyKnows(n)
		for ttl, most := range map[int]float64{1: 2, 3: 6} {
			res := n.Run(seeded(1), Load{Rate: 0.01, TTL: ttl, Count: 200, Drain: 200, Enough: 1})
			each := float64(res.Messages) / float64(res.Asked)
			if res.Answered != 0 || res.Expired < res.Asked-1 || each > most || each < float64(ttl)-0.1 {
				t.Errorf("%s, TTL %d: %v messages a query, %+v", d.Name, ttl, each, res)
			}
		}
	}
}

// TestResponses: looking for k copies takes k times as long as looking for one
// of k times as few, or nearly (section 5.2).
func TestResponses(t *testing.T) {
	hops := func(replication float64, responses int) float64 {
		n := built(t, RWRT(), 2000, replication)
		res := n.Run(seeded(1), Load{Rate: 1e-6, Responses: responses, Count: 2e5, Drain: 2e5, Enough: 1})
		return res.Hops
	}
	one, four := hops(0.005, 1), hops(0.02, 4)
	if one < four*0.8 || one > four*1.2 {
		t.Errorf("one of 10 copies takes %v hops, four of 40 take %v", one, four)
	}
}

func TestRunIsReproducible(t *testing.T) {
	for _, d := range allDesigns() {
		run := func(seed uint64) Result {
			c := DefaultConfig()
			c.Peers, c.Replication = 200, 0.02
			n, err := Build(seeded(seed), c, d)
			if err != nil {
				t.Fatal(err)
			}
			return n.Run(seeded(seed), Load{Rate: 0.05, Warm: 10, Count: 50, Drain: 50, Enough: 1})
		}
		if run(1) != run(1) {
			t.Errorf("%s: equal seeds, other results", d.Name)
		}
		if run(1) == run(2) {
			t.Errorf("%s: another seed, equal results", d.Name)
		}
	}
}

// TestOrder: in a small network, too, Gia bears most, and without its index or
// its topology far less.
func TestOrder(t *testing.T) {
	point := make(map[string]float64)
	for _, d := range []Design{RWRT(), Gia(), Without()[0], Without()[2]} {
		s := DefaultSearch(d)
		s.Work, s.Least, s.Patience, s.Queries, s.Exact = 4, 0.5, 6, 40, 2
		f, err := Collapse(context.Background(), seeded(1), built(t, d, 1000, 0.002), s)
		if err != nil {
			t.Fatal(err)
		}
		point[d.Name] = f.Point
	}
	if g, tadapt := point["GIA"], point["GIA-TADAPT"]; g < 3*tadapt || tadapt < 3*point["RWRT"] || g < 100*point["GIA-OHR"] {
		t.Errorf("collapse points out of order: %v", point)
	}
}

func TestCollapseEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Collapse(ctx, seeded(1), built(t, Gia(), 300, 0.01), DefaultSearch(Gia())); err == nil {
		t.Error("went on although it was told to end")
	}
}

// TestRunStops soon after it is told to, however long it would last.
func TestRunStops(t *testing.T) {
	asked := 0
	stop := func() bool {
		asked++
		return asked == 3
	}
	class := make([]uint8, 50)
	n := over(t, RWRT(), graph.Ring(len(class)), class, 0.1)
	res := n.Run(seeded(1), Load{Rate: 1, Count: 1e6, Drain: 1e6, Enough: 1, Stop: stop})
	if asked != 3 || res.Messages > 4*stopEach {
		t.Errorf("asked %d times, %d messages", asked, res.Messages)
	}
}

// TestHopelessIsRight: a run that is ended for its outlook would have failed in
// the end, too, and ends earlier; one that holds is not ended.
func TestHopelessIsRight(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	ended := 0
	for _, d := range allDesigns() {
		n := built(t, d, 200, 0.02)
		s := DefaultSearch(d)
		f, err := Collapse(t.Context(), seeded(1), n, s)
		if err != nil {
			t.Fatal(err)
		}
		x := search{Search: s, net: n, out: f}
		for i, times := range []float64{0.5, 0.8, 0.9, 1.1, 1.2, 1.5, 3} {
			l, long := s.Load, x.length(f.Point*times, 0.5)
			l.Rate, l.Warm, l.Count, l.Drain, l.Enough = f.Point*times, long/4, long/4, long/2, s.Enough
			got := n.Run(seeded(uint64(i)), l)
			l.Enough = 1 // to the end
			want := n.Run(seeded(uint64(i)), l)
			if (got.Success >= s.Enough) != (want.Success >= s.Enough) {
				t.Errorf("%s, %g times the point: %g answered, in the end %g", d.Name, times, got.Success, want.Success)
			}
			if got.Success < s.Enough && got.Seconds < want.Seconds*0.9 {
				ended++
			}
		}
	}
	if ended < 12 {
		t.Errorf("only %d runs were ended", ended)
	}
}

// TestCollapseLooksNoFurther than it is told to, and says so.
func TestCollapseLooksNoFurther(t *testing.T) {
	n, s := built(t, Gia(), 200, 0.02), DefaultSearch(Gia())
	whole, err := Collapse(t.Context(), seeded(1), n, s)
	if err != nil || whole.AtLeast {
		t.Fatalf("%+v, %v", whole, err)
	}
	s.Most = 4 * whole.Trials[0].Rate
	part, err := Collapse(t.Context(), seeded(1), n, s)
	if err != nil || !part.AtLeast || part.Point > s.Most || part.Point < s.Most/2 || len(part.Trials) != 2 || part.Hops == 0 {
		t.Errorf("%+v, %v", part, err)
	}
}
