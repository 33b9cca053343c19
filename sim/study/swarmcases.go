package study

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/seed282dab8e/servent/sim/load"
	"github.com/seed282dab8e/servent/sim/swarm"
)

// The sections of the swarm study.
const (
	swarmWays    = "ways to share"
	swarmKraken  = "Kraken"
	swarmScale   = "number of peers"
	swarmEndgame = "endgame"
	swarmAccess  = "access links"
	swarmLeave   = "the seed leaves"
	swarmStall   = "hosts stall"
)

// The rows that others are held against.
const (
	rowSeed    = "from the seed alone"
	rowChain   = "chain"
	rowIdeal   = "random graph, one file"
	rowDefault = "as its source: tracker, two layers"
)

func orderNames() []string { return []string{"rarest first", "random", "in order"} }

// cases are all runs, in the order of the page.
func (s *swarmStudy) cases() []swarmCase {
	return slices.Concat(s.wayCases(), s.krakenCases(), s.scaleCases(), s.endgameCases(), s.accessCases(), s.leaveCases(), s.stallCases())
}

const mega = 1_000_000

// base is the file, its seeds and n peers; what links them is left open.
func (s *swarmStudy) base(seeds, n int) swarm.Config {
	c := swarm.Config{
		Size: int64(s.size) * mega, Piece: int64(s.piece) * mega, Seeds: seeds,
		Pipeline: s.pipeline, SeedPipeline: s.seedPipeline, Endgame: s.endgame,
		Latency: time.Duration(s.latency * float64(time.Millisecond)),
	}
	for i := range seeds + n {
		h := swarm.Host{Up: int64(s.rate) * mega, Down: int64(s.rate) * mega}
		if i < seeds {
			h.Up = int64(s.line) * mega
		}
		c.Hosts = append(c.Hosts, h)
	}
	return c
}

// wayCases compare the ways to share. One seed of a host's rate gives all from
// itself, or to the first of a chain; the others have the seeds of the study.
func (s *swarmStudy) wayCases() []swarmCase {
	alone := func(edges []swarm.Edge) func(*rand.Rand) swarm.Config {
		return func(*rand.Rand) swarm.Config {
			c := s.base(1, s.peers)
			c.Hosts[0].Up = int64(s.rate) * mega
			// Enough at once that no link waits for an ask.
			c.Edges, c.Order, c.Pipeline, c.SeedPipeline, c.Endgame = edges, swarm.InOrder, 8, 8, 0
			return c
		}
	}
	cases := []swarmCase{
		{part: swarmWays, name: rowSeed, config: alone(swarm.Star(1, s.peers+1))},
		{part: swarmWays, name: rowChain, config: alone(swarm.Line(s.peers + 1))},
	}
	for order, name := range orderNames() {
		for _, endgame := range []int{0, s.endgame} {
			cases = append(cases, swarmCase{
				part: swarmWays, name: name + map[bool]string{true: "", false: ", endgame"}[endgame == 0],
				config: func(r *rand.Rand) swarm.Config {
					c := s.base(s.seeds, s.peers)
					c.Order, c.Endgame, c.Edges = swarm.Order(order), endgame, mesh(r, len(c.Hosts), s.links)
					return c
				},
			})
		}
	}
	return cases
}

// likeKraken is a cluster as Kraken's source sets it up: a tracker, two layers
// that each host downloads at the same time, a limiter with a second of tokens
// (utils/bandwidth), asks and endgame that are not taken back
// (lib/torrent/scheduler/dispatch), three origins for a blob (lib/hashring),
// whose rate is not limited.
func (s *swarmStudy) likeKraken(r *rand.Rand, seedLinks int) swarm.Config {
	c := s.base(s.seeds, s.peers)
	c.Size, c.Files = c.Size/2, 2
	c.Tracker = &swarm.Tracker{
		Links: s.links, SeedLinks: seedLinks, Handout: 50, Interval: 3 * time.Second, Shun: 30 * time.Second,
	}
	c.Burst, c.Line = time.Duration(s.burst*float64(time.Second)), int64(s.line)*mega
	if spread := int64(s.spread * float64(time.Second)); spread > 0 {
		for i := s.seeds; i < len(c.Hosts); i++ {
			c.Hosts[i].Start = time.Duration(r.Int64N(spread))
		}
	}
	return c
}

func originRow(links int) string { return fmt.Sprintf("the same, %d links an origin", links) }

// krakenCases go from the ideal to what Kraken measured.
func (s *swarmStudy) krakenCases() []swarmCase {
	cases := []swarmCase{
		{part: swarmKraken, name: rowIdeal, config: func(r *rand.Rand) swarm.Config {
			c := s.base(s.seeds, s.peers)
			c.Edges = mesh(r, len(c.Hosts), s.links)
			return c
		}},
		{part: swarmKraken, name: rowDefault, config: func(r *rand.Rand) swarm.Config { return s.likeKraken(r, s.links) }},
	}
	for _, links := range []int{s.seedLinks / 3, s.seedLinks} {
		cases = append(cases, swarmCase{
			part: swarmKraken, name: originRow(links),
			config: func(r *rand.Rand) swarm.Config { return s.likeKraken(r, links) },
		})
	}
	return cases
}

