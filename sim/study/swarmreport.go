package study

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/seed282dab8e/servent/sim/report"
	"github.com/seed282dab8e/servent/sim/swarm"
)

// swarmRow is a case with what it gave; nil: it was not run.
type swarmRow struct {
	swarmCase
	*swarmRun
}

// swarmRows holds the rows of all sections.
type swarmRows []swarmRow

// Report makes the page.
func (s *swarmStudy) Report(results []json.RawMessage) (*report.Report, error) {
	var rows swarmRows
	for i, c := range s.cases() {
		r, err := decode[swarmRun](results[i])
		if err != nil {
			return nil, fmt.Errorf("%s, %s: %w", c.part, c.name, err)
		}
		rows = append(rows, swarmRow{c, r})
	}
	return &report.Report{
		Summary: s.summary(rows),
		Sections: []report.Section{
			s.waysSection(rows), s.krakenSection(rows), scaleSection(rows), s.endgameSection(rows),
			s.accessSection(rows), s.leaveSection(rows), s.stallSection(rows),
		},
	}, nil
}

// part returns the rows of a section that were run.
func (rows swarmRows) part(name string) swarmRows {
	var of swarmRows
	for _, r := range rows {
		if r.part == name && r.swarmRun != nil {
			of = append(of, r)
		}
	}
	return of
}

// find returns a row of a section; its run is nil when there is none.
func (rows swarmRows) find(part, name string) swarmRow {
	for _, r := range rows.part(part) {
		if r.name == name {
			return r
		}
	}
	return swarmRow{}
}

func (s *swarmStudy) summary(rows swarmRows) string {
	ideal, ours := rows.find(swarmKraken, rowIdeal), rows.find(swarmKraken, originRow(s.seedLinks))
	alone, chain := rows.find(swarmWays, rowSeed), rows.find(swarmWays, rowChain)
	var b strings.Builder
	fmt.Fprintf(&b, "A file of %d MB goes to %d hosts that send and take in %d MB/s each.", s.size, s.peers, s.rate)
	if alone.swarmRun != nil && chain.swarmRun != nil && ideal.swarmRun != nil {
		fmt.Fprintf(&b, " From one such host alone that takes %.0f s, along a chain %.1f s. In pieces, over a random graph in which each"+
			" host has %d links, it takes %.1f s until the last has it, when nothing can be faster than %.1f s.",
			alone.Took, chain.Took, s.links, ideal.Took, ideal.Bound)
	}
	if ours.swarmRun != nil && s.published() {
		fmt.Fprintf(&b, "\n\nKraken measured a long tail: half of the downloads took as long as the bound, one in a hundred 1.8 times,"+
			" one in a thousand 2.2 times. The model has no such tail with pieces and random links alone, nor with what Kraken's"+
			" source sets. It has one when seeds take on more links than they can serve: %.2f, %.2f and %.2f times with %d links,"+
			" a number that is fitted, not published. Whoever has such a seed for a neighbour waits for what it asked there,"+
			" and endgame, at %d missing pieces, begins too late to help.",
			ours.Times[50]/ours.Bound, ours.Times[99]/ours.Bound, ours.P999/ours.Bound, s.seedLinks, s.endgame)
	}
	return b.String()
}

// swarmTable has a row for each of rows; over is what times are held against.
func swarmTable(name, title, of string, rows swarmRows) report.Table {
	t := report.Table{
		Name: name, Title: title,
		Text: "Times of downloads are from a host's own start. Copies: how many times the" +
			" file left the seeds. Wasted: what came a second time, of what was wanted.",
		Columns: []report.Column{
			{Name: of},
			{Name: "done", Unit: "%"},
			{Name: "bound", Unit: "s"},
			{Name: "p50", Unit: "s"},
			{Name: "p99", Unit: "s"},
			{Name: "p99.9", Unit: "s"},
			{Name: "last", Unit: "s"},
			{Name: "p50 / bound"},
			{Name: "p99 / bound"},
			{Name: "p99.9 / bound"},
			{Name: "copies"},
			{Name: "wasted", Unit: "%"},
		},
	}
	for _, r := range rows {
		t.Add(r.name, 100*r.Done, r.Bound, r.when(r.Times[50]), r.when(r.Times[99]), r.when(r.P999), r.when(r.Took),
			r.when(r.Times[50]/r.Bound), r.when(r.Times[99]/r.Bound), r.when(r.P999/r.Bound), r.Copies, 100*r.Wasted)
	}
	return t
}

// when leaves a cell of times empty where no download was done.
func (r *swarmRun) when(v float64) any {
	if r.Done == 0 {
		return nil
	}
	return v
}

// timesFigure draws what share of the downloads was done by when.
func timesFigure(name, title string, rows swarmRows) report.Figure {
	f := report.Figure{
		Name: name, Title: title,
		Text:   "No host can be the last earlier than the bound; others can be done before it, and all can where senders have saved up what they did not send.",
		XLabel: "time since the host began (s)", YLabel: "downloads done (%)", LogX: true,
	}
	for _, r := range rows {
		if r.Done == 0 {
			continue
		}
		line := report.Series{Name: r.name}
		for p, at := range r.Times {
			line.X = append(line.X, at)
			line.Y = append(line.Y, float64(p)*r.Done)
		}
		f.Series = append(f.Series, line)
	}
	if len(rows) > 0 {
		at := rows[len(rows)-1].Bound
		f.Series = append(f.Series, report.Series{Name: "fluid bound of the last", X: []float64{at, at}, Y: []float64{0, 100}, Paper: true})
	}
	return f
}

