package study

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/seed282dab8e/servent/sim/dht"
	"github.com/seed282dab8e/servent/sim/report"
)

// dhtKeys is what each node publishes: eight files under their keys.
const dhtKeys = 8

// keepers are the tables of dhtKinds whose upkeep is shown.
func keepers() []dht.Overlay {
	ring := dht.RandomRing(rand.New(rand.NewPCG(0, 0)), 64) // its size does not matter here
	return []dht.Overlay{dht.NewChord(ring, 16), dht.NewKademlia(ring, 20, 3), dht.NewPastry(ring, 16), dht.NewPlaxton(ring, 3)}
}

// upkeepSection shows what it costs to be a node.
func (s *dhtStudy) upkeepSection(churn []*dhtChurn) report.Section {
	all := keepers()
	messages, bytes := make([]report.Series, len(all)), make([]report.Series, len(all))
	table := report.Table{
		Name: "dht-parts", Title: "Upkeep of a node, messages and bytes sent in a second",
		Text:    fmt.Sprintf("By formula, for %d nodes that publish %d keys each. Stale is the part of neighbours and of table entries that are dead, as each is looked at once in its period.", s.peers, dhtKeys),
		Columns: []report.Column{{Name: "session", Unit: "min"}, {Name: "table"}, {Name: "tables", Unit: "messages/s"}, {Name: "joins", Unit: "messages/s"}, {Name: "publish", Unit: "messages/s"}, {Name: "move", Unit: "messages/s"}, {Name: "bytes", Unit: "bytes/s"}, {Name: "stale neighbours", Unit: "%"}, {Name: "stale entries", Unit: "%"}},
	}
	for k, o := range all {
		messages[k].Name, bytes[k].Name = o.Name(), o.Name()
		for _, mean := range dhtSessions() {
			care := dht.NewCare(s.peers, mean, dhtKeys)
			u := o.Upkeep(care)
			dhtPut(&messages[k], mean.Minutes(), u.Total().Messages)
			dhtPut(&bytes[k], mean.Minutes(), u.Total().Bytes)
			near, far := s.dhtStale(care)
			var ring any // Kademlia and Plaxton have none
			switch o.(type) {
			case *dht.Chord, *dht.Pastry:
				ring = round6(near)
			}
			table.Add(mean.Minutes(), o.Name(), round6(u.Tables.Messages), round6(u.Joins.Messages), round6(u.Publish.Messages), round6(u.Move.Messages), round6(u.Total().Bytes), ring, round6(far))
		}
	}
	ran, line, targets := s.churnTable(churn)
	const session = "mean session (min)"
	return report.Section{
		Title: "What it costs to be a node",
		Text: `Neighbours on the ring are looked after every 30 s, other entries every 20 min, Kademlia's buckets and all keys once an hour; a message has 40 bytes, 26 for each node and 34 for each entry that it carries. How often nodes come and go decides only the price of joining and of moving keys; what stands still costs messages, too. Whoever wants fresher tables than the last columns show pays in proportion.

Sessions are Weibull. The Chord that was run event by event stabilises as in the paper, one finger each time; its nodes leave without a word, and each is made up for by a new one at once.`,
		Targets: awayFrom(s.ring >= 100 && asPublished(dhtInfo(), s, "shape"), targets), // 10 % hold of these
		Figures: []report.Figure{
			{Name: "dht-upkeep", Title: "Messages that a node sends while nobody searches", XLabel: session, YLabel: "messages/s", LogX: true, LogY: true, Series: append(messages, line)},
			{Name: "dht-upkeep-bytes", Title: "Bytes that a node sends while nobody searches", XLabel: session, YLabel: "bytes/s", LogX: true, LogY: true, Series: bytes},
		},
		Tables: []report.Table{table, ran},
	}
}

