package report

import (
	"flag"
	"math"
)

var rewrite = flag.Bool("rewrite", false, "write what the golden report gives into testdata")

// smallReport is a report with one of everything.
func smallReport() *Report {
	t := Table{
		Name: "reach", Title: "Peers reached by TTL", Text: "Mean of 100 floods.",
		Columns: []Column{{"ttl", ""}, {"model", ""}, {"messages", "per query"}, {"reached", "%"}, {"all", ""}},
	}
	t.Add(1, "flat", 4.0, 0.04, false)
	t.Add(2, "flat", 16.2, 0.16, false)
	t.Add(7, "flat, \"old\" <b>", 1234567.125, 98.7, true)
	t.Add(7, nil, math.NaN(), nil, nil)
	return &Report{
		Study: "small", Title: "A small report", Source: "Nobody et al. 1999",
		Summary: "How far does a flood reach? With TTL 7 it reaches nearly all.\n\nIt costs a million messages.",
		Command: "servent sim small --seed 7", Seed: 7, Version: "0.1.0",
		Params:  []Param{{"peers", "10000", "how many peers"}, {"ttl", "7", "how far floods go"}},
		Partial: "3 of 4 points were run.",
		Sections: []Section{{
			Title: "Reach", Text: "Flooding doubles with each hop.",
			Targets: []Target{
				{What: "messages of a flood", Kind: Within, Paper: 1000, Ours: 1010, Tolerance: 0.03, Source: "Nobody, Table 1"},
				{What: "hops to the first hit", Unit: "hops", Kind: Factor, Paper: 5, Ours: 15, Tolerance: 2, Why: "Their graph had other degrees."},
				{What: "peers reached", Unit: "%", Kind: AtLeast, Paper: 95, Ours: 98.7, Unverified: true, Source: "Nobody, Figure 2"},
				{What: "supernodes cost less", Kind: Holds, Paper: 1, Ours: 1},
				{What: "full coverage", Kind: Exact, Paper: 905800, Missing: true},
			},
			Figures: []Figure{{
				Name: "reach", Title: "Peers reached", Text: "Both rise to the same end.", Kind: Lines,
				XLabel: "TTL (hops)", YLabel: "peers reached (%)",
				Series: []Series{
					{Name: "flat", X: []float64{1, 2, 3, 4, 5, 6, 7}, Y: []float64{0.04, 0.2, 1, 5, 24, 70, 98.7}},
					{Name: "published", X: []float64{1, 3, 5, 7}, Y: []float64{0.04, 1.2, 25, 99}, Paper: true},
				},
			}},
			Tables: []Table{t},
		}},
	}
}
