package study

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/seed282dab8e/servent/sim/report"
)

// growth shows how cost grows with the network.
func (p *comparePage) growth() report.Section {
	cells := slices.Clone(p.parts[partSize])
	slices.SortStableFunc(cells, func(a, b comparedCell) int { return cmp.Compare(a.peers, b.peers) })
	messages := lines("growth", "Cost as the network grows", "peers", "messages a search")
	messages.LogX, messages.LogY = true, true
	traffic := lines("traffic", "What each peer carries", "peers", "bytes a second and peer")
	traffic.LogX, traffic.LogY = true, true
	traffic.Text = fmt.Sprintf("When every peer searches %g times an hour, and with what the network sends when nobody searches. Plots have lines for some models only where there are many; the tables have all.", p.c.rate)
	t := report.Table{Name: "sizes", Title: "From small to large", Columns: []report.Column{
		{Name: "peers"},
		{Name: "model"},
		{Name: "TTL"},
		{Name: "recall", Unit: "%"},
		{Name: "success", Unit: "%"},
		{Name: "messages", Unit: "a search"},
		{Name: "first hit", Unit: "s"},
		{Name: "traffic", Unit: "bytes a second and peer"},
		{Name: "Gini of load"},
	}}
	lined := drawn(cells)
	for _, m := range contenders() {
		a, b := report.Series{Name: m.name}, report.Series{Name: m.name}
		for _, l := range lined {
			if l.model != m.key {
				continue
			}
			a.X, a.Y = append(a.X, float64(l.peers)), append(a.Y, l.sent())
			b.X, b.Y = append(b.X, float64(l.peers)), append(b.Y, p.traffic(l))
		}
		if len(a.X) > 0 {
			messages.Series, traffic.Series = append(messages.Series, a), append(traffic.Series, b)
		}
	}
	for _, l := range cells {
		t.Add(l.peers, contenderOf(l.model).name, orNothing(l.TTL), 100*l.Recall, 100*l.Success, l.sent(), seconds(l.First50), p.traffic(l), p.gini(l))
	}
	return report.Section{Title: "As the network grows", Tables: []report.Table{t}, Figures: []report.Figure{messages, traffic}}
}

// traffic is the bytes a second that each peer sends and receives for searches
// of all. Each byte is sent by one and received by another.
func (p *comparePage) traffic(l comparedCell) float64 {
	return 2 * (l.Bytes*p.c.rate/3600 + l.UpkeepBytes)
}

// reach shows what a larger TTL buys.
func (p *comparePage) reach() report.Section {
	f := lines("ttl", "What a larger TTL buys", "messages a search", "copies found (%)")
	f.LogX = true
	t := report.Table{Name: "ttls", Title: "By TTL", Columns: []report.Column{
		{Name: "model"}, {Name: "TTL"}, {Name: "messages", Unit: "a search"}, {Name: "duplicates", Unit: "%"}, {Name: "peers looked at", Unit: "%"}, {Name: "recall", Unit: "%"}, {Name: "success", Unit: "%"},
	}}
	for _, m := range contenders() {
		s := report.Series{Name: m.name}
		for _, l := range p.byTTL(m.key) {
			s.X, s.Y = append(s.X, l.sent()), append(s.Y, 100*l.Recall)
			t.Add(m.name, l.ttl, l.sent(), 100*l.Duplicates, 100*l.Covered, 100*l.Recall, 100*l.Success)
		}
		if len(s.X) > 0 {
			f.Series = append(f.Series, s)
		}
	}
	return report.Section{
		Title: "What a TTL buys", Figures: []report.Figure{f}, Tables: []report.Table{t},
		Text: "Each point is one TTL, of searches in the largest network; the one that is used elsewhere on this page is among them. Further up is better, further left is cheaper.",
	}
}

// byTTL returns what a model did with each TTL of the sweep, and with its own.
func (p *comparePage) byTTL(key string) []comparedCell {
	cells := p.of(partReach, key)
	own, ok := findModel(p.largest(), key)
	same := func(l comparedCell) bool { return l.ttl == own.TTL }
	if len(cells) == 0 || !ok || own.peers != cells[0].peers || slices.ContainsFunc(cells, same) {
		return cells
	}
	own.ttl = own.TTL
	cells = append(cells, own)
	slices.SortFunc(cells, func(a, b comparedCell) int { return cmp.Compare(a.ttl, b.ttl) })
	return cells
}

