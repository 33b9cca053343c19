package study

import (
	"github.com/seed282dab8e/servent/sim/load"
	"github.com/seed282dab8e/servent/sim/report"
)

// copies shows what it changes how the copies of files are shared out.
func (p *comparePage) copies() report.Section {
	t := report.Table{Name: "copies", Title: "By how copies are shared out", Columns: []report.Column{
		{Name: "model"}, {Name: "copies"}, {Name: "recall", Unit: "%"}, {Name: "success", Unit: "%"}, {Name: "messages", Unit: "a search"}, {Name: "first hit", Unit: "s"},
	}}
	cost := report.Figure{Name: "copies-cost", Title: "What a search costs, by how copies are shared out", Kind: report.Bars, LogY: true, YLabel: "messages a search, on a logarithmic axis"}
	found := report.Figure{Name: "copies-found", Title: "Searches that find something, by how copies are shared out", Kind: report.Bars, YLabel: "searches (%)"}
	kinds := append(otherStrategies(), load.Proportional)
	for _, k := range kinds {
		s := report.Series{Name: k.String()}
		cost.Series, found.Series = append(cost.Series, s), append(found.Series, s)
	}
	for _, m := range contenders() {
		row := p.byCopies(m.key, kinds)
		if row == nil {
			continue
		}
		cost.Labels, found.Labels = append(cost.Labels, m.name), append(found.Labels, m.name)
		for i, l := range row {
			t.Add(m.name, kinds[i].String(), 100*l.Recall, 100*l.Success, l.sent(), seconds(l.First50))
			cost.Series[i].Y = append(cost.Series[i].Y, l.sent())
			found.Series[i].Y = append(found.Series[i].Y, 100*l.Success)
		}
	}
	return report.Section{
		Title: "How copies are shared out", Tables: []report.Table{t}, Figures: []report.Figure{found, cost},
		Text: "The same searches where each file has one copy, at its owner (an eighth of the copies that there are otherwise); where all files have as many; where files have copies in proportion to how often they are asked for, as above and as it comes when people keep what they fetched; and in proportion to the square root of that. The last is best for who looks for the first copy of one file, however long it takes (Cohen and Shenker, 2002; the study cohen2002 is about it); here searches match more than one file, most models want ten hits, and all give up. Who stops at ten hits finds fewer of the copies where there are more. Left out are models that look everywhere, to which it is all one, and those that do much as others here: expanding rings and Gia.",
	}
}

// swept is the size of the networks with copies shared out in other ways: of a study
// that was stopped, the largest that was run may be another one.
func (p *comparePage) swept() int {
	if cells := p.parts[partCopy]; len(cells) > 0 {
		return cells[0].peers
	}
	return 0
}

// byCopies returns what a model did with each kind of copies; nil where one of them
// was not run.
func (p *comparePage) byCopies(key string, kinds []load.Strategy) []comparedCell {
	var row []comparedCell
	base, ok := findModel(p.largest(), key)
	for _, k := range kinds {
		if ok && k == base.copies && base.peers == p.swept() {
			row = append(row, base)
		}
		for _, l := range p.of(partCopy, key) {
			if l.copies == k {
				row = append(row, l)
			}
		}
	}
	if len(row) != len(kinds) {
		return nil
	}
	return row
}
