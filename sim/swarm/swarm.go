// Package swarm gives one file, or a few at the same time, from its seeds to
// many peers: from the seeds alone, along a chain, or in pieces that the peers
// pass on to one another. It is event-driven and counts in whole nanoseconds
// and bytes, so that a seed gives the same figures on any machine. It is pure.
//
// What is modelled: access links with a capacity up and down, one latency for
// all messages, limited links between peers, a limited number of asks under
// way on each link, the order in which pieces are asked for, endgame, what peers
// tell of and when, a tracker that hands out peers, peers that come late, leave,
// stall or are slow.
//
// A host sends one piece after the other, first asked first served, and takes
// in one piece after the other, first come first served; the network between
// is never the bottleneck. So a host's capacity is split equally, piece by
// piece, among those who ask as much. Left out: congestion control, checking of
// pieces, disks, and tit-for-tat; whoever has a piece gives it, as in Kraken.
package swarm

import (
	"fmt"
	"time"
)

// Order is the order in which a peer asks for pieces.
type Order int

// The orders. A tie between pieces that are equally rare is broken at random.
const (
	RarestFirst Order = iota // what the fewest neighbours have
	Random                   // any that the neighbour has
	InOrder                  // the first that is missing
)

// Host is one machine. Its files share what it can do.
type Host struct {
	Up, Down int64         // bytes a second
	Start    time.Duration // when it begins to download
	Leave    time.Duration // when it leaves, done or not; 0: it stays
	Stall    time.Duration // when it ceases to send, without a word; 0: never
}

// Edge links two hosts for the whole run.
type Edge struct{ A, B int32 }

// Config is one run. The zero value of what is optional leaves it out.
type Config struct {
	Size  int64 // bytes of a file
	Piece int64 // bytes of a piece; the last may be shorter
	Files int   // how many each host downloads at the same time; 0: one

	Hosts []Host
	Seeds int // the first of Hosts, which have all files from the start

	// Edges link the hosts. Where there are none, Tracker finds peers.
	Edges   []Edge
	Tracker *Tracker

	Order    Order
	Pipeline int // asks under way on a link at most; 0: one
	// SeedPipeline is Pipeline on links to a seed; 0: the same.
	SeedPipeline int
	// Endgame is how many pieces are missing when a peer begins to ask more
	// than one neighbour for the same; 0: never. What it has by then asked of
	// others it takes back, when Cancel is set, unless that is being sent.
	Endgame int
	Cancel  bool

	Latency time.Duration // of any message and piece, one way
	// Poll is how often the neighbours of a peer ask it what it has; each peer
	// at moments of its own. 0: it tells them of each piece at once.
	Poll time.Duration
	// Claims: a peer tells, at the same moments, also what it waits for. To others
	// that is as rare as if it had it, so that they ask for something else.
	Claims bool
	// Burst is how much of its capacity a host saves up while it is idle, as a
	// time; it starts with all of it (a token bucket, as Kraken's limiter). Line
	// is how fast it sends and takes in what is saved, in bytes a second; at
	// least what the host can. 0: there is nothing to save.
	Burst time.Duration
	Line  int64
	// Timeout is after how long without an answer a peer gives up a link. 0:
	// never. It is looked at every half of it.
	Timeout time.Duration
	// Linger: who is done leaves after it; negative: at once; 0: it stays.
	Linger time.Duration
}

// Tracker hands out peers to whoever announces itself: complete ones first,
// then the seeds, then others, at random among equals. That, and the default
// values of Kraken, are read from its source: tracker/peerhandoutpolicy,
// tracker/trackerserver, lib/torrent/scheduler.
type Tracker struct {
	Links     int           // that a peer has at most, for each file; Kraken: 10
	SeedLinks int           // that a seed has at most, for each file; 0: the same
	Handout   int           // peers handed out; Kraken: 50, and the seeds
	Interval  time.Duration // between the announces of a host; Kraken: 3 s
	Shun      time.Duration // how long a peer that refused is not tried; Kraken: 30 s
}

// Limits of a run, so that every index fits.
const (
	maxHosts  = 1 << 20
	maxPieces = 1 << 20
	maxPipe   = 1 << 8
	maxLinks  = 1 << 15
	maxBytes  = 1 << 50
)

// validate returns an error that names what is out of range.
func (c *Config) validate() error {
	n := len(c.Hosts)
	switch {
	case c.Size < 1 || c.Size > maxBytes:
		return fmt.Errorf("size %d: must be from 1 to %d bytes", c.Size, int64(maxBytes))
	case c.Piece < 1 || (c.Size-1)/c.Piece >= maxPieces:
		return fmt.Errorf("piece %d: must cut the file in %d pieces at most", c.Piece, maxPieces)
	case c.Files < 0 || c.Files > 16:
		return fmt.Errorf("files %d: must be from 1 to 16", c.Files)
	case n > maxHosts || c.Seeds < 1 || c.Seeds >= n:
		return fmt.Errorf("%d hosts, %d seeds: must be a seed and a peer at least, %d hosts at most", n, c.Seeds, maxHosts)
	case c.Pipeline < 0 || c.Pipeline > maxPipe || c.SeedPipeline < 0 || c.SeedPipeline > maxPipe:
		return fmt.Errorf("pipeline %d, at a seed %d: must be from 1 to %d", c.Pipeline, c.SeedPipeline, maxPipe)
	case c.Latency < 0 || c.Poll < 0 || c.Timeout < 0 || c.Burst < 0 || c.Line < 0:
		return fmt.Errorf("latency %v, poll %v, timeout %v, burst %v, line %d: must not be negative", c.Latency, c.Poll, c.Timeout, c.Burst, c.Line)
	case (len(c.Edges) == 0) == (c.Tracker == nil):
		return fmt.Errorf("%d edges: a run has edges or a tracker", len(c.Edges))
	}
	return c.validateParts()
}

// validateParts looks at each host, each edge and the tracker.
func (c *Config) validateParts() error {
	for i, h := range c.Hosts {
		if h.Up < 1 || h.Down < 1 || h.Start < 0 || h.Leave < 0 || h.Stall < 0 {
			return fmt.Errorf("host %d: needs capacity up and down, and no time of it may be negative", i)
		}
	}
	for i, e := range c.Edges {
		if n := int32(len(c.Hosts)); e.A < 0 || e.B < 0 || e.A >= n || e.B >= n || e.A == e.B {
			return fmt.Errorf("edge %d: %d and %d are not two of %d hosts", i, e.A, e.B, n)
		}
	}
	if c.Tracker != nil {
		return c.Tracker.validate()
	}
	return nil
}

func (t *Tracker) validate() error {
	switch {
	case t.Links < 1 || t.Links > maxLinks || t.SeedLinks < 0 || t.SeedLinks > maxLinks:
		return fmt.Errorf("tracker: links %d, of a seed %d: must be from 1 to %d", t.Links, t.SeedLinks, maxLinks)
	case t.Handout < 1 || t.Interval <= 0 || t.Shun < 0:
		return fmt.Errorf("tracker: handout %d, interval %v, shun %v: must be positive", t.Handout, t.Interval, t.Shun)
	}
	return nil
}

// fill sets what is optional and was left out.
func (c *Config) fill() {
	c.Files = max(c.Files, 1)
	c.Pipeline = max(c.Pipeline, 1)
	if c.SeedPipeline == 0 {
		c.SeedPipeline = c.Pipeline
	}
	if c.Tracker != nil && c.Tracker.SeedLinks == 0 {
		t := *c.Tracker // it is the caller's
		t.SeedLinks = t.Links
		c.Tracker = &t
	}
}
