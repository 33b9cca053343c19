package study

import (
	"fmt"

	"github.com/seed282dab8e/servent/sim/report"
)

// targets are those of the crawl, and what must hold of any graph.
func (p *latencyPage) targets() []report.Target {
	even, late := p.at(latencyTTL, true), p.at(latencyTTL, false)
	missing := even == nil || late == nil
	if missing {
		even, late = &latencyResult{}, &latencyResult{}
	}
	list := []report.Target{
		{What: "TTL 7, hop by hop: reach", Unit: "peers", Paper: 60_400, Ours: even.Reach.mean()},
		{What: "TTL 7, 20 to 200 ms: reach", Unit: "peers", Paper: 43_200, Ours: late.Reach.mean()},
		{What: "TTL 7, hop by hop: messages", Paper: 218_000, Ours: even.Messages.mean()},
		{What: "TTL 7, 20 to 200 ms: messages", Paper: 112_000, Ours: late.Messages.mean()},
	}
	for i := range list {
		list[i].Kind, list[i].Tolerance = report.Within, 0.03
		list[i].Source = "independent simulations on p2p-Gnutella31 (--graphs)"
		list[i].Missing = missing
	}
	awayFrom(p.s.Graphs != "" && p.s.Sources >= 200 && asPublished(latencyInfo(), p.s, "fastest", "slowest"), list)
	less, asked := p.lessAtAll()
	list = append(list, report.Target{
		What: "at no TTL do floods with latency reach more peers than hop by hop, or send more messages",
		Kind: report.Holds, Paper: 1, Ours: report.Bool(less), Source: "the first copy's way is no shorter than the shortest", Missing: !asked,
	})
	return append(list, p.constant())
}

// lessAtAll says whether latency never gains, and whether any TTL was run.
func (p *latencyPage) lessAtAll() (less, asked bool) {
	for ttl := 1; ttl <= latencyTTLs; ttl++ {
		even, late := p.at(ttl, true), p.at(ttl, false)
		if even == nil || late == nil {
			continue
		}
		asked = true
		if late.Reach.mean() > even.Reach.mean() || late.Messages.mean() > even.Messages.mean() {
			return false, true
		}
	}
	return true, asked
}

// constant holds the event engine, where all messages take the mean time,
// against breadth-first search.
func (p *latencyPage) constant() report.Target {
	t := report.Target{
		What: "TTL 7, all messages alike: messages of all floods", Kind: report.Exact,
		Source: "breadth-first search", Missing: true,
	}
	even := p.at(latencyTTL, true)
	for i, c := range p.cases {
		if r := p.found[i]; c.percent == 0 && r != nil && even != nil {
			t.Paper, t.Ours, t.Missing = even.Messages.Sum, r.Messages.Sum, false
		}
	}
	return t
}

func (p *latencyPage) byWidth() report.Section {
	t := report.Table{Name: "latency-by-width", Title: fmt.Sprintf("Floods of TTL %d by how much latency varies", latencyTTL), Columns: []report.Column{
		{Name: "fastest", Unit: "ms"},
		{Name: "slowest", Unit: "ms"},
		{Name: "reach", Unit: "peers"},
		{Name: "standard error", Unit: "peers"},
		{Name: "messages"},
		{Name: "by a longer way", Unit: "% of peers reached"},
	}}
	reach := report.Series{Name: "peers reached"}
	longer := report.Series{Name: "of them, by a way longer than need be"}
	for i, c := range p.cases {
		r := p.found[i]
		if c.percent < 0 || r == nil {
			continue
		}
		t.Add(c.lo, c.hi, r.Reach.mean(), r.Reach.err(), r.Messages.mean(), 100*r.Longer.mean())
		reach.X, longer.X = append(reach.X, float64(c.percent)), append(longer.X, float64(c.percent))
		reach.Y = append(reach.Y, 100*perOne(r.Reach.mean(), float64(r.Peers)))
		longer.Y = append(longer.Y, 100*r.Longer.mean())
	}
	return report.Section{
		Title: "By how much latency varies",
		Text: fmt.Sprintf(`All messages take %d ms on average, and at most so many percent of that less or more. It does not matter how slow links are, only whether they differ so much
that a longer way can be the faster one.`, (p.s.Fastest+p.s.Slowest)/2),
		Figures: []report.Figure{{
			Name: "reach-by-width", Title: fmt.Sprintf("Floods of TTL %d", latencyTTL), XLabel: "latency varies by up to (% of its mean)", YLabel: "%",
			Series: []report.Series{reach, longer},
		}},
		Tables: []report.Table{t},
	}
}

// byHops shows why: the links that first copies have crossed.
func (p *latencyPage) byHops() report.Section {
	f := report.Figure{Name: "hops", Title: "Links that the first copy has crossed", XLabel: "links", YLabel: "peers (%)"}
	t := report.Table{Name: "latency-hops", Title: f.Title, Columns: []report.Column{{Name: "latency"}, {Name: "links"}, {Name: "peers", Unit: "%"}}}
	for _, byHops := range []bool{true, false} {
		r := p.at(latencyFar, byHops)
		if r == nil {
			continue
		}
		line := report.Series{Name: p.way(byHops)}
		for i, n := range r.Hops {
			share := 100 * perOne(n, float64(r.Peers))
			line.X, line.Y = append(line.X, float64(i+1)), append(line.Y, share)
			t.Add(p.way(byHops), i+1, share)
		}
		f.Series = append(f.Series, line)
	}
	return report.Section{
		Title:   "Why",
		Text:    "Floods whose TTL does not end them. With latency, a first copy has crossed as many links as hop by hop, or more; a TTL cuts off all to the right of it.",
		Figures: []report.Figure{f},
		Tables:  []report.Table{t},
	}
}
