package study

import (
	"encoding/json"
	"fmt"

	"github.com/seed282dab8e/servent/sim/gia"
	"github.com/seed282dab8e/servent/sim/report"
)

// giaResults is what was found, by what cases returns; nil where a point was
// not run.
type giaResults struct {
	cases    []giaCase
	found    []*gia.Finding
	adapting *giaAdapting
}

// of returns what was found of a point; nil when it was not run.
func (r *giaResults) of(name string) *gia.Finding {
	for i, c := range r.cases {
		if c.name == name {
			return r.found[i]
		}
	}
	return nil
}

func (s *gia2003) Report(results []json.RawMessage) (*report.Report, error) {
	r := &giaResults{cases: s.cases()}
	r.found = make([]*gia.Finding, len(r.cases))
	for i, raw := range results {
		var err error
		if i < len(r.cases) {
			r.found[i], err = decode[gia.Finding](raw)
		} else {
			r.adapting, err = decode[giaAdapting](raw)
		}
		if err != nil {
			return nil, err
		}
	}
	adapting := adaptSection(r.adapting)
	awayFrom(asPublished(gia2003Info(), s, "peers"), adapting.Targets)
	page := &report.Report{Summary: s.summary(r), Sections: []report.Section{s.componentSection(r), adapting}}
	if s.Sweep == "yes" {
		page.Sections = append(page.Sections, s.sweepSection(r), variantSection(s, r))
	}
	return page, nil
}

func (s *gia2003) summary(r *giaResults) string {
	const intro = `Peers are as unequal as modems and machine rooms: from 1 to 10,000 messages a second. What comes faster than a peer can process it waits, so
a network that is asked too much does not refuse, it stalls. How many queries a second may every peer ask before one in ten finds nothing in time?
That is the collapse point. Gia lets capable peers have many neighbours and know what they share, sends queries towards capable peers, and sends
them only where they are welcome.`
	a, b := r.of("GIA"), r.of("RWRT")
	if a == nil || b == nil || b.Point == 0 {
		return intro
	}
	return intro + fmt.Sprintf(`

With %d peers and files at %g %% of them, Gia bears %s queries a second and peer, and a query takes %.1f hops. A random walk over a random topology
bears %s and takes %.0f hops: Gia bears %s times as much.`,
		s.Peers, s.Replication*100, twoDigits(a.Point), a.Hops, twoDigits(b.Point), b.Hops, twoDigits(a.Point/b.Point)) + r.worth(a)
}

// twoDigits writes a number as people read it, whatever its size.
func twoDigits(v float64) string {
	if v >= 10 {
		return thousands(nearest(v))
	}
	return fmt.Sprintf("%.2g", v)
}

// worth tells whether Gia needs all its components, where that is so.
func (r *giaResults) worth(whole *gia.Finding) string {
	text := ""
	if r.below(whole, gia.With()) {
		text += " No component does that alone."
	}
	if r.below(whole, gia.Without()) {
		text += " Without any one of its components it bears less."
	}
	return text
}

// below says whether all of the designs were run and bear less. One that bears at
// least so much may bear more.
func (r *giaResults) below(whole *gia.Finding, designs []gia.Design) bool {
	for _, d := range designs {
		if f := r.of(d.Name); f == nil || f.AtLeast || f.Point >= whole.Point {
			return false
		}
	}
	return true
}

const giaHow = `Every peer asks at the same rate, but no more than its capacity. A message that comes in costs one unit of capacity, whether it is
new or not; one's own queries and the answers cost nothing. Queues have no end, and a query has failed when it has no answer at the end of the run: so
the length of runs is part of what collapse means. A walk has no TTL unless one is set. Hops and delay are those at half the collapse point, to the first answer.

RWRT is a random walk over a random topology, and GIA all of these together: OHR, peers know what their neighbours share (one-hop replication); BIAS, walks go to the most capable neighbour; TADAPT, the topology adapts to the capacities; FLWCTL, queries go only where
they are welcome (flow control). RWRT+ is the walk with one of them, GIA- is Gia without one.`

func (s *gia2003) componentSection(r *giaResults) report.Section {
	t := report.Table{
		Name: "designs", Title: "Collapse points and hops",
		Columns: []report.Column{
			{Name: "design"},
			{Name: "collapse_point", Unit: "queries/s a peer"},
			{Name: "hops"},
			{Name: "delay", Unit: "s"},
			{Name: "messages", Unit: "a query"},
			{Name: "idle_hops"},
			{Name: "idle_delay", Unit: "s"},
			{Name: "paper_collapse_point", Unit: "queries/s a peer"},
			{Name: "paper_hops"},
		},
	}
	points := report.Figure{
		Name: "collapse", Title: "Collapse point by design", Kind: report.Bars, LogY: true,
		XLabel: "design", YLabel: "queries a second and peer",
		Series: []report.Series{{Name: "here"}, {Name: "paper", Paper: true}},
	}
	hops := report.Figure{
		Name: "hops", Title: "Hops to the first answer, by design", Kind: report.Bars, LogY: true,
		XLabel: "design", YLabel: "hops", Series: []report.Series{{Name: "here"}, {Name: "paper", Paper: true}},
	}
	for _, d := range giaDesigns() {
		f, p := r.of(d.Name), giaPublished(d.Name)
		if f == nil {
			continue
		}
		if f.AtLeast {
			t.Text += fmt.Sprintf("%s bears at least what is told here: higher loads were not tried. ", d.Name)
		}
		var cp, h any
		if p.hops > 0 {
			cp, h = p.point, p.hops
		}
		if p.hops > 0 && f.Point > 0 {
			points.Labels, hops.Labels = append(points.Labels, d.Name), append(hops.Labels, d.Name)
			addBar(&points, f.Point, p.point)
			addBar(&hops, f.Hops, p.hops)
		}
		t.Add(d.Name, f.Point, f.Hops, f.Delay, f.Messages, f.IdleHops, f.IdleDelay, cp, h)
	}
	return report.Section{
		Title: "What each component is worth", Text: giaHow,
		Targets: s.targets(r), Figures: []report.Figure{points, hops}, Tables: []report.Table{t},
	}
}

func addBar(f *report.Figure, here, paper float64) {
	f.Series[0].Y = append(f.Series[0].Y, here)
	f.Series[1].Y = append(f.Series[1].Y, paper)
}
