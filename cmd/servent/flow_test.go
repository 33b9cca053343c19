package main

import (
	"crypto/sha1"
	"encoding/base32"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed282dab8e/servent/servent"
)

// tree is a folder to share.
func tree(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "strauss", "blue danube.flac"), strings.Repeat("walzer ", 10_000))
	writeFile(t, filepath.Join(dir, "strauss", "radetzky.flac"), "marsch")
	writeFile(t, filepath.Join(dir, ".secret"), "hidden")
	return dir
}

func sha1Of(text string) string {
	sum := sha1.Sum([]byte(text))
	return base32.StdEncoding.EncodeToString(sum[:])
}

type readyLine struct {
	Event string
	servent.Ready
}

// sharing starts `servent share` in h and returns its address when it is ready.
func (h home) sharing(t *testing.T, args ...string) (*command, readyLine) {
	t.Helper()
	c := h.start(t, append([]string{"share", "--json", "--connect-only", "--listen", "127.0.0.1:0"}, args...)...)
	return c, object[readyLine](t, c.await(t, `"ready"`))
}

func TestShareSearchGet(t *testing.T) {
	dir := tree(t)
	sharer, ready := newHome(t).sharing(t, dir)
	if ready.Files != 2 || ready.Bytes != 70_006 || ready.Role != "supernode" || len(ready.GUID) != 32 {
		t.Errorf("ready: %+v", ready)
	}
	seeker := newHome(t)
	flags := []string{"--connect", ready.Listen, "--connect-only", "--listen", "127.0.0.1:0"}
	code, out, errOut := seeker.run(t, append([]string{"search", "--json", "--limit", "1", "blue danube"}, flags...)...)
	if code != 0 {
		t.Fatalf("search: exit %d: %s", code, errOut)
	}
	found := object[servent.Found](t, out)
	want := sha1Of(strings.Repeat("walzer ", 10_000))
	if found.Name != "blue danube.flac" || found.Path != "strauss" || found.SHA1 != want || found.Size != 70_000 ||
		found.Hops != 1 || found.Type != "audio" || len(found.Sources) != 1 || found.Sources[0].Addr != ready.Listen ||
		!strings.HasPrefix(found.Magnet, "magnet:?xt=urn:sha1:"+want+"&") {
		t.Errorf("found: %+v", found)
	}

	output := t.TempDir()
	code, out, errOut = seeker.run(t, append([]string{"get", "1", "--json", "--output", output}, flags...)...)
	if code != 0 {
		t.Fatalf("get: exit %d: %s", code, errOut)
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	done := object[struct {
		Event string
		servent.Got
	}](t, lines[len(lines)-1])
	if done.Event != "done" || done.SHA1 != want || !done.Verified || done.Path != filepath.Join(output, "blue danube.flac") {
		t.Errorf("done: %+v", done)
	}
	if text, err := os.ReadFile(done.Path); err != nil || sha1Of(string(text)) != want {
		t.Errorf("what was saved: %d bytes, %v", len(text), err)
	}
	if up := sharer.await(t, `"upload"`); !strings.Contains(up, `"bytes":70000`) {
		t.Errorf("upload: %s", up)
	}

	code, out, _ = seeker.run(t, append([]string{"search", "--timeout", "300ms", "blue danube"}, flags...)...)
	if code != 0 || !strings.Contains(out, "NAME") || !strings.Contains(out, "strauss/blue danube.flac") {
		t.Errorf("search for people: exit %d: %s", code, out)
	}
	code, _, errOut = seeker.run(t, append([]string{"search", "--timeout", "300ms", "yellow danube"}, flags...)...)
	if code != 3 || !strings.Contains(errOut, "nothing found for yellow danube") {
		t.Errorf("search for nothing: exit %d: %s", code, errOut)
	}
	if code, _, errOut = seeker.run(t, "get", "2"); code != 2 || !strings.Contains(errOut, "has rows 1 to 1") {
		t.Errorf("get of no row: exit %d: %s", code, errOut)
	}
	sharer.stop()
	if code := sharer.wait(t); code != 0 {
		t.Errorf("share ended with %d: %s", code, sharer.err.String())
	}
}

func TestRunningServent(t *testing.T) {
	h := newHome(t)
	sharer, ready := h.sharing(t, tree(t))
	other := t.TempDir()
	writeFile(t, filepath.Join(other, "b", "book.txt"), "a book")
	code, out, errOut := h.run(t, "share", "--left-out", "--listen", ":1", other)
	if code != 0 || !strings.Contains(out, "1 file, 6 B") || !strings.Contains(errOut, "note: --listen without effect") {
		t.Errorf("share with the running servent: exit %d: %s%s", code, out, errOut)
	}
	code, out, _ = h.run(t, "share", "--json", "--left-out", filepath.Join(other, "b"))
	if again := object[readyLine](t, out); code != 0 || again.Listen != ready.Listen || again.Files != 3 {
		t.Errorf("second ready: exit %d: %s", code, out)
	}

	code, out, _ = h.run(t, "status", "--json")
	st := object[servent.Status](t, out)
	if code != 0 || st.Files != 3 || st.GUID != ready.GUID || len(st.Shares) != 3 || st.Shares[0].LeftOut != 1 {
		t.Errorf("status: exit %d: %s", code, out)
	}
	if _, out, _ = h.run(t, "status"); !strings.Contains(out, ready.GUID) || !strings.Contains(out, "(1 left out)") {
		t.Errorf("status for people: %s", out)
	}
	if code, out, _ = h.run(t, "peers"); code != 0 || !strings.Contains(out, "no links") {
		t.Errorf("peers: exit %d: %s", code, out)
	}
	if code, out, _ = h.run(t, "peers", "--json"); code != 0 || out != "" {
		t.Errorf("no peers as JSON: exit %d: %q", code, out)
	}
	code, _, errOut = h.run(t, "search", "--timeout", "100ms", "danube")
	if code != 3 || !strings.Contains(errOut, "the running servent has no links: with --connect-only and no --connect") {
		t.Errorf("search without links: exit %d: %s", code, errOut)
	}

	if code, out, errOut = h.run(t, "unshare", other); code != 0 || !strings.Contains(out, "no longer shared") {
		t.Errorf("unshare: exit %d: %s%s", code, out, errOut)
	}
	if code, _, errOut = h.run(t, "unshare", other); code != 1 || !strings.Contains(errOut, "not shared") {
		t.Errorf("second unshare: exit %d: %s", code, errOut)
	}
	if code, out, errOut = h.run(t, "stop"); code != 0 || out != "stopped\n" {
		t.Errorf("stop: exit %d: %s%s", code, out, errOut)
	}
	if code := sharer.wait(t); code != 0 {
		t.Errorf("share ended with %d: %s", code, sharer.err.String())
	}
	_, again := h.sharing(t, other) // the data dir is free as soon as stop returns
	if again.GUID != ready.GUID {
		t.Error("the identity was not kept")
	}
}

func TestLeftOutIsListed(t *testing.T) {
	c, _ := newHome(t).sharing(t, "--left-out", tree(t))
	if line := c.await(t, `"left_out"`); !strings.Contains(line, `"path":".secret"`) {
		t.Errorf("left out: %s", line)
	}
	people := newHome(t).start(t, "share", "--connect-only", "--listen", "127.0.0.1:0", tree(t))
	people.await(t, "Ctrl-C")
	people.await(t, "--left-out lists")
}

// TestDataDirInUse starts commands on a data dir that is locked by a servent
// that does not answer.
func TestDataDirInUse(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	s, err := servent.New(servent.Config{DataDir: h.dataDir(), Listen: "127.0.0.1:0", ConnectOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	code, _, errOut := h.run(t, "share", "--connect-only", "--listen", "127.0.0.1:0", tree(t))
	if code != 1 || !strings.Contains(errOut, "in use by another servent") || !strings.Contains(errOut, "--data-dir") {
		t.Errorf("exit %d: %s", code, errOut)
	}
}

// TestCommandsWhileAnotherRuns: a search with a servent of its own lets other
// commands use that, but nothing that is to outlast it.
func TestCommandsWhileAnotherRuns(t *testing.T) {
	dir := tree(t)
	_, ready := newHome(t).sharing(t, dir)
	h := newHome(t)
	flags := []string{"--connect", ready.Listen, "--connect-only", "--listen", "127.0.0.1:0"}
	first := h.start(t, append([]string{"search", "--json", "--timeout", "1h", "danube"}, flags...)...)
	first.await(t, "blue danube")
	if code, out, errOut := h.run(t, "peers"); code != 0 || !strings.Contains(out, ready.Listen) {
		t.Errorf("peers: exit %d: %s%s", code, out, errOut)
	}
	code, out, errOut := h.run(t, append([]string{"search", "--limit", "1", "radetzky"}, flags...)...)
	if code != 0 || !strings.Contains(out, "radetzky.flac") || !strings.Contains(errOut, "`servent search` runs") {
		t.Errorf("second search: exit %d: %s%s", code, out, errOut)
	}
	if code, _, errOut = h.run(t, "share", dir); code != 1 || !strings.Contains(errOut, "wait until it ends") {
		t.Errorf("share: exit %d: %s", code, errOut)
	}
	third := h.start(t, "search", "--json", "--timeout", "1h", "danube")
	third.await(t, "blue danube")
	if code, out, errOut = h.run(t, "stop"); code != 0 || out != "stopped\n" {
		t.Errorf("stop: exit %d: %s%s", code, out, errOut)
	}
	if code := first.wait(t); code != 1 || !strings.Contains(first.err.String(), "stopped") {
		t.Errorf("the first search: exit %d: %s", code, first.err.String())
	}
	if code := third.wait(t); code != 1 || !strings.Contains(third.err.String(), "stopped") {
		t.Errorf("the third search: exit %d: %s", code, third.err.String())
	}
}

// TestGetGoesOnWithoutTheOther: a download through the servent of another command
// outlasts that.
func TestGetGoesOnWithoutTheOther(t *testing.T) {
	const size = 6_000_000
	dir, out, h := t.TempDir(), t.TempDir(), newHome(t)
	content := strings.Repeat("walzer ", size/7+1)[:size]
	writeFile(t, filepath.Join(dir, "blue danube.flac"), content)
	_, ready := newHome(t).sharing(t, "--upload-rate", "2MB", dir)
	flags := []string{"--json", "--connect-only", "--listen", "127.0.0.1:0", "--connect", ready.Listen}
	first := h.start(t, append([]string{"search", "--timeout", "1h", "danube"}, flags...)...)
	first.await(t, "blue danube")
	get := h.start(t, append([]string{"get", "--output", out, "urn:sha1:" + sha1Of(content)}, flags...)...)
	get.await(t, `"state":"loading"`)
	first.stop()
	if code := first.wait(t); code != 130 {
		t.Errorf("the search: exit %d: %s", code, first.err.String())
	}
	if code := get.wait(t); code != 0 {
		t.Errorf("the download: exit %d: %s", code, get.err.String())
	}
	got, err := os.ReadFile(filepath.Join(out, "blue danube.flac"))
	if err != nil || string(got) != content {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

func TestSearchInterrupted(t *testing.T) {
	_, ready := newHome(t).sharing(t, tree(t))
	c := newHome(t).start(t, "search", "--json", "--timeout", "1h", "--connect", ready.Listen,
		"--connect-only", "--listen", "127.0.0.1:0", "danube")
	c.await(t, "blue danube")
	c.stop()
	if code := c.wait(t); code != 130 {
		t.Errorf("exit %d: %s", code, c.err.String())
	}
}

// TestGetInterruptedGoesOn: what `get` tells of at Ctrl-C is there, and the same
// command goes on from it.
func TestGetInterruptedGoesOn(t *testing.T) {
	const size = 6_000_000
	dir, out, seeker := t.TempDir(), t.TempDir(), newHome(t)
	content := strings.Repeat("walzer ", size/7+1)[:size]
	writeFile(t, filepath.Join(dir, "blue danube.flac"), content)
	_, ready := newHome(t).sharing(t, "--upload-rate", "2MB", dir)
	args := []string{"get", "--json", "--connect-only", "--listen", "127.0.0.1:0", "--output", out, "--from", ready.Listen, "urn:sha1:" + sha1Of(content)}
	c := seeker.start(t, args...)
	c.await(t, `"state":"loading"`)
	c.stop()
	if code := c.wait(t); code != 130 {
		t.Errorf("exit %d: %s", code, c.err.String())
	}
	parts, _ := filepath.Glob(filepath.Join(out, "*.part"))
	if len(parts) != 1 || !strings.Contains(c.err.String(), " are kept in "+parts[0]+": the same command goes on from there\n") {
		t.Fatalf("parts %q, told: %s%s", parts, c.err.String(), c.out.String())
	}
	code, told, errOut := seeker.run(t, args...)
	if code != 0 {
		t.Fatalf("exit %d: %s", code, errOut)
	}
	lines := strings.Split(strings.TrimSpace(told), "\n")
	done := object[struct{ Bytes, Fetched int64 }](t, lines[len(lines)-1])
	if left, _ := filepath.Glob(filepath.Join(out, "*")); len(left) != 1 || done.Bytes != size || done.Fetched >= size {
		t.Errorf("folder %q, the last download: %+v", left, done)
	}
}

func TestDemo(t *testing.T) {
	t.Parallel()
	dir := tree(t)
	keep := t.TempDir()
	code, out, errOut := newHome(t).runFor(t, demoPatience, "demo", "--dir", dir, "--output", keep, "blue danube")
	if code != 0 {
		t.Fatalf("exit %d: %s%s", code, out, errOut)
	}
	for _, want := range []string{
		"node 1 finds nobody and becomes a supernode", "holds the lists of", "blue danube.flac", "SHA-1", "tiger root",
		"saved as " + keep, "has become one", "asks again and finds 1 file", "no leaf was asked",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("the demo does not tell %q:\n%s", want, out)
		}
	}
	if _, err := os.Stat(filepath.Join(keep, "blue danube.flac")); err != nil {
		t.Error(err)
	}
	code, _, errOut = newHome(t).runFor(t, demoPatience, "demo", "--dir", dir, "yellow danube")
	if code != 3 || !strings.Contains(errOut, "nothing found") {
		t.Errorf("exit %d: %s", code, errOut)
	}
}

func TestDemoForScripts(t *testing.T) {
	t.Parallel()
	code, out, errOut := newHome(t).runFor(t, demoPatience, "demo", "--json", "--dir", tree(t), "radetzky")
	if code != 0 {
		t.Fatalf("exit %d: %s", code, errOut)
	}
	var last map[string]any
	for line := range strings.Lines(out) {
		last = object[map[string]any](t, line)
	}
	// A leaf asks its supernode, once; the second time it may have become one itself,
	// and there may be others.
	if q, _ := last["query"].(map[string]any); last["event"] != "messages" || q["out"] == 0.0 {
		t.Errorf("last line: %v", last)
	}
	if n := strings.Count(out, `"event":"supernode"`); n != 2 {
		t.Errorf("%d supernodes are told of, want 2:\n%s", n, out)
	}
}

func TestDemoTree(t *testing.T) {
	dir := t.TempDir()
	if got := treeParts(dir); len(got) != 3 || got[0] != dir || got[2] != dir {
		t.Errorf("without folders: %q", got)
	}
	for _, name := range []string{"a", "os", ".git", "b"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if got := treeParts(dir); got[0] != dir || filepath.Base(got[1]) != "os" || filepath.Base(got[2]) != "a" {
		t.Errorf("with folders: %q", got)
	}
}
