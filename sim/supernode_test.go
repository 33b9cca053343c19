package sim

import (
	"fmt"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/servent/overlay"
	"github.com/seed282dab8e/servent/sim/graph"
)

const (
	superCount, leafCount = 8, 30
	leafLinks             = 3
	// mostQueries is the part of a flood's messages that a search may take.
	mostQueries = 0.2
)

// fileOf is the file that only node v shares.
func fileOf(v int) string { return fmt.Sprintf("opus%c%c walzer.flac", 'a'+v/26, 'a'+v%26) }

func wordOf(v int) string { return fileOf(v)[:len("opusaa")] }

// superWorld is supernodes that are all linked, and leaves with three each.
func superWorld(t testing.TB, seed uint64) *World {
	t.Helper()
	w, rnd := New(Config{Role: overlay.RoleFlat, Seed: seed}), random(seed, 9)
	for v := range superCount + leafCount {
		nc := NodeConfig{Files: []string{fileOf(v)}}
		nc.Overlay.ConnectOnly, nc.Overlay.Role = true, overlay.RoleSupernode
		if v >= superCount {
			nc.Overlay.Role = overlay.RoleLeaf
		}
		w.Add(nc)
	}
	link := func(a, b int) {
		if err := w.Link(NodeID(a), NodeID(b)); err != nil {
			t.Fatal(err)
		}
	}
	for a := range superCount {
		for b := range a {
			link(a, b)
		}
	}
	for v := superCount; v < superCount+leafCount; v++ {
		for _, s := range rnd.Perm(superCount)[:leafLinks] {
			link(v, s)
		}
	}
	w.Run(time.Minute) // the tables go round
	return w
}

// searches has every leaf look for the files of three others, and returns how many
// copies of a query that took, and how many files were not found.
func searches(w *World, first, count int, within time.Duration) (messages, missing int) {
	for i := range count {
		for k := range 3 {
			other := (i + 1 + 7*k) % count
			f := w.Query(NodeID(first+i), wordOf(first+other), 0)
			w.Run(within)
			found := false
			for _, h := range f.Hits {
				found = found || h.Node == NodeID(first+other)
			}
			if !found {
				missing++
			}
			w.Run(time.Minute) // whatever else it sends
			messages += f.Messages
			w.EndQuery(f)
		}
	}
	return messages, missing
}

// TestSupernodesFindForLess: leaves under supernodes find what flat nodes find, in
// less than a second, for a fifth of the messages.
func TestSupernodesFindForLess(t *testing.T) {
	for seed := range uint64(3) {
		w := superWorld(t, seed)
		under, missing := searches(w, superCount, leafCount, time.Second)
		if missing > 0 {
			t.Errorf("seed %d: %d of %d files are not found", seed, missing, 3*leafCount)
		}
		g := graph.Regular(random(seed, 1), superCount+leafCount, 4)
		flat := build(t, Config{Seed: seed}, g, func(v int) NodeConfig { return NodeConfig{Files: []string{fileOf(v)}} })
		flooded, missing := searches(flat, superCount, leafCount, time.Second)
		if missing > 0 {
			t.Errorf("seed %d: flat nodes miss %d", seed, missing)
		}
		ratio := float64(under) / float64(flooded)
		t.Logf("seed %d: %.1f queries a search under supernodes, %.1f among flat nodes: %.3f", seed, float64(under)/(3*leafCount), float64(flooded)/(3*leafCount), ratio)
		if ratio > mostQueries {
			t.Errorf("seed %d: supernodes take %.3f of the messages, want %.1f at most", seed, ratio, mostQueries)
		}
	}
}
