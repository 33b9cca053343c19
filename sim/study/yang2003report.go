package study

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/seed282dab8e/servent/sim/report"
)

// yangPage makes the page.
type yangPage struct {
	s       *yang2003
	alone   []yangRaised
	sizes   []yangSwept
	degrees []yangSwept
}

// yangRaised is what more links did with clusters of a size.
type yangRaised struct {
	size float64
	yangRaise
}

// yangSwept is what designs cost at one value of what is varied.
type yangSwept struct {
	x       float64
	designs []yangDesign
}

// of returns the design of that name; nil when it was not measured.
func (w yangSwept) of(name string) *yangDesign {
	for i, d := range w.designs {
		if d.Name == name && d.All.N > 0 {
			return &w.designs[i]
		}
	}
	return nil
}

func (s *yang2003) Report(results []json.RawMessage) (*report.Report, error) {
	p := &yangPage{s: s}
	for i, job := range s.jobs() {
		if i >= len(results) || results[i] == nil {
			continue
		}
		if err := p.add(job, results[i]); err != nil {
			return nil, err
		}
	}
	sections := []report.Section{p.aloneSection(), p.sizeSection(), p.degreeSection(), p.costSection()}
	for _, section := range sections {
		// Few super-peers that are looked at say nothing about the paper's.
		awayFrom(s.sources >= 100 && asPublished(yang2003Info(), s, "peers", "cluster", "degree", "more", "skew", "ttl", "results", "rate", "joins", "updates"), section.Targets)
	}
	return &report.Report{Summary: p.summary(), Sections: sections}, nil
}

func (p *yangPage) add(job yangJob, raw json.RawMessage) error {
	if job.part == yangAlone {
		r, err := decode[yangRaise](raw)
		if err == nil {
			p.alone = append(p.alone, yangRaised{job.x, *r})
		}
		return err
	}
	d, err := decode[[]yangDesign](raw)
	if err != nil {
		return err
	}
	if job.part == yangSizes {
		p.sizes = append(p.sizes, yangSwept{job.x, *d})
	} else {
		p.degrees = append(p.degrees, yangSwept{job.x, *d})
	}
	return nil
}

// raised returns what more links did with clusters of a size; an empty one and
// false when that was not run.
func (p *yangPage) raised(size int) (yangRaised, bool) {
	for _, r := range p.alone {
		if r.size == float64(size) {
			return r, true
		}
	}
	return yangRaised{}, false
}

// change is how much in per cent of a load that is so many times the one before.
func change(times float64) float64 { return 100 * (times - 1) }

func (p *yangPage) summary() string {
	const intro = `A super-peer answers for the peers that hang on it. The larger these clusters are, the fewer super-peers pass a query on, and the more hangs on each; two can share the
part of one. More links among super-peers make the way of responses shorter and let queries come further, which a smaller TTL can make up for. But whoever takes more links
alone carries what others do not.`
	r, ok := p.raised(p.s.cluster)
	if !ok || r.Together.Bandwidth.N == 0 {
		return intro
	}
	return intro + fmt.Sprintf(`

With clusters of %d, a super-peer that goes from %d neighbours to %d alone has %+.0f %% bandwidth to carry. When all have more, %g on average for %g, one with %d has %+.0f %%
beside one with %d before, and responses cross %.1f links for %.1f.`,
		p.s.cluster, yangFew, yangMany, change(r.Alone.Bandwidth.mean()), p.s.more, p.s.degree, yangMany,
		change(r.Together.Bandwidth.mean()), yangFew, r.ManyPath.mean(), r.FewPath.mean())
}

const yangSource = "Yang, Garcia-Molina 2003, section 5.1, rule 3"

const yangSkewed = "how unequal super-peers are the paper does not say, or is not remembered to: --skew is fitted, to this row and to the links that responses cross; with 0.5 it is +198 %"

// Changes of the load, in per cent, by the paper.
const (
	yangPaperAlone    = 303
	yangPaperTogether = -14
)

func (p *yangPage) raiseTargets() []report.Target {
	r, ok := p.raised(p.s.cluster)
	alone := fmt.Sprintf("one super-peer goes from %d to %d neighbours alone: change of its load", yangFew, yangMany)
	together := fmt.Sprintf("all have more links: change from the load with %d neighbours to that with %d", yangFew, yangMany)
	targets := []report.Target{
		{What: alone + ", its sign", Kind: report.Sign, Paper: yangPaperAlone, Ours: change(r.Alone.Bandwidth.mean())},
		{What: alone + ", --skew fitted", Fitted: true, Tolerance: 0.1, Paper: yangPaperAlone, Ours: change(r.Alone.Bandwidth.mean()), Why: yangSkewed},
		{What: together + ", its sign", Kind: report.Sign, Paper: yangPaperTogether, Ours: change(r.Together.Bandwidth.mean())},
		{What: together, Tolerance: 0.1, Paper: yangPaperTogether, Ours: change(r.Together.Bandwidth.mean())},
	}
	for i := range targets {
		targets[i].Unit, targets[i].Source = "%", yangSource
		targets[i].Missing = !ok || r.Alone.Bandwidth.N == 0 || r.Together.Bandwidth.N == 0
	}
	// What was found when this was written; another miss would be another matter.
	if grown := targets[3].Ours; grown > 5 && grown < 30 {
		targets[2].Why, targets[2].Known = "see the next row", true
		targets[3].Why, targets[3].Known = p.whyGrown(r), true
	}
	return append(targets, p.remembered()...)
}

// whyGrown accounts for a load that grows with the links of all, where the paper's
// falls.
func (p *yangPage) whyGrown(r yangRaised) string {
	return fmt.Sprintf(`This depends much on how far queries came when links were few. %s With clusters of %d, floods with TTL %d and %g links on average reach %.0f %% of the network; with more links they reach %.0f %%, and
queries are a larger part of the traffic, so the load grows. The parameters, the size of clusters among them, are told from memory of the paper, and some it does not say, or is not remembered to: how unequal super-peers are, which of them
it compares, and which load it means. The load is bytes in and out. With --skew 0.5 in place of the fitted %g, it grows by 13 %%.`,
		p.bySize(), p.s.cluster, p.s.ttl, p.s.degree, 100*r.FewReach.mean(), 100*r.ManyReach.mean(), p.s.skew)
}

// bySize tells how the load changes with more links of all, by the size of clusters.
func (p *yangPage) bySize() string {
	var parts []string
	for _, r := range p.alone {
		if r.Together.Bandwidth.N > 0 {
			parts = append(parts, fmt.Sprintf("%+.0f %% with clusters of %g", change(r.Together.Bandwidth.mean()), r.size))
		}
	}
	return "The change is " + strings.Join(parts, ", ") + "."
}

// remembered are targets that rest on memory of the paper.
func (p *yangPage) remembered() []report.Target {
	r, ok := p.raised(p.s.cluster)
	targets := []report.Target{
		{What: "links that a response crosses, few links; --skew is fitted to it", Fitted: true, Tolerance: 0.1, Paper: 5.4, Ours: r.FewPath.mean(), Missing: !ok},
		{What: "links that a response crosses, more links", Tolerance: 0.1, Paper: 3, Ours: r.ManyPath.mean(), Missing: !ok},
	}
	for i := range targets {
		targets[i].Source, targets[i].Unverified = yangSource, true
	}
	return targets
}
