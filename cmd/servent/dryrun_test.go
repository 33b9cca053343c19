package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/seed282dab8e/servent/servent"
)

// TestDryRun: it tells, and leaves no trace, whether a servent runs or not.
func TestDryRun(t *testing.T) {
	dir, h := tree(t), newHome(t)
	writeFile(t, filepath.Join(dir, "odd\x1b[2J.xyz"), "odd")
	dir, err := filepath.EvalSymlinks(dir)
	if err != nil {
		t.Fatal(err)
	}
	code, out, errOut := h.run(t, "share", "--dry-run", dir)
	for _, want := range []string{
		dir + ": 3 files, 70 kB, in 2 folders\n", "        2   70 kB  audio\n", "        1     3 B  other\n",
		"strauss/blue danube.flac\n", "odd[2J.xyz\n", "hidden: its name begins with a dot: .secret\n", "dry run",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in:\n%s", want, out)
		}
	}
	if code != 0 || errOut != "" || strings.Contains(out, "\x1b") {
		t.Errorf("exit %d: %q: %s", code, out, errOut)
	}
	if _, err := os.Stat(h["XDG_DATA_HOME"]); err == nil {
		t.Error("there is a data dir now")
	}

	h.sharing(t, t.TempDir())
	code, out, errOut = h.run(t, "share", "--dry-run", "--json", dir, filepath.Join(dir, "strauss"))
	lines := slices.Collect(strings.Lines(out))
	if code != 0 || len(lines) != 2 || errOut != "" {
		t.Fatalf("exit %d: %s%s", code, out, errOut)
	}
	r := object[struct {
		Event string
		servent.Report
	}](t, lines[0])
	if r.Event != "report" || r.Dir != dir || r.Files != 3 || r.Bytes != 70_009 || len(r.Types) != 2 || r.Types[0].Type != "audio" ||
		len(r.Largest) != 3 || len(r.LeftOut) != 1 || r.LeftOut[0].Count != 1 {
		t.Errorf("%+v", r)
	}
	if r := object[servent.Report](t, lines[1]); r.Files != 2 || r.LeftOut == nil {
		t.Errorf("%+v", r)
	}
	if code, out, errOut = h.run(t, "status", "--json"); code != 0 || !strings.Contains(out, `"files":0`) {
		t.Errorf("status: exit %d: %s%s", code, out, errOut)
	}
	if code, out, errOut = h.run(t, "share", "--dry-run", "--left-out", dir); code != 0 || !strings.Contains(out, "\n  .secret\n") {
		t.Errorf("with --left-out: exit %d: %s%s", code, out, errOut)
	}
	if code, out, errOut = h.run(t, "share", "--dry-run", filepath.Join(dir, "absent")); code != 1 || !strings.Contains(errOut, "no such folder") {
		t.Errorf("of no folder: exit %d: %s%s", code, out, errOut)
	}
}
