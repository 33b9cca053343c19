package study

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/seed282dab8e/servent/sim"
	"github.com/seed282dab8e/servent/sim/report"
)

// nodesPage gathers runs.
type nodesPage struct {
	s    *nodes
	runs []*ran
}

func (p *nodesPage) page() *report.Report {
	r := &report.Report{Summary: "No run has come to its end.", Sections: []report.Section{p.found(), over(p.runs, ""), p.traffic()}}
	if len(p.runs) == 0 {
		return r
	}
	var found, want, messages, searches int
	for _, one := range p.runs {
		found, want = found+one.Result.Found, want+one.Result.Want
		messages, searches = messages+one.Result.Queries, searches+one.Result.Searches
	}
	r.Summary = fmt.Sprintf("In %s of %s of the nodes that servent ships, %d searches found %.2f %% of the files that were there, for %.0f copies of the query each.",
		countOf(len(p.runs), "run"), thousands(p.s.nodes), searches, 100*float64(found)/float64(max(1, want)), float64(messages)/float64(max(1, searches)))
	if want == 0 {
		r.Summary = fmt.Sprintf("In %s of %s of the nodes that servent ships there was nothing to find for %d searches.", countOf(len(p.runs), "run"), thousands(p.s.nodes), searches)
	}
	r.Summary += p.s.trouble() + p.crash()
	if p.s.check == yes && len(p.runs) == p.s.runs {
		r.Summary += " Every step of every node that behaves was held to the invariants; none was broken."
	}
	return r
}

// trouble tells what nodes do, and what is done to them.
func (s *nodes) trouble() string {
	var parts []string
	part := func(share float64, what string) {
		if share > 0 {
			parts = append(parts, fmt.Sprintf("%g %% %s", 100*share, what))
		}
	}
	part(s.garblers, "of the nodes damage what they send")
	part(s.falseHits, "answer every query with a file that nobody has")
	part(s.boasters, "claim to be fit for what they are not")
	part(s.slow, "are slow from half of the time on")
	part(s.loss, "of the packets get lost")
	if s.partition > 0 {
		parts = append(parts, fmt.Sprintf("half of the nodes are cut off from the others for %d s after half of the time", s.partition))
	}
	part(s.crash, "of the supernodes crash in the end")
	if len(parts) == 0 {
		return ""
	}
	return " What happens to it: " + strings.Join(parts, "; ") + "."
}

// crash tells what came of the crash of supernodes, if there was one that leaves
// could recover from.
func (p *nodesPage) crash() string {
	var had, short int
	var longest time.Duration
	for _, one := range p.runs {
		had, short, longest = had+one.Result.Full, short+one.Result.Unhealed, max(longest, one.Result.Healed)
	}
	switch {
	case had == 0:
		return ""
	case short > 0:
		return fmt.Sprintf(" Five minutes after supernodes crashed, %s of %s leaves have not all of theirs again.", thousands(short), thousands(had))
	default:
		return fmt.Sprintf(" %.0f s after supernodes crashed, every leaf that had all of its own has them again.", longest.Seconds())
	}
}

// countOf is "one run", "2 runs".
func countOf(n int, what string) string {
	if n == 1 {
		return "one " + what
	}
	return fmt.Sprintf("%s %ss", thousands(n), what)
}

// found tells of the searches, a row for each run.
func (p *nodesPage) found() report.Section {
	s := report.Section{
		Title: "What was found",
		Text:  "There means: shared by a node that behaves, within the supernodes that a search can reach, and that could serve who asks: of two that cannot be connected to neither can. Of each search at most 50 files count. Searches that found something are those to whose first hit the time is told. Role changes are those after roles have settled: the first two thirds of the time, or its first hour, do not count.",
	}
	t := report.Table{Name: "found", Title: "Runs", Columns: []report.Column{
		{Name: "seed"},
		{Name: "searches"},
		{Name: "files there"},
		{Name: "found", Unit: "%"},
		{Name: "found in 10 s", Unit: "%"},
		{Name: "first hit, median", Unit: "ms"},
		{Name: "first hit, 9 of 10", Unit: "ms"},
		{Name: "copies a search"},
		{Name: "duplicates", Unit: "%"},
		{Name: "false hits"},
		{Name: "role changes", Unit: "a node-hour"},
		{Name: "supernodes that crashed"},
		{Name: "healed after", Unit: "s"},
		{Name: "trace"},
	}}
	for _, one := range p.runs {
		r := one.Result
		t.Add(one.Seed, r.Searches, r.Want, percent(r.Found, r.Want), percent(r.Soon, r.Want), quantile(r.First, 0.5), quantile(r.First, 0.9),
			forEach(r.Queries, r.Searches), percent(r.Duplicates, r.Queries), r.FalseHits, round6(r.RoleChanges), r.Crashed, healed(r), r.Trace)
	}
	s.Tables = []report.Table{t}
	if p.s.check == yes {
		s.Targets = []report.Target{{
			What: "every step keeps the invariants", Kind: report.Holds, Paper: 1, Ours: 1, Source: "docs/simulation.md", Missing: len(p.runs) < p.s.runs, // one that breaks them has no result
		}}
	}
	return s
}

