package study

import (
	"github.com/seed282dab8e/servent/sim/load"
	"github.com/seed282dab8e/servent/sim/report"
)

func (s *cohen2002) sizeFigure(rows []cohenRow) report.Figure {
	f := report.Figure{
		Name: "search-size-by-zipf", Title: "Peers that a search by random probes looks at",
		XLabel: "Zipf exponent of popularity", YLabel: "search size (peers)",
	}
	for i, strategy := range cohenStrategies() {
		var x, y, lo, hi []float64
		for _, r := range rows {
			p := r.sizes[i].Probes
			x, y = append(x, r.exponent), append(y, p.Mean)
			lo, hi = append(lo, p.Mean-2*p.Err), append(hi, p.Mean+2*p.Err)
		}
		f.Series = append(f.Series, report.Series{Name: strategy.String(), X: x, Y: y, Lo: lo, Hi: hi})
	}
	for _, strategy := range []load.Strategy{load.Uniform, load.SquareRoot} {
		line := report.Series{Name: "formula, " + strategy.String(), Paper: true}
		for _, e := range cohenExponents() {
			line.X, line.Y = append(line.X, e), append(line.Y, s.formula(strategy, zipf(s.Objects, e)))
		}
		f.Series = append(f.Series, line)
	}
	return f
}

func gainFigure(rows []cohenRow) report.Figure {
	probes, walks := report.Series{Name: "random probes"}, report.Series{Name: "random walks"}
	formula := report.Series{Name: "formula", Paper: true}
	for _, r := range rows {
		u, q := r.sizes[0], r.sizes[2]
		for _, p := range []struct {
			line *report.Series
			gain float64
		}{{&probes, perOne(u.Probes.Mean, q.Probes.Mean)}, {&walks, perOne(u.Walk.Mean, q.Walk.Mean)}, {&formula, u.Formula / q.Formula}} {
			p.line.X, p.line.Y = append(p.line.X, r.exponent), append(p.line.Y, p.gain)
		}
	}
	return report.Figure{
		Name: "gain", Title: "How much smaller searches are with square-root than with uniform copies",
		XLabel: "Zipf exponent of popularity", YLabel: "gain (times)",
		Series: []report.Series{probes, walks, formula},
	}
}

// objectFigure shows the search size of each object at exponent 1.2, by formula.
func (s *cohen2002) objectFigure() report.Figure {
	f := report.Figure{
		Name: "by-object", Title: "Search size by how popular an object is (Zipf 1.2)",
		XLabel: "object, the most popular first", YLabel: "search size (peers)", LogX: true, LogY: true,
	}
	q := zipf(s.Objects, 1.2)
	for _, strategy := range cohenStrategies() {
		copies := load.Replicate(strategy, q, s.budget(), s.Peers)
		line := report.Series{Name: strategy.String()}
		for i := 0; i < len(q); i = max(i+1, i*5/4) {
			line.X, line.Y = append(line.X, float64(i+1)), append(line.Y, float64(s.Peers)/float64(copies[i]))
		}
		f.Series = append(f.Series, line)
	}
	return f
}

func sizeTable(rows []cohenRow) report.Table {
	t := report.Table{
		Name: "search-size", Title: "Search size, averaged over all searches",
		Text: `"Whole copies" is the formula with the numbers of copies that there are, which are whole. Errors are standard errors. A walk may come to a peer again, so it takes more steps than probes.`,
		Columns: []report.Column{
			{Name: "Zipf exponent"},
			{Name: "copies"},
			{Name: "formula", Unit: "peers"},
			{Name: "whole copies", Unit: "peers"},
			{Name: "random probes", Unit: "peers"},
			{Name: "error of probes", Unit: "peers"},
			{Name: "random walk", Unit: "steps"},
			{Name: "error of walk", Unit: "steps"},
		},
	}
	for _, r := range rows {
		for i, s := range r.sizes {
			t.Add(r.exponent, cohenStrategies()[i].String(), s.Formula, s.Copies, s.Probes.Mean, s.Probes.Err, s.Walk.Mean, s.Walk.Err)
		}
	}
	return t
}

func copiesTable(rows []cohenRow) report.Table {
	t := report.Table{
		Name: "copies", Title: "Copies of the most and of the least popular object, and how busy a copy is",
		Text: "The last column is how many searches a copy of the busiest object answers, as a multiple of the mean over all copies: 1 is perfectly fair.",
		Columns: []report.Column{
			{Name: "Zipf exponent"},
			{Name: "copies"},
			{Name: "of the most popular"},
			{Name: "of the least popular"},
			{Name: "busiest copy", Unit: "times the mean"},
		},
	}
	for _, r := range rows {
		for i, s := range r.sizes {
			t.Add(r.exponent, cohenStrategies()[i].String(), s.Most, s.Least, s.Hottest)
		}
	}
	return t
}
