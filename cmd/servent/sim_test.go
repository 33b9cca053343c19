package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// quick is a study that runs in a second or two.
func quick(out string, more ...string) []string {
	return append([]string{"sim", "validate", "--nodes", "100", "--queries", "1", "--out", out}, more...)
}

func TestSimStudy(t *testing.T) {
	h := newHome(t)
	dir := filepath.Join(h["HOME"], "whole")
	code, out, errOut := h.runFor(t, time.Minute, quick(dir)...)
	if code != 0 || errOut != "" || !strings.Contains(out, "10 of 10 targets met") || !strings.Contains(out, "Page: "+filepath.Join(dir, "index.html")) {
		t.Fatalf("exit %d: %s%s", code, out, errOut)
	}
	for _, name := range []string{"index.html", "report.json", "results.json", "levels.csv"} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
	page := readFile(t, filepath.Join(dir, "index.html"))
	if !strings.Contains(page, "servent sim validate --nodes 100 --queries 1") {
		t.Error("the page does not say how it was made")
	}
	code, _, errOut = h.run(t, quick(dir)...)
	if code != exitUsage || !strings.Contains(errOut, "--out "+dir+" exists and is not empty") {
		t.Errorf("a folder that is full: exit %d: %s", code, errOut)
	}
}

// TestSimShards: parts that are joined are the whole, to the byte.
func TestSimShards(t *testing.T) {
	h := newHome(t)
	path := func(name string) string { return filepath.Join(h["HOME"], name) }
	for i, name := range []string{"a", "b"} {
		code, out, errOut := h.runFor(t, time.Minute, quick(path(name), "--shard", []string{"1/2", "2/2"}[i])...)
		if code != 0 || !strings.Contains(out, "2 of 4 parts of this study have not been run") || !strings.Contains(out, "servent sim merge") {
			t.Fatalf("exit %d: %s%s", code, out, errOut)
		}
	}
	if code, _, errOut := h.runFor(t, time.Minute, quick(path("whole"))...); code != 0 {
		t.Fatalf("exit %d: %s", code, errOut)
	}
	if code, out, errOut := h.run(t, "sim", "merge", "--out", path("merged"), path("b"), path("a")); code != 0 {
		t.Fatalf("merge: exit %d: %s%s", code, out, errOut)
	}
	equalFolders(t, path("whole"), path("merged"))

	code, out, errOut := h.run(t, "sim", "merge", "--json", "--out", path("half"), path("a"))
	if !strings.Contains(errOut, "note: part 2/2 is missing") {
		t.Errorf("half of it: %s", errOut)
	}
	var line studyJSON
	if err := json.Unmarshal([]byte(out), &line); err != nil || code != 0 || line.Partial == "" || line.NotRun == 0 || line.Study != "validate" {
		t.Errorf("half of it: exit %d, %v: %s", code, err, out)
	}
	if code, _, errOut := h.run(t, "sim", "merge", "--out", path("none"), h["HOME"]); code != exitFailed || !strings.Contains(errOut, "is no folder of a study") {
		t.Errorf("merge of something else: exit %d: %s", code, errOut)
	}
	if _, err := os.Stat(path("none")); err == nil {
		t.Error("a merge that fails leaves a folder")
	}
}

func equalFolders(t *testing.T, one, other string) {
	t.Helper()
	n := 0
	err := filepath.WalkDir(one, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		n++
		twin := filepath.Join(other, d.Name())
		if readFile(t, name) != readFile(t, twin) {
			t.Errorf("%s and %s differ", name, twin)
		}
		return nil
	})
	if err != nil || n < 4 {
		t.Errorf("%d files, %v", n, err)
	}
}

