package swarm

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// A peer that is asked each second, at moments of its own, tells of a piece at
// the next of them.
func TestPoll(t *testing.T) {
	c := Config{
		Size: 2e6, Piece: 1e6, Seeds: 1, Order: InOrder, Edges: Line(3), Poll: time.Second,
		Hosts: uniform(3, 1e6, 1e9), Latency: 10 * time.Millisecond,
	}
	c.Hosts[0].Up = 2e6
	// The second of three is asked at a third of each second, and has both pieces
	// by 1.042 s. The last hears of them at 1.333 s and a latency, and gets one
	// after the other: an ask, a second, the piece on its way and in.
	want := time.Second + time.Second/3 + c.Latency + 2*(time.Second+2*c.Latency+time.Millisecond)
	if got := run(t, c).Done[1]; got.Round(time.Microsecond) != want.Round(time.Microsecond) {
		t.Errorf("done at %v, want %v", got, want)
	}
	c.Poll = 10 * time.Hour // many times as long as a run goes on in which nothing else happens
	if got := run(t, c).Done[1]; got < 3*time.Hour {
		t.Errorf("asked each ten hours, done at %v", got)
	}
}

// many is the swarm that downloads are held to: a seed that sends 10 MB/s, eight
// peers ten times as fast, 100 MiB, and each hears of what the others have four
// times a second. Nothing can end sooner than in 10.49 s.
func many(ahead int) Config {
	c := Config{
		Size: 100 << 20, Piece: 256 << 10, Seeds: 1, Hosts: uniform(9, 100e6, 100e6),
		Pipeline: 4, SeedPipeline: ahead, Endgame: 16, Cancel: true,
		Latency: 200 * time.Microsecond, Poll: 250 * time.Millisecond,
	}
	c.Hosts[0].Up = 10e6
	for v := range int32(len(c.Hosts)) {
		for w := range v {
			c.Edges = append(c.Edges, Edge{w, v})
		}
	}
	return c
}

// What the seed sends twice is what peers asked for before they had heard of one
// another: the more, the further ahead they ask. Asked for one by one, rarest
// first, all are done within 1.2 times what is possible; when peers tell what
// they wait for, however far ahead they ask. In order, the seed sends all to each.
func TestOneSeedFeedsMany(t *testing.T) {
	for _, c := range []struct {
		order       Order
		ahead       int
		claims      bool
		least, most float64 // of the bound
	}{
		{RarestFirst, 1, false, 1, 1.17},
		{RarestFirst, 2, false, 1, 1.2},
		{RarestFirst, 8, false, 1.3, 1.5},
		{RarestFirst, 1, true, 1, 1.1},
		{RarestFirst, 8, true, 1, 1.1},
		{InOrder, 1, false, 7, 8},
	} {
		t.Run(fmt.Sprintf("order %d, %d ahead, claims %v", c.order, c.ahead, c.claims), func(t *testing.T) {
			cfg := many(c.ahead)
			cfg.Order, cfg.Claims = c.order, c.claims
			for seed := range uint64(5) {
				res, err := Run(cfg, rand.New(rand.NewPCG(seed, 1)), nil)
				if err != nil {
					t.Fatal(err)
				}
				took, sent := res.Took.Seconds()/Bound(cfg).Seconds(), float64(res.SeedSent)/float64(cfg.Size)
				if took < c.least || took > c.most || sent > took {
					t.Errorf("seed %d: %.3f times as long as is possible, the seed sent %.3f times the file; want from %v to %v", seed, took, sent, c.least, c.most)
				}
			}
		})
	}
}
