package study

import (
	"encoding/json"
	"fmt"

	"github.com/seed282dab8e/servent/sim/graph"
	"github.com/seed282dab8e/servent/sim/report"
)

// validatePage gathers what agreed.
type validatePage struct {
	v      *validate
	agreed []agreed
	cores  *onCores
	crawls []crawled
}

// Places of points that give something else than agreements.
const (
	coresPoint = 3
	firstCrawl = 4
)

func (p *validatePage) add(place int, raw json.RawMessage) (err error) {
	if raw == nil {
		return nil
	}
	switch {
	case place == coresPoint:
		p.cores, err = decode[onCores](raw)
	case place >= firstCrawl:
		var c *crawled
		if c, err = decode[crawled](raw); err == nil {
			p.crawls = append(p.crawls, *c)
			p.agreed = append(p.agreed, c.Agreed...)
		}
	default:
		var a *[]agreed
		if a, err = decode[[]agreed](raw); err == nil {
			p.agreed = append(p.agreed, *a...)
		}
	}
	return err
}

func (p *validatePage) page() *report.Report {
	floods, same := 0, 0
	for _, a := range p.agreed {
		floods += a.Floods
		same += a.Same
	}
	r := &report.Report{Summary: fmt.Sprintf("%s of %s floods that were counted in two ways came out alike, in every message and every peer reached, hop by hop. The real nodes are those that servent ships: what the simulator says of a million peers rests on the same behaviour.",
		thousands(same), thousands(floods))}
	r.Sections = append(r.Sections, p.levels())
	if p.v.graphs != "" {
		r.Sections = append(r.Sections, p.counts())
	}
	return r
}

func (p *validatePage) levels() report.Section {
	s := report.Section{
		Title: "The same floods, counted in several ways",
		Text:  "All messages take equally long here. Floods begin at random nodes.",
	}
	t := report.Table{Name: "levels", Title: "Floods", Columns: []report.Column{
		{Name: "graph"}, {Name: "ways"}, {Name: "floods"}, {Name: "alike"}, {Name: "messages", Unit: "in all"}, {Name: "first difference"},
	}}
	for _, a := range p.agreed {
		t.Add(a.Graph, a.Ways, a.Floods, a.Same, a.Messages, orNone(a.First))
		s.Targets = append(s.Targets, report.Target{
			What: a.Graph + ": " + a.Ways, Unit: "floods alike", Kind: report.Exact, Paper: float64(a.Floods), Ours: float64(a.Same), Source: "each other", Why: a.First,
		})
	}
	cores := func(what string, same func() bool) {
		t := report.Target{What: what + " on one core and on two", Kind: report.Holds, Paper: 1, Source: "each other", Missing: p.cores == nil}
		if p.cores != nil {
			t.Ours = report.Bool(same())
		}
		s.Targets = append(s.Targets, t)
	}
	cores("equal counts of floods", func() bool { return p.cores.Floods })
	cores("equal files of a comparison, to the byte,", func() bool { return p.cores.Page })
	s.Tables = []report.Table{t}
	return s
}

// orNone leaves the cell empty when there is nothing to say.
func orNone(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func (p *validatePage) counts() report.Section {
	s := report.Section{
		Title: "The published crawls",
		Text:  "Nine snapshots of Gnutella of August 2002 (Ripeanu, Foster, Iamnitchi 2002; SNAP). Edges are directed; components are the largest ones.",
	}
	t := report.Table{Name: "crawls", Title: "Counts", Columns: []report.Column{
		{Name: "day"}, {Name: "nodes"}, {Name: "edges"}, {Name: "weak component"}, {Name: "strong component"}, {Name: "triangles"},
	}}
	for _, d := range graph.Crawls() {
		got := crawled{}
		for _, c := range p.crawls {
			if c.Day == d.Day {
				got = c
			}
		}
		n := got.Counts
		if got.Day != "" {
			t.Add(d.Day, n.Nodes, n.Edges, n.LargestWeak, n.LargestStrong, n.Triangles)
		}
		for _, c := range []struct {
			what      string
			want, got int
		}{
			{"nodes", d.Nodes, n.Nodes},
			{"edges", d.Edges, n.Edges},
			{"largest weak component", d.Weak, n.LargestWeak},
			{"largest strong component", d.Strong, n.LargestStrong},
			{"triangles", d.Triangles, n.Triangles},
		} {
			s.Targets = append(s.Targets, report.Target{
				What: "August " + d.Day + ": " + c.what, Kind: report.Exact, Paper: float64(c.want), Ours: float64(c.got),
				Source: "snap.stanford.edu", Missing: got.Day == "",
			})
		}
	}
	s.Tables = []report.Table{t}
	return s
}
