package sim

import (
	"testing"
	"time"

	"github.com/seed282dab8e/servent/servent/overlay"
)

// supernodesOf counts a leaf's links.
func supernodesOf(w *World, leaf int) int { return len(w.Node(NodeID(leaf)).Links()) }

// short returns the leaves that have fewer supernodes than they should.
func short(w *World, first int) (leaves []int) {
	for v := first; v < w.Len(); v++ {
		if w.Node(NodeID(v)) != nil && supernodesOf(w, v) < leafLinks {
			leaves = append(leaves, v)
		}
	}
	return leaves
}

// TestLeavesFindSupernodes: leaves that know one supernode find two more by
// themselves, and others for those that crash.
func TestLeavesFindSupernodes(t *testing.T) {
	const supers, leaves = 20, 200
	for seed := uint64(1); seed <= 3; seed++ {
		w := New(Config{Role: overlay.RoleFlat, Seed: seed, Latency: Uniform(10*time.Millisecond, 150*time.Millisecond)})
		for v := range supers + leaves {
			nc := NodeConfig{Files: []string{fileOf(v)}}
			nc.Overlay.Role = overlay.RoleSupernode
			if v >= supers {
				nc.Overlay.Role = overlay.RoleLeaf
			}
			id := w.Add(nc)
			w.Step(id, overlay.Heard{Addrs: addrsOf(w, 0)})
			w.Run(200 * time.Millisecond)
		}
		within := func(what string, limit time.Duration) {
			t.Helper()
			start := w.Now()
			w.Run(time.Second) // for links to close
			for len(short(w, supers)) > 0 && w.Now()-start < limit {
				w.Run(time.Second)
			}
			t.Logf("seed %d: %s after %v, %d leaves are short", seed, what, w.Now()-start, len(short(w, supers)))
			if left := short(w, supers); len(left) > 0 {
				t.Errorf("seed %d: %s: after %v leaves %v have fewer than %d supernodes", seed, what, limit, left, leafLinks)
			}
		}
		within("joined", time.Minute)
		for v := range supers / 5 {
			w.Crash(NodeID(v))
		}
		within("a fifth of the supernodes has crashed", 10*time.Second)
	}
}
