package study

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/sim/load"
	"github.com/seed282dab8e/servent/sim/swarm"
)

// smallSwarm is the study with a small file and few peers.
func smallSwarm() *swarmStudy {
	s := swarmInfo().New().(*swarmStudy)
	s.peers, s.size, s.piece, s.rate = 60, 20, 1, 10
	s.crowd, s.runs, s.sizes = 40, 2, []int{30, 100}
	return s
}

func TestSwarmKeepsPromises(t *testing.T) {
	checkStudy(t, func(seed int) Study {
		s := smallSwarm()
		s.seed = seed
		return s
	})
}

// The closed forms hold for any size, and rows fit their columns.
func TestSwarmStudy(t *testing.T) {
	r := whole(t, smallSwarm())
	ways := r.Sections[0].Targets
	for _, target := range ways {
		if target.Missing || !target.Met() {
			t.Errorf("%s: %v, want %v", target.What, target.Ours, target.Paper)
		}
	}
	if ways[0].Paper != 120.101 { // 60 peers, 20 MB at 10 MB/s, a piece of 1 MB more, two latencies of 0.5 ms
		t.Errorf("from the seed alone: %v s by the formula, want 120.101", ways[0].Paper)
	}
	if bars := r.Sections[1].Figures[0]; len(bars.Series) != 3 || len(bars.Series[2].Y) != len(bars.Labels) {
		t.Errorf("bars of Kraken's run: %+v", bars)
	}
	if leave := r.Sections[5].Targets[0]; leave.Missing || !leave.Met() {
		t.Errorf("%s: %v", leave.What, leave.Ours)
	}
}

// What was not run is missing, and the page stands all the same.
func TestSwarmNothingRun(t *testing.T) {
	s := smallSwarm()
	points, err := s.Points()
	if err != nil {
		t.Fatal(err)
	}
	r, err := s.Report(make([]json.RawMessage, len(points)))
	if err != nil {
		t.Fatal(err)
	}
	for _, section := range r.Sections {
		for _, target := range section.Targets {
			if !target.Missing {
				t.Errorf("%s: not missing", target.What)
			}
		}
	}
	if len(r.Failed()) > 0 {
		t.Errorf("failed: %v", r.Failed())
	}
}

func TestSwarmStops(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	points, err := swarmInfo().New().Points()
	if err != nil {
		t.Fatal(err)
	}
	ticks := 0
	if _, err := points[0].Run(ctx, func(float64) { ticks++ }); err == nil || ticks > 1 {
		t.Errorf("a run that was stopped goes on for %d ticks, error %v", ticks, err)
	}
}

func TestSwarmBadParameters(t *testing.T) {
	for flag, spoil := range map[string]func(s *swarmStudy){
		"--piece 7":  func(s *swarmStudy) { s.piece = 7 },
		"--piece 40": func(s *swarmStudy) { s.piece = 40 },
		"--links 9":  func(s *swarmStudy) { s.links = 9 },
		"--links 60": func(s *swarmStudy) { s.links = 60 },
	} {
		s := smallSwarm()
		spoil(s)
		if _, err := s.Points(); err == nil || !strings.HasPrefix(err.Error(), flag) {
			t.Errorf("%s: %v", flag, err)
		}
	}
}

func TestSwarmRank(t *testing.T) {
	var done []time.Duration
	for i := range 200 {
		done = append(done, time.Duration(i+1)*time.Second)
	}
	for perMille, want := range map[int]float64{0: 1, 5: 1, 6: 2, 500: 100, 990: 198, 999: 200, 1000: 200} {
		if got := rank(done, perMille); got != want {
			t.Errorf("%d per mille: %v s, want %v", perMille, got, want)
		}
	}
	if rank(nil, 500) != 0 {
		t.Error("of nothing")
	}
}

// A download of 2 s is in the first bucket, as in the plot; who is not done is
// in none.
func TestSwarmBuckets(t *testing.T) {
	c := swarm.Config{Size: 100, Piece: 10, Seeds: 1, Hosts: make([]swarm.Host, 6)} // five peers
	for i := range c.Hosts {
		c.Hosts[i] = swarm.Host{Up: 1, Down: 1}
	}
	r := newSwarmRun(c, &swarm.Result{Done: []time.Duration{
		2 * time.Second, 2*time.Second + 1, 32 * time.Second, 33 * time.Second, -1,
	}}, func(host int) int { return host % 2 })
	want := make([]int, swarmBuckets+1)
	want[0], want[1], want[15], want[16] = 1, 1, 1, 1
	if !slices.Equal(r.Hist, want) || r.Done != 0.8 {
		t.Errorf("%v, done %v", r.Hist, r.Done)
	}
	if len(r.Class) != 2 || r.Class[0].Hosts != 2 || r.Class[1].Hosts != 3 || r.Class[1].P99 != 32 {
		t.Errorf("classes %+v", r.Class)
	}
}

// Hosts are attached as the peers of the workload of the same seed, but for the seed.
func TestSwarmAccess(t *testing.T) {
	s := smallSwarm()
	s.seed = 6
	w, err := load.New(load.Config{Seed: 6, Peers: s.crowd + 1})
	if err != nil {
		t.Fatal(err)
	}
	one := s.accessCases()[0]
	for i, h := range one.config(rand.New(rand.NewPCG(1, 1))).Hosts {
		want := w.Access(int32(i))
		if i == 0 {
			want = load.Fibre()
		}
		if h.Up != int64(want.Up) || h.Down != int64(want.Down) || load.Accesses()[one.classes(i)] != want {
			t.Errorf("host %d: %+v, class %d, want %+v", i, h, one.classes(i), want)
		}
	}
}

// The published run adds up to its 5200 downloads, as near as the plot can be
// read.
func TestSwarmPublished(t *testing.T) {
	total := 0.0
	for _, n := range krakenRun() {
		total += n
	}
	if total < 5150 || total > 5250 || len(krakenRun()) != swarmBuckets {
		t.Errorf("%v downloads in %d steps", total, len(krakenRun()))
	}
}

// TestSwarmNobodyDone: where nobody has the file, nothing took no time.
func TestSwarmNobodyDone(t *testing.T) {
	if got := (&swarmRun{}).when(0); got != nil {
		t.Errorf("nobody is done after %v s", got)
	}
	if got := (&swarmRun{Done: 0.5}).when(3); got != 3.0 {
		t.Errorf("half are done after %v s, want 3", got)
	}
}
