package library

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func addFile(t *testing.T, l *Library, dir, name string) {
	t.Helper()
	if err := l.AddFiles(t.Context(), dir, name); err != nil {
		t.Fatal(err)
	}
}

// TestAddFile: of the folder nothing else is shared, however often it is looked at,
// until the folder is.
func TestAddFile(t *testing.T) {
	dir := tempDir(t)
	write(t, dir, "danube.flac", "waltz", "diary.txt", "private", "sub/danube.flac", "private too", "second.flac", "march", ".hidden", "x")
	l := New(Config{CachePath: filepath.Join(tempDir(t), "hashes")})
	defer l.Close()
	add(t, l, dir) // so that the cache knows all of it
	if err := l.Remove(dir); err != nil {
		t.Fatal(err)
	}
	addFile(t, l, dir, "danube.flac")
	wantRels(t, l, "danube.flac")
	if r := l.Roots(); len(r) != 1 || !r[0].Single || r[0].Dir != dir || r[0].Files != 1 || r[0].LeftOut != 0 {
		t.Errorf("roots %+v", r)
	}
	rescan(t, l)
	if err := l.refresh(t.Context(), dir, []string{"sub"}, func() {}); err != nil {
		t.Fatal(err)
	}
	wantRels(t, l, "danube.flac")
	addFile(t, l, dir, "second.flac")
	addFile(t, l, dir, ".hidden")
	wantRels(t, l, "danube.flac", "second.flac")
	wantFound(t, l, "private")
	add(t, l, dir)
	wantRels(t, l, "danube.flac", "diary.txt", "second.flac", "sub/danube.flac")
	if r := l.Roots(); len(r) != 1 || r[0].Single {
		t.Errorf("the folder is shared: %+v", r)
	}
	if err := l.Remove(dir); err != nil {
		t.Fatal(err)
	}
	wantRels(t, l)
	addFile(t, l, dir, "danube.flac")
	if err := l.Remove(dir); err != nil {
		t.Fatal(err)
	}
	wantRels(t, l)
}

// TestRefreshSingle: a file that has gone is no longer shared, one that has changed is
// shared as it is now; the folder is not watched until it is shared.
func TestRefreshSingle(t *testing.T) {
	dir := tempDir(t)
	write(t, dir, "danube.flac", "waltz", "march.flac", "march", "sub/diary.txt", "private")
	l := New(Config{})
	defer l.Close()
	addFile(t, l, dir, "danube.flac")
	addFile(t, l, dir, "march.flac")
	if err := os.Remove(filepath.Join(dir, "danube.flac")); err != nil {
		t.Fatal(err)
	}
	write(t, dir, "march.flac", "another march")
	if err := l.RefreshSingle(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantRels(t, l, "march.flac")
	if f := one(t, l, "march"); f.URN != urnOf("another march") {
		t.Errorf("%+v", f)
	}
	if dirs := l.toWatch(); len(dirs) != 0 {
		t.Errorf("to be watched: %q", dirs)
	}
	add(t, l, dir)
	if dirs := l.toWatch(); len(dirs) != 1 {
		t.Errorf("to be watched: %q", dirs)
	}
}

// TestAddFileInSharedFolder: it is found there, at once and once.
func TestAddFileInSharedFolder(t *testing.T) {
	dir := tempDir(t)
	write(t, dir, "old.flac", "old")
	l := added(t, dir)
	write(t, dir, "sub/danube.flac", "waltz")
	addFile(t, l, filepath.Join(dir, "sub"), "danube.flac")
	wantRels(t, l, "old.flac", "sub/danube.flac")
	if r := l.Roots(); len(r) != 1 || r[0].Single {
		t.Errorf("roots %+v", r)
	}
}

// TestSingleFilesInheritNothing: when a folder is taken back, a share of single files
// around it does not take its files over.
func TestSingleFilesInheritNothing(t *testing.T) {
	dir := tempDir(t)
	write(t, dir, "danube.flac", "waltz", "sub/diary.txt", "private", "sub/danube.flac", "private too")
	l := New(Config{})
	defer l.Close()
	addFile(t, l, dir, "danube.flac")
	add(t, l, filepath.Join(dir, "sub"))
	if err := l.Remove(filepath.Join(dir, "sub")); err != nil {
		t.Fatal(err)
	}
	wantRels(t, l, "danube.flac")
}

func TestAddFileRefused(t *testing.T) {
	dir := tempDir(t)
	l := New(Config{})
	defer l.Close()
	if err := l.AddFiles(t.Context(), filepath.Join(dir, "none"), "x"); err == nil {
		t.Error("a file without a folder is shared")
	}
	addFile(t, l, dir, "gone.flac")
	wantRels(t, l)
	if err := l.Remove(filepath.Join(dir, "sub")); !errors.Is(err, ErrNotShared) {
		t.Errorf("another folder: %v", err)
	}
}
