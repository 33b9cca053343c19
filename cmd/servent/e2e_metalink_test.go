//go:build loopback && unix

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestAria2ReadsMetalink: another program loads from servents what a metalink names,
// and checks its pieces: one that is damaged on disk is loaded again.
func TestAria2ReadsMetalink(t *testing.T) {
	aria2, err := exec.LookPath("aria2c")
	if err != nil {
		t.Skip("aria2c is not installed")
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "danube.flac")
	content := strings.Repeat("walzer ", 1_000_000)
	writeFile(t, file, content)
	one, two := share(t, dir), share(t, dir)
	_, out, errOut := newHome(t).run(t, "metalink", "--source", one.ready.Listen+","+two.ready.Listen, file)
	if errOut != "" {
		t.Fatal(errOut)
	}
	meta := filepath.Join(t.TempDir(), "x.meta4")
	writeFile(t, meta, out)
	into := t.TempDir()
	load := func(want string) {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), aria2, "--no-conf", "--check-integrity=true", "--metalink-file="+meta, "--dir="+into, "--split=4", "--min-split-size=1M")
		said, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(said), want) {
			t.Fatalf("%v: %s", err, said)
		}
		if got, err := os.ReadFile(filepath.Join(into, "danube.flac")); err != nil || string(got) != content {
			t.Fatalf("%d bytes, %v: %s", len(got), err, said)
		}
	}
	load("(OK):download completed")
	damaged := []byte(content)
	damaged[3_000_000] ^= 1
	if err := os.WriteFile(filepath.Join(into, "danube.flac"), damaged, 0o600); err != nil {
		t.Fatal(err)
	}
	load("(OK):download completed")
}
