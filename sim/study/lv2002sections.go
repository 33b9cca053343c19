package study

import (
	"fmt"

	"github.com/seed282dab8e/servent/sim/load"
	"github.com/seed282dab8e/servent/sim/report"
)

// target is one figure of an earlier run on a random graph, which can be compared
// at the size of the paper only.
func (p *lvPage) target(what, unit string, paper, ours float64) report.Target {
	return report.Target{
		What: what, Unit: unit, Paper: paper, Ours: ours, Tolerance: 0.05,
		Source:  "an independent re-run on a random graph of 9780 nodes, mean degree 4.11",
		Missing: p.random().graphs == 0, Away: p.s.scale != 1 || p.s.few(1000) || p.s.instances*p.s.floods < 100,
	}
}

// holds is something that must be true of what was found on some graphs, unless
// there were so few searches that chance decides.
func (p *lvPage) holds(what string, found []lvFound, is func(lvFound) bool) report.Target {
	t := report.Target{What: what, Kind: report.Holds, Paper: 1, Ours: 1, Source: "Lv et al. 2002", Away: p.s.few(50)}
	for _, f := range found {
		if f.graphs == 0 {
			t.Missing = true
		} else if !is(f) {
			t.Ours = 0
		}
	}
	return t
}

func (p *lvPage) floodSection() report.Section {
	s := report.Section{
		Title: "Flooding",
		Text: `Every peer passes its first copy on to all neighbours but the one it came from. A message is any copy on a link; the second and later ones that come to a
peer, or back to the one that searches, are duplicates. All messages take the same time.`,
	}
	for _, want := range []struct {
		ttl                         float64
		reached, messages, repeated float64
	}{{7, 76.6, 1.50, 48.8}, {9, 99.5, 3.05, 67.4}} {
		c := p.random().at(lvFlooding, "", want.ttl)
		s.Targets = append(s.Targets,
			p.target(fmt.Sprintf("flood, TTL %g: peers reached", want.ttl), "%", want.reached, 100*c.Reached.mean()),
			p.target(fmt.Sprintf("flood, TTL %g: messages a peer", want.ttl), "", want.messages, c.Messages.mean()),
			p.target(fmt.Sprintf("flood, TTL %g: duplicates", want.ttl), "%", want.repeated, 100*c.duplicates()))
	}
	s.Targets = append(s.Targets, p.holds("on every graph, most of what a flood sends that reaches all are duplicates", p.kinds, func(f lvFound) bool {
		cells := f.of(lvFlooding, "")
		return cells[len(cells)-1].duplicates() > 0.5
	}))
	reach := lines("flood-reach", "How far floods come", "TTL", "peers reached (%)")
	repeats := lines("flood-duplicates", "What floods waste", "peers reached (%)", "duplicates among the messages (%)")
	reach.LogX = true
	t := report.Table{
		Name: "flooding", Title: "Floods by TTL",
		Columns: []report.Column{{Name: "graph"}, {Name: "TTL"}, {Name: "reached", Unit: "%"}, {Name: "messages a peer"}, {Name: "duplicates", Unit: "%"}},
	}
	for _, f := range p.kinds {
		a, b := report.Series{Name: f.name}, report.Series{Name: f.name}
		for _, c := range f.of(lvFlooding, "") {
			reached, wasted := 100*c.Reached.mean(), 100*c.duplicates()
			t.Add(f.name, int(c.X), reached, c.Messages.mean(), wasted)
			a.X, a.Y = append(a.X, c.X), append(a.Y, reached)
			b.X, b.Y = append(b.X, reached), append(b.Y, wasted)
		}
		reach.Series, repeats.Series = append(reach.Series, a), append(repeats.Series, b)
	}
	s.Figures, s.Tables = []report.Figure{reach, repeats}, []report.Table{t}
	return s
}

func (p *lvPage) searchSection() report.Section {
	return report.Section{
		Title: "Finding one copy",
		Text: `The ring floods with TTL 1, 3, 5 and so on until a round has found something; all its rounds count. Walkers step together, to a random neighbour each; after
every fourth step each asks the one that searches whether to go on, directly, which is one message more. Hops are those of the query to the first hit: for a
ring its distance, for walkers the steps of each. Where links are kept, a peer that gets the query again sends it over a link that it has not taken for that
query. The walk by degree goes to the busiest neighbour that has not had the query, among peers that know what their neighbours have, and asks after every step (Adamic et al. 2001).`,
		Targets: p.searchTargets(),
		Figures: []report.Figure{p.costs(), p.byRatio()},
		Tables:  []report.Table{p.searchTable()},
	}
}

