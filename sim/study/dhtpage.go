package study

import (
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/seed282dab8e/servent/sim/exact"
	"github.com/seed282dab8e/servent/sim/report"
)

// dhtResults are the results of all points, nil for those that were not run.
type dhtResults struct {
	hops      []*dhtHops
	published *dhtCount
	loss      []*dhtLoss
	churn     []*dhtChurn
	find      *dhtFound
}

// decode reads all results.
func (s *dhtStudy) decode(raw []json.RawMessage) (*dhtResults, error) {
	sizes, dead, sessions := len(s.sizes()), len(dhtDead()), len(dhtSessions())
	if want := sizes + 1 + dead + sessions + 1; len(raw) != want {
		return nil, fmt.Errorf("%d results, want %d", len(raw), want)
	}
	out := &dhtResults{}
	var err error
	if out.hops, err = decodeAll[dhtHops](raw[:sizes]); err != nil {
		return nil, err
	}
	raw = raw[sizes:]
	if out.published, err = decode[dhtCount](raw[0]); err != nil {
		return nil, err
	}
	if out.loss, err = decodeAll[dhtLoss](raw[1 : 1+dead]); err != nil {
		return nil, err
	}
	if out.churn, err = decodeAll[dhtChurn](raw[1+dead : 1+dead+sessions]); err != nil {
		return nil, err
	}
	out.find, err = decode[dhtFound](raw[len(raw)-1])
	return out, err
}

