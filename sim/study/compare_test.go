package study

import (
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/sim/load"
	"github.com/seed282dab8e/servent/sim/model"
)

// small leaves out the bare graphs, which take seconds.
func small(seed int) Study {
	c := newCompare()
	c.peers, c.searches, c.seed, c.bare = "100,300", 10, seed, false
	return c
}

func TestCompare(t *testing.T) { checkStudy(t, small) }

// TestCompareShows checks what the page is for: that flooding costs more and
// supernodes carry the load.
func TestCompareShows(t *testing.T) {
	c := newCompare()
	c.peers, c.searches, c.bare = "3000", 40, false
	page := comparePage{c: c}
	cells, err := c.cells()
	if err != nil {
		t.Fatal(err)
	}
	raw := results(t, c)
	for i, l := range cells {
		if err := page.add(l, raw[i]); err != nil {
			t.Fatal(err)
		}
	}
	central, _ := findModel(page.largest(), "central")
	flat, _ := findModel(page.largest(), "flat")
	super, _ := findModel(page.largest(), "super")
	dynamic, _ := findModel(page.largest(), "dynamic")
	switch {
	case central.Recall != 1 || central.Messages != 1:
		t.Errorf("central index: recall %v for %v messages", central.Recall, central.Messages)
	case flat.Recall < 0.5 || super.Recall < 0.5:
		t.Errorf("recall %v flat, %v with supernodes: too small to compare", flat.Recall, super.Recall)
	case flat.Messages < 5*super.Messages || flat.Duplicates == 0:
		t.Errorf("flat %v messages, supernodes %v", flat.Messages, super.Messages)
	case super.Gini < 2*flat.Gini || super.Busiest < 2*flat.Busiest || super.Busiest > 1:
		t.Errorf("load: Gini %v flat, %v with supernodes", flat.Gini, super.Gini)
	case dynamic.Success < 0.9:
		t.Errorf("dynamic: %v of searches find something", dynamic.Success)
	}
	if len(flat.Lorenz) != len(lorenzParts()) || !slices.IsSorted(flat.Lorenz) || flat.Lorenz[0] != -1 || flat.Lorenz[len(flat.Lorenz)-1] != 1 {
		t.Errorf("the busiest carry %v", flat.Lorenz)
	}
	for _, l := range page.of(partChurn, "central") {
		if l.Stale == 0 && l.session.Minutes() < 5 {
			t.Error("sessions of minutes, and nothing is stale")
		}
	}
	for _, want := range []string{"3,000 peers", "flat flooding", "busiest 1 %"} {
		if !strings.Contains(page.summary(), want) {
			t.Errorf("the summary does not say %q: %s", want, page.summary())
		}
	}
}

