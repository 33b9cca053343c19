package sim

import (
	"context"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/sim/load"
)

const (
	leastUse, mostUse = 0.50, 0.85 // of the leaf places, after the first hour
	mostChanges       = 0.1        // of role, in a node's hour
	leastRecall       = 0.99       // of min(target, what there is within the horizon)
	mostLiars         = 0.02       // of the supernode places
	healTime          = 30 * time.Second
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
	if testing.Short() {
		t.Skip("takes long")
	}
	hours := time.Duration(fromEnv("ELECTION_HOURS", 2))
	r, err := RunCrowd(context.Background(), CrowdConfig{
		Seed: uint64(fromEnv("ELECTION_SEED", 1)), Nodes: fromEnv("ELECTION_NODES", 400), Places: fromEnv("ELECTION_PLACES", 60),
		Boasters: 0.3, Load: load.Config{Firewalled: 0.5, Session: load.KAD(), Crashes: 0.5},
	}, CrowdPlan{Time: hours * time.Hour, Searches: fromEnv("ELECTION_SEARCHES", 60), Crash: 0.2}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range r.Shapes {
		t.Log(s)
		if s.At > time.Hour && (s.Use() < leastUse || s.Use() > mostUse) {
			t.Errorf("%v: %.1f %% of the leaf places are taken", s.At, 100*s.Use())
		}
	}
	t.Logf("%.4f role changes in a node's hour: %v", r.RoleChanges, r.Why)
	if r.RoleChanges > mostChanges {
		t.Errorf("%.3f role changes in a node's hour", r.RoleChanges)
	}
	if part := r.BoasterPlaces(time.Hour); part >= mostLiars {
		t.Errorf("liars have %.1f %% of the supernode places", 100*part)
	}
	t.Logf("found %d of %d: %.2f %%, within 10 s %d", r.Found, r.Want, 100*r.Recall(), r.Soon)
	if r.Recall() < leastRecall {
		t.Errorf("found %d of %d", r.Found, r.Want)
	}
	t.Logf("%d supernodes crash; after %v %d of %d leaves are short", r.Crashed, r.Healed, r.Unhealed, r.Full)
	if r.Healed > healTime {
		t.Errorf("it took %v until all leaves had three supernodes again", r.Healed)
	}
}