func readFile(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestSimRefuses(t *testing.T) {
	h := newHome(t)
	out := filepath.Join(h["HOME"], "out")
	file := filepath.Join(h["HOME"], "file")
	writeFile(t, file, "text")
	tests := []struct {
		want string
		args []string
	}{
		{"--nodes 99: 99 is out of range: from 100 to 100000", []string{"--nodes", "99"}},
		{`--nodes many: "many" is no whole number`, []string{"--nodes", "many"}},
		{"--shard 3/2: ", []string{"--shard", "3/2"}},
		{" of memory, and --memory allows 1.0 MB", []string{"--memory", "1MB"}},
		{"make it first", []string{"--out", filepath.Join(out, "deeper")}},
		{"is no folder", []string{"--out", file}},
		{"p2p-Gnutella04.txt", []string{"--graphs", h["HOME"]}},
	}
	for _, tt := range tests {
		code, _, errOut := h.run(t, quick(out, tt.args...)...)
		if code == 0 || !strings.Contains(errOut, tt.want) {
			t.Errorf("%v: exit %d: %s", tt.args, code, errOut)
		}
		if _, err := os.Stat(out); err == nil {
			t.Errorf("%v leaves a folder", tt.args)
		}
	}
}

// TestSimInterrupted keeps what was done at Ctrl-C, and says what is missing.
func TestSimInterrupted(t *testing.T) {
	h := newHome(t)
	dir := filepath.Join(h["HOME"], "out")
	c := h.start(t, "sim", "validate", "--nodes", "1000", "--queries", "10000", "--out", dir)
	for end := time.Now().Add(patience); ; {
		if _, err := os.Stat(dir); err == nil {
			break
		}
		if time.Now().After(end) {
			t.Fatal("no folder")
		}
		time.Sleep(time.Millisecond)
	}
	c.stop()
	if code := c.waitFor(t, patience); code != exitInterrupted {
		t.Errorf("exit %d: %s", code, c.err.String())
	}
	told := c.err.String()
	if _, err := os.Stat(dir); err != nil {
		if !strings.Contains(told, "servent: interrupted: no point of the study was done, so nothing is kept\n") {
			t.Errorf("nothing is kept, and it says %s", told)
		}
		return
	}
	if !strings.Contains(told, " of 4 points are done and kept in "+dir) {
		t.Errorf("there is %s, and it says %s", dir, told)
	}
	if !strings.Contains(readFile(t, filepath.Join(dir, "index.html")), "have not been run") {
		t.Error("the page does not say that it is partial")
	}
}

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
		{"is a directory", from(h["HOME"])},
		{"line 2", from(cut)},
		{"--graph " + empty + ": there are no links in it", from(empty)},
		{"--source 6: " + name + " has no such node; its ids are from 5 to 9", from(name, "--source", "6")},
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

// TestStudyTold: who has no terminal is told each minute how a study goes and how long
// it will still take, and not before; scripts are not.
func TestStudyTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var errOut, quiet buffer
		a, script := newApp(&buffer{}, &errOut, home{}.lookEnv), newApp(&buffer{}, &quiet, home{}.lookEnv)
		script.json = true
		p, q := a.studyProgress("compare"), script.studyProgress("compare")
		for i := range 150 { // seconds
			p.set(float64(i)/200, "flat flooding")
			q.set(float64(i)/200, "flat flooding")
			time.Sleep(time.Second)
		}
		p.close()
		q.close()
		told := regexp.MustCompile(`^servent: note: compare: 30 % done, 2 min \d+ s left, after 1 min 0 s
servent: note: compare: 60 % done, 1 min \d+ s left, after 2 min 0 s
$`)
		if got := errOut.String(); !told.MatchString(got) || quiet.String() != "" {
			t.Errorf("told:\n%sa script: %s", got, quiet.String())
		}
	})
}

func TestStudyProgressLine(t *testing.T) {
	now := time.Now()
	p := &studyProgress{name: "compare", lines: &live{}, begun: now.Add(-30 * time.Second), done: 0.25, point: "flat flooding, 1000 peers"}
	line := p.line(100, now)
	for _, want := range []string{"compare", "━", " 25 %", "1 min 30 s left", "flat flooding"} {
		if !strings.Contains(line, want) {
			t.Errorf("%q does not have %q", line, want)
		}
	}
	for _, width := range []int{1, 10, 40, 79, 200} {
		if n := columns(p.line(width, now)); n > width {
			t.Errorf("%d columns of %d", n, width)
		}
	}
}