func TestCompareRefuses(t *testing.T) {
	for want, set := range map[string]func(c *compare){
		"--peers":   func(c *compare) { c.peers = "99" },
		"10000001":  func(c *compare) { c.peers = "1000,10000001" },
		"--degree":  func(c *compare) { c.peers, c.degree = "1001", 3 },
		"--slowest": func(c *compare) { c.slowest = 10 },
	} {
		c := newCompare()
		set(c)
		if _, err := c.Points(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

// TestCompareAgain: what is named twice is a mistake, and so is a degree that unequal
// peers cannot have, as long as there are some.
func TestCompareAgain(t *testing.T) {
	for _, tt := range []struct {
		peers, models string
		degree        int
		want          string
	}{
		{"1000,500,1000", "all", 4, "--peers: 1000 is there twice"},
		{"1000", "flat,super, flat", 4, "--models: flat is there twice"},
		{"1000", "flat,all", 4, `--models: "all" is none of central, `},
		{"1000,9000", "all", 22, "--degree 22: among 1000 peers"},
		{"2200", "all", 22, ""},
		{"1000", "flat,super", 98, ""},
	} {
		c := newCompare()
		c.peers, c.models, c.degree = tt.peers, tt.models, tt.degree
		_, err := c.Points()
		if (err == nil) != (tt.want == "") || err != nil && !strings.HasPrefix(err.Error(), tt.want) {
			t.Errorf("--peers %s --models %s --degree %d: error %v, want %q", tt.peers, tt.models, tt.degree, err, tt.want)
		}
	}
}

// TestCompareAdvises: supernodes that cannot have as many links as --links says are told
// of before the study runs, and only those.
func TestCompareAdvises(t *testing.T) {
	for _, tt := range []struct {
		peers, models string
		want          []string
	}{
		{"1000", "all", nil}, // 31 supernodes, each with links to 30
		{"960", "super", []string{"--links 30 is more than there are others: of 960 peers 30 are supernodes (--leaves 31), and each has a link to all others"}},
		{"500", "flat,gia", nil},
		{"500,1000", "flat,dynamic", []string{"--links 30 is more than there are others: of 500 peers 15 are supernodes (--leaves 31), and each has a link to all others"}},
	} {
		c := newCompare()
		c.peers, c.models = tt.peers, tt.models
		if got := c.Advice(); !slices.Equal(got, tt.want) {
			t.Errorf("--peers %s --models %s: %q, want %q", tt.peers, tt.models, got, tt.want)
		}
	}
}

func TestShareOfLoad(t *testing.T) {
	loads := make([]uint32, 1000)
	loads[7] = 100
	tally := &searchTally{w: &load.Workload{}}
	tally.share(loads, 10)
	if a := tally.sum; math.Abs(a.Gini-0.999) > 1e-12 || a.Most != 10 || a.Busiest != 1 || a.Lorenz[6] != 1 || a.Lorenz[5] != -1 {
		t.Errorf("one carries all: %+v", a)
	}
	for i := range loads {
		loads[i] = 5
	}
	tally = &searchTally{w: &load.Workload{}}
	tally.share(loads, 1)
	if a := tally.sum; math.Abs(a.Gini) > 1e-12 || a.Lorenz[14] != 0.5 || a.Busiest != 0.01 {
		t.Errorf("all carry the same: %+v", a)
	}
}

// scripted is a searcher whose outcomes are known.
type scripted struct{ outcomes []model.Outcome }

func (s *scripted) Search(*load.Query) model.Outcome {
	o := s.outcomes[0]
	s.outcomes = s.outcomes[1:]
	return o
}

func (s *scripted) Load() []uint32 { return nil }

// TestSearchTally: means, parts and quantiles of two searches, by hand.
func TestSearchTally(t *testing.T) {
	w, err := load.New(load.Config{Peers: 21, Files: 1, Copies: 6, NameWords: -1, FreeRiders: -1, Replication: load.Uniform})
	if err != nil {
		t.Fatal(err)
	}
	const ms = time.Millisecond
	s := &scripted{[]model.Outcome{
		{Messages: 10, Duplicates: 4, Lost: 1, Replies: 2, Bytes: 1000, Reached: 5, Covered: 6, Found: 1, Stale: 1, First: 100 * ms, Tenth: -1, Hops: 2},
		{Messages: 30, Duplicates: 6, Replies: 4, Bytes: 3000, Reached: 15, Covered: 12, Found: 12, First: 300 * ms, Tenth: 900 * ms, Hops: 4},
	}}
	tally := &searchTally{w: w, ttl: 7}
	tally.one(s, 1)
	tally.one(s, 2)
	got := tally.result([]uint32{1})
	got.Recall, got.Lorenz, got.Most, got.Busiest, got.Gini = 0, nil, 0, 0, 0
	want := compared{
		TTL: 7, Searches: 2, Success: 1, Success10: 0.5, Messages: 20, Replies: 3, Bytes: 2000, Duplicates: 0.25, Lost: 0.5,
		Reached: 0.5, Covered: 0.45, Stale: 1.0 / 14, First50: 300, First90: 300, Tenth50: 900, Hops: 3,
	}
	if !reflect.DeepEqual(*got, want) {
		t.Errorf("%+v\nwant %+v", *got, want)
	}
}

// TestTraffic: each byte is sent and received; upkeep is of one peer and second.
func TestTraffic(t *testing.T) {
	p := &comparePage{c: &compare{rate: 7200}}
	if got := p.traffic(comparedCell{compared: compared{Bytes: 100, UpkeepBytes: 7}}); got != 2*(100*2+7) {
		t.Errorf("%v bytes a second", got)
	}
	c := small(1).(*compare)
	l := cell{part: partChurn, model: "central", peers: 300, session: time.Hour}
	got, err := c.run(t.Context(), l, func(float64) {})
	if err != nil {
		t.Fatal(err)
	}
	w, err := load.New(c.workload(l))
	if err != nil {
		t.Fatal(err)
	}
	if want := model.NewCentral(w, c.net()).Upkeep(); math.Abs(got.UpkeepBytes*300/want.Bytes-1) > 1e-9 || math.Abs(got.UpkeepMessages*300/want.Messages-1) > 1e-9 {
		t.Errorf("upkeep of a peer %v, of all %v", got.UpkeepBytes, want.Bytes)
	}
}
