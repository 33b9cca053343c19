package study

import (
	"fmt"

	"github.com/seed282dab8e/servent/sim/gia"
	"github.com/seed282dab8e/servent/sim/report"
)

// sweepSection compares designs from rare to common files.
func (s *gia2003) sweepSection(r *giaResults) report.Section {
	points := report.Figure{
		Name: "replication", Title: "Collapse point by replication", LogX: true, LogY: true,
		XLabel: "peers that have the file (%)", YLabel: "queries a second and peer",
	}
	hops := points
	hops.Name, hops.Title, hops.YLabel = "replicationhops", "Hops by replication", "hops to the first answer"
	t := report.Table{
		Name: "rarity", Title: "From rare to common files",
		Columns: []report.Column{
			{Name: "design"}, {Name: "replication", Unit: "%"}, {Name: "collapse_point", Unit: "queries/s a peer"}, {Name: "hops"}, {Name: "delay", Unit: "s"},
		},
	}
	for _, d := range giaSwept() {
		a, b := report.Series{Name: d.Name}, report.Series{Name: d.Name}
		for _, c := range s.byReplication(d.Name) {
			f := r.of(c.name)
			if f == nil {
				continue
			}
			x := c.replication * 100
			if f.Point > 0 {
				a.X, a.Y = append(a.X, x), append(a.Y, f.Point)
			}
			if f.Hops > 0 {
				b.X, b.Y = append(b.X, x), append(b.Y, f.Hops)
			}
			t.Add(d.Name, x, f.Point, f.Hops, f.Delay)
		}
		points.Series, hops.Series = append(points.Series, a), append(hops.Series, b)
	}
	return report.Section{
		Title: "Rare and common files",
		Text: `A walk ends when it has found something, so it costs less the more copies there are. A flood goes everywhere, however many there are; but a query counts as
answered with the first copy that gets through, and with more copies one is nearer. A flood takes every way at once: it goes round slow peers, whose queues grow without end,
where a walk gets stuck in one.`,
		Targets: s.sweepTargets(r),
		Figures: []report.Figure{points, hops}, Tables: []report.Table{t},
	}
}

// byReplication returns the points of a design as the paper's table and the
// sweep have it, rare files first.
func (s *gia2003) byReplication(design string) []giaCase {
	var out []giaCase
	all := s.cases()
	for _, c := range all[:len(all)-len(giaVariants(0))] {
		if c.design.Name != design {
			continue
		}
		at := len(out)
		for at > 0 && out[at-1].replication > c.replication {
			at--
		}
		out = append(out, giaCase{})
		copy(out[at+1:], out[at:])
		out[at] = c
	}
	return out
}

// adaptSection shows how a topology comes to fit capacities.
func adaptSection(a *giaAdapting) report.Section {
	s := report.Section{
		Title: "How the topology adapts",
		Text: `Peers begin without links and look for neighbours the more often the less satisfied they are. A peer is satisfied when its neighbours have
as much capacity to spare for it as it has itself, or when it has as many as it takes. So the capable come to have many, and others to be near one of them.`,
	}
	if a == nil {
		return s
	}
	satisfied := report.Figure{
		Name: "satisfaction", Title: "Satisfaction over time, by capacity",
		LogX: true, XLabel: "seconds", YLabel: "mean satisfaction", Series: giaSeries(),
	}
	degrees := report.Figure{
		Name: "degrees", Title: "Neighbours in the adapted topology, by capacity", Kind: report.Points,
		LogX: true, LogY: true, XLabel: "neighbours", YLabel: "peers of that capacity (%)", Series: giaSeries(),
	}
	t := report.Table{
		Name: "adaptation", Title: "Adaptation over time",
		Text: "The hops are those of a query of Gia over the topology as it is then, with no load.",
		Columns: []report.Column{
			{Name: "seconds", Unit: "s"},
			{Name: "satisfaction_1"},
			{Name: "satisfaction_10"},
			{Name: "satisfaction_100"},
			{Name: "satisfaction_1000"},
			{Name: "satisfaction_10000"},
			{Name: "neighbours_1"},
			{Name: "neighbours_10"},
			{Name: "neighbours_100"},
			{Name: "neighbours_1000"},
			{Name: "neighbours_10000"},
			{Name: "changes", Unit: "links"},
			{Name: "parts"},
			{Name: "hops"},
		},
	}
	for _, m := range a.Moments {
		row := []any{m.Seconds}
		for c, v := range m.Satisfaction {
			if !a.has(c) {
				row = append(row, nil)
				continue
			}
			satisfied.Series[c].X = append(satisfied.Series[c].X, float64(m.Seconds))
			satisfied.Series[c].Y = append(satisfied.Series[c].Y, v)
			row = append(row, v)
		}
		for c, v := range m.Neighbours {
			if !a.has(c) {
				row = append(row, nil)
				continue
			}
			row = append(row, v)
		}
		var hops any
		if m.Parts == 1 {
			hops = m.Hops
		}
		t.Add(append(row, m.Changes, m.Parts, hops)...)
	}
	for c, counts := range a.Degrees {
		fillDegrees(&degrees.Series[c], counts)
	}
	s.Figures, s.Tables = []report.Figure{satisfied, degrees}, []report.Table{t}
	s.Targets = adaptTargets(a)
	return s
}

// giaSeries returns one empty series for each class.
func giaSeries() []report.Series {
	var out []report.Series
	for _, c := range gia.Classes() {
		out = append(out, report.Series{Name: fmt.Sprintf("capacity %d", c.Capacity)})
	}
	return out
}

func fillDegrees(s *report.Series, counts []int) {
	sum := 0
	for _, n := range counts {
		sum += n
	}
	for degree, n := range counts {
		if n > 0 && degree > 0 {
			s.X = append(s.X, float64(degree))
			s.Y = append(s.Y, 100*float64(n)/float64(sum))
		}
	}
}

// variantSection shows what the choices are worth that the paper left to us.
func variantSection(s *gia2003, r *giaResults) report.Section {
	t := report.Table{
		Name: "definitions", Title: "The same with another definition",
		Columns: []report.Column{{Name: "what"}, {Name: "collapse_point", Unit: "queries/s a peer"}, {Name: "hops"}, {Name: "delay", Unit: "s"}},
	}
	add := func(name string) {
		if f := r.of(name); f != nil {
			t.Add(name, f.Point, f.Hops, f.Delay)
		}
	}
	for _, name := range []string{"RWRT", "GIA"} {
		add(name)
	}
	for _, c := range giaVariants(s.Replication) {
		add(c.name)
	}
	return report.Section{
		Title: "What the definitions are worth",
		Text: `Some of what decides these figures the paper does not say, or we do not know of it. Where one reading gives the figures of its random topologies
and the other does not, the first was taken: that a query does not go straight back, and that one which waits for a token takes any. Its figures also
exclude a TTL of 1024 for walks: one that needs 978 hops on average would fail too often, and 8570 could not come about. A collapse point of 0 means that
too many queries failed at any load that was tried.`,
		Tables: []report.Table{t},
	}
}
