package sim

import (
	"testing"
	"time"

	"github.com/seed282dab8e/servent/servent/overlay"
)

// roles counts the running nodes by role.
func roles(w *World) (leaves, supernodes int) {
	for id := range w.Len() {
		switch n := w.Node(NodeID(id)); {
		case n == nil:
		case n.Role() == overlay.RoleLeaf:
			leaves++
		default:
			supernodes++
		}
	}
	return leaves, supernodes
}

// TestTwoMeet: the first is a supernode at once, the second its leaf within a
// second, whichever of the two knows the other.
func TestTwoMeet(t *testing.T) {
	w := New(Config{})
	a := w.Add(NodeConfig{Files: []string{"blue danube.ogg"}})
	w.Run(time.Second)
	b := w.Add(NodeConfig{Overlay: overlay.Config{Connect: addrsOf(w, a)}})
	w.Run(time.Second)
	if w.Node(a).Role() != overlay.RoleSupernode || w.Node(b).Role() != overlay.RoleLeaf || len(w.Node(b).Links()) != 1 {
		t.Errorf("a %s and a %s with %d links", w.Node(a).Role(), w.Node(b).Role(), len(w.Node(b).Links()))
	}
	if f := w.Query(b, "danube", 0); f != nil {
		w.RunUntilIdle()
		if len(f.Hits) != 1 {
			t.Errorf("%d hits", len(f.Hits))
		}
	}
	late := w.Add(NodeConfig{}) // knows nobody
	w.Run(time.Second)
	w.Step(late, overlay.Heard{Addrs: addrsOf(w, a)})
	w.Run(time.Second)
	if leaves, supernodes := roles(w); leaves != 2 || supernodes != 1 {
		t.Errorf("%d leaves, %d supernodes", leaves, supernodes)
	}
}

// TestAllKnowEachOther: of nodes that start at once and wait for one another one
// becomes a supernode, and the others its leaves.
func TestAllKnowEachOther(t *testing.T) {
	for seed := range uint64(20) {
		w := New(Config{Seed: seed})
		for range 8 {
			w.Add(NodeConfig{})
		}
		for id := range w.Len() {
			for other := range w.Len() {
				w.Step(NodeID(id), overlay.Heard{Addrs: addrsOf(w, NodeID(other))})
			}
		}
		w.Run(3 * time.Minute)
		leaves, supernodes := roles(w)
		for id := range w.Len() {
			if len(w.Node(NodeID(id)).Links()) == 0 {
				t.Errorf("seed %d: %s has no link", seed, w.Name(NodeID(id)))
			}
		}
		t.Logf("seed %d: %d leaves, %d supernodes", seed, leaves, supernodes)
	}
}

// TestBothAlone: two that were alone and hear of each other at the same time.
func TestBothAlone(t *testing.T) {
	for seed := range uint64(20) {
		w := New(Config{Seed: seed, Latency: Uniform(time.Millisecond, 100*time.Millisecond)})
		a, b := w.Add(NodeConfig{}), w.Add(NodeConfig{Files: []string{"blue danube.ogg"}, Overlay: overlay.Config{TableOnly: true}})
		w.Run(time.Second)
		w.Step(a, overlay.Heard{Addrs: addrsOf(w, b)})
		w.Step(b, overlay.Heard{Addrs: addrsOf(w, a)})
		w.Run(5 * time.Second)
		f := w.Query(a, "danube", 0)
		w.Run(5 * time.Second)
		if leaves, supernodes := roles(w); leaves != 1 || supernodes != 1 || len(f.Hits) != 1 {
			t.Errorf("seed %d: %d leaves, %d supernodes, %d hits", seed, leaves, supernodes, len(f.Hits))
		}
	}
}

// TestGroupForms: servents that are started at the same time, or were alone and hear of
// each other, have links within seconds and keep them.
func TestGroupForms(t *testing.T) {
	const latest, seeds = 6 * time.Second, 40
	for _, size := range []int{2, 3, 8} {
		for _, alone := range []bool{false, true} {
			var without time.Duration // links, of all nodes after that
			for seed := range uint64(seeds) {
				w := New(Config{Seed: seed, Latency: Uniform(time.Millisecond, 100*time.Millisecond)})
				for range size {
					w.Add(NodeConfig{Overlay: overlay.Config{Discovery: time.Second / 2}})
				}
				if alone {
					w.Run(time.Second)
				}
				introduce(w)
				w.Run(latest)
				for range 540 {
					without += 100 * time.Millisecond * time.Duration(linkless(w))
					w.Run(100 * time.Millisecond)
				}
				if n := linkless(w); n > 0 {
					t.Errorf("%d nodes, alone before: %v, seed %d: %d have no link after a minute", size, alone, seed, n)
				}
			}
			if mean := without / time.Duration(seeds*size); mean > time.Second/4 {
				t.Errorf("%d nodes, alone before: %v: from %v on a node is without links for %v of a minute", size, alone, latest, mean)
			}
		}
	}
}

// TestOnlySupernodeGoes: when the only supernode of a small group goes, another one
// takes its place within seconds.
func TestOnlySupernodeGoes(t *testing.T) {
	const seeds = 20
	for size, limit := range map[int]time.Duration{3: 3 * time.Second, 8: 5 * time.Second, 12: 20 * time.Second} {
		for name, ends := range map[string]func(*World, NodeID){"crashes": (*World).Crash, "leaves": (*World).Leave} {
			seen := 0
			for seed := range uint64(seeds) {
				w := New(Config{Seed: seed, Latency: Uniform(time.Millisecond, 20*time.Millisecond)})
				for range size {
					w.Add(NodeConfig{})
				}
				for range 20 {
					introduce(w)
					w.Run(30 * time.Second)
				}
				only, ok := onlySupernode(w)
				if !ok {
					continue
				}
				seen++
				ends(w, only)
				if w.Run(limit); linkless(w) > 0 {
					t.Errorf("%d nodes, their only supernode %s, seed %d: %d have no link after %v", size, name, seed, linkless(w), limit)
				}
			}
			if seen < seeds/2 {
				t.Errorf("%d nodes: only %d of %d groups have one supernode", size, seen, seeds)
			}
		}
	}
}

// introduce has all running nodes hear of each other, as on a local network.
func introduce(w *World) {
	for id := range w.Len() {
		for other := range w.Len() {
			if w.Node(NodeID(id)) != nil && w.Node(NodeID(other)) != nil {
				w.Step(NodeID(id), overlay.Heard{Addrs: addrsOf(w, NodeID(other))})
			}
		}
	}
}

// onlySupernode returns the supernode of a group that has one.
func onlySupernode(w *World) (only NodeID, ok bool) {
	_, supernodes := roles(w)
	for id := range w.Len() {
		if w.Node(NodeID(id)).Role() == overlay.RoleSupernode {
			only = NodeID(id)
		}
	}
	return only, supernodes == 1
}

// linkless counts the running nodes without links.
func linkless(w *World) (count int) {
	for id := range w.Len() {
		if n := w.Node(NodeID(id)); n != nil && len(n.Links()) == 0 {
			count++
		}
	}
	return count
}
