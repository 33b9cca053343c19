package study

import (
	"fmt"

	"github.com/seed282dab8e/servent/sim/dht"
	"github.com/seed282dab8e/servent/sim/report"
)

// lossSection shows lookups among nodes that have died.
func (s *dhtStudy) lossSection(loss []*dhtLoss) report.Section {
	var found, timeouts, messages []report.Series
	for _, k := range dhtKinds()[:4] {
		found = append(found, dhtLine(k.name, false))
		timeouts = append(timeouts, dhtLine(k.name, false))
		messages = append(messages, dhtLine(k.name, false))
	}
	table := report.Table{
		Name: "dht-loss", Title: "Lookups when a part of the nodes is dead",
		Columns: []report.Column{{Name: "dead", Unit: "%"}, {Name: "table"}, {Name: "found", Unit: "%"}, {Name: "hops"}, {Name: "messages"}, {Name: "timeouts"}},
	}
	var targets []report.Target
	for i, percent := range dhtDead() {
		targets = append(targets, dhtLossTargets(percent, loss[i])...)
		if loss[i] == nil {
			continue
		}
		for k, c := range loss[i].Counts[:4] {
			dhtPut(&found[k], float64(percent), c.found())
			dhtPut(&timeouts[k], float64(percent), c.mean(c.Timeouts))
			dhtPut(&messages[k], float64(percent), c.mean(c.Messages))
			table.Add(percent, dhtKinds()[k].name, round6(c.found()), round6(c.hops()), round6(c.mean(c.Messages)), round6(c.mean(c.Timeouts)))
		}
	}
	const dead = "nodes that are dead (%)"
	return report.Section{
		Title: "When nodes have died",
		Text: fmt.Sprintf(`A part of %d nodes dies at once, and nobody has mended his tables yet. Asking a dead node costs a timeout, and then the next best one is asked: another finger or one of 16 successors (Chord), one of the 20 contacts of a bucket (Kademlia), a node of the leaf set or of the rest of the table (Pastry), one of two backups (Plaxton). A lookup has found the owner when it ends at the node that owns the key among those that are left; whether that node has the value is a matter of copies. Without a ring or leaf set to end on, Plaxton finds another node than the owner wherever an entry and both its backups are dead.

Timeouts count each dead node once for each lookup; how the paper that is held beside Chord counts them we do not know.`, s.peers),
		Targets: awayFrom(s.enough(), targets),
		Figures: []report.Figure{
			{Name: "dht-found", Title: "Lookups that find the owner", XLabel: dead, YLabel: "lookups (%)", Series: found},
			{Name: "dht-timeouts", Title: "Timeouts of a lookup", XLabel: dead, YLabel: "timeouts, mean", Series: timeouts},
			{Name: "dht-messages", Title: "Messages of a lookup", XLabel: dead, YLabel: "messages, mean", Series: messages},
		},
		Tables: []report.Table{table},
	}
}

// dhtLossTargets hold one part of dead nodes to what was published for 1000
// nodes with lists of 20 (Stoica et al. 2003, table II, from memory).
func dhtLossTargets(percent int, loss *dhtLoss) []report.Target {
	paper := map[int][2]float64{0: {3.84, 0}, 10: {4.03, 0.60}, 20: {4.22, 1.17}, 30: {4.44, 2.02}, 40: {4.69, 3.23}, 50: {5.09, 5.10}}[percent]
	const source = "Stoica et al. 2003, table II"
	hops := report.Target{
		What: fmt.Sprintf("%d %% dead, Chord that also jumps by lists of 20: to the predecessor", percent), Unit: "hops",
		Paper: paper[0], Tolerance: 0.1, Source: source, Unverified: true, Missing: loss == nil,
	}
	timeouts := hops
	timeouts.What, timeouts.Unit = fmt.Sprintf("%d %% dead, the same: timeouts of a lookup", percent), "timeouts"
	timeouts.Paper, timeouts.Tolerance = paper[1], 0.25
	found := report.Target{
		What: fmt.Sprintf("%d %% dead, Chord with lists of 16: lookups that find the owner", percent), Unit: "%",
		Paper: round6(100 * (1 - lostRuns(float64(percent)/100, 16))), Tolerance: 0.005, Source: "all but keys in runs of 16 dead nodes or more", Missing: loss == nil,
	}
	if loss != nil {
		hops.Ours = round6(loss.Lists.hops() - 1)
		timeouts.Ours = round6(loss.Lists.mean(loss.Lists.Timeouts))
		found.Ours = round6(loss.Counts[0].found())
	}
	return []report.Target{found, hops, timeouts}
}

// lostRuns is the part of keys that lie in a run of r or more dead nodes, when a
// part f of all is dead: before and after a key lie s in all with probability
// (s+1) f^s (1-f)^2.
func lostRuns(f float64, r int) float64 {
	lost := 1 + float64(float64(r)*(1-f))
	for range r {
		lost *= f
	}
	return lost
}

// dhtStale is what part of neighbours and table entries is dead.
func (s *dhtStudy) dhtStale(care dht.Care) (neighbours, entries float64) {
	w := s.weibull(care.Session)
	return 100 * dht.Stale(care.Period, w.Leaving), 100 * dht.Stale(care.Probe, w.Leaving)
}
