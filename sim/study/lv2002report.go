package study

import (
	"encoding/json"
	"fmt"

	"github.com/seed282dab8e/servent/sim/load"
	"github.com/seed282dab8e/servent/sim/report"
)

// lvFound is what all graphs of one kind gave together.
type lvFound struct {
	lvKind
	graphs           int
	nodesMean, links float64
	mostLinks        int
	cells            []lvCell
}

// at returns one cell; an empty one when it was not measured.
func (f lvFound) at(part lvPart, name string, x float64) lvCell {
	for _, c := range f.cells {
		if c.Part == part && c.Name == name && c.X == x {
			return c
		}
	}
	return lvCell{}
}

// of returns all cells of a part, and of one name if that is not empty.
func (f lvFound) of(part lvPart, name string) []lvCell {
	var cells []lvCell
	for _, c := range f.cells {
		if c.Part == part && (name == "" || c.Name == name) {
			cells = append(cells, c)
		}
	}
	return cells
}

// add joins what one more graph gave.
func (f *lvFound) add(r *lvResult) {
	f.graphs++
	f.nodesMean += (float64(r.Nodes) - f.nodesMean) / float64(f.graphs)
	f.links += (float64(r.Links) - f.links) / float64(f.graphs)
	f.mostLinks = max(f.mostLinks, r.MostLinks)
	if f.cells == nil {
		f.cells = r.Cells
		return
	}
	for i := range min(len(f.cells), len(r.Cells)) {
		f.cells[i].join(r.Cells[i])
	}
}

// lvPage makes the page.
type lvPage struct {
	s     *lv2002
	kinds []lvFound
}

func (s *lv2002) Report(results []json.RawMessage) (*report.Report, error) {
	p := &lvPage{s: s}
	for k, kind := range s.kinds() {
		f := lvFound{lvKind: kind}
		for i := range s.instances {
			at := k*s.instances + i
			if at >= len(results) {
				break
			}
			r, err := decode[lvResult](results[at])
			if err != nil {
				return nil, err
			}
			if r != nil {
				f.add(r)
			}
		}
		p.kinds = append(p.kinds, f)
	}
	return &report.Report{
		Summary:  p.summary(),
		Sections: []report.Section{p.graphSection(), p.floodSection(), p.searchSection(), p.walkSection(), p.popularitySection()},
	}, nil
}

// random returns what the random graphs gave.
func (p *lvPage) random() lvFound { return p.kinds[0] }

func (p *lvPage) summary() string {
	const intro = `When nobody knows where a file is, one can ask everybody near (flooding), ask ever further away until somebody has it (an expanding ring), or send out a few
walkers that go from peer to peer at random. Floods are quick and wasteful: much of what they send goes to peers that had
the query already. Rings stop early, but cannot stop within a round. Walkers take their time, and stop soon after the first hit.`
	ring, walk := p.rare(p.random(), lvRingName), p.rare(p.random(), lvWalkersName)
	flood := p.random().at(lvFlooding, "", 7)
	if ring.N == 0 || flood.N == 0 {
		return intro
	}
	return intro + fmt.Sprintf(`

For a file that one peer in 800 has (one peer at the least), in a random network of %.0f peers: a flood with TTL 7 sends %.2f messages a peer and reaches %.0f %% of them; an expanding ring
sends %.2f and finds the file %.1f hops away; 32 walkers send %.3f, their questions whether to go on among them, and take %.0f steps.`,
		p.random().nodesMean, flood.Messages.mean(), 100*flood.Reached.mean(), ring.all(), ring.Hops.mean(), walk.all(), walk.Hops.mean())
}

// rare is the cell of a method for the rarest files.
func (p *lvPage) rare(f lvFound, method string) lvCell {
	return f.at(lvSearching, method, lvRatios()[0])
}

func (p *lvPage) graphSection() report.Section {
	t := report.Table{
		Name: "graphs", Title: "The graphs",
		Columns: []report.Column{
			{Name: "graph"},
			{Name: "nodes"},
			{Name: "links"},
			{Name: "mean degree"},
			{Name: "highest degree"},
			{Name: "nodes in the paper"},
			{Name: "links in the paper"},
		},
	}
	s := report.Section{
		Title: "The graphs",
		Text: `Random: the largest component of a graph with links between random pairs. Power law: the links of the peer of rank i go with i^-0.8, from 1712 in the size of the paper. Gnutella: a stand-in for
a crawl of October 2000 that is not public, in that size with as many nodes, links, and links of the busiest. Grid: a square, 100 by 100 in that size. The figures of the paper are told from memory.`,
	}
	const source = "Lv et al. 2002, table 1"
	for _, f := range p.kinds {
		if f.graphs > 0 {
			t.Add(f.name, f.nodesMean, f.links, 2*f.links/f.nodesMean, f.mostLinks, orNothing(f.nodes), orNothing(f.lvKind.links))
		}
		if f.nodes == 0 {
			continue
		}
		missing := f.graphs == 0
		add := func(what string, paper, ours float64) {
			s.Targets = append(s.Targets, report.Target{
				What: f.name + " graph: " + what, Paper: paper, Ours: ours, Tolerance: 0.05, Source: source, Unverified: true, Missing: missing, Away: p.s.scale != 1,
			})
		}
		add("nodes", float64(f.nodes), f.nodesMean)
		add("links", float64(f.lvKind.links), f.links)
	}
	s.Tables = []report.Table{t}
	return s
}

// fewest says whether at exponent lvZipf copies by the square root cost fewest
// messages.
func (p *lvPage) fewest(method string) bool {
	cost := func(s load.Strategy) float64 {
		return p.random().at(lvPopularity, lvPopularityName(lvZipf, s, method), 0).all()
	}
	root := cost(load.SquareRoot)
	return root < cost(load.Uniform) && root < cost(load.Proportional)
}