// scaleCases are swarms of other sizes.
func (s *swarmStudy) scaleCases() []swarmCase {
	var cases []swarmCase
	for _, n := range s.sizes {
		cases = append(cases, swarmCase{
			part: swarmScale, name: fmt.Sprint(n), weight: float64(n) / float64(s.peers),
			config: func(r *rand.Rand) swarm.Config {
				c := s.base(s.seeds, n)
				links := min(s.links, n-1)
				c.Edges = mesh(r, len(c.Hosts), links-links*len(c.Hosts)%2)
				return c
			},
		})
	}
	return cases
}

// endgameCases begin the endgame at other numbers of missing pieces, where
// seeds have more links than they can serve; once asks are taken back.
func (s *swarmStudy) endgameCases() []swarmCase {
	var cases []swarmCase
	for _, cancel := range []bool{false, true} {
		for _, at := range []int{0, 3, 10, 20, 40} {
			if cancel && at != 20 {
				continue
			}
			cases = append(cases, swarmCase{
				part: swarmEndgame, name: strings.TrimPrefix(orNo("endgame", at > 0, at), "endgame ") + map[bool]string{true: ", taken back"}[cancel],
				config: func(r *rand.Rand) swarm.Config {
					c := s.likeKraken(r, s.seedLinks)
					c.Endgame, c.Cancel = at, cancel
					return c
				},
			})
		}
	}
	return cases
}

// What peers with real access links share.
const (
	accessSize  = 100 * mega
	accessPiece = 250_000
)

// access is how a host is attached: as the peer of the workload of that number, but
// for the seed, which has a fibre.
func (s *swarmStudy) access(host int) load.Access {
	if host == 0 {
		return load.Fibre()
	}
	return load.AccessOf(uint64(s.seed), int32(host))
}

func (s *swarmStudy) accessCases() []swarmCase {
	var cases []swarmCase
	for order, name := range orderNames() {
		cases = append(cases, swarmCase{
			part: swarmAccess, name: name, weight: 0.4,
			classes: func(host int) int { return slices.Index(load.Accesses(), s.access(host)) },
			config: func(r *rand.Rand) swarm.Config {
				c := s.small(r, s.crowd, swarm.Order(order))
				c.Size, c.Piece, c.Latency = accessSize, accessPiece, 50*time.Millisecond
				c.Endgame, c.Cancel = 10, true
				for i := range c.Hosts {
					a := s.access(i)
					c.Hosts[i] = swarm.Host{Up: int64(a.Up), Down: int64(a.Down)}
				}
				return c
			},
		})
	}
	return cases
}

// small is a swarm of n peers and one seed of a host's rate, in a random graph.
func (s *swarmStudy) small(r *rand.Rand, n int, order swarm.Order) swarm.Config {
	c := s.base(1, n)
	c.Hosts[0].Up = int64(s.rate) * mega
	c.Order, c.Pipeline, c.SeedPipeline = order, 1, 1
	c.Edges = mesh(r, n+1, 20)
	return c
}

// smallHosts is how many peers there are where the seed leaves or hosts stall.
const smallHosts = 200

// quickTracker replaces links as fast as a tracker may be asked to.
func quickTracker() *swarm.Tracker {
	return &swarm.Tracker{Links: 20, Handout: 50, Interval: time.Second, Shun: 5 * time.Second}
}

// leaveTimes are when the seed leaves, in tenths of the time in which it sends
// the file once.
func leaveTimes() []int { return []int{10, 12, 15, 20, 30, 50} }

// leaveCases let the seed leave, one peer in five midway, and all others when
// they are done. A tracker replaces the links to those that left.
func (s *swarmStudy) leaveCases() []swarmCase {
	var cases []swarmCase
	for order, name := range orderNames() {
		for _, tenths := range leaveTimes() {
			cases = append(cases, swarmCase{
				part: swarmLeave, name: fmt.Sprintf("%s, after %d.%d", name, tenths/10, tenths%10), weight: 0.4, runs: s.runs,
				config: func(r *rand.Rand) swarm.Config {
					c := s.small(r, smallHosts, swarm.Order(order))
					once := time.Duration(s.size) * time.Second / time.Duration(s.rate)
					c.Hosts[0].Leave = once * time.Duration(tenths) / 10
					c.Linger = -1
					c.Edges, c.Tracker = nil, quickTracker()
					for i := 1; i < len(c.Hosts); i += 5 {
						c.Hosts[i].Leave = 1 + time.Duration(r.Int64N(int64(once)))
					}
					return c
				},
			})
		}
	}
	return cases
}

// stallCases let one host in ten send nothing more after a while.
func (s *swarmStudy) stallCases() []swarmCase {
	var cases []swarmCase
	for _, endgame := range []int{0, 25} {
		for _, timeout := range []time.Duration{0, time.Second, 4 * time.Second, 16 * time.Second} {
			cases = append(cases, swarmCase{
				part: swarmStall, weight: 0.4, runs: s.runs, name: orNo("timeout", timeout > 0, timeout) + ", " + orNo("endgame", endgame > 0, endgame),
				config: func(r *rand.Rand) swarm.Config {
					c := s.small(r, smallHosts, swarm.RarestFirst)
					c.Endgame, c.Cancel, c.Timeout = endgame, true, timeout
					c.Edges, c.Tracker = nil, quickTracker()
					once := time.Duration(s.size) * time.Second / time.Duration(s.rate)
					for i := 1; i < len(c.Hosts); i += 10 {
						c.Hosts[i].Stall = 1 + time.Duration(r.Int64N(int64(once)))
					}
					return c
				},
			})
		}
	}
	return cases
}
