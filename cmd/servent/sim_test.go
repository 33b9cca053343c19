package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed282dab8e/servent/sim/report"
)

// howFar is what a study tells now and then that takes long.
var howFar = regexp.MustCompile(`(?m)^servent: note: \w+: \d+ % done, .*\n`)

// quick is a study that runs in a second or two.
func quick(out string, more ...string) []string {
	return append([]string{"sim", "validate", "--nodes", "100", "--queries", "1", "--out", out}, more...)
}

func TestSimStudy(t *testing.T) {
	h := newHome(t)
	dir := filepath.Join(h["HOME"], "whole")
	code, out, errOut := h.runFor(t, 5*time.Minute, quick(dir)...)
	errOut = howFar.ReplaceAllString(errOut, "")
	if code != 0 || errOut != "" || !strings.Contains(out, "13 of 13 targets met") || !strings.Contains(out, "Page: "+filepath.Join(dir, "index.html")) {
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
	small := func(out string, more ...string) []string { // takes no time
		return append([]string{"sim", "cohen2002", "--peers", "300", "--objects", "20", "--searches", "200", "--walks", "100", "--out", path(out)}, more...)
	}
	for i, name := range []string{"a", "b"} {
		code, out, errOut := h.run(t, small(name, "--shard", []string{"1/2", "2/2"}[i])...)
		if code != 0 || !strings.Contains(out, fmt.Sprintf("This is part %d/2 of a study. 4 of 8 points of this study have not been run", i+1)) || !strings.Contains(out, "servent sim merge") {
			t.Fatalf("exit %d: %s%s", code, out, errOut)
		}
	}
	if code, _, errOut := h.run(t, small("whole")...); code != 0 {
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
	if err := json.Unmarshal([]byte(out), &line); err != nil || code != 0 || line.Partial == "" || line.Study != "cohen2002" {
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
		{"name a folder where you may write", []string{"--out", h["HOME"] + "/a\x00b"}},
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
		if !strings.Contains(told, "servent: interrupted; no point of the study was done, so nothing is kept\n") {
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
		told := regexp.MustCompile(`^servent: note: compare: (29|30) % done, 2 min \d+ s left, after 1 min 0 s
servent: note: compare: (59|60) % done, 1 min \d+ s left, after 2 min 0 s
$`)
		if got := errOut.String(); !told.MatchString(got) || quiet.String() != "" {
			t.Errorf("told:\n%sa script: %s", got, quiet.String())
		}
	})
}

// TestSimMisses: a miss fails the command, one that the page accounts for does not;
// both are told of, and --json tells them apart.
func TestSimMisses(t *testing.T) {
	bad := report.Target{What: "the bad one", Kind: report.AtMost, Paper: 1, Ours: 2}
	known := report.Target{What: "the known one", Kind: report.AtMost, Paper: 1, Ours: 2, Known: true, Why: "it is so"}
	fitted := report.Target{What: "the fitted one", Kind: report.AtMost, Paper: 1, Ours: 2, Fitted: true}
	away := report.Target{What: "the other one", Kind: report.AtMost, Paper: 1, Ours: 2, Away: true}
	shard := false
	tell := func(asJSON bool, targets ...report.Target) (string, error) {
		var b bytes.Buffer
		a := newApp(&b, io.Discard, func(string) (string, bool) { return "", false })
		a.json = asJSON
		err := a.tellStudy("dir", &report.Report{Title: "x", Sections: []report.Section{{Targets: targets}}}, shard)
		return b.String(), err
	}
	if out, err := tell(false, known, away); err != nil || !strings.Contains(out, "it is so") || !strings.Contains(out, "1 missed with an account") {
		t.Errorf("an account: %v: %s", err, out)
	}
	if _, err := tell(false, known, bad); err == nil || exitCode(err) != exitFailed || !strings.Contains(err.Error(), "missed: 1, the first: the bad one") {
		t.Errorf("no account: %v", err)
	}
	out, err := tell(true, known, away, bad, fitted)
	var line studyJSON
	if wrong := json.Unmarshal([]byte(out), &line); wrong != nil || err == nil {
		t.Fatalf("%v, %v", wrong, err)
	}
	if !slices.Equal(line.Missed, []string{bad.What}) || !slices.Equal(line.Accounted, []string{known.What}) || line.Away != 1 || line.Fitted != 1 || line.Met+line.NotRun+line.Unverified != 0 {
		t.Errorf("%s", out)
	}
	shard = true
	for _, asJSON := range []bool{false, true} {
		if _, err := tell(asJSON, bad); err != nil {
			t.Errorf("what a part misses, the whole may meet: %v", err)
		}
	}
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

// TestSimStudyNames: a study that is misspelt is found all the same, others are listed.
func TestSimStudyNames(t *testing.T) {
	h := newHome(t)
	for arg, want := range map[string]string{
		"compre":  `there is no study "compre": do you mean compare?`,
		"nothing": "there is no study \"nothing\": `servent sim --help` lists them",
	} {
		if code, _, errOut := h.run(t, "sim", arg); code != exitUsage || !strings.Contains(errOut, want) {
			t.Errorf("%s: exit %d: %s", arg, code, errOut)
		}
	}
}
