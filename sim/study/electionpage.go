package study

import (
	"fmt"
	"slices"
	"time"

	"github.com/seed282dab8e/servent/sim"
	"github.com/seed282dab8e/servent/sim/report"
)

// What a network that finds its supernodes itself has to reach (docs/decisions/0013).
const (
	leastUse, mostUse = 50, 85 // % of the leaf places that are taken after settling
	mostChanges       = 0.1    // of role, in a node's hour
	mostBoasters      = 2      // % of the supernodes' places
	leastRecall       = 99     // % of the files there
	mostHealing       = 30     // s until all leaves have three supernodes again
)

// electionPage gathers runs.
type electionPage struct {
	s    *election
	runs []*ran
}

// settled is when the network counts as formed.
func (p *electionPage) settled() time.Duration {
	if p.s.hours == 1 {
		return 30 * time.Minute
	}
	return time.Hour
}

// measures are of one run; use has the least and the most.
type measures struct {
	use                                     [2]float64
	changes, boasters, recall, soon, healed float64
}

func (p *electionPage) measure(r *ran) measures {
	var use []float64
	for _, s := range r.Result.Shapes {
		if s.At > p.settled() {
			use = append(use, 100*s.Use())
		}
	}
	if len(use) == 0 {
		use = []float64{0}
	}
	m := measures{changes: r.Result.RoleChanges, boasters: 100 * r.Result.BoasterPlaces(p.settled()), recall: 100 * r.Result.Recall()}
	m.use = [2]float64{slices.Min(use), slices.Max(use)}
	m.soon = 100 * float64(r.Result.Soon) / float64(max(1, r.Result.Want))
	m.healed = r.Result.Healed.Seconds()
	return m
}

func (p *electionPage) page() *report.Report {
	r := &report.Report{Summary: "No run has come to its end.", Sections: []report.Section{p.policy(), over(p.runs, ""), p.reasons()}}
	if len(p.runs) == 0 {
		return r
	}
	met, aims := 0, 0
	for _, t := range r.Sections[0].Targets {
		aims += int(report.Bool(!t.Away))
		met += int(report.Bool(!t.Away && t.Met()))
	}
	m := p.measure(p.runs[0])
	r.Summary = fmt.Sprintf("%s nodes that know one of them only find their supernodes. In the run with seed %d, %.0f to %.0f %% of the leaf places are taken, a node changes its role %.3f times in an hour, liars hold %.1f %% of the supernodes' places%s%s.",
		thousands(p.s.nodes), p.runs[0].Seed, m.use[0], m.use[1], m.changes, m.boasters, foundText(p.runs[0].Result, m), healedText(p.runs[0].Result))
	if aims > 0 {
		r.Summary += fmt.Sprintf(" %d of %d aims of all runs are met.", met, aims)
	}
	return r
}

func foundText(r *sim.CrowdResult, m measures) string {
	if r.Want == 0 {
		return ", there are no files to find"
	}
	return fmt.Sprintf(", %.2f %% of the files there are found", m.recall)
}

// healedText tells of the crash, if there was one that leaves could recover from.
func healedText(r *sim.CrowdResult) string {
	switch {
	case r.Crashed == 0 || r.Full == 0:
		return ""
	case r.Unhealed > 0:
		return fmt.Sprintf(", and %d of %d leaves still have not all of their supernodes again when the wait after the crash of a part of these is over", r.Unhealed, r.Full)
	default:
		return fmt.Sprintf(", and %.0f s after the crash of a part of the supernodes every leaf that had all of its own has them again", r.Healed.Seconds())
	}
}

// policy holds each run against what is wanted.
func (p *electionPage) policy() report.Section {
	s := report.Section{Title: "The policy of promotion", Text: "Places are counted every ten minutes after the network has settled. Files count as there when a node that behaves shares them, within the supernodes that a search can reach, and could serve who asks."}
	t := report.Table{Name: "policy", Title: "Runs", Columns: []report.Column{
		{Name: "seed"},
		{Name: "places taken, least", Unit: "%"},
		{Name: "places taken, most", Unit: "%"},
		{Name: "role changes", Unit: "a node-hour"},
		{Name: "places of liars", Unit: "%"},
		{Name: "files there"},
		{Name: "found", Unit: "%"},
		{Name: "found in 10 s", Unit: "%"},
		{Name: "supernodes that crashed"},
		{Name: "healed after", Unit: "s"},
		{Name: "trace"},
	}}
	for _, one := range p.runs {
		m := p.measure(one)
		t.Add(one.Seed, round6(m.use[0]), round6(m.use[1]), round6(m.changes), round6(m.boasters), one.Result.Want, round6(m.recall), round6(m.soon), one.Result.Crashed, healed(one.Result), one.Result.Trace)
		s.Targets = append(s.Targets, p.targets(one, m)...)
	}
	s.Tables = []report.Table{t}
	awayFrom(p.aimed(), s.Targets)
	return s
}

// aimed says whether the aims are of such a network: not of one so small that a
// few supernodes decide, or in which others behave than there.
func (p *electionPage) aimed() bool {
	least := newElection()
	return p.s.nodes >= least.nodes && p.s.places >= least.places && asPublished(electionInfo(), p.s, "firewalled", "boasters", "crash")
}

func (p *electionPage) targets(one *ran, m measures) []report.Target {
	const source = "docs/decisions/0013"
	seed := fmt.Sprintf("seed %d: ", one.Seed)
	out := []report.Target{
		{What: seed + "leaf places taken, at the least", Unit: "%", Kind: report.AtLeast, Paper: leastUse, Ours: round6(m.use[0]), Source: source},
		{What: seed + "leaf places taken, at the most", Unit: "%", Kind: report.AtMost, Paper: mostUse, Ours: round6(m.use[1]), Source: source},
		{What: seed + "role changes of a node in an hour", Kind: report.AtMost, Paper: mostChanges, Ours: round6(m.changes), Source: source},
		{What: seed + "supernodes' places held by liars", Unit: "%", Kind: report.AtMost, Paper: mostBoasters, Ours: round6(m.boasters), Source: source},
		{What: seed + "files found", Unit: "%", Kind: report.AtLeast, Paper: leastRecall, Ours: round6(m.recall), Source: source},
	}
	if p.s.crash > 0 {
		out = append(out, report.Target{What: seed + "all leaves have their supernodes again", Unit: "s", Kind: report.AtMost, Paper: mostHealing, Ours: m.healed, Source: source, Missing: one.Result.Full == 0 || one.Result.Crashed == 0})
	}
	return out
}

// reasons tells why roles changed.
func (p *electionPage) reasons() report.Section {
	t := report.Table{Name: "reasons", Title: "Why nodes changed their roles", Columns: []report.Column{{Name: "reason"}, {Name: "times"}}}
	sum := map[string]int{}
	var names []string
	for _, one := range p.runs {
		for why, n := range one.Result.Why {
			if _, ok := sum[why]; !ok {
				names = append(names, why)
			}
			sum[why] += n
		}
	}
	slices.Sort(names)
	for _, why := range names {
		t.Add(why, sum[why])
	}
	return report.Section{Title: "Reasons", Tables: []report.Table{t}}
}
