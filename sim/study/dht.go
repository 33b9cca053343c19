package study

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/seed282dab8e/servent/sim/dht"
	"github.com/seed282dab8e/servent/sim/load"
)

func dhtInfo() Info {
	return Info{
		Name:  "dht",
		Title: "Distributed hash tables: hops, loss, upkeep, and what they can find",
		Short: "Hops, loss and upkeep of Chord, Kademlia, Pastry and Plaxton",
		Long: `Looks up random keys in Chord, Kademlia, Pastry and Plaxton networks of growing
size and holds the hops against theory; again with a part of the nodes dead and
tables as they were; runs a Chord whose nodes come and go; and shows what can be
found by key, by words and by prefix, and what that costs.`,
		Source: "Stoica et al. 2001; Maymounkov, Mazières 2002; Rowstron, Druschel 2001; Plaxton et al. 1997; Ramabhadran et al. 2004",
		Example: `servent sim dht
servent sim dht --peers-max 4194304 --lookups 200000`,
		New: func() Study {
			return &dhtStudy{largest: 1 << 20, peers: 10_000, lookups: 20_000, ring: 1000, files: 5000, shape: load.KAD().Shape, seed: 1}
		},
	}
}

// dhtStudy has four sweeps: over the size, over the part that is dead, over how
// long nodes stay, and over what is asked for.
type dhtStudy struct {
	largest, peers, lookups, ring, files, seed int
	shape                                      float64
}

func (s *dhtStudy) Params() []Param {
	return []Param{
		{Name: "peers-max", Usage: "nodes of the largest network; sizes are powers of 4 up to it, from 256", Int: &s.largest, Min: 256, Max: 1 << 24},
		{Name: "peers", Usage: "nodes where some are dead, and for the cost of upkeep", Int: &s.peers, Min: 100, Max: 1 << 22},
		{Name: "lookups", Usage: "lookups in each network and of each kind", Int: &s.lookups, Min: 100, Max: 10_000_000},
		{Name: "ring", Usage: "nodes of the Chord whose nodes come and go", Int: &s.ring, Min: 50, Max: 20_000},
		{Name: "files", Usage: "files that are searched for by words", Int: &s.files, Min: 100, Max: 200_000},
		{Name: "shape", Usage: "shape of the Weibull sessions: below 1, who is old stays long", Float: &s.shape, Min: 0.3, Max: 3},
		{Name: "seed", Usage: "what all that is random follows from", Int: &s.seed, Min: 0, Max: 1 << 53},
	}
}

func (s *dhtStudy) sizes() []int {
	var out []int
	for n := 256; n <= s.largest; n *= 4 {
		out = append(out, n)
	}
	return out
}

// dhtDead are the parts of the nodes that are dead, in percent.
func dhtDead() []int { return []int{0, 10, 20, 30, 40, 50} }

// dhtSessions are mean sessions.
func dhtSessions() []time.Duration {
	return []time.Duration{5 * time.Minute, 15 * time.Minute, time.Hour, 4 * time.Hour, 16 * time.Hour}
}

// weibull returns sessions with that mean.
func (s *dhtStudy) weibull(mean time.Duration) load.Weibull {
	unit := load.Weibull{Scale: time.Hour, Shape: s.shape}
	return load.Weibull{Scale: time.Duration(float64(mean) / unit.Mean().Hours()), Shape: s.shape}
}

// random gives each point a stream of its own.
func (s *dhtStudy) random(point string, n int) *rand.Rand {
	h := uint64(n)
	for i := range len(point) {
		h = uint64(dht.Hash(h ^ uint64(point[i])))
	}
	return rand.New(rand.NewPCG(uint64(s.seed), h))
}

func (s *dhtStudy) Points() ([]Point, error) {
	var points []Point
	add := func(name string, weight float64, nodes, bytes int, run func(ctx context.Context, tick func(float64)) (any, error)) {
		points = append(points, Point{Name: name, Weight: weight, Memory: 16<<20 + int64(nodes)*int64(bytes), Run: run})
	}
	each := float64(s.lookups)
	for _, n := range s.sizes() {
		add(thousands(n)+" nodes", each+float64(n/4), n, 40, func(ctx context.Context, tick func(float64)) (any, error) {
			return s.hops(ctx, n, tick)
		})
	}
	add("100,000 nodes, Pastry as published", each, 100_000, 40, func(ctx context.Context, _ func(float64)) (any, error) {
		return s.published(ctx)
	})
	for _, percent := range dhtDead() {
		add(fmt.Sprintf("%d %% dead", percent), 2*each, s.peers, 40, func(ctx context.Context, tick func(float64)) (any, error) {
			return s.loss(ctx, percent, tick)
		})
	}
	for _, mean := range dhtSessions() {
		add("sessions of "+short(mean), 20*float64(s.ring), s.ring, 20_000, func(ctx context.Context, tick func(float64)) (any, error) {
			return s.churn(ctx, mean, tick)
		})
	}
	add("words and prefixes", 20*float64(s.files), s.files, 2000, func(ctx context.Context, _ func(float64)) (any, error) {
		return s.find(ctx)
	})
	return points, nil
}
