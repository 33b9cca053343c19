//go:build loopback && unix

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/servent"
)

// TestDetachedOutlivesKill: once the command has returned, the download is written
// down; kill -9 loses neither it nor that it is paused.
func TestDetachedOutlivesKill(t *testing.T) {
	dir := t.TempDir()
	content := strings.Repeat("walzer ", 3_000_000)
	writeFile(t, filepath.Join(dir, "danube.flac"), content)
	source := &peer{process: newHome(t).spawn(t, "share", "--json", "--connect-only", "--role", "flat", "--upload-rate", "6MB", "--listen", "127.0.0.1:0", dir)}
	source.ready = object[readyLine](t, source.line(t, `"ready"`))
	node := share(t, t.TempDir(), source)
	h, into := node.home, t.TempDir()
	magnet := "magnet:?xt=urn:sha1:" + sha1Of(content) + "&dn=danube.flac&xs=http://" + source.ready.Listen + "/"
	if code, _, errOut := h.call(t, "get", "--detach", "--output", into, magnet); code != 0 {
		t.Fatalf("detach: exit %d: %s", code, errOut)
	}
	node.kill() // at once
	is := func(what string, ok func(*servent.DownloadInfo) bool) {
		t.Helper()
		until(t, 20*time.Second, func() error {
			list, err := node.client(t).Downloads(t.Context())
			if err == nil && (len(list) != 1 || !ok(&list[0])) {
				err = fmt.Errorf("not %s: %+v", what, list)
			}
			return err
		})
	}
	node.restart(t)
	is("begun", func(d *servent.DownloadInfo) bool { return d.Done > 2<<20 })
	if code, _, errOut := h.call(t, "transfers", "pause", "all"); code != 0 {
		t.Fatalf("pause: exit %d: %s", code, errOut)
	}
	node.kill()
	node.restart(t)
	is("paused", func(d *servent.DownloadInfo) bool { return d.Phase == servent.PhasePaused && d.Done > 0 })
	if code, _, errOut := h.call(t, "transfers", "resume", "all"); code != 0 {
		t.Fatalf("resume: exit %d: %s", code, errOut)
	}
	is("done", func(d *servent.DownloadInfo) bool { return d.Phase == servent.PhaseDone })
	text, err := os.ReadFile(filepath.Join(into, "danube.flac"))
	if left, _ := filepath.Glob(filepath.Join(into, "*.part*")); len(left) > 0 {
		err = errors.Join(err, fmt.Errorf("left: %q", left))
	}
	if err != nil || string(text) != content {
		t.Errorf("%d bytes, %v", len(text), err)
	}
}
