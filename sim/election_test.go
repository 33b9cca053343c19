package sim

import (
	"os"
	"strconv"
	"testing"
	"time"
)

const (
	leastUse, mostUse = 0.50, 0.85 // of the leaf places, after the first hour
	mostChanges       = 0.1        // of role, in a node's hour
	leastRecall       = 0.99       // of min(target, what there is within the horizon)
	mostLiars         = 0.02       // of the supernode places
	healTime          = 30 * time.Second
	leafTarget        = 50
)

func fromEnv(name string, otherwise int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return n
	}
	return otherwise
}

// TestElection: a network that forms itself from one node, under churn, with liars.
// It is small here; `make election` runs it with 10,000 nodes (docs/performance.md).
func TestElection(t *testing.T) {
	size, hours := fromEnv("ELECTION_NODES", 400), fromEnv("ELECTION_HOURS", 2)
	began := time.Now()
	e := newElection(uint64(fromEnv("ELECTION_SEED", 1)), size, fromEnv("ELECTION_PLACES", 60), 30*time.Minute)
	note := func() shape {
		s := e.look()
		t.Logf("%v (%v): %s; %v", e.w.Now(), time.Since(began).Truncate(time.Millisecond), s, e.why)
		return s
	}
	for range 5 {
		e.w.Run(10 * time.Minute)
		note()
	}
	e.w.Run(10 * time.Minute)
	first := note()
	var liars, places int
	for e.w.Now() < time.Duration(hours)*time.Hour {
		e.w.Run(10 * time.Minute)
		s := note()
		if s.use() < leastUse || s.use() > mostUse {
			t.Errorf("%v: %.1f %% of the leaf places are taken", e.w.Now(), 100*s.use())
		}
		liars, places = liars+s.liarPlaces, places+s.supers+s.liarPlaces
	}
	last := e.look()
	rate := float64(last.changes-first.changes) / (float64(size) * (e.w.Now() - time.Hour).Hours())
	t.Logf("%d role changes after the first hour, %.4f in a node's hour; liars in %d of %d supernode places seen", last.changes-first.changes, rate, liars, places)
	if rate > mostChanges {
		t.Errorf("%.3f role changes in a node's hour", rate)
	}
	if part := float64(liars) / float64(places); part >= mostLiars {
		t.Errorf("liars have %.1f %% of the supernode places", 100*part)
	}
	found, soon, want := e.recall(fromEnv("ELECTION_SEARCHES", 60), leafTarget)
	t.Logf("found %d of %d: %.2f %%, within 10 s %.2f %% (%v)", found, want, 100*float64(found)/float64(want), 100*float64(soon)/float64(want), time.Since(began).Truncate(time.Millisecond))
	if float64(found) < leastRecall*float64(want) {
		t.Errorf("found %d of %d", found, want)
	}
	had := e.full()
	crashed := e.crash(0.2)
	took, short := e.recovery(had, 5*time.Minute)
	t.Logf("%d supernodes crash; after %v %d of %d leaves are short (%v)", crashed, took, short, len(had), time.Since(began).Truncate(time.Millisecond))
	if took > healTime {
		t.Errorf("it took %v until all leaves had three supernodes again", took)
	}
}
