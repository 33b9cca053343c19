package report

import (
	"math"
	"math/rand/v2"
	"slices"
)

// gallery has figures of all kinds, the plain and the strange.
func gallery() []Figure {
	return slices.Concat(lineFigures(), barFigures(), cloudFigures(), strangeFigures())
}

func lineFigures() []Figure {
	peers := []float64{1000, 10000, 100000, 1000000}
	rng := rand.New(rand.NewPCG(1, 2))
	var x, y []float64
	for i := range 30000 {
		x = append(x, float64(i))
		y = append(y, 1-math.Exp(-float64(i)/5000)+rng.NormFloat64()*0.01)
	}
	return []Figure{
		{
			Name: "messages", Title: "Messages of a query by size of the network, flat and with supernodes, beside what was published about both",
			XLabel: "peers", YLabel: "messages (per query)", LogX: true, LogY: true,
			Series: []Series{
				{Name: "flooding", X: peers, Y: []float64{3800, 30800, 310000, 3.0e6}, Lo: []float64{3000, 28000, 290000, 2.8e6}, Hi: []float64{4200, 33000, 330000, 3.3e6}},
				{Name: "supernodes", X: peers, Y: []float64{90, 600, 5300, 53500}},
				{Name: "random walk", X: peers, Y: []float64{200, 800, 2400, 9000}},
				{Name: "expanding ring", X: peers, Y: []float64{1000, 9000, 70000, 600000}},
				{Name: "Gia", X: peers, Y: []float64{60, 150, 333, 800}},
				{Name: "Chord", X: peers, Y: []float64{5, 7, 8.5, 10}},
				{Name: "Kademlia", X: peers, Y: []float64{3, 4, 5, 6}},
				{Name: "published: flooding", X: peers, Y: []float64{3900, 31000, 320000, 3.1e6}, Paper: true},
				{Name: "published: supernodes", X: peers, Y: []float64{100, 650, 5400, 53000}, Paper: true},
			},
		},
		{Name: "ttl", Title: "TTL", XLabel: "TTL (hops)", YLabel: "reached (%)", Series: []Series{{X: []float64{1, 2, 3, 4, 5, 6, 7}, Y: []float64{0, 1, 5, 20, 60, 98, 100}}}},
		{Name: "long", Title: "Recall", XLabel: "time (s)", YLabel: "recall", Series: []Series{{Name: "flat", X: x, Y: y}}},
		{Name: "long-texts", Title: "Long texts below", Series: []Series{{X: []float64{-1234.57, -1234.51}, Y: []float64{1, 2}}}},
		{Name: "ends", Title: "Error bars", Series: []Series{{X: []float64{1, 2}, Y: []float64{1, 2}, Lo: []float64{-50, 0}, Hi: []float64{90, 100}}}},
		{Name: "below-zero", Title: "Below zero", Series: []Series{{Name: "a", X: []float64{-5, 5}, Y: []float64{-1e7, -9e6}}}},
	}
}

func barFigures() []Figure {
	ways := []string{
		"central index (Napster)", "flat flooding", "expanding ring", "32 random walks", "supernodes without QRP",
		"supernodes with QRP and dynamic querying", "Gia", "Chord", "Kademlia", "Pastry", "Plaxton", "prefix hash tree",
	}
	return []Figure{
		{
			Name: "hops", Kind: Bars, Title: "Hops to the first hit", YLabel: "hops", Labels: []string{"random graph", "power law", "Gnutella 2000", "grid"},
			Series: []Series{
				{Name: "ours", Y: []float64{5.1, 2.39, 3.4, 7.3}},
				{Name: "published", Y: []float64{5, 2.4, 3.5, 7.3}, Paper: true},
				{Name: "walk, 32 walkers", Y: []float64{8.1, 9.3, 6.6, 12.2}},
			},
		},
		{
			Name: "load", Kind: Bars, Title: "Load of the peers by the way to find files", XLabel: "way to find files", YLabel: "bytes/s", LogY: true, Labels: ways,
			Series: []Series{
				{Name: "mean", Y: []float64{5, 1e5, 2e4, 3e3, 1e4, 0, 500, 100, 120, 90, 80, 200}},
				{Name: "99th percentile", Y: []float64{50, 1e6, 2e5, 3e4, 1e5, 3000, 5000, 1000, 1200, 900, 800, 2000}},
			},
		},
		{
			Name: "change", Kind: Bars, Title: "Change of load", YLabel: "change (%)", Labels: []string{"alone", "together"},
			Series: []Series{
				{Name: "ours", Y: []float64{303, -14}, Lo: []float64{290, -20}, Hi: []float64{310, -10}},
				{Name: "published", Y: []float64{300, -15}, Paper: true},
			},
		},
		{Name: "drop", Kind: Bars, Title: "All below zero", Labels: []string{"a", "b"}, Series: []Series{{Name: "x", Y: []float64{-3, -14}}}},
		{Name: "many", Kind: Bars, Title: "Many groups", Labels: slices.Repeat([]string{"label"}, 90), Series: []Series{{Y: slices.Repeat([]float64{7}, 90)}}},
	}
}

func cloudFigures() []Figure {
	rng := rand.New(rand.NewPCG(3, 4))
	var x, y []float64
	for range 30000 {
		v := math.Exp(rng.NormFloat64()*1.5 + 3)
		x, y = append(x, v), append(y, v*math.Exp(rng.NormFloat64()*0.5))
	}
	return []Figure{{
		Name: "cloud", Kind: Points, Title: "Load by degree", XLabel: "degree", YLabel: "messages/s", LogX: true, LogY: true,
		Series: []Series{{Name: "peers", X: x, Y: y}, {Name: "supernodes", X: y[:500], Y: x[:500]}},
	}}
}

func strangeFigures() []Figure {
	nan, inf := math.NaN(), math.Inf(1)
	lists := []struct {
		name string
		y    []float64
	}{
		{"none", nil},
		{"one", []float64{42}},
		{"zero", []float64{0}},
		{"zeros", []float64{0, 0, 5}},
		{"equal", []float64{1234567, 1234567, 1234567}},
		{"no-numbers", []float64{nan, inf, -inf}},
		{"some-numbers", []float64{nan, 3, inf, 4}},
		{"huge", []float64{-math.MaxFloat64, math.MaxFloat64, 1}},
		{"tiny", []float64{5e-324, 1e-99, 1e-9}},
		{"wide", []float64{1e-90, 1, 1e90}},
		{"close", []float64{100000, 100001}},
		{"signs", []float64{-5, 0, 1e6}},
		{"close-log", []float64{0.0012, 0.0015, 0.004}},
	}
	var out []Figure
	for _, l := range lists {
		for kind := Lines; kind <= Bars; kind++ {
			for _, log := range []bool{false, true} {
				s := Series{Name: l.name, X: l.y, Y: l.y, Lo: l.y, Hi: l.y}
				out = append(out, Figure{
					Name: l.name, Title: l.name + " " + kind.String(), Kind: kind, LogX: log, LogY: log, XLabel: "x", YLabel: "y",
					Labels: make([]string, len(l.y)), Series: []Series{s, {Name: "a series with a name that is longer than a phone is wide", X: l.y, Y: l.y, Paper: true}},
				})
			}
		}
	}
	return append(out, Figure{Name: "no-series", Title: "No series"}, Figure{Name: "no-bars", Kind: Bars})
}