// churnTable shows the Chord whose nodes come and go, and holds the formula to it.
func (s *dhtStudy) churnTable(churn []*dhtChurn) (report.Table, report.Series, []report.Target) {
	table := report.Table{
		Name: "dht-churn", Title: fmt.Sprintf("A Chord of %d nodes that come and go, event by event", s.ring),
		Columns: []report.Column{{Name: "session", Unit: "min"}, {Name: "joins"}, {Name: "found", Unit: "%"}, {Name: "hops"}, {Name: "timeouts"}, {Name: "stabilise", Unit: "messages/s"}, {Name: "fingers", Unit: "messages/s"}, {Name: "join", Unit: "messages/s"}},
	}
	line := dhtLine(fmt.Sprintf("Chord of %d, as it ran, no keys", s.ring), false)
	var targets []report.Target
	for i, mean := range dhtSessions() {
		u := keepers()[0].Upkeep(dht.NewCare(s.ring, mean, 0))
		t := report.Target{
			What: fmt.Sprintf("Chord, sessions of %s: upkeep by formula and as it ran", short(mean)), Unit: "messages/s", Tolerance: 0.1,
			Paper: round6(u.Total().Messages), Source: "sim/dht/upkeep.go", Missing: churn[i] == nil,
		}
		if !t.Missing {
			c := churn[i].Chord
			t.Ours = round6(c.Second.Total())
			n := float64(max(1, c.Lookups))
			dhtPut(&line, mean.Minutes(), c.Second.Total())
			table.Add(mean.Minutes(), c.Joins, round6(100*float64(c.Found)/n), round6(float64(c.Hops)/n), round6(float64(c.Timeouts)/n), round6(c.Second.Stabilise), round6(c.Second.Fingers), round6(c.Second.Join))
		}
		targets = append(targets, t)
	}
	return table, line, targets
}

// short is a duration without zero parts.
func short(d time.Duration) string {
	if d >= time.Hour {
		return fmt.Sprintf("%g h", d.Hours())
	}
	return fmt.Sprintf("%g min", d.Minutes())
}

// findSection shows what each way to use a table finds.
func (s *dhtStudy) findSection(f *dhtFound) report.Section {
	can := report.Table{
		Name: "dht-can", Title: "What can be found",
		Columns: []report.Column{{Name: "way"}, {Name: "exact key"}, {Name: "one word"}, {Name: "several words"}, {Name: "prefix, range"}},
	}
	can.Add("the table alone: Chord, Kademlia, Pastry, Plaxton", "yes", "no", "no", "no")
	can.Add("an index under each word", "yes", "yes", "by sending lists about", "no")
	can.Add("a prefix hash tree on top", "yes", "yes", "by sending lists about", "yes")
	can.Add("flooding, for comparison", "if in reach", "if in reach", "if in reach", "if in reach")
	out := report.Section{Title: "What can be found, and what that costs", Tables: []report.Table{can}}
	if f == nil {
		return out
	}
	per := func(n, of int) float64 { return round6(float64(n) / float64(max(1, of))) }
	asks := report.Table{
		Name: "dht-find", Title: "What a question costs, on average",
		Text:    "Hops are those one after the other. Bytes are those of entries sent, at 34 each, without the messages' own.",
		Columns: []report.Column{{Name: "question"}, {Name: "way"}, {Name: "lookups"}, {Name: "messages"}, {Name: "hops"}, {Name: "bytes"}, {Name: "files"}, {Name: "found", Unit: "%"}},
	}
	whole := true
	for _, a := range f.Asks {
		asks.Add(a.Question, a.Way, per(a.Lookups, a.Asked), per(a.Messages, a.Asked), per(a.Hops, a.Asked), per(a.Bytes, a.Asked), per(a.There, a.Asked), per(100*a.Found, a.There))
		whole = whole && a.Found == a.There
	}
	publish := report.Table{
		Name: "dht-publish", Title: "What it costs to publish a file once",
		Columns: []report.Column{{Name: "way"}, {Name: "entries"}, {Name: "messages"}, {Name: "bytes"}},
	}
	publish.Add("under its key", 1, per(f.KeyMessages, f.Files), per(f.KeyBytes, f.Files))
	publish.Add("under each word of its name", per(f.Postings, f.Files), per(f.WordMessages, f.Files), per(f.WordBytes, f.Files))
	publish.Add("in a prefix hash tree", per(f.TreeEntries, f.Files), per(f.TreeMessages, f.Files), per(f.TreeBytes, f.Files))
	out.Text = fmt.Sprintf(`A Chord of 1000 nodes, %d files with names of up to ten words, and 1000 queries. A question for several words sends the list of the first word to the node that has the next one, and so on; with the rarest word first, which takes a lookup of each word to learn, short lists are sent. The tree has leaves of up to %d entries, %d in all; it finds a word by halving the 96 bits of a key.`, f.Files, dhtLeaf, f.Leaves)
	out.Targets = []report.Target{{What: "every question gets all its files, and no others", Kind: report.Holds, Paper: 1, Ours: report.Bool(whole), Source: "looking at every name"}}
	out.Tables = append(out.Tables, asks, publish)
	return out
}
