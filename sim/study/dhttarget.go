package study

import (
	"fmt"

	"github.com/seed282dab8e/servent/sim/dht"
	"github.com/seed282dab8e/servent/sim/exact"
	"github.com/seed282dab8e/servent/sim/report"
)

func (s *dhtStudy) hopsTargets(all *dhtResults) []report.Target {
	var out []report.Target
	for i, n := range s.sizes() {
		h := all.hops[i]
		var expected dhtExpected
		if h != nil {
			expected = h.Expected
		}
		add := func(what string, kind report.TargetKind, tolerance, paper float64, source string, ours func() float64) {
			t := report.Target{What: fmt.Sprintf("%s nodes: %s", thousands(n), what), Unit: "hops", Kind: kind, Paper: round6(paper), Tolerance: tolerance, Source: source, Missing: h == nil}
			if h != nil {
				t.Ours = round6(ours())
			}
			out = append(out, t)
		}
		log := exact.Log2(float64(n))
		add("Chord to the predecessor, equal distances", report.Exact, 0, log/2, "1/2 log2 n (Stoica et al. 2001)", func() float64 { return h.Even })
		add("Chord to the predecessor, random", report.Within, 0.02, expected.Chord, "1/2 log2 n - 0.137, sim/dht/expect.go",
			func() float64 { return h.Counts[0].hops() - 1 })
		add("Plaxton", report.Within, 0.02, expected.Plaxton, "exact expectation, sim/dht/expect.go", func() float64 { return h.Counts[3].hops() })
		add("Kademlia, k = 20, alpha = 1", report.Within, 0.02, expected.Kademlia, "expectation, sim/dht/expect.go", func() float64 { return h.Counts[4].hops() })
		add("Pastry against log16 n", report.Within, 0.1, log/4, "about log16 n (Rowstron, Druschel 2001); digits that agree by chance and leaf sets take some off, so within 10 %", func() float64 { return h.Counts[2].hops() })
	}
	return awayFrom(s.enough(), append(out, s.growthTargets(all)...))
}

// enough says whether there are so many lookups that chance does not decide.
func (s *dhtStudy) enough() bool { return s.lookups >= 2000 }

// growthTargets hold how hops grow with the logarithm of the size.
func (s *dhtStudy) growthTargets(all *dhtResults) []report.Target {
	p := report.Target{What: "100,000 nodes: Pastry", Unit: "hops", Paper: 3.977, Tolerance: 0.02, Source: "Rowstron, Druschel 2001, figure 5: 0.06, 1.56, 16.43, 64.49 and 17.45 % of lookups take 1 to 5", Unverified: true, Missing: all.published == nil}
	if !p.Missing {
		p.Ours = round6(all.published.hops())
	}
	kademlia, straight, ok := s.fit(all)
	slope := report.Target{
		What: "Kademlia, k = 20, alpha = 3: hops for each doubling", Unit: "hops", Kind: report.AtMost, Paper: round6(1 / dht.KademliaBits(20)), Ours: round6(kademlia),
		Source: "1 / 5.69 for one path (alpha = 1); three find shorter ways", Missing: !ok,
	}
	order := report.Target{
		What: "Kademlia: hops are a straight line over log n (r^2)", Kind: report.AtLeast, Paper: 0.99, Ours: round6(straight),
		Source: "O(log n): Maymounkov, Mazières 2002", Missing: !ok,
	}
	return append([]report.Target{p, slope, order}, s.digitTarget(all))
}

// digitTarget is the growth of Pastry from 4096 nodes on.
func (s *dhtStudy) digitTarget(all *dhtResults) report.Target {
	t := report.Target{What: "Pastry: hops for 256 times as many nodes", Unit: "hops", Paper: 2 * 15. / 16, Tolerance: 0.02, Source: "15/16 of a hop for each digit, from 4096 nodes on; asks for --peers-max 1048576", Missing: true}
	for i, n := range s.sizes() {
		if n != 1<<20 || all.hops[i] == nil || all.hops[i-4] == nil {
			continue
		}
		t.Missing = false
		t.Ours = round6(all.hops[i].Counts[2].hops() - all.hops[i-4].Counts[2].hops())
	}
	return t
}

// fit draws the straight line of least squares through Kademlia's hops over log2 n,
// and returns its slope and what part of the spread it accounts for.
func (s *dhtStudy) fit(all *dhtResults) (slope, straight float64, ok bool) {
	var n, x, y, xx, xy, yy float64
	for i, size := range s.sizes() {
		if all.hops[i] == nil {
			continue
		}
		a, b := exact.Log2(float64(size)), all.hops[i].Counts[1].hops()
		n, x, y = n+1, x+a, y+b
		xx, xy, yy = xx+float64(a*a), xy+float64(a*b), yy+float64(b*b)
	}
	if n < 3 {
		return 0, 0, false
	}
	sxx, sxy, syy := xx-float64(x*x/n), xy-float64(x*y/n), yy-float64(y*y/n)
	return sxy / sxx, sxy * sxy / (sxx * syy), true
}
