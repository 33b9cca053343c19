//go:build loopback && unix

package main

import (
	"crypto/sha1"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/protocol"
)

// soon is within what time others find what was put into a shared folder.
const soon = 8 * time.Second

// TestSharedFolderIsFollowed: what comes into a shared folder, or goes, is known
// to others within seconds, by the route table too; and a start after that reads
// nothing again.
func TestSharedFolderIsFollowed(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "first.txt"), "1")
	a := share(t, dir)
	b := share(t, t.TempDir(), a)
	b.awaitLinks(t, 1)

	writeFile(t, filepath.Join(dir, "new folder", "papaya quince.txt"), "papaya")
	begin := time.Now()
	awaitRow(t, b, "quince papaya", protocol.SHA1(sha1.Sum([]byte("papaya"))).String())
	if took := time.Since(begin); took > soon {
		t.Errorf("found after %v", took)
	}
	if err := os.RemoveAll(filepath.Join(dir, "new folder")); err != nil {
		t.Fatal(err)
	}
	until(t, soon, func() error {
		if st := a.status(t); st.Files != 1 {
			return fmt.Errorf("%d files shared", st.Files)
		}
		return nil
	})
	writeFile(t, filepath.Join(dir, "second.txt"), "2")
	until(t, soon, func() error {
		if st := a.status(t); st.Files != 2 {
			return fmt.Errorf("%d files shared", st.Files)
		}
		return nil
	})
	a.kill()
	a.restart(t)
	if st := a.status(t); st.Files != 2 {
		t.Errorf("%d files after a restart", st.Files)
	}
}
