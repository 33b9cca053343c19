package library

import (
	"os"
	"path/filepath"
	"testing"
)

func refresh(t *testing.T, l *Library, dir string, rels ...string) {
	t.Helper()
	if err := l.refresh(t.Context(), dir, rels, func() {}); err != nil {
		t.Fatal(err)
	}
}

func remove(t *testing.T, dir, rel string) {
	t.Helper()
	if err := os.RemoveAll(filepath.Join(dir, rel)); err != nil {
		t.Fatal(err)
	}
}

// TestRefresh: only folders that are named are looked at, and new ones in them.
func TestRefresh(t *testing.T) {
	dir := tempDir(t)
	write(t, dir, "top.txt", "0", "a/one.txt", "1", "a/deep/two.txt", "2", "b/three.txt", "3", "a/.hidden", "x", "b/.hidden", "x")
	k := open(t, cachePath(t), nil)
	add(t, k.Library, dir)
	k.wantHashed(t, 4)

	write(t, dir, "a/new.txt", "n", "a/fresh/deep/er.txt", "4", "b/unseen.txt", "5", "a/deep/unseen.txt", "6", "a/.second", "x")
	remove(t, dir, "a/one.txt")
	refresh(t, k.Library, dir, "a")
	k.wantHashed(t, 2)
	wantRels(t, k.Library, "a/deep/two.txt", "a/fresh/deep/er.txt", "a/new.txt", "b/three.txt", "top.txt")
	wantFound(t, k.Library, "one")
	if n := k.Roots()[0].LeftOut; n != 3 || len(k.LeftOut(dir)) != 3 {
		t.Errorf("%d left out: %v", n, k.LeftOut(dir))
	}

	remove(t, dir, "a")
	refresh(t, k.Library, dir, "a", "a/deep", "a/fresh/deep") // what is gone is told by what holds it
	wantRels(t, k.Library, "b/three.txt", "top.txt")
	if n := k.Roots()[0].LeftOut; n != 1 || len(k.LeftOut(dir)) != 1 {
		t.Errorf("%d left out: %v", n, k.LeftOut(dir))
	}
	refresh(t, k.Library, dir, "", "b", "no/such/folder", "b")
	wantRels(t, k.Library, "b/three.txt", "b/unseen.txt", "top.txt")
	refresh(t, k.Library, filepath.Join(dir, "b"), "") // is not shared itself: nothing happens
	k = k.reopen(t, dir)
	k.wantHashed(t, 0)
}

// TestRefreshOfFolderThatHasGone: it fails as a rescan does.
func TestRefreshOfFolderThatHasGone(t *testing.T) {
	top := tempDir(t)
	dir := filepath.Join(top, "share")
	write(t, top, "share/a/one.txt", "1")
	l := added(t, dir)
	remove(t, top, "share")
	if err := l.refresh(t.Context(), dir, []string{"a", ""}, func() {}); err == nil {
		t.Error("no error")
	}
	wantRels(t, l)
}
