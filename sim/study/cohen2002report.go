package study

import (
	"encoding/json"
	"fmt"

	"github.com/seed282dab8e/servent/sim/load"
	"github.com/seed282dab8e/servent/sim/report"
)

// cohenRow is what was found at one exponent. Its sizes are those of
// cohenStrategies.
type cohenRow struct {
	exponent float64
	sizes    []cohenSize
}

func (s *cohen2002) Report(results []json.RawMessage) (*report.Report, error) {
	var rows []cohenRow
	for i, raw := range results {
		sizes, err := decode[[]cohenSize](raw)
		if err != nil {
			return nil, err
		}
		if sizes != nil {
			rows = append(rows, cohenRow{cohenExponents()[i], *sizes})
		}
	}
	return &report.Report{
		Summary: s.summary(rows),
		Sections: []report.Section{
			{
				Title:   "Search size",
				Text:    "The peers that a search looks at until one has the object, averaged over all searches. Each copy counts once, wherever it is.",
				Targets: s.targets(rows),
				Figures: []report.Figure{s.sizeFigure(rows), gainFigure(rows)},
				Tables:  []report.Table{sizeTable(rows)},
			},
			{
				Title: "Who pays",
				Text: `Square root is a compromise. With as many copies of each object, the copies of popular ones answer many more searches
than others do, and whoever looks for a rare object is served as well as anybody. In proportion to popularity, all copies are equally busy, but rare objects are hard to find.`,
				Figures: []report.Figure{s.objectFigure()},
				Tables:  []report.Table{copiesTable(rows)},
			},
		},
	}, nil
}

// cohenAt returns what was found at an exponent; nil when that was not run.
func cohenAt(rows []cohenRow, exponent float64) *cohenRow {
	for i := range rows {
		if rows[i].exponent == exponent {
			return &rows[i]
		}
	}
	return nil
}

func (s *cohen2002) summary(rows []cohenRow) string {
	const intro = `A network has room for only so many copies. How many should each object get, if some are asked for often and most hardly ever?
Each object the same number (uniform) and numbers in proportion to popularity (which is what comes about when everybody keeps what he has fetched)
are as far apart as can be, yet a search looks at equally many peers on average. The best is in between: the square root of popularity.`
	r := cohenAt(rows, 1.2)
	if r == nil {
		return intro
	}
	u, p, q := r.sizes[0].Probes.Mean, r.sizes[1].Probes.Mean, r.sizes[2].Probes.Mean
	return intro + fmt.Sprintf(`

With %d objects whose popularity follows Zipf's law with exponent 1.2, a search by random probes looks at %.0f peers when copies are uniform, %.0f when they
are proportional, and %.0f when they follow the square root; with uniform copies it is %.2f times as many as that. Nobody has to know how popular anything is:
a network comes to the square root by itself when each search that finds something leaves as many copies behind as it has looked at peers.`, s.Objects, u, p, q, u/q)
}

// targets are the figures of the paper's formulas, at the two exponents that
// the gain is known for.
func (s *cohen2002) targets(rows []cohenRow) []report.Target {
	var targets []report.Target
	// The formulas are of copies without bounds, and small samples are off by more
	// than is allowed.
	q := zipf(s.Objects, 1.2)
	free := float64(q[0]*float64(s.budget())) < float64(s.Peers) && float64(q[len(q)-1]*float64(s.budget())) > 5
	unsure := !free || s.Searches < 20_000 || s.Walks < 2000
	add := func(what, unit string, paper, ours float64, r *cohenRow) {
		targets = append(targets, report.Target{
			What: what, Unit: unit, Kind: report.Within, Tolerance: 0.02,
			Paper: paper, Ours: ours, Source: "Cohen, Shenker 2002, section 3", Missing: r == nil,
		})
	}
	for _, exponent := range []float64{0.8, 1.2} {
		r := cohenAt(rows, exponent)
		got := cohenRow{sizes: make([]cohenSize, len(cohenStrategies()))}
		if r != nil {
			got = *r
		}
		q := zipf(s.Objects, exponent)
		for i, strategy := range cohenStrategies() {
			add(fmt.Sprintf("Zipf %.1f, %s copies: search size by random probes", exponent, strategy), "peers", s.formula(strategy, q), got.sizes[i].Probes.Mean, r)
		}
		gain := s.formula(load.Uniform, q) / s.formula(load.SquareRoot, q)
		if s.Objects == 1000 {
			add(fmt.Sprintf("Zipf %.1f: gain of square root over uniform, by formula", exponent), "", cohenGain(exponent), gain, r)
			gain = cohenGain(exponent)
		}
		add(fmt.Sprintf("Zipf %.1f: gain of square root over uniform, by random probes", exponent), "", gain, perOne(got.sizes[0].Probes.Mean, got.sizes[2].Probes.Mean), r)
	}
	return awayFrom(!unsure, append(targets, report.Target{
		What: "square root has the smallest searches: by its copies at every exponent over 0, by probes and by walks from 0.8 on",
		Kind: report.Holds, Paper: 1, Ours: report.Bool(squareRootBest(rows)), Source: "Cohen, Shenker 2002, section 3", Missing: len(rows) == 0,
	}))
}

// cohenGain is the gain at 1000 objects, as published.
func cohenGain(exponent float64) float64 {
	if exponent == 0.8 {
		return 1.429
	}
	return 3.054
}

func squareRootBest(rows []cohenRow) bool {
	for _, r := range rows {
		root := r.sizes[2]
		for _, other := range r.sizes[:2] {
			if r.exponent > 0 && other.Copies <= root.Copies {
				return false
			}
			if r.exponent >= 0.8 && (other.Probes.Mean <= root.Probes.Mean || other.Walk.Mean <= root.Walk.Mean) {
				return false // below that they differ by less than chance
			}
		}
	}
	return true
}
