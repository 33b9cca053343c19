package study

import (
	"encoding/json"
	"fmt"

	"github.com/seed282dab8e/servent/sim/report"
)

// latencyPage is what was found, by case; nil where a point was not run.
type latencyPage struct {
	s     *latency
	cases []latencyCase
	found []*latencyResult
}

func (s *latency) Report(results []json.RawMessage) (*report.Report, error) {
	p := latencyPage{s: s, cases: s.cases()}
	for _, raw := range results {
		r, err := decode[latencyResult](raw)
		if err != nil {
			return nil, err
		}
		p.found = append(p.found, r)
	}
	return &report.Report{Summary: p.summary(), Sections: []report.Section{p.byTTL(), p.byWidth(), p.byHops()}}, nil
}

// at returns what floods of a TTL found, hop by hop or with the latency asked
// for.
func (p *latencyPage) at(ttl int, byHops bool) *latencyResult {
	for i, c := range p.cases {
		if c.ttl == ttl && c.byHops == byHops && c.percent < 0 {
			return p.found[i]
		}
	}
	return nil
}

func (p *latencyPage) graphName() string {
	if p.s.Graphs != "" {
		return "the crawl of Gnutella of 31 August 2002"
	}
	return "a random graph with a power law of degrees, which stands in for the crawl of 31 August 2002 (--graphs)"
}

func (p *latencyPage) summary() string {
	intro := fmt.Sprintf(`A peer passes on the first copy of a query that reaches it and drops all later ones. When every message takes the same time, the first copy
is one that came by a shortest way. On real links it need not be: three fast links can beat a slow one. That copy has less TTL left, so the flood dies out earlier. Simulators
that go hop by hop do not see it. The graph is %s.`, p.graphName())
	even, late := p.at(latencyTTL, true), p.at(latencyTTL, false)
	if even == nil || late == nil {
		return intro
	}
	return intro + fmt.Sprintf(`

With TTL %d, a flood reaches %s peers hop by hop, and %s when each message takes %d to %d ms: %.0f %% fewer. It sends %s messages instead of %s.`,
		latencyTTL, rounded(even.Reach), rounded(late.Reach), p.s.Fastest, p.s.Slowest, 100*(1-perOne(late.Reach.mean(), even.Reach.mean())),
		rounded(late.Messages), rounded(even.Messages))
}

// rounded writes a mean as a whole number.
func rounded(s sample) string { return thousands(int(s.mean() + 0.5)) }

func (p *latencyPage) byTTL() report.Section {
	return report.Section{
		Title:   "By TTL",
		Text:    fmt.Sprintf("Means over the same %d random sources. Messages are all copies sent, duplicates included; nothing goes back to where it came from.", p.s.Sources),
		Targets: p.targets(),
		Figures: []report.Figure{
			p.ttlFigure("reach", "Peers reached", "peers reached (%)", func(r *latencyResult) float64 { return 100 * perOne(r.Reach.mean(), float64(r.Peers)) }),
			p.ttlFigure("messages", "Messages of a flood", "messages (thousands)", func(r *latencyResult) float64 { return r.Messages.mean() / 1000 }),
		},
		Tables: []report.Table{p.ttlTable()},
	}
}

// way is what a way to flood is called.
func (p *latencyPage) way(byHops bool) string {
	if byHops {
		return "hop by hop"
	}
	return fmt.Sprintf("%d to %d ms a message", p.s.Fastest, p.s.Slowest)
}

func (p *latencyPage) ttlFigure(name, title, label string, of func(*latencyResult) float64) report.Figure {
	f := report.Figure{Name: name + "-by-ttl", Title: title, XLabel: "TTL", YLabel: label}
	for _, byHops := range []bool{true, false} {
		line := report.Series{Name: p.way(byHops)}
		for ttl := 1; ttl <= latencyTTLs; ttl++ {
			if r := p.at(ttl, byHops); r != nil {
				line.X, line.Y = append(line.X, float64(ttl)), append(line.Y, of(r))
			}
		}
		f.Series = append(f.Series, line)
	}
	return f
}

func (p *latencyPage) ttlTable() report.Table {
	t := report.Table{Name: "latency-by-ttl", Title: "Floods by TTL", Columns: []report.Column{
		{Name: "TTL"},
		{Name: "latency"},
		{Name: "reach", Unit: "peers"},
		{Name: "standard error", Unit: "peers"},
		{Name: "least"},
		{Name: "most"},
		{Name: "messages"},
		{Name: "duplicates", Unit: "%"},
	}}
	for ttl := 1; ttl <= latencyTTLs; ttl++ {
		for _, byHops := range []bool{true, false} {
			if r := p.at(ttl, byHops); r != nil {
				t.Add(ttl, p.way(byHops), r.Reach.mean(), r.Reach.err(), r.Least, r.Most, r.Messages.mean(), r.duplicates())
			}
		}
	}
	return t
}

// duplicates returns how many of a hundred messages came second or later.
func (r *latencyResult) duplicates() float64 {
	return 100 * perOne(r.Messages.mean()-r.Reach.mean(), r.Messages.mean())
}
