package study

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"

	"github.com/seed282dab8e/servent/sim/report"
)

// comparePage gathers the results of a comparison by the part of the page that
// shows them. Points that were not run are not there.
type comparePage struct {
	c     *compare
	bare  *bareGraphs
	parts map[part][]comparedCell // each in the order of cells
}

type comparedCell struct {
	cell
	compared
}

func (p *comparePage) add(l cell, raw json.RawMessage) error {
	if l.part == partGraph {
		bare, err := decode[bareGraphs](raw)
		p.bare = bare
		return err
	}
	got, err := decode[compared](raw)
	if err != nil || got == nil {
		return err
	}
	if p.parts == nil {
		p.parts = map[part][]comparedCell{}
	}
	p.parts[l.part] = append(p.parts[l.part], comparedCell{l, *got})
	return nil
}

// page makes the page from what is there.
func (p *comparePage) page() *report.Report {
	r := &report.Report{Summary: p.summary()}
	largest := p.largest()
	if len(largest) > 0 {
		r.Sections = append(r.Sections, p.sideBySide(largest))
	}
	if len(p.parts[partSize]) > len(largest) {
		r.Sections = append(r.Sections, p.growth())
	}
	if len(p.parts[partReach]) > 0 {
		r.Sections = append(r.Sections, p.reach())
	}
	if len(p.parts[partChurn]) > 0 {
		r.Sections = append(r.Sections, p.churn())
	}
	if len(p.parts[partCopy]) > 0 {
		r.Sections = append(r.Sections, p.copies())
	}
	r.Sections = append(r.Sections, p.published())
	return r
}

// largest returns all models in the largest network that was run; it comes first.
func (p *comparePage) largest() []comparedCell {
	cells := p.parts[partSize]
	for i, l := range cells {
		if l.peers != cells[0].peers {
			return cells[:i]
		}
	}
	return cells
}

// of returns what one model did in one part.
func (p *comparePage) of(which part, key string) []comparedCell {
	var out []comparedCell
	for _, l := range p.parts[which] {
		if l.model == key {
			out = append(out, l)
		}
	}
	return out
}

// findModel returns what a model did among cells; false when it was not run.
func findModel(cells []comparedCell, key string) (comparedCell, bool) {
	for _, l := range cells {
		if l.model == key {
			return l, true
		}
	}
	return comparedCell{}, false
}

// sideBySide shows all models in one network.
func (p *comparePage) sideBySide(cells []comparedCell) report.Section {
	n := cells[0].peers
	t := report.Table{
		Name: "models", Title: fmt.Sprintf("All models at %s peers", thousands(n)),
		Text: "Each figure is the mean over all searches. Recall is the part of all copies of matching files that a search finds; a search succeeds when it finds one. The Gini of the load is 0 when all peers carry the same and 1 when one carries all; where too few messages were sent to tell who carries them, it is left open. Latency is the time to the first and the tenth hit, of half of the searches that have one.",
		Columns: []report.Column{
			{Name: "model"},
			{Name: "TTL"},
			{Name: "recall", Unit: "%"},
			{Name: "success", Unit: "%"},
			{Name: "ten hits", Unit: "%"},
			{Name: "queries", Unit: "a search"},
			{Name: "duplicates", Unit: "%"},
			{Name: "replies", Unit: "a search"},
			{Name: "traffic", Unit: "KiB a search"},
			{Name: "first hit", Unit: "s"},
			{Name: "90 % have it", Unit: "s"},
			{Name: "tenth hit", Unit: "s"},
			{Name: "Gini of load"},
			{Name: "busiest 1 % carry", Unit: "%"},
		},
	}
	for _, l := range cells {
		t.Add(contenderOf(l.model).name, orNothing(l.TTL), 100*l.Recall, 100*l.Success, 100*l.Success10, l.Messages, 100*l.Duplicates, l.Replies, l.Bytes/1024,
			seconds(l.First50), seconds(l.First90), seconds(l.Tenth50), p.gini(l), p.busiest(l))
	}
	return report.Section{
		Title:  "Side by side",
		Text:   "Flooding goes as far as it must to look through the files of three fifths of the peers, and so do the supernodes that flood. One step of the TTL can be most of the way, so some come much further: look at the recall beside the cost. Where there are fewer supernodes than links of each, all are linked with all. Duplicates are copies of a query that come to a peer which has it already; they are the waste of flooding.",
		Tables: []report.Table{t, p.ranges(cells), aboutModels(cells)},
		Figures: []report.Figure{
			bars("cost", "What one search costs", "messages a search, on a logarithmic axis", true, cells, func(l comparedCell) float64 { return l.sent() }),
			bars("recall", "What it finds", "copies found (%)", false, cells, func(l comparedCell) float64 { return 100 * l.Recall }),
			waits(cells), p.lorenz(cells),
		},
	}
}