func (p *lvPage) searchTargets() []report.Target {
	ring, walk := p.rare(p.random(), lvRingName), p.rare(p.random(), lvWalkersName)
	rings := p.target("expanding ring, 0.125 % have the file: messages a peer", "", 0.390, ring.all())
	rings.Why = fmt.Sprintf("Most rings end with TTL 5; one in six needs TTL 7, which costs ten times as much, so the mean of some thousand searches is sure to a few per cent only. Ours is sure to %.1f %%, the other run does not say.", 100*perOne(ring.Messages.err(), ring.all()))
	order := p.holds("on every graph of the paper, for rare files walkers send less than rings and take more hops", p.kinds[:4], func(f lvFound) bool {
		r, w := p.rare(f, lvRingName), p.rare(f, lvWalkersName)
		return w.all() < r.all() && w.Hops.mean() > r.Hops.mean()
	})
	order.Away = order.Away || p.s.scale < 1 // one copy among a few hundred peers is another matter
	return []report.Target{
		p.target("32 walkers, 0.125 % have the file: hops", "", 41.3, walk.Hops.mean()),
		p.target("32 walkers, 0.125 % have the file: messages a peer, checks among them", "", 0.175, walk.all()),
		p.target("expanding ring, 0.125 % have the file: hops", "", 4.81, ring.Hops.mean()),
		rings,
		order,
	}
}

func (p *lvPage) searchTable() report.Table {
	t := report.Table{
		Name: "searching", Title: "Searches by how many peers have the file", Text: "Hops are means over the searches that found something, all else over all.",
		Columns: []report.Column{
			{Name: "graph"},
			{Name: "method"},
			{Name: "have the file", Unit: "%"},
			{Name: "searches"},
			{Name: "found", Unit: "%"},
			{Name: "hops"},
			{Name: "messages a peer"},
			{Name: "of these checks"},
			{Name: "duplicates", Unit: "%"},
			{Name: "peers that got the query"},
		},
	}
	for _, f := range p.kinds {
		for _, c := range f.of(lvSearching, "") {
			t.Add(f.name, c.Name, 100*c.X, c.N, 100*float64(c.Found)/float64(c.N), hopsOf(c), c.all(), c.Checks.mean(), 100*c.duplicates(), c.Visited.mean())
		}
	}
	return t
}

func (p *lvPage) costs() report.Figure {
	cost := report.Figure{
		Name: "messages", Title: "What a search for a rare file costs (0.125 % have it)", Kind: report.Bars, YLabel: "messages a peer", LogY: true,
	}
	for _, f := range p.kinds {
		if f.graphs > 0 {
			cost.Labels = append(cost.Labels, f.name)
		}
	}
	for _, m := range lvMethods(0) {
		line := report.Series{Name: m.name}
		for _, f := range p.kinds {
			if f.graphs > 0 {
				line.Y = append(line.Y, p.rare(f, m.name).all())
			}
		}
		cost.Series = append(cost.Series, line)
	}
	return cost
}

// hopsOf is nothing when nothing was found.
func hopsOf(c lvCell) any {
	if c.Found == 0 {
		return nil
	}
	return c.Hops.mean()
}

func (p *lvPage) byRatio() report.Figure {
	f := lines("by-copies", "What a search costs by how many peers have the file, random graph", "peers that have the file (%)", "messages a peer")
	f.LogX, f.LogY = true, true
	for _, m := range lvMethods(0) {
		line := report.Series{Name: m.name}
		for _, c := range p.random().of(lvSearching, m.name) {
			line.X, line.Y = append(line.X, 100*c.X), append(line.Y, c.all())
		}
		f.Series = append(f.Series, line)
	}
	return f
}