func (s *swarmStudy) waysSection(rows swarmRows) report.Section {
	ways := rows.part(swarmWays)
	return report.Section{
		Title: "Ways to share",
		Text: "The seed alone and the chain have one seed with the rate of a host; their times are known in closed form. The others" +
			" have a random graph in which each host has as many links, and seeds that send as fast as their network cards." +
			s.ifPublished("\n\nRarest first and random do equally well where all hosts are alike and stay. In order does not: neighbours have"+
				" the same pieces and nothing to give one another. Endgame changes nothing here, for nobody waits for a slow host."),
		Targets: s.wayTargets(rows),
		Figures: []report.Figure{timesFigure("swarm-ways-done", "Downloads done, by way to share", ways)},
		Tables:  []report.Table{swarmTable("swarm-ways", "Ways to share", "way", ways)},
	}
}

// fluid says whether pieces are so many and messages so fast that closed forms,
// which leave out what these cost, come near.
func (s *swarmStudy) fluid() bool { return s.size >= 100*s.piece && s.latency <= 1 }

// wayTargets hold the model against the closed forms and the bound.
func (s *swarmStudy) wayTargets(rows swarmRows) []report.Target {
	c, rate := s.base(1, s.peers), int64(s.rate)*mega
	alone := report.Target{
		What: "from the seed alone: time to the last peer, N F/u and its last piece", Unit: "s", Tolerance: 0.02, Source: "closed form",
		Paper: swarm.FromSeed(c, s.peers, rate, rate).Seconds(), Missing: true,
	}
	chain := report.Target{
		What: "chain: time to the last peer, F/u and a piece over each link", Unit: "s", Tolerance: 0.02, Source: "closed form",
		Paper: swarm.Chain(c, s.peers, rate, rate).Seconds(), Missing: true,
	}
	if r := rows.find(swarmWays, rowSeed); r.swarmRun != nil {
		alone.Ours, alone.Missing = r.Took, false
	}
	if r := rows.find(swarmWays, rowChain); r.swarmRun != nil {
		chain.Ours, chain.Missing = r.Took, false
	}
	never := report.Target{What: "no run beats the fluid bound", Kind: report.Holds, Paper: 1, Source: "Kumar, Ross 2006", Ours: 1, Missing: true}
	for _, part := range []string{swarmWays, swarmScale, swarmAccess} {
		for _, r := range rows.part(part) {
			never.Missing = false
			never.Ours = min(never.Ours, report.Bool(r.Took >= r.Bound))
		}
	}
	closed := []report.Target{alone, chain}
	awayFrom(s.fluid(), closed)
	return append(closed, never)
}

func scaleSection(rows swarmRows) report.Section {
	scale := rows.part(swarmScale)
	f := report.Figure{
		Name: "swarm-scale-times", Title: "Time by number of peers", LogX: true, XLabel: "peers", YLabel: "time (s)",
		Series: []report.Series{{Name: "half of the downloads"}, {Name: "99 %"}, {Name: "the last"}, {Name: "fluid bound of the last", Paper: true}},
	}
	for _, r := range scale {
		n, err := strconv.ParseFloat(r.name, 64)
		if err != nil {
			continue
		}
		for i, at := range []float64{r.Times[50], r.Times[99], r.Took, r.Bound} {
			f.Series[i].X = append(f.Series[i].X, n)
			f.Series[i].Y = append(f.Series[i].Y, at)
		}
	}
	return report.Section{
		Title: "More peers",
		Text: "The same file in random graphs of other sizes. Each peer brings as much as it takes, and a" +
			" piece needs only as many hops as the logarithm of their number.",
		Figures: []report.Figure{f},
		Tables:  []report.Table{swarmTable("swarm-scale", "Number of peers", "peers", scale)},
	}
}

func (s *swarmStudy) endgameSection(rows swarmRows) report.Section {
	endgame := rows.part(swarmEndgame)
	return report.Section{
		Title: "Endgame",
		Text: "The last row but one of the table on Kraken, with the endgame begun at other numbers of missing pieces." +
			s.ifPublished(" A host that"+
				" has seeds for neighbours has up to 15 asks there, more than the three at which Kraken begins. When it begins"+
				" at 20, the one in a hundred is served nearly as soon as all; but a fifth of all bytes comes in vain, over the links of"+
				" the seeds, too, and the first hosts, who have but the seeds and one another for neighbours, wait the longer for"+
				" that. Asks that are taken back cost little and help all."),
		Figures: []report.Figure{timesFigure("swarm-endgame-done", "Downloads done, by missing pieces at which endgame begins", endgame)},
		Tables:  []report.Table{swarmTable("swarm-endgame", "Endgame", "missing pieces", endgame)},
	}
}

// orNo is "timeout 1s", or "no timeout".
func orNo(what string, on bool, value any) string {
	if on {
		return fmt.Sprint(what, " ", value)
	}
	return "no " + what
}
