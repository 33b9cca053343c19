//go:build unix

package library

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// TestPipe: a named pipe is left out, and one in the place of a shared file
// does not block who opens it.
func TestPipe(t *testing.T) {
	dir := tempDir(t)
	write(t, dir, "file.txt", "content")
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe.txt"), 0o644); err != nil {
		t.Skip("no pipes: ", err)
	}
	l := added(t, dir)
	if err := l.Add(t.Context(), filepath.Join(dir, "pipe.txt")); err == nil {
		t.Error("a pipe was shared as a folder")
	}
	wantRels(t, l, "file.txt")
	if got := reasons(l, dir); got["pipe.txt"] != reasonSpecial {
		t.Errorf("left out: %v", got)
	}
	f := one(t, l, "file")
	if err := os.Rename(filepath.Join(dir, "pipe.txt"), filepath.Join(dir, "file.txt")); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Open(f); !errors.Is(err, ErrChanged) {
		t.Errorf("got %v, want %v", err, ErrChanged)
	}
}

// TestHashPipe: a file becomes a pipe between walk and hash.
func TestHashPipe(t *testing.T) {
	dir := tempDir(t)
	write(t, dir, "file.txt", "content")
	_, _, reason := hashOne(t, t.Context(), dir, "file.txt", func(*candidate) {
		path := filepath.Join(dir, "file.txt")
		if err := errors.Join(os.Remove(path), syscall.Mkfifo(path, 0o644)); err != nil {
			t.Skip("no pipes: ", err)
		}
	})
	if reason != reasonChanging {
		t.Errorf("reason %q, want %q", reason, reasonChanging)
	}
}