func (p *lvPage) walkSection() report.Section {
	few, many := p.random().at(lvWalking, "", 4), p.random().at(lvWalking, "", 32)
	s := report.Section{
		Title: "How many walkers, and how often they ask",
		Text:  "On random graphs, for files that 0.125 % of the peers have. More walkers take fewer steps each, and when they are many they get in each other's way. Walkers that ask often pay for asking; those that ask rarely walk on after the hit.",
		Targets: []report.Target{p.holds("32 walkers take less than a sixth of the steps of 4, for less than half as many messages again", p.kinds[:1], func(lvFound) bool {
			return 6*many.Hops.mean() < few.Hops.mean() && many.all() < 1.5*few.all()
		})},
	}
	t := report.Table{
		Name: "walking", Title: "Walkers and checks",
		Columns: []report.Column{{Name: "walkers"}, {Name: "steps between checks"}, {Name: "hops"}, {Name: "messages a peer"}, {Name: "of these checks"}, {Name: "duplicates", Unit: "%"}},
	}
	hops := lines("walkers-hops", "Steps to the first hit", "walkers", "steps")
	sent := lines("walkers-messages", "Messages of a search", "walkers", "messages a peer")
	checks := lines("checks", "Asking whether to go on", "steps between checks", "messages a peer")
	hops.LogX, hops.LogY, sent.LogX, checks.LogX = true, true, true, true
	var a, b, c report.Series
	a.Name, b.Name, c.Name = "walkers", "walkers", "32 walkers"
	for _, l := range p.random().of(lvWalking, "") {
		a.X, a.Y = append(a.X, l.X), append(a.Y, l.Hops.mean())
		b.X, b.Y = append(b.X, l.X), append(b.Y, l.all())
		t.Add(int(l.X), 4, l.Hops.mean(), l.all(), l.Checks.mean(), 100*l.duplicates())
	}
	for _, l := range p.random().of(lvChecking, "") {
		c.X, c.Y = append(c.X, l.X), append(c.Y, l.all())
		t.Add(32, int(l.X), l.Hops.mean(), l.all(), l.Checks.mean(), 100*l.duplicates())
	}
	hops.Series, sent.Series, checks.Series = []report.Series{a}, []report.Series{b}, []report.Series{c}
	s.Figures, s.Tables = []report.Figure{hops, sent, checks}, []report.Table{t}
	return s
}

func (p *lvPage) popularitySection() report.Section {
	s := report.Section{
		Title: "Copies by popularity",
		Text: fmt.Sprintf(`Searches choose among %d files, all alike or by Zipf's law with exponent %g; each has copies at %g %% of the peers on average, as many of each (uniform), in proportion
to popularity, or to its square root. On random graphs. The study cohen2002 says more about that.`, lvObjects, lvZipf, 100*lvMeanRatio),
		Targets: []report.Target{
			p.holds("walkers send least when copies follow the square root of popularity", p.kinds[:1], func(lvFound) bool { return p.fewest(lvWalkersName) }),
			p.holds("rings send least when copies follow the square root of popularity", p.kinds[:1], func(lvFound) bool { return p.fewest(lvRingName) }),
		},
	}
	t := report.Table{
		Name: "popularity", Title: "Searches by popularity and copies",
		Columns: []report.Column{{Name: "popularity, copies, method"}, {Name: "hops"}, {Name: "messages a peer"}, {Name: "duplicates", Unit: "%"}, {Name: "peers that got the query"}},
	}
	for _, c := range p.random().of(lvPopularity, "") {
		t.Add(c.Name, hopsOf(c), c.all(), 100*c.duplicates(), c.Visited.mean())
	}
	bars := report.Figure{Name: "popularity-messages", Title: "Messages of a search, Zipf 1.2", Kind: report.Bars, YLabel: "messages a peer", Labels: []string{lvRingName, lvWalkersName}}
	for _, strategy := range []load.Strategy{load.Uniform, load.Proportional, load.SquareRoot} {
		line := report.Series{Name: strategy.String()}
		for _, m := range bars.Labels {
			line.Y = append(line.Y, p.random().at(lvPopularity, lvPopularityName(lvZipf, strategy, m), 0).all())
		}
		bars.Series = append(bars.Series, line)
	}
	s.Figures, s.Tables = []report.Figure{bars}, []report.Table{t}
	return s
}