// ranges shows how far searches go, and what the busiest peer has to do.
func (p *comparePage) ranges(cells []comparedCell) report.Table {
	t := report.Table{
		Name: "ranges", Title: "How far searches go", Text: "Peers reached get the search; peers looked at have their files looked through, by themselves or by who keeps their lists.",
		Columns: []report.Column{
			{Name: "model"},
			{Name: "peers reached", Unit: "%"},
			{Name: "peers looked at", Unit: "%"},
			{Name: "hops to the first hit"},
			{Name: "busiest peer", Unit: "messages a search"},
		},
	}
	for _, l := range cells {
		var hops any
		if l.Success > 0 {
			hops = l.Hops
		}
		t.Add(contenderOf(l.model).name, 100*l.Reached, 100*l.Covered, hops, l.Most)
	}
	return t
}

// aboutModels says what the models are, and what they cannot find.
func aboutModels(cells []comparedCell) report.Table {
	t := report.Table{
		Name: "ways", Title: "The ways to find files", Columns: []report.Column{{Name: "model"}, {Name: "in --models"}, {Name: "what it does, and what it cannot find"}},
		Text: "TTL is how many links a search crosses at most; a hit is a copy of a file that matches.",
	}
	if haveTables(cells) {
		t.Text += " Where peers come and go, hash tables name some that have left: each entry of a table is looked at every 20 minutes, only neighbours on the ring every 30 s. To ask one that has left costs a second, and Kademlia asks three at a time. Each peer publishes what it shares once an hour, so lists name files that are gone, and nodes hand nothing over: what all nodes with a copy took with them is not found until it is published again."
	}
	for _, l := range cells {
		m := contenderOf(l.model)
		t.Add(m.name, m.key, m.about)
	}
	return t
}

// haveTables says whether there are hash tables among the models.
func haveTables(cells []comparedCell) bool {
	return slices.ContainsFunc(cells, func(l comparedCell) bool { return contenderOf(l.model).table })
}

func bars(name, title, label string, log bool, cells []comparedCell, value func(comparedCell) float64) report.Figure {
	f := report.Figure{Name: name, Title: title, Kind: report.Bars, YLabel: label, LogY: log, Series: []report.Series{{}}}
	for _, l := range cells {
		f.Labels = append(f.Labels, contenderOf(l.model).name)
		f.Series[0].Y = append(f.Series[0].Y, value(l))
	}
	return f
}

func waits(cells []comparedCell) report.Figure {
	f := report.Figure{Name: "latency", Title: "How long a user waits", Text: "Searches that find ten files are for popular ones, so their tenth hit can be earlier than the first hit of all searches.", Kind: report.Bars, LogY: true, YLabel: "seconds, on a logarithmic axis; half of the searches that have it wait less", Series: []report.Series{{Name: "first hit"}, {Name: "tenth hit"}}}
	for _, l := range cells {
		f.Labels = append(f.Labels, contenderOf(l.model).name)
		f.Series[0].Y = append(f.Series[0].Y, l.First50/1000)
		f.Series[1].Y = append(f.Series[1].Y, l.Tenth50/1000)
	}
	return f
}

func (p *comparePage) lorenz(cells []comparedCell) report.Figure {
	f := report.Figure{
		Name: "load", Title: "Who carries the load", XLabel: "busiest peers (%)", YLabel: "messages that they carry (%)", LogX: true,
		Text: "All messages are counted at who sends and at who gets them. Models that send so little that the searches of this run cannot tell who carries it are left out (more --searches can).",
	}
	for _, l := range drawn(cells) {
		s := report.Series{Name: contenderOf(l.model).name}
		for i, v := range l.Lorenz {
			if v >= 0 && p.loaded(l) {
				s.X = append(s.X, float64(lorenzParts()[i])/1000)
				s.Y = append(s.Y, 100*v)
			}
		}
		if len(s.X) > 0 {
			f.Series = append(f.Series, s)
		}
	}
	return f
}

// enoughLoad is how many messages there must be for each peer before it can be told
// who carries them: with few, the unequal peers are those that happened to be asked.
const enoughLoad = 5

func (p *comparePage) loaded(l comparedCell) bool {
	return 2*l.sent()*float64(p.c.searches) >= enoughLoad*float64(l.peers)
}

// gini and busiest leave a cell empty where the load cannot be told.
func (p *comparePage) gini(l comparedCell) any {
	if !p.loaded(l) {
		return nil
	}
	return l.Gini
}

func (p *comparePage) busiest(l comparedCell) any {
	if !p.loaded(l) {
		return nil
	}
	return 100 * l.Busiest
}

// orNothing leaves a cell empty where a number has no meaning.
func orNothing(n int) any {
	if n == 0 {
		return nil
	}
	return n
}

// seconds turns ms into a cell; nothing where there are none.
func seconds(ms float64) any {
	if ms < 0 {
		return nil
	}
	return ms / 1000
}

// mostLines is how many lines a plot has room for.
const mostLines = 8

// drawn returns the cells of those models that the lines of a plot are for: all
// where there is room.
func drawn(cells []comparedCell) []comparedCell {
	models := map[string]bool{}
	for _, l := range cells {
		models[l.model] = true
	}
	if len(models) <= mostLines {
		return cells
	}
	return slices.DeleteFunc(slices.Clone(cells), func(l comparedCell) bool { return !contenderOf(l.model).drawn })
}

func nearest(v float64) int { return int(math.Round(v)) }

// thousands writes a number as people read it.
func thousands(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
