//go:build loopback && unix

package main

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/seed282dab8e/servent/servent"
)

// links lists the neighbours of each node.
type links [][]int

func ring(n int) links {
	g := make(links, n)
	for i := range n {
		g[i] = []int{(i + n - 1) % n, (i + 1) % n}
	}
	return g
}

func clique(n int) links {
	g := make(links, n)
	for i := range n {
		for j := range n {
			if i != j {
				g[i] = append(g[i], j)
			}
		}
	}
	return g
}

// flood counts, breadth first, the messages of one flood and how many of them
// reach a node that has been reached before.
func flood(g links, source, ttl int) (messages, duplicates uint64) {
	type arrival struct{ node, from, ttl int }
	seen := make([]bool, len(g))
	seen[source] = true
	queue := []arrival{{source, -1, ttl + 1}}
	for len(queue) > 0 {
		a := queue[0]
		queue = queue[1:]
		if a.from >= 0 {
			messages++
			if seen[a.node] {
				duplicates++
				continue
			}
			seen[a.node] = true
		}
		if a.ttl <= 1 {
			continue
		}
		for _, next := range g[a.node] {
			if next != a.from {
				queue = append(queue, arrival{next, a.node, a.ttl - 1})
			}
		}
	}
	return messages, duplicates
}

func TestFloodCount(t *testing.T) {
	tests := []struct {
		name                 string
		g                    links
		ttl                  int
		messages, duplicates uint64
	}{
		{"ring", ring(8), 7, 9, 2},
		{"clique", clique(8), 7, 49, 42},
		{"ring, short", ring(8), 2, 4, 0},
		{"clique, shortest", clique(8), 1, 7, 0},
	}
	for _, tt := range tests {
		if m, d := flood(tt.g, 0, tt.ttl); m != tt.messages || d != tt.duplicates {
			t.Errorf("%s: %d messages, %d duplicates", tt.name, m, d)
		}
	}
}

func TestRingAndClique(t *testing.T) {
	t.Run("ring", func(t *testing.T) { testGraph(t, ring(8)) })
	t.Run("clique", func(t *testing.T) { testGraph(t, clique(8)) })
}

// holders are the nodes that have the file that is searched for.
func holders() map[int]bool { return map[int]bool{2: true, 4: true, 7: true} }

// floodTTL is more than any way round has links: on a busy machine a copy of a
// query may come the longest way first, and with the default TTL of 7 it would
// then end at the eighth node, which breadth-first search does not know.
const floodTTL = 15

// testGraph searches from two nodes and compares what all nodes have counted
// with a breadth-first count.
func testGraph(t *testing.T, g links) {
	nodes := build(t, g)
	var wantIn, wantDuplicate uint64
	for i, source := range []int{0, 5} {
		in, duplicate := flood(g, source, floodTTL)
		wantIn, wantDuplicate = wantIn+in, wantDuplicate+duplicate
		before := nodes[source].status(t).Messages["query_hit"].In
		code, out, errOut := nodes[source].home.call(t, "search", "--json", "--ttl", strconv.Itoa(floodTTL), "--timeout", "1500ms", "blue danube")
		if code != 0 {
			t.Fatalf("search from %d: exit %d: %s", source, code, errOut)
		}
		lines := strings.Split(strings.TrimSpace(out), "\n")
		if last := object[servent.Found](t, lines[len(lines)-1]); len(last.Sources) != len(holders()) {
			t.Errorf("search from %d: %d sources, want %d", source, len(last.Sources), len(holders()))
		}
		if hits := nodes[source].status(t).Messages["query_hit"].In - before; hits != uint64(len(holders())) {
			t.Errorf("search from %d: %d hits, want one of each of %d holders", source, hits, len(holders()))
		}
		checkCounts(t, nodes, i+1, wantIn, wantDuplicate)
	}
}

// build starts a process for each node of g.
func build(t *testing.T, g links) []*peer {
	t.Helper()
	var nodes []*peer
	for i, neighbours := range g {
		var links []*peer
		for _, j := range neighbours {
			if j < i {
				links = append(links, nodes[j])
			}
		}
		dir := t.TempDir()
		if holders()[i] {
			writeFile(t, filepath.Join(dir, "blue danube.flac"), "walzer")
		} else {
			writeFile(t, filepath.Join(dir, fmt.Sprintf("other %d.txt", i)), fmt.Sprint(i))
		}
		nodes = append(nodes, share(t, dir, links...))
	}
	for i, n := range nodes {
		n.awaitLinks(t, len(g[i]))
	}
	return nodes
}

// checkCounts compares the sums over all nodes after so many searches.
func checkCounts(t *testing.T, nodes []*peer, searches int, wantIn, wantDuplicate uint64) {
	t.Helper()
	var queries servent.Messages
	var told []string
	for i, n := range nodes {
		st := n.status(t)
		m := st.Messages["query"]
		queries.In += m.In
		queries.Out += m.Out
		queries.Duplicate += m.Duplicate
		queries.Dropped += m.Dropped
		told = append(told, fmt.Sprintf("node %d: %+v, dropped: %s", i, m, reasons(st.Drops)))
		if answers := st.Index.Searches; holders()[i] && answers != uint64(searches) {
			t.Errorf("node %d looked up %d of %d queries", i, answers, searches)
		}
	}
	want := servent.Messages{In: wantIn, Out: wantIn, Duplicate: wantDuplicate}
	if queries != want {
		t.Errorf("after %d searches: queries %+v, want %+v\n%s", searches, queries, want, strings.Join(told, "\n"))
	}
}
