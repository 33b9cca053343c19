package study

import (
	"fmt"

	"github.com/seed282dab8e/servent/sim/report"
)

func (p *yangPage) aloneSection() report.Section {
	t := report.Table{
		Name: "more-links", Title: fmt.Sprintf("A super-peer goes from %d neighbours to %d: change of its load", yangFew, yangMany),
		Text: fmt.Sprintf("Alone: it takes %d more, all else stays. Together: one with %d in a network of mean %g beside one with %d in a network of mean %g. Busy: one that has %d in the latter, likewise. Errors are standard errors of the bandwidth.", yangMany-yangFew, yangMany, p.s.more, yangFew, p.s.degree, yangMany),
		Columns: []report.Column{
			{Name: "cluster", Unit: "peers"},
			{Name: "who"},
			{Name: "bandwidth", Unit: "%"},
			{Name: "error", Unit: "%"},
			{Name: "in", Unit: "%"},
			{Name: "out", Unit: "%"},
			{Name: "work", Unit: "%"},
			{Name: "links of a response before"},
			{Name: "links after"},
			{Name: "clusters reached before", Unit: "%"},
			{Name: "reached after", Unit: "%"},
		},
	}
	bars := report.Figure{Name: "more-links-times", Title: "More links: bandwidth of a super-peer, times that before", Kind: report.Bars, YLabel: "times"}
	alone, together := report.Series{Name: "alone"}, report.Series{Name: "all together"}
	for _, r := range p.alone {
		for _, who := range []struct {
			name string
			c    yangChange
		}{{"alone", r.Alone}, {"together", r.Together}, {"busy", r.Busy}} {
			if who.c.Bandwidth.N == 0 {
				continue
			}
			t.Add(int(r.size), who.name, change(who.c.Bandwidth.mean()), 100*who.c.Bandwidth.err(), change(who.c.In.mean()), change(who.c.Out.mean()), change(who.c.Work.mean()),
				r.FewPath.mean(), r.ManyPath.mean(), 100*r.FewReach.mean(), 100*r.ManyReach.mean())
		}
		bars.Labels = append(bars.Labels, fmt.Sprintf("clusters of %g", r.size))
		alone.Y, together.Y = append(alone.Y, r.Alone.Bandwidth.drawn()), append(together.Y, r.Together.Bandwidth.drawn())
	}
	bars.Series = []report.Series{alone, together}
	return report.Section{
		Title:   "More links: together or not at all",
		Text:    "A link that only one side wants makes a short cut through that super-peer, and responses of the whole network take it. When everybody has more links, there are short cuts everywhere.",
		Targets: p.raiseTargets(), Figures: []report.Figure{bars}, Tables: []report.Table{t},
	}
}

// yangColumns are those of the tables of designs.
func yangColumns(first report.Column) []report.Column {
	return []report.Column{
		first,
		{Name: "design"},
		{Name: "a super-peer", Unit: "kB/s"},
		{Name: "its work", Unit: "units/s"},
		{Name: "a client", Unit: "kB/s"},
		{Name: "all", Unit: "kB/s"},
		{Name: "all per result", Unit: "kB"},
		{Name: "results"},
		{Name: "clusters reached", Unit: "%"},
		{Name: "links of a response"},
	}
}

// rows adds what designs cost to a table.
func (p *yangPage) rows(t *report.Table, swept []yangSwept) {
	queries := p.s.rate * float64(p.s.peers)
	for _, w := range swept {
		for _, d := range w.designs {
			if d.All.N == 0 {
				continue
			}
			var client any
			if d.Client.mean() > 0 {
				client = d.Client.mean() / 1e3
			}
			t.Add(w.x, d.Name, d.Super.mean()/1e3, d.SuperWork.mean(), client, d.All.mean()/1e3, perOne(d.All.mean(), queries*d.Results.mean())/1e3, d.Results.mean(), 100*d.Reach.mean(), d.Path.mean())
		}
	}
}

// yangLine draws one figure of a design against what is varied.
func yangLine(swept []yangSwept, name string, value func(*yangDesign) float64) report.Series {
	s := report.Series{Name: name}
	for _, w := range swept {
		if d := w.of(name); d != nil {
			s.X, s.Y = append(s.X, w.x), append(s.Y, value(d))
		}
	}
	return s
}

func (p *yangPage) sizeSection() report.Section {
	each := lines("cluster-super", "Bandwidth of a super-peer", "peers in a cluster", "in and out (kB/s)")
	all := lines("cluster-all", "Bandwidth of all peers together", "peers in a cluster", "in and out (MB/s)")
	for _, name := range []string{yangPlain, yangPartners, yangAll, yangAllPartners} {
		each.Series = append(each.Series, yangLine(p.sizes, name, func(d *yangDesign) float64 { return d.Super.mean() / 1e3 }))
		all.Series = append(all.Series, yangLine(p.sizes, name, func(d *yangDesign) float64 { return d.All.mean() / 1e6 }))
	}
	each.LogX, each.LogY, all.LogX, all.LogY = true, true, true, true
	t := report.Table{Name: "clusters", Title: "Load by the size of clusters", Columns: yangColumns(report.Column{Name: "cluster", Unit: "peers"})}
	p.rows(&t, p.sizes)
	return report.Section{
		Title: "Large clusters, and two for one",
		Text: fmt.Sprintf(`A network of %d peers; super-peers have %g links on average and queries TTL %d, or all super-peers are linked to each other and queries have TTL 1. Where queries do
not reach everybody, as the table tells, there is less to carry. Two partners share the part of one: each gets half of the queries and all files of the clients.`, p.s.peers, p.s.degree, p.s.ttl),
		Targets: p.sizeTargets(), Figures: []report.Figure{each, all}, Tables: []report.Table{t},
	}
}