// churn shows what peers that come and go change.
func (p *comparePage) churn() report.Section {
	keep := lines("upkeep", "What it costs to stay together", "median session (minutes)", "bytes a second and peer, without searches")
	keep.LogX, keep.LogY = true, true
	found := lines("churn-found", "What is found while peers come and go", "median session (minutes)", "copies found (%)")
	found.LogX = true
	lined := drawn(p.parts[partChurn])
	for _, m := range contenders() {
		s, f := report.Series{Name: m.name}, report.Series{Name: m.name}
		for _, l := range lined {
			if l.model == m.key {
				s.X, s.Y = append(s.X, l.minutes()), append(s.Y, l.UpkeepBytes)
				f.X, f.Y = append(f.X, l.minutes()), append(f.Y, 100*l.Recall)
			}
		}
		if len(s.X) > 0 {
			keep.Series, found.Series = append(keep.Series, s), append(found.Series, f)
		}
	}
	text := "Sessions are Weibull with shape 0.6. Links are mended and lists sent as peers come and go; three in ten leave without a goodbye, which the others notice after 30 s. Until then searches run into them, and indexes tell of files that are gone."
	if haveTables(p.parts[partChurn]) {
		text += " Hash tables notice later, and who leaves one takes along what it kept, with or without a goodbye (see The ways to find files)."
	}
	return report.Section{Title: "When peers come and go", Text: text, Figures: []report.Figure{found, keep}, Tables: []report.Table{p.churnTable()}}
}

func (p *comparePage) churnTable() report.Table {
	t := report.Table{Name: "churn", Title: "Peers that come and go", Columns: []report.Column{
		{Name: "model"},
		{Name: "median session", Unit: "min"},
		{Name: "recall", Unit: "%"},
		{Name: "success", Unit: "%"},
		{Name: "told of, but gone", Unit: "%"},
		{Name: "messages", Unit: "a search"},
		{Name: "duplicates", Unit: "%"},
		{Name: "sent in vain", Unit: "messages a search"},
		{Name: "traffic", Unit: "KiB a search"},
		{Name: "first hit", Unit: "s"},
		{Name: "tenth hit", Unit: "s"},
		{Name: "Gini of load"},
		{Name: "busiest 1 % carry", Unit: "%"},
		{Name: "upkeep", Unit: "messages a minute and peer"},
		{Name: "upkeep traffic", Unit: "bytes a second and peer"},
	}}
	for _, m := range contenders() {
		for _, l := range p.of(partChurn, m.key) {
			t.Add(m.name, l.minutes(), 100*l.Recall, 100*l.Success, 100*l.Stale, l.sent(), 100*l.Duplicates, l.Lost, l.Bytes/1024,
				seconds(l.First50), seconds(l.Tenth50), p.gini(l), p.busiest(l), 60*l.UpkeepMessages, l.UpkeepBytes)
		}
	}
	return t
}

// minutes is the median session.
func (l cell) minutes() float64 { return float64(l.session) / float64(time.Minute) }

func lines(name, title, x, y string) report.Figure {
	return report.Figure{Name: name, Title: title, Kind: report.Lines, XLabel: x, YLabel: y}
}

// published holds floods of bare graphs against an earlier run of others' code.
func (p *comparePage) published() report.Section {
	s := report.Section{
		Title: "Are the floods counted right?",
		Text:  "To check the simulator, whatever the sizes above: a million equal peers with four neighbours each, and the 31,250 supernodes with 30 links that they would have; no leaves, no latency. The figures beside ours were counted by a plain program that was written apart from this one. Kazaa's supernodes are remembered to have had 40 to 60 links and 100 to 200 leaves each: --links 50 --leaves 150 compares such ones.",
	}
	const source = "a plain program for such floods, written apart from this one"
	add := func(what, unit string, paper, ours float64) {
		s.Targets = append(s.Targets, report.Target{What: what, Unit: unit, Paper: paper, Ours: ours, Tolerance: 0.05, Source: source, Missing: p.bare == nil})
	}
	b := p.bare
	if b == nil {
		b = &bareGraphs{}
	}
	add("a million peers, TTL 12", "messages", 895e3, b.Flat12.Messages)
	add("a million peers, TTL 12: reached", "%", 65, 100*b.Flat12.Reached)
	add("a million peers, all reached", "messages", 3.0e6, b.FlatAll.Messages)
	add("31,250 supernodes, TTL 3", "messages", 27.4e3, b.Super3.Messages)
	add("31,250 supernodes, TTL 3: reached", "%", 58, 100*b.Super3.Reached)
	add("31,250 supernodes, TTL 4", "messages", 535e3, b.Super4.Messages)
	add("31,250 supernodes, all reached", "messages", 905.8e3, b.SuperAll.Messages)
	s.Targets = append(s.Targets, report.Target{
		What: "31,250 supernodes with 30 links, as Gnutella's had in 2005: pairs within five links", Unit: "%", Kind: report.AtLeast, Paper: 99.5, Ours: 100 * b.Super5.Reached,
		Source: "Stutzbach, Rejaie, Sen, IMC 2005", Unverified: true, Missing: p.bare == nil,
	})
	return s
}
