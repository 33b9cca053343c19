package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/servent"
)

// TestTransfersTable fits every width, and drops what tells least.
func TestTransfersTable(t *testing.T) {
	list := []servent.DownloadInfo{
		{ID: "K7QX2A", Name: "Johann Strauss - An der schönen blauen Donau.flac", Phase: servent.PhaseLoading, State: "loading", Priority: "high", Done: 10e6, Total: 20e6, Sources: 5, Active: 3, Copies: 1.84, Rate: 1e6, LeftMS: 10_000},
		{ID: "PLSTHI", Name: "b", Phase: servent.PhaseFailed, State: "failed", Error: "disk \x1b[2Jis full", Priority: "normal"},
		{ID: "ABCDEF", Name: "c", Phase: servent.PhaseDone, State: "done", Priority: "normal", Done: 1000, Total: 1000},
	}
	wide := transfersTable(list, 0)
	for _, want := range []string{"K7QX2A", "high, loading", "10 MB of 20 MB", "10 s", "1.0 MB/s", "3 of 5", "1.8", "Donau.flac", "failed: disk", "1.0 kB"} {
		if !strings.Contains(wide, want) {
			t.Errorf("no %q in\n%s", want, wide)
		}
	}
	if strings.Contains(wide, "\x1b") {
		t.Error("steers the terminal")
	}
	for room := 78; room < 160; room++ {
		text := transfersTable(list, room)
		for line := range strings.Lines(text) {
			if columns(strings.TrimSuffix(line, "\n")) > room {
				t.Errorf("room %d: %q", room, line)
			}
		}
		if !strings.Contains(text, "NAME") || !strings.Contains(text, "DONE") || strings.Contains(text, "COPIES") && !strings.Contains(text, "SOURCES") {
			t.Errorf("room %d:\n%s", room, text)
		}
	}
}

// TestWatchTellsOfChanges: where there is no terminal, of those downloads alone that are
// others than they were.
func TestWatchTellsOfChanges(t *testing.T) {
	var out buffer
	a := newApp(&out, &buffer{}, home{}.lookEnv)
	a.json = true
	w := newWatched(a, a.lines())
	one, two := servent.DownloadInfo{ID: "ONE", Done: 1}, servent.DownloadInfo{ID: "TWO", Done: 1}
	w.update([]servent.DownloadInfo{one, two})
	w.update([]servent.DownloadInfo{one, two})
	two.Done = 2
	w.update([]servent.DownloadInfo{one, two})
	if n, again := strings.Count(out.String(), "\n"), strings.Count(out.String(), `"id":"TWO"`); n != 3 || again != 2 {
		t.Errorf("told:\n%s", out.String())
	}
	a.json, out = false, buffer{}
	w.update([]servent.DownloadInfo{one})
	if out.String() != "" {
		t.Errorf("of what has gone: %q", out.String())
	}
}

// TestTransfersOfRunningServent: a download is detached, listed, paused, ranked,
// resumed and cancelled; and one that is done is shared.
func TestTransfersOfRunningServent(t *testing.T) {
	dir := t.TempDir()
	text := strings.Repeat("walzer ", 500_000)
	writeFile(t, filepath.Join(dir, "danube.flac"), text)
	_, source := newHome(t).sharing(t, "--upload-rate", "1MB", dir)
	h := newHome(t)
	magnet := "magnet:?xt=urn:sha1:" + sha1Of(text) + "&dn=danube.flac&xl=3500000"
	if code, _, errOut := h.run(t, "get", "--detach", magnet); code != 1 || !strings.Contains(errOut, "servent share") {
		t.Errorf("without a servent: exit %d: %s", code, errOut)
	}
	_, ready := h.sharing(t, "--connect", source.Listen, t.TempDir())
	if code, out, _ := h.run(t, "transfers"); code != 0 || !strings.Contains(out, "no downloads") {
		t.Errorf("none: exit %d: %s", code, out)
	}
	output := t.TempDir()
	code, out, errOut := h.run(t, "get", "--detach", "--json", "--from", source.Listen, "--output", output, magnet)
	if code != 0 || !strings.Contains(out, `"event":"detached"`) {
		t.Fatalf("detach: exit %d: %s%s", code, out, errOut)
	}
	id := object[servent.DownloadInfo](t, out).ID
	list := func(ok func(servent.DownloadInfo) bool) servent.DownloadInfo {
		t.Helper()
		for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
			_, out, _ = h.run(t, "transfers", "--json")
			if d := object[servent.DownloadInfo](t, out); ok(d) {
				return d
			}
		}
		t.Fatalf("is never so: %s", out)
		return servent.DownloadInfo{}
	}
	list(func(d servent.DownloadInfo) bool { return d.Done > 0 && d.ID == id && d.Detached })
	if code, out, _ := h.run(t, "transfers", "pause", strings.ToLower(id)); code != 0 || out != id+"  danube.flac: paused\n" {
		t.Errorf("pause: exit %d: %q", code, out)
	}
	if code, out, _ := h.run(t, "transfers", "priority", "all", "high"); code != 0 || !strings.Contains(out, "high priority, paused") {
		t.Errorf("priority: exit %d: %q", code, out)
	}
	for _, wrong := range [][]string{{"priority", id}, {"priority", id, "top"}, {"pause"}, {"cancel"}} {
		if code, _, errOut := h.run(t, append([]string{"transfers"}, wrong...)...); code != 2 {
			t.Errorf("%v: exit %d: %s", wrong, code, errOut)
		}
	}
	if code, _, errOut := h.run(t, "transfers", "resume", "NOBODY"); code != 1 || !strings.Contains(errOut, "`servent transfers` lists them") {
		t.Errorf("unknown: exit %d: %s", code, errOut)
	}
	if code, _, _ := h.run(t, "transfers", "resume", "all"); code != 0 {
		t.Errorf("resume: exit %d", code)
	}
	done := list(func(d servent.DownloadInfo) bool { return d.Phase == servent.PhaseDone })
	if got, err := os.ReadFile(done.Path); err != nil || string(got) != text || filepath.Dir(done.Path) != output {
		t.Errorf("%s: %d bytes, %v", done.Path, len(got), err)
	}
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		_, out, _ := h.run(t, "status")
		if strings.Contains(out, output+": downloaded: 1 file, 3.5 MB, and nothing else") {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("not shared: %s", out)
		}
	}
	if code, out, errOut := newHome(t).run(t, "get", magnet, "--from", ready.Listen, "--connect-only", "--listen", "127.0.0.1:0", "--output", t.TempDir()); code != 0 {
		t.Errorf("nobody gets it from the one that has downloaded it: exit %d: %s%s", code, out, errOut)
	}
	if code, out, _ := h.run(t, "transfers", "cancel", id); code != 0 || !strings.Contains(out, "no longer listed") {
		t.Errorf("taken off the list: exit %d: %s", code, out)
	}
	if _, err := os.Stat(done.Path); err != nil {
		t.Errorf("a file that is done is removed: %v", err)
	}
}
