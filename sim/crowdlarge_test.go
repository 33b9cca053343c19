package sim

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"
)

// heap is what is in use once the garbage is gone.
func heap() int {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

// bytesOf is what the nodes of a crowd take that is full and has been there for a while:
// supernodes, and leaves that share eight files on average and have three supernodes.
func bytesOf(t *testing.T, supernodes, leaves int) int {
	t.Helper()
	before := heap()
	c, err := NewCrowd(CrowdConfig{Seed: 1, Nodes: supernodes + leaves, Supernodes: supernodes, Hosts: 64, Ramp: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	c.w.Run(3 * time.Minute)
	if s := c.look(); s.Short > 0 || s.Leaves != leaves {
		t.Fatalf("not all are there: %v", s)
	}
	took := heap() - before
	runtime.KeepAlive(c)
	return took
}

// TestMemoryOfNodes: what a leaf takes, with its part of three supernodes, and what
// a supernode of 30 leaves takes beside that. 100,000 nodes must fit into one process.
func TestMemoryOfNodes(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	const mostOfLeaf, mostOfSupernode = 50 << 10, 160 << 10
	base, wider, twice := bytesOf(t, 10, 300), bytesOf(t, 10, 400), bytesOf(t, 20, 600)
	leaf := (wider - base) / 100
	supernode := (twice - base - 300*leaf) / 10
	t.Logf("a leaf takes %d bytes, a supernode with 30 leaves %d beside them", leaf, supernode)
	if leaf > mostOfLeaf || supernode > mostOfSupernode {
		t.Errorf("want at most %d and %d", mostOfLeaf, mostOfSupernode)
	}
}

// TestLargeCrowd is 3 supernodes in a hundred nodes, and leaves that share as the
// workload has it. `make crowd` runs it with 100,000 nodes, and says what they took.
func TestLargeCrowd(t *testing.T) {
	nodes := fromEnv("CROWD_NODES", 500)
	if nodes >= 10_000 {
		defer debug.SetGCPercent(debug.SetGCPercent(30)) // most of the heap stays
	}
	done := 0.0
	r, err := RunCrowd(context.Background(), CrowdConfig{
		Seed: 1, Nodes: nodes, Supernodes: max(2, nodes*3/100), Hosts: 64, Ramp: 90 * time.Second,
	}, CrowdPlan{Time: 3 * time.Minute, Searches: fromEnv("CROWD_SEARCHES", 50), Wait: time.Minute}, func(now float64) {
		if now >= done+0.1 && nodes >= 10_000 {
			done = now
			t.Logf("%.0f %%", 100*now)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	s := r.Shapes[len(r.Shapes)-1]
	took := peak(t)
	t.Logf("%v; %d of %d files found, %d within 10 s; %v; %d bytes of memory at most", s, r.Found, r.Want, r.Soon, r.Traffic, took)
	const most = 8 << 30 // of 100,000 nodes
	if took > max(most, most/100_000*int64(nodes)) {
		t.Errorf("that is more than %d bytes", int64(most))
	}
	if s.Nodes != nodes || s.Short > 0 || r.Want == 0 || r.Recall() < leastRecall {
		t.Errorf("%d nodes, %d leaves short, %d of %d files found", s.Nodes, s.Short, r.Found, r.Want)
	}
}

// peak is how many bytes of memory the process has had at most; 0: nobody knows.
func peak(t *testing.T) int64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Log(err) // not Linux
		return 0
	}
	var kib int64
	for line := range strings.Lines(string(status)) {
		if _, err := fmt.Sscanf(line, "VmHWM: %d kB", &kib); err == nil {
			return kib << 10
		}
	}
	return 0
}
