package study

import (
	"context"
	"fmt"
	"slices"
)

const yangPaper = "Yang, Garcia-Molina: Designing a super-peer network (ICDE 2003)"

func yang2003Info() Info {
	return Info{
		Name:  "yang2003",
		Title: "Designing a super-peer network",
		Short: "What super-peers have to carry, by the size of clusters and links",
		Long: `Adds up what queries, joins and updates cost super-peers and clients in bytes
and in work, by how many peers hang on a super-peer, how many links these have,
how far queries go, and whether two share the part of one: the load of each,
and that of all together.`,
		Source:  yangPaper,
		Example: "servent sim yang2003\nservent sim yang2003 --cluster 20 --skew 0.5",
		New: func() Study {
			return &yang2003{
				peers: 10_000, cluster: 10, degree: 3.1, more: 10, skew: 0.35, ttl: 7, results: 0.089,
				rate: 9.26e-3, joins: 9.26e-4, updates: 1.85e-3, instances: 8, sources: 1000, seed: 1,
			}
		},
	}
}

// yang2003 is the study of that name.
type yang2003 struct {
	peers, cluster       int
	degree, more, skew   float64
	ttl                  int
	results              float64
	rate, joins, updates float64
	instances, sources   int
	seed                 int
}

func (s *yang2003) Params() []Param {
	return []Param{
		{Name: "peers", Usage: "peers in the network", Int: &s.peers, Min: 1000, Max: 1_000_000},
		{Name: "cluster", Usage: "peers in a cluster, the super-peer among them, where that is not varied", Int: &s.cluster, Min: 2, Max: 500},
		{Name: "degree", Usage: "links of a super-peer to others, on average", Float: &s.degree, Min: 2, Max: 20},
		{Name: "more", Usage: "links of a super-peer to others, on average, when all have more", Float: &s.more, Min: 2, Max: 20},
		{Name: "skew", Usage: "how unequal links are: the super-peer of rank i has them in proportion to i^-skew", Float: &s.skew, Min: 0, Max: 1.5},
		{Name: "ttl", Usage: "TTL of queries", Int: &s.ttl, Min: 1, Max: 50},
		{Name: "results", Usage: "results of a query among the files of one peer, on average", Float: &s.results, Min: 1e-6, Max: 100},
		{Name: "rate", Usage: "queries of each peer, a second", Float: &s.rate, Min: 1e-9, Max: 1000},
		{Name: "joins", Usage: "times that each client comes, a second", Float: &s.joins, Min: 0, Max: 1000},
		{Name: "updates", Usage: "files that each client adds or removes, a second", Float: &s.updates, Min: 0, Max: 1000},
		{Name: "instances", Usage: "networks over which is averaged", Int: &s.instances, Min: 1, Max: 1000},
		{Name: "sources", Usage: "super-peers whose queries stand for all, where there are more", Int: &s.sources, Min: 10, Max: 1_000_000},
		{Name: "seed", Usage: "what all that is random follows from", Int: &s.seed, Min: 0, Max: 1 << 53},
	}
}

// yangPart says which section a point belongs to.
type yangPart string

const (
	yangAlone   yangPart = "alone"    // x is the size of clusters
	yangSizes   yangPart = "clusters" // x is the size of clusters
	yangDegrees yangPart = "degrees"  // x is the mean degree
)

// yangJob is one point.
type yangJob struct {
	part yangPart
	x    float64
	work float64
}

// jobs lists the points. Those of the clusters that --cluster does not name are
// there to compare with.
func (s *yang2003) jobs() []yangJob {
	var jobs []yangJob
	for _, size := range s.aloneSizes() {
		jobs = append(jobs, yangJob{yangAlone, float64(size), 20_000 / float64(size)})
	}
	for _, size := range []int{1, 2, 5, 10, 20, 50, 100, 200, 500} {
		jobs = append(jobs, yangJob{yangSizes, float64(size), 2000 / float64(size)})
	}
	for _, degree := range []float64{2.5, 3.1, 4, 6, 10, 15, 20} {
		jobs = append(jobs, yangJob{yangDegrees, degree, 5 * degree})
	}
	return jobs
}

// aloneSizes are 10 to 100, and --cluster.
func (s *yang2003) aloneSizes() []int {
	sizes := []int{10, 15, 20, 50, 100, s.cluster}
	slices.Sort(sizes)
	return slices.Compact(sizes)
}

func (s *yang2003) Points() ([]Point, error) {
	if s.more <= s.degree {
		return nil, fmt.Errorf("--more %g must be over --degree %g", s.more, s.degree)
	}
	var points []Point
	for i, job := range s.jobs() {
		r := func(instance int) yangStreams { return s.streams(i, instance) }
		points = append(points, Point{
			Name: fmt.Sprintf("%s, %g", job.part, job.x), Weight: job.work, Memory: int64(s.peers)*1000 + 100<<20, // the latter for cliques
			Run: func(ctx context.Context, tick func(float64)) (any, error) {
				switch job.part {
				case yangAlone:
					return s.runAlone(ctx, tick, job.x, r)
				case yangSizes:
					return s.runSize(ctx, tick, job.x, r)
				default:
					return s.runDegree(ctx, tick, job.x, r)
				}
			},
		})
	}
	return points, nil
}
