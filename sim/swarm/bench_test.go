package swarm

import (
	"math/rand/v2"
	"testing"
	"time"
)

// BenchmarkKraken is the run that Kraken published: 3 GB to 2600 hosts.
func BenchmarkKraken(b *testing.B) {
	for range b.N {
		res, err := Run(kraken(2600, 3e9), rand.New(rand.NewPCG(1, 1)), nil)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(res.Events)/1e6, "Mevents")
		b.ReportMetric(res.Took.Seconds(), "took_s")
	}
}

// kraken is n agents as Kraken sets them up, and three origins.
func kraken(n int, size int64) Config {
	c := Config{
		Size: size, Piece: 4e6, Seeds: 3, Hosts: make([]Host, n+3),
		Tracker:  &Tracker{Links: 10, Handout: 50, Interval: 3 * time.Second, Shun: 30 * time.Second},
		Pipeline: 3, SeedPipeline: 5, Endgame: 3, Latency: 500 * time.Microsecond,
	}
	for i := range c.Hosts {
		c.Hosts[i] = Host{Up: 300e6, Down: 300e6}
	}
	return c
}
