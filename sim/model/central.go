package model

import "github.com/seed282dab8e/servent/sim/load"

// Central is one server that knows what everybody shares: Napster, 1999; as in
// Saroiu, Gummadi, Gribble: A measurement study of peer-to-peer file sharing
// systems (MMCN 2002). It finds everything and gets all the load; its own stands
// behind that of the peers in [Searcher.Load].
type Central struct {
	w   *load.Workload
	net Net
}

// NewCentral has a server index what the peers of w share.
func NewCentral(w *load.Workload, net Net) *Central { return &Central{w, net} }

// Name returns "central index".
func (c *Central) Name() string { return "central index" }

// Upkeep is for this: each peer that comes sends its list; one message to the server, and one
// when it goes, which the server notices.
func (c *Central) Upkeep() Upkeep {
	each := c.w.Departures()
	return Upkeep{
		Messages: each * (linkMessages + 1),
		Bytes:    each * (linkBytes + float64(perPeer(c.w)*fileBytes)),
	}
}

// perPeer is how many files a peer shares on average.
func perPeer(w *load.Workload) float64 { return float64(w.Copies()) / float64(w.Peers()) }

// Searcher makes one that runs searches.
func (c *Central) Searcher() Searcher {
	s := &centralSearcher{newTally(c.w), c.net}
	s.load = append(s.load, 0)
	return s
}

type centralSearcher struct {
	tally
	net Net
}

// maxReply is how many files one message brings; more need more messages.
const maxReply = 100

func (s *centralSearcher) Search(q *load.Query) Outcome {
	s.begin(q)
	server := int32(s.w.Peers())
	back := 2 * s.net.between(q, 0)
	s.query(1)
	s.send(q.From, server)
	s.out.Reached, s.out.Covered, s.out.Hops = 1, s.w.Peers()-1, 1
	files := 0
	for i, p := range s.targets.Peers {
		s.hit(p, int(s.targets.Counts[i]), back)
		files += int(s.targets.Counts[i])
	}
	if files == 0 {
		s.out.Hops = -1
	}
	s.out.Replies = int64((files + maxReply - 1) / maxReply)
	s.out.Bytes += s.out.Replies*hitBytes + int64(files)*fileBytes
	for range s.out.Replies {
		s.send(server, q.From)
	}
	return s.end()
}
