package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"math"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"strings"
	"testing"
	"time"
)

const triangle = "# three nodes\r\n5 7\r\n7 9\r\n9 5\r\n5 7\r\n5 5\r\n"

func TestSimFlood(t *testing.T) {
	h := newHome(t)
	name := filepath.Join(h["HOME"], "graph.txt.gz")
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(triangle)); err != nil || z.Close() != nil {
		t.Fatal(err)
	}
	writeFile(t, name, b.String())
	code, out, errOut := h.run(t, "sim", "flood", "--graph", name, "--source", "7", "--ttl", "2", "--json")
	var got floodJSON
	if err := json.Unmarshal([]byte(out), &got); err != nil || code != 0 {
		t.Fatalf("exit %d, %v: %s%s", code, err, out, errOut)
	}
	if got.Loops != 1 || got.Doubles != 1 {
		t.Errorf("%d loops and %d double edges were left out, want 1 and 1", got.Loops, got.Doubles)
	}
	if got.Nodes != 3 || got.Links != 3 || !got.Agree || got.Event.Messages != 4 || got.BFS.Reached != 2 || got.Event.Duplicates != 2 {
		t.Errorf("%+v", got)
	}
	if code, out, _ := h.run(t, "sim", "flood", "--graph", name, "--source", "7", "--ttl", "2"); code != 0 || !strings.Contains(out, "The two agree.") || !strings.Contains(out, "1 with a link of a node to itself, 1 with one that was there") {
		t.Errorf("exit %d: %s", code, out)
	}

	cut := filepath.Join(h["HOME"], "cut.txt")
	writeFile(t, cut, "1 2\n3\n")
	empty := filepath.Join(h["HOME"], "empty.txt")
	writeFile(t, empty, "# nothing\n")
	var chain strings.Builder
	for i := range 40_000 {
		fmt.Fprintln(&chain, i, i+1)
	}
	long := filepath.Join(h["HOME"], "long.txt")
	writeFile(t, long, chain.String())
	from := func(graph string, more ...string) []string {
		return append([]string{"--graph", graph, "--source", "7"}, more...)
	}
	tests := []struct {
		want string
		args []string
	}{
		{"--graph is missing", nil},
		{"--source is missing", []string{"--graph", name}},
		{"no such file", from(filepath.Join(h["HOME"], "nowhere"))},
		{"that is a folder", from(h["HOME"])},
		{"line 2", from(cut)},
		{"--graph " + empty + ": there are no links in it", from(empty)},
		{"--source 6: " + name + " has no such node; its ids are from 5 to 9", from(name, "--source", "6")},
		{"--ttl 40000, --slowest 65536: a flood of this graph may take", from(long, "--ttl", "40000", "--slowest", "65536")},
		{"--ttl -1", from(name, "--ttl", "-1")},
		{"--fastest 5, --slowest 4", from(name, "--fastest", "5", "--slowest", "4")},
		{"--memory allows 100 B: take a smaller graph", from(name, "--memory", "100")},
	}
	for _, tt := range tests {
		if code, _, errOut := h.run(t, append([]string{"sim", "flood"}, tt.args...)...); code == 0 || !strings.Contains(errOut, tt.want) {
			t.Errorf("%v: exit %d: %s", tt.args, code, errOut)
		}
	}
}

// TestGraphMemory: the first lines of a file tell how many there are, packed or not.
func TestGraphMemory(t *testing.T) {
	const lines = 50_000
	var text, packed bytes.Buffer
	for i := range lines {
		fmt.Fprintf(&text, "%d\t%d\n", 100_000+i, 200_000+i)
	}
	z := gzip.NewWriter(&packed)
	if _, err := z.Write(text.Bytes()); err != nil || z.Close() != nil {
		t.Fatal(err)
	}
	for ending, b := range map[string]*bytes.Buffer{"txt": &text, "gz": &packed} {
		name := filepath.Join(t.TempDir(), "graph."+ending)
		writeFile(t, name, b.String())
		if got, err := graphMemory(name); err != nil || got < lines*bytesPerLink || got > lines*bytesPerLink*101/100 {
			t.Errorf("%s: %d bytes, %v; want %d for each of %d lines", ending, got, err, bytesPerLink, lines)
		}
	}
}

// TestFloodMemory: what a flood takes is what is said before it starts, or less.
func TestFloodMemory(t *testing.T) {
	name := filepath.Join(t.TempDir(), "graph.txt")
	var b strings.Builder
	const lines, nodes = 300_000, 100_000
	for i := range uint64(lines) {
		fmt.Fprintf(&b, "%d\t%d\n", i%nodes, i*7919%nodes)
	}
	writeFile(t, name, b.String())
	b.Reset()
	need, err := graphMemory(name)
	if err != nil {
		t.Fatal(err)
	}
	f := &floodFlags{graph: name, ttl: 7, fastest: 1, slowest: 1}
	got := peakHeap(func() {
		if _, err := f.count(&graphProgress{p: &studyProgress{}}); err != nil {
			t.Error(err)
		}
	})
	if got > need || got < need/3 {
		t.Errorf("a flood takes %d bytes, and %d are said", got, need)
	}
}

// peakHeap returns how many bytes f keeps at most, and what it has just dropped.
func peakHeap(f func()) int64 {
	defer debug.SetGCPercent(debug.SetGCPercent(10))
	runtime.GC()
	heap := func() int64 {
		s := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
		metrics.Read(s)
		return int64(s[0].Value.Uint64())
	}
	before, peak := heap(), int64(0)
	stop := repeatedly(time.Millisecond, func() { peak = max(peak, heap()) })
	f()
	stop()
	return peak - before
}

// TestGraphProgress goes up to the end, and past what was expected stands still.
func TestGraphProgress(t *testing.T) {
	begun := time.Now()
	g := &graphProgress{p: &studyProgress{begun: begun}, size: 200}
	part := func(seconds int, want float64) {
		t.Helper()
		if got, _ := g.part(begun.Add(time.Duration(seconds) * time.Second)); math.Abs(got-want) > 1e-9 {
			t.Errorf("after %d s: %v, want %v", seconds, got, want)
		}
	}
	part(1, 0)
	g.read, g.last = 100, begun.Add(5*time.Second)
	part(5, readingPart/2)
	g.read, g.last = 200, begun.Add(10*time.Second)
	part(10, readingPart)
	part(20, 2*readingPart)
	part(1000, 0.99)
	g.size = 0 // a pipe
	part(1000, readingPart)
}