// decodeAll reads the results of points of one kind.
func decodeAll[R any](raw []json.RawMessage) ([]*R, error) {
	out := make([]*R, len(raw))
	for i := range raw {
		var err error
		if out[i], err = decode[R](raw[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (s *dhtStudy) Report(raw []json.RawMessage) (*report.Report, error) {
	all, err := s.decode(raw)
	if err != nil {
		return nil, err
	}
	return &report.Report{
		Summary: "A distributed hash table finds whoever holds a key in a number of steps that grows with the logarithm of the network" + s.largestText(all.hops) + `.

It pays elsewhere. Each node looks after its tables all the time, the more the shorter nodes stay; each file must be published again and again; and only exact keys are found. To search by words, an index is needed with an entry for every word of every file, and for a query of several words whole lists of entries are sent about. Prefixes take a tree on top, whose nodes are looked up one by one.`,
		Sections: []report.Section{
			s.hopsSection(all),
			s.lossSection(all.loss),
			s.upkeepSection(all.churn),
			s.findSection(all.find),
		},
	}, nil
}

// largestText tells of the largest network that was run.
func (s *dhtStudy) largestText(hops []*dhtHops) string {
	for i := len(hops) - 1; i >= 0; i-- {
		if hops[i] == nil {
			continue
		}
		c := hops[i].Counts // as dhtKinds
		return fmt.Sprintf(": at %s nodes %.1f in Chord, %.1f in Pastry, %.1f in Plaxton, and %.1f in Kademlia, which asks three nodes at a time",
			thousands(s.sizes()[i]), c[0].hops(), c[2].hops(), c[3].hops(), c[1].hops())
	}
	return ""
}

// round6 keeps six digits, so that a last bit that another machine computes
// differently does not show.
func round6(v float64) float64 {
	if v == 0 {
		return 0
	}
	six, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 6, 64), 64)
	if err != nil {
		return v
	}
	return six
}

// dhtLine is a series that is filled point by point.
func dhtLine(name string, paper bool) report.Series { return report.Series{Name: name, Paper: paper} }

func dhtPut(s *report.Series, x, y float64) {
	s.X = append(s.X, x)
	s.Y = append(s.Y, round6(y))
}

// hopsSection shows how lookups grow with the network.
func (s *dhtStudy) hopsSection(all *dhtResults) report.Section {
	lines := []report.Series{
		dhtLine("Chord, to the owner", false), dhtLine("Kademlia, k = 20, alpha = 3", false), dhtLine("Pastry, l = 16", false),
		dhtLine("Plaxton", false), dhtLine("Kademlia, k = 20, alpha = 1", false),
	}
	theory := []report.Series{
		dhtLine("1/2 log2 n + 1", true), dhtLine("log16 n", true), dhtLine("Kademlia, alpha = 1: expected", true),
	}
	table := report.Table{
		Name: "dht-lookups", Title: "Hops and messages of a lookup",
		Text:    "Entries is what a node's table holds. Messages are requests and answers.",
		Columns: []report.Column{{Name: "nodes"}, {Name: "table"}, {Name: "hops"}, {Name: "expected"}, {Name: "messages"}, {Name: "entries"}},
	}
	for i, n := range s.sizes() {
		h := all.hops[i]
		if h == nil {
			continue
		}
		x, log := float64(n), exact.Log2(float64(n))
		dhtPut(&theory[0], x, float64(log/2)+1)
		dhtPut(&theory[1], x, log/4)
		dhtPut(&theory[2], x, h.Expected.Kademlia)
		for k, c := range h.Counts {
			dhtPut(&lines[k], x, c.hops())
			table.Add(n, dhtKinds()[k].name, round6(c.hops()), h.Expected.of(k), round6(c.mean(c.Messages)), round6(h.Entries[k]))
		}
	}
	return report.Section{
		Title: "Hops of a lookup",
		Text: `A hop is one node asked because of what another one answered; the last is the owner of the key. All lookups are iterative: the asker itself asks everybody.

Chord: the published 1/2 log2 n counts to the key's predecessor, which knows the owner; so the owner is one hop more. With nodes at equal distances it is exact. With random ones, lookups come out 0.137 hops shorter: a jump to the first node after 2^i goes a little further than 2^i. Pastry and Plaxton resolve a digit of four bits a hop, but a digit that agrees by chance takes none, so sixteen times as many nodes cost 15/16 of a hop. The expectation for Plaxton is exact; for Pastry none is known to us, since its leaf sets end a lookup early. Kademlia takes b = 1, k = 20: a hop resolves not one bit but those that the best of 20 contacts shares with the key, 5.69 on average.`,
		Targets: s.hopsTargets(all),
		Figures: []report.Figure{
			{Name: "dht-hops", Title: "Hops to the owner of a key", XLabel: "nodes", YLabel: "hops, mean", LogX: true, Series: append(lines, theory...)},
			s.shareFigure(all.hops),
		},
		Tables: []report.Table{table},
	}
}

// of is the mean number of hops to the owner in a table of dhtKinds; nil where
// theory gives none.
func (e dhtExpected) of(kind int) any {
	switch kind {
	case 0:
		return e.Chord + 1
	case 3:
		return e.Plaxton
	case 4:
		return e.Kademlia
	default:
		return nil
	}
}

// shareFigure shows how hops are spread in the largest network that was run.
func (s *dhtStudy) shareFigure(hops []*dhtHops) report.Figure {
	f := report.Figure{Name: "dht-share", Kind: report.Bars, XLabel: "hops", YLabel: "lookups (%)"}
	last := len(hops) - 1
	for last >= 0 && hops[last] == nil {
		last--
	}
	if last < 0 {
		return f
	}
	f.Title = fmt.Sprintf("How many hops lookups take among %s nodes", thousands(s.sizes()[last]))
	longest := 0
	for _, c := range hops[last].Counts {
		longest = max(longest, len(c.Share))
	}
	for i := range longest {
		f.Labels = append(f.Labels, fmt.Sprint(i))
	}
	for k, c := range hops[last].Counts[:4] {
		line := dhtLine(dhtKinds()[k].name, false)
		for i := range longest {
			share := 0.0
			if i < len(c.Share) {
				share = 100 * c.mean(c.Share[i])
			}
			dhtPut(&line, float64(i), share)
		}
		f.Series = append(f.Series, line)
	}
	return f
}