// sizeTargets are rules 1 and 2 of the paper, and what it is remembered to say of the
// second.
func (p *yangPage) sizeTargets() []report.Target {
	rule := report.Target{What: "where all are linked, larger clusters are less traffic in all and more for each super-peer", Kind: report.Holds, Paper: 1, Ours: 1, Source: "Yang, Garcia-Molina 2003, rule 1", Missing: len(p.sizes) < 2}
	var last, hundred *yangDesign
	var shared *yangDesign
	for _, w := range p.sizes {
		d := w.of(yangAll)
		if d == nil {
			continue
		}
		if last != nil && (d.All.mean() >= last.All.mean() || d.Super.mean() <= last.Super.mean()) {
			rule.Ours = 0
		}
		last = d
		if w.x == 100 {
			hundred, shared = d, w.of(yangAllPartners)
		}
	}
	targets := []report.Target{
		rule,
		{What: "two partners, clusters of 100, all linked: less for each", Kind: report.Holds, Paper: 1},
		{What: "the same: bandwidth of each, change", Unit: "%", Tolerance: 0.1, Paper: -48, Unverified: true},
		{What: "the same: bandwidth of all, change", Unit: "%", Tolerance: 0.1, Paper: 2.5, Unverified: true},
	}
	for i := range targets[1:] {
		targets[i+1].Source, targets[i+1].Missing = "Yang, Garcia-Molina 2003, rule 2", shared == nil
	}
	if shared != nil {
		each, all := perOne(shared.Super.mean(), hundred.Super.mean()), perOne(shared.All.mean(), hundred.All.mean())
		targets[1].Ours = report.Bool(each < 0.6 && all < 1.1)
		targets[2].Ours, targets[3].Ours = change(each), change(all)
	}
	return targets
}

func (p *yangPage) degreeSection() report.Section {
	all := lines("degree-all", "Bandwidth of all peers together", "links of a super-peer, on average", "in and out (MB/s)")
	for _, name := range []string{yangGivenTTL, yangLeastTTL} {
		all.Series = append(all.Series, yangLine(p.degrees, name, func(d *yangDesign) float64 { return d.All.mean() / 1e6 }))
	}
	t := report.Table{Name: "degrees", Title: "Load by the number of links", Columns: yangColumns(report.Column{Name: "mean degree"})}
	p.rows(&t, p.degrees)
	rule := report.Target{What: "with 20 links, the least TTL saves traffic and loses 1.5 % of the results at most", Kind: report.Holds, Paper: 1, Ours: 1, Source: "Yang, Garcia-Molina 2003, rule 4", Missing: true}
	for _, w := range p.degrees {
		given, least := w.of(yangGivenTTL), w.of(yangLeastTTL)
		if w.x != 20 || given == nil || least == nil {
			continue
		}
		rule.Missing = p.s.ttl < 5
		rule.Ours = report.Bool(least.All.mean() < 0.99*given.All.mean() && least.Results.mean() > 0.985*given.Results.mean())
	}
	return report.Section{
		Title:   "Links and TTL",
		Text:    fmt.Sprintf("Clusters of %d. TTL as given is %d; the least TTL is with which queries come to 99 %% of the clusters: what goes further comes to hardly anybody new.", p.s.cluster, p.s.ttl),
		Targets: []report.Target{rule}, Figures: []report.Figure{all}, Tables: []report.Table{t},
	}
}

func (p *yangPage) costSection() report.Section {
	t := report.Table{
		Name: "costs", Title: "Costs of single actions", Text: "A: addresses, R: results of a response, F: files. From memory of table 2 of the paper. Besides, each message that is sent or received takes 0.01 units for each open connection.",
		Columns: []report.Column{{Name: "action"}, {Name: "bytes"}, {Name: "units"}},
	}
	t.Add("send a query", "94", "0.476")
	t.Add("receive a query", "94", "0.618")
	t.Add("look a query up", "0", "0.14 + 1.1 R")
	t.Add("send a response", "80 + 28 A + 76 R", "0.21 + 0.31 A + 0.2 R")
	t.Add("receive a response", "80 + 28 A + 76 R", "0.26 + 0.41 A + 0.3 R")
	t.Add("send a join", "80 + 72 F", "0.44 + 0.2 F")
	t.Add("receive a join, and index it", "80 + 72 F", "0.7 + 0.405 F")
	t.Add("send an update", "152", "0.6")
	t.Add("receive an update, and index it", "152", "1.1")
	return report.Section{
		Title: "What is counted",
		Text: fmt.Sprintf(`Responses go back the way that the query came, each super-peer with a message of its own. A query finds %g results among the files of a peer on average. A peer shares %d files on average, spread
over several powers of ten; one in four shares none. A client sends the names of all its files when it joins.`, p.s.results, yangMeanFiles),
		Tables: []report.Table{t},
	}
}
