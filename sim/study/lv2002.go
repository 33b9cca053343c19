package study

import (
	"context"
	"fmt"
)

const lvPaper = "Lv, Cao, Cohen, Li, Shenker: Search and replication in unstructured peer-to-peer networks (ICS 2002)"

func lv2002Info() Info {
	return Info{
		Name:  "lv2002",
		Title: "Floods, rings and walkers",
		Short: "Floods, expanding rings and random walkers on four graphs",
		Long: `Searches four kinds of networks by flooding, by floods that grow until
something is found, and by random walkers, and counts hops and messages: at
several TTLs, with more and fewer walkers, and with copies shared out by
popularity in several ways.`,
		Source:  lvPaper,
		Example: "servent sim lv2002\nservent sim lv2002 --scale 10 --instances 2",
		New:     func() Study { return &lv2002{scale: 1, instances: 8, searches: 500, floods: 200, seed: 1} },
	}
}

// lv2002 is the study of that name.
type lv2002 struct {
	scale     float64
	instances int
	searches  int
	floods    int
	graphs    string
	seed      int
}

func (s *lv2002) Params() []Param {
	return []Param{
		{Name: "scale", Usage: "how large graphs are: 2 is twice as large as in the paper", Float: &s.scale, Min: 0.02, Max: 100},
		{Name: "instances", Usage: "graphs of each kind, over which is averaged", Int: &s.instances, Min: 1, Max: 1000},
		{Name: "searches", Usage: "searches on each graph, for each row of a table", Int: &s.searches, Min: 10, Max: 1_000_000},
		{Name: "floods", Usage: "floods on each graph, for each TTL", Int: &s.floods, Min: 10, Max: 1_000_000},
		{Name: "graphs", Usage: "folder with p2p-Gnutella08.txt of snap.stanford.edu/data, to be searched, too", Text: &s.graphs},
		{Name: "seed", Usage: "what all that is random follows from", Int: &s.seed, Min: 0, Max: 1 << 53},
	}
}

func (s *lv2002) Points() ([]Point, error) {
	var points []Point
	for k, kind := range s.kinds() {
		for i := range s.instances {
			points = append(points, Point{
				Name:   fmt.Sprintf("%s graph %d of %d", kind.name, i+1, s.instances),
				Weight: kind.work,
				Memory: int64(s.scale * 10_000 * 250),
				Run: func(ctx context.Context, tick func(float64)) (any, error) {
					r := stream(s.seed, uint64(k), uint64(i))
					g, err := s.graph(kind, r)
					if err != nil {
						return nil, err
					}
					return newLvRun(kind, s, g, r).all(ctx, tick)
				},
			})
		}
	}
	return points, nil
}

// lvPart says which table a cell belongs to.
type lvPart string

const (
	lvFlooding   lvPart = "flooding"   // x is the TTL
	lvSearching  lvPart = "searching"  // x is the part of the peers that have the file
	lvWalking    lvPart = "walking"    // x is the number of walkers
	lvChecking   lvPart = "checking"   // x is the steps between checks
	lvPopularity lvPart = "popularity" // x is nothing
)

// lvResult is what one graph gave.
type lvResult struct {
	Nodes, Links, MostLinks int
	Cells                   []lvCell
}

// lvCell is the mean of many searches. Messages, Checks and Reached are by node of
// the graph.
type lvCell struct {
	Part  lvPart
	Name  string
	X     float64
	N     int
	Found int // searches that found something; the others have no Hops

	Hops, Messages, Checks, Reached, Visited sample
}

// duplicates is the part of the messages that came to who had the query.
func (c lvCell) duplicates() float64 {
	return 1 - perOne(c.Reached.Sum, c.Messages.Sum)
}

// all is what is sent in all: walkers' checks are messages, too.
func (c lvCell) all() float64 { return c.Messages.mean() + c.Checks.mean() }

// join adds what another graph gave.
func (c *lvCell) join(d lvCell) {
	c.N += d.N
	c.Found += d.Found
	c.Hops.join(d.Hops)
	c.Messages.join(d.Messages)
	c.Checks.join(d.Checks)
	c.Reached.join(d.Reached)
	c.Visited.join(d.Visited)
}

// few says whether there are fewer searches of a kind than that, so that chance
// decides.
func (s *lv2002) few(least int) bool { return s.instances*s.searches < least }
