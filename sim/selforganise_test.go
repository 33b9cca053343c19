package sim

import (
	"slices"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/servent/overlay"
)

// parts returns the sizes of the parts that the running nodes form, the largest
// first.
func parts(w *World) []int {
	sizes := w.Graph().Components()
	for id := range w.Len() {
		if w.Node(NodeID(id)) == nil { // stands alone
			i := slices.Index(sizes, 1)
			sizes = slices.Delete(sizes, i, i+1)
		}
	}
	slices.Sort(sizes)
	slices.Reverse(sizes)
	return sizes
}

// degrees returns the least, the mean and the most links of running nodes.
func degrees(w *World) (low int, mean float64, high int) {
	low, sum, n := 1<<30, 0, 0
	for id := range w.Len() {
		if node := w.Node(NodeID(id)); node != nil {
			d := len(node.Links())
			low, high = min(low, d), max(high, d)
			sum, n = sum+d, n+1
		}
	}
	return low, float64(sum) / float64(n), high
}

// crowd makes n nodes that know one address, that of the first, and come one
// after the other within join.
func crowd(seed uint64, n int, join time.Duration) *World {
	w := New(Config{Role: overlay.RoleFlat, Seed: seed, Latency: Uniform(10*time.Millisecond, 150*time.Millisecond)})
	for range n {
		id := w.Add(NodeConfig{})
		w.Step(id, overlay.Heard{Addrs: addrsOf(w, 0)})
		w.Run(join / time.Duration(n))
	}
	return w
}

func wantWhole(t *testing.T, w *World, seed uint64, when string) {
	t.Helper()
	low, mean, high := degrees(w)
	t.Logf("seed %d, %s, %s: parts %v, links %d to %d, mean %.1f", seed, when, w.Now().Round(time.Second), parts(w), low, high, mean)
	if p := parts(w); len(p) != 1 {
		t.Errorf("seed %d: %s: the network is in %d parts: %v", seed, when, len(p), p)
	}
	if low < 1 || high > 32 {
		t.Errorf("seed %d: %s: nodes have %d to %d links", seed, when, low, high)
	}
}

// TestSelfOrganising: nodes that know one address become one network within
// minutes, and stay one, or become one again, when nodes come and go, and when
// a fifth of them crashes at once, that one address among them.
func TestSelfOrganising(t *testing.T) {
	for seed := uint64(1); seed <= 5; seed++ {
		w := crowd(seed, 200, time.Minute)
		w.Run(2 * time.Minute)
		wantWhole(t, w, seed, "joined")

		r := random(seed, 4)
		kept := make([]overlay.Heard, w.Len()) // the host caches on their disks
		for id := range w.Len() {
			kept[id].Addrs = w.Node(NodeID(id)).Hosts()
			if id == 0 || r.IntN(5) == 0 {
				w.Crash(NodeID(id))
			}
		}
		w.Run(3 * time.Minute)
		wantWhole(t, w, seed, "after the crash")

		churn(w, seed, kept)
		w.Run(2 * time.Minute)
		wantWhole(t, w, seed, "after the churn")
	}
}

// churn has ten minutes in which every two seconds a node goes, in one of three
// ways, or one comes back that kept the addresses that it knew.
func churn(w *World, seed uint64, kept []overlay.Heard) {
	r := random(seed, 5)
	for range 300 {
		w.Run(2 * time.Second)
		id := NodeID(r.IntN(w.Len()))
		if n := w.Node(id); n != nil {
			kept[id].Addrs = n.Hosts()
			[]func(NodeID){w.Leave, w.Crash, w.Vanish}[r.IntN(3)](id)
			continue
		}
		w.Start(id)
		w.Step(id, kept[id])
	}
}

// TestAllAtOnce: a hundred nodes that start at the same time find together too.
func TestAllAtOnce(t *testing.T) {
	w := crowd(1, 100, 0)
	w.Run(3 * time.Minute)
	wantWhole(t, w, 1, "started at once")
}
