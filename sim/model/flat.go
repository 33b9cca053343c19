package model

import (
	"time"

	"github.com/seed282dab8e/servent/sim/graph"
	"github.com/seed282dab8e/servent/sim/load"
)

// Flat is flooding among equals: each peer passes a query on to all neighbours
// but the one that it came from, until its TTL is used up; hits go back the way
// that the query came. The Gnutella Protocol Specification v0.4 (Clip2, 2001).
// With latency the first copy that arrives is the one that is passed on.
type Flat struct {
	w   *load.Workload
	g   *graph.Graph
	ttl int
	net Net
}

// NewFlat floods g, whose nodes are the peers of w.
func NewFlat(w *load.Workload, g *graph.Graph, ttl int, net Net) *Flat {
	return &Flat{w, g, ttl, net}
}

// Name returns "flat flooding".
func (f *Flat) Name() string { return "flat flooding" }

// TTL returns how many links a query crosses.
func (f *Flat) TTL() int { return f.ttl }

// Upkeep is for this: each peer that comes sets up its links, each that goes leaves as many
// to be replaced by others, and every link has its pings.
func (f *Flat) Upkeep() Upkeep { return linkUpkeep(f.w.Departures(), f.g) }

// linkUpkeep is that of the links of g, of whose nodes so many go in a second
// while as many come.
func linkUpkeep(departures float64, g *graph.Graph) Upkeep {
	links := float64(g.Size())
	degree := 2 * links / float64(max(1, g.Len()))
	made := departures * degree
	pings := 2 * links / pingEach
	return Upkeep{
		Messages: float64(made*linkMessages) + float64(pings*pingMessages),
		Bytes:    float64(made*linkBytes) + float64(pings*pingBytes),
	}
}

// Searcher makes one that runs searches.
func (f *Flat) Searcher() Searcher {
	s := &flatSearcher{newTally(f.w), f, graph.NewFlooder(f.g)}
	s.flooder.Down = f.w.Down()
	return s
}

type flatSearcher struct {
	tally
	flat    *Flat
	flooder *graph.Flooder
}

func (s *flatSearcher) Search(q *load.Query) Outcome {
	s.begin(q)
	fl := s.flooder.Flood(int(q.From), s.flat.ttl, s.flat.net.delay(q))
	s.query(int64(fl.Messages))
	s.out.Duplicates, s.out.Lost = int64(fl.Duplicates), int64(fl.Lost)
	s.out.Reached, s.out.Covered = fl.Reached, fl.Reached
	countFlood(s.flooder, s.flat.g, q.From, s.flat.ttl, func(v int32) *uint32 { return &s.load[v] })
	first := time.Duration(-1)
	for i, p := range s.targets.Peers {
		if !s.flooder.Seen(p) {
			continue
		}
		files := int(s.targets.Counts[i])
		at := 2 * time.Duration(s.flooder.Arrival(p)) * time.Millisecond
		s.hit(p, files, at)
		s.reply(p, files)
		if first < 0 || at < first {
			first, s.out.Hops = at, s.flooder.Hops(p)
		}
	}
	return s.end()
}

// reply sends a hit back from a peer that the flood has reached.
func (s *flatSearcher) reply(from int32, files int) {
	for to := s.flooder.Parent(from); to >= 0; from, to = to, s.flooder.Parent(to) {
		s.out.Replies++
		s.out.Bytes += hitBytes + int64(files)*fileBytes
		s.send(from, to)
	}
}

// countFlood adds to what each node has sent and received: whoever has TTL to
// spare sends to all its neighbours but one.
func countFlood(f *graph.Flooder, g *graph.Graph, source int32, ttl int, load func(v int32) *uint32) {
	count := func(v int32) {
		from := f.Parent(v)
		for _, w := range g.Neighbours(int(v)) {
			if w != from {
				*load(v)++
				*load(w)++
			}
		}
	}
	if ttl > 0 {
		count(source)
	}
	for _, v := range f.Order() {
		if f.Hops(v) < ttl {
			count(v)
		}
	}
}
