package search

import (
	"cmp"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/seed282dab8e/servent/protocol"
)

const (
	// MaxResults is the most rows that a Grouper holds.
	MaxResults = 1000
	// MaxSources is the most sources that it holds for a row.
	MaxSources = 64
)

// Dropped counts hits that a Grouper did not take.
type Dropped struct {
	Filtered int // did not pass the query's filters, or had neither name nor SHA-1
	Results  int // rows for which there was no room, the worst
	Sources  int // sources past MaxSources of a row
}

// Grouper makes rows of hits: hits of one SHA-1 are one row with many sources.
// What it holds is bounded, whatever peers send. It is not safe for concurrent
// use.
type Grouper struct {
	q       Query
	wanted  []string // every word that counts for the score, phrases too
	rows    map[rowKey]*row
	next    int // order of the next row
	dropped Dropped
}

// NewGrouper returns a Grouper for the hits of one search. Filters of q, its
// phrases and the words left out decide which hits count; plain words and
// prefixes decide only about their rank, since peers match by more than the name.
func NewGrouper(q Query) *Grouper {
	g := &Grouper{q: q, rows: make(map[rowKey]*row)}
	g.wanted = appendNew(g.wanted, q.Words...)
	for _, p := range q.Phrases {
		g.wanted = appendNew(g.wanted, p...)
	}
	return g
}

// Rows returns how many rows there are.
func (g *Grouper) Rows() int { return len(g.rows) }

// Dropped returns the counts so far.
func (g *Grouper) Dropped() Dropped { return g.dropped }

// Add takes one record of a hit that came elapsed after the search began. It
// returns the row as it now is, and whether that shows anything new.
func (g *Grouper) Add(f protocol.FileRecord, s Source, elapsed time.Duration) (Result, bool) {
	name, folder := Clean(f.Name), Clean(f.Path)
	if name == "" && f.URN.HasSHA1 {
		name = f.URN.SHA1.String()
	}
	text := path.Join(folder, name)
	words := Tokens(text)
	if name == "" || !g.q.admits(text, f.Size, TypeOf(name)) || !g.q.matchPhrases(words) || g.unwanted(words) {
		g.dropped.Filtered++
		return Result{}, false
	}
	s.Agent = Clean(s.Agent)
	fresh := Result{
		Name: name, Path: folder, URN: f.URN, Type: TypeOf(name),
		Score: g.score(words, name), Elapsed: elapsed,
	}
	key := keyOf(name, f, s)
	r, renamed := g.rows[key], false
	if r == nil {
		if !g.makeRoom(fresh.Score) {
			g.dropped.Results++
			return Result{}, false
		}
		r = &row{res: fresh, order: g.next}
		g.rows[key] = r
		g.next++
	} else if renamed = fresh.Score > r.res.Score; renamed {
		r.res.Name, r.res.Path, r.res.Type, r.res.Score = name, folder, fresh.Type, fresh.Score
	}
	changed, full := r.take(offer{s, f.Size, f.URN})
	if full {
		g.dropped.Sources++
	}
	return r.res, changed || renamed
}

// unwanted says whether a word stands there that the query leaves out.
func (g *Grouper) unwanted(words []string) bool {
	return slices.ContainsFunc(g.q.Not, func(w string) bool { return slices.Contains(words, w) })
}

// score rates name and path as Result.Score says.
func (g *Grouper) score(words []string, name string) float64 {
	stem := Tokens(strings.TrimSuffix(name, path.Ext(name)))
	matched, inStem := 0, 0
	for _, w := range g.wanted {
		matched += count(slices.Contains(words, w))
		inStem += count(slices.Contains(stem, w))
	}
	for _, p := range g.q.Prefixes {
		matched += count(hasPrefix(words, p))
		inStem += count(hasPrefix(stem, p))
	}
	precision := min(1, float64(inStem)/float64(max(1, len(stem))))
	return float64(matched) + float64(float64(int(precision*7))/8)
}

func count(b bool) int {
	if b {
		return 1
	}
	return 0
}

// makeRoom sees to it that another row of this score fits, if need be at the
// cost of the worst row.
func (g *Grouper) makeRoom(score float64) bool {
	if len(g.rows) < MaxResults {
		return true
	}
	var worst *row
	var key rowKey
	for k, r := range g.rows {
		if worst == nil || byRank(r, worst) > 0 {
			worst, key = r, k
		}
	}
	if worst.res.Score >= score {
		return false
	}
	delete(g.rows, key)
	g.dropped.Results++
	return true
}

// Ranked returns the rows, best first: by score, then by number and
// reachability of the sources, then the nearest, then the first to come.
func (g *Grouper) Ranked() []Result {
	rows := make([]*row, 0, len(g.rows))
	for _, r := range g.rows {
		rows = append(rows, r)
	}
	slices.SortFunc(rows, byRank)
	out := make([]Result, len(rows))
	for i, r := range rows {
		out[i] = r.res
	}
	return out
}

// byRank orders any two rows, so that the order of a map never shows.
func byRank(a, b *row) int {
	return cmp.Or(
		cmp.Compare(b.res.Score, a.res.Score),
		cmp.Compare(b.reach, a.reach),
		cmp.Compare(a.res.Hops, b.res.Hops),
		cmp.Compare(a.order, b.order),
	)
}