// percent is 100 for all; nil where there was nothing.
func percent(part, all int) any {
	if all == 0 {
		return nil
	}
	return round6(100 * float64(part) / float64(all))
}

func forEach(sum, count int) any {
	if count == 0 {
		return nil
	}
	return round6(float64(sum) / float64(count))
}

// quantile is in milliseconds; sorted is ascending.
func quantile(sorted []time.Duration, q float64) any {
	if len(sorted) == 0 {
		return nil
	}
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)].Milliseconds()
}

func healed(r *sim.CrowdResult) any {
	if r.Full == 0 || r.Unhealed > 0 {
		return nil
	}
	return r.Healed.Seconds()
}

// over is a section with the shapes of the runs over time. prefix tells names of
// figures and tables of one page apart.
func over(runs []*ran, prefix string) report.Section {
	s := report.Section{Title: "The network over time"}
	count := report.Figure{Name: prefix + "roles", Title: "Nodes by role", XLabel: "minutes", YLabel: "nodes"}
	use := report.Figure{Name: prefix + "places", Title: "Leaf places that are taken", XLabel: "minutes", YLabel: "places taken (%)"}
	t := report.Table{Name: prefix + "shapes", Title: "Shapes", Text: "Nodes that claim what they have not are among the nodes, and not among the leaves and supernodes, whose places are those that are counted.", Columns: []report.Column{
		{Name: "seed"},
		{Name: "after", Unit: "min"},
		{Name: "nodes"},
		{Name: "leaves"},
		{Name: "supernodes"},
		{Name: "places"},
		{Name: "taken"},
		{Name: "leaves short of supernodes"},
		{Name: "boasters that serve"},
		{Name: "role changes so far"},
	}}
	for i, one := range runs {
		var at, leaves, supernodes, taken []float64
		for _, shape := range one.Result.Shapes {
			at = append(at, shape.At.Minutes())
			leaves, supernodes = append(leaves, float64(shape.Leaves)), append(supernodes, float64(shape.Supernodes))
			taken = append(taken, 100*shape.Use())
			t.Add(one.Seed, round6(shape.At.Minutes()), shape.Nodes, shape.Leaves, shape.Supernodes, shape.Places, shape.Taken, shape.Short, shape.BoasterPlaces, shape.RoleChanges)
		}
		if i >= maxDrawn {
			continue
		}
		name := fmt.Sprintf("seed %d", one.Seed)
		count.Series = append(count.Series, report.Series{Name: "leaves, " + name, X: at, Y: leaves}, report.Series{Name: "supernodes, " + name, X: at, Y: supernodes})
		use.Series = append(use.Series, report.Series{Name: name, X: at, Y: taken})
	}
	s.Figures, s.Tables = []report.Figure{count, use}, []report.Table{t}
	return s
}

// maxDrawn is how many runs are drawn; more would hide one another.
const maxDrawn = 3

// traffic adds up what all runs sent, by kind.
func (p *nodesPage) traffic() report.Section {
	s := report.Section{Title: "What was sent", Text: "On links, all runs together. Headers of messages count, those of TCP and IP do not. Vendor messages carry, among others, lists of files, and the probes by which nodes find out how fast others are."}
	t := report.Table{Name: "traffic", Title: "Messages", Columns: []report.Column{
		{Name: "kind"}, {Name: "messages"}, {Name: "bytes"}, {Name: "bytes a second and node", Unit: "B/s"},
	}}
	var sum []sim.Traffic
	seconds := 0.0
	for _, one := range p.runs {
		seconds += float64(one.Result.Time.Seconds() * float64(p.s.nodes))
		for _, k := range one.Result.Traffic {
			i := slices.IndexFunc(sum, func(s sim.Traffic) bool { return s.Kind == k.Kind })
			if i < 0 {
				i, sum = len(sum), append(sum, sim.Traffic{Kind: k.Kind})
			}
			sum[i].Messages += k.Messages
			sum[i].Bytes += k.Bytes
		}
	}
	for _, k := range sum {
		t.Add(k.Kind, k.Messages, k.Bytes, round6(float64(k.Bytes)/seconds))
	}
	s.Tables = []report.Table{t}
	return s
}

// replayPage tells of a recording.
func replayPage(results []json.RawMessage) (*report.Report, error) {
	r := &report.Report{Summary: "The recording was not replayed."}
	section := report.Section{Title: "The recording"}
	target := report.Target{What: "the trace that was recorded comes again", Kind: report.Holds, Paper: 1, Source: "the recording", Missing: true}
	for _, raw := range results {
		got, err := decode[replayed](raw)
		if err != nil {
			return nil, err
		}
		if got != nil {
			target.Ours, target.Missing = 1, false
			r.Summary = fmt.Sprintf("%s nodes did again what was recorded, for %v of virtual time: the trace is %s, as it was.", thousands(got.Nodes), got.Time.Round(time.Second), got.Trace)
		}
	}
	section.Targets = []report.Target{target}
	r.Sections = []report.Section{section}
	return r, nil
}
