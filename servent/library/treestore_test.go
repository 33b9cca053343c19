package library

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/protocol/tiger"
	"go.etcd.io/bbolt"
)

// large is the content of a file whose tree is kept, of no two equal parts.
func large(seed int) string {
	b := make([]byte, minKeptTree+1)
	for i := range b {
		b[i] = byte(i>>18 + seed + i*7)
	}
	return string(b)
}

// treesOf returns what is in the folder of trees.
func treesOf(t *testing.T, l *Library) (names []string) {
	t.Helper()
	entries, _ := os.ReadDir(l.trees.dir) // there may be none
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func wantTrees(t *testing.T, l *Library, files ...File) {
	t.Helper()
	if names := treesOf(t, l); len(names) != len(files) {
		t.Errorf("%d trees kept, want %d: %q", len(names), len(files), names)
	}
	for _, f := range files {
		if !l.trees.has(f.URN.Tiger) {
			t.Errorf("no tree of %s is kept", f.Rel)
		}
	}
}

// spoil changes a file's content so that nothing shows it but reading it.
func spoil(t *testing.T, f File) {
	t.Helper()
	b := bytes.Repeat([]byte("?"), int(f.Size))
	if err := os.WriteFile(f.Path(), b, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(f.Path(), f.ModTime, f.ModTime); err != nil {
		t.Fatal(err)
	}
}

func wantTree(t *testing.T, l *Library, f File) {
	t.Helper()
	n, err := l.Tree(t.Context(), f)
	if err != nil || !n.Fit(f.URN.Tiger) || uint64(len(n[len(n)-1])) != f.Size/tiger.MinPart+1 {
		t.Errorf("%d levels, %v", len(n), err)
	}
}

// TestTreeWithoutReading: a tree that was made when the file was hashed serves
// after a restart, and the file is not read for it.
func TestTreeWithoutReading(t *testing.T) {
	dir := tempDir(t)
	write(t, dir, "large", large(1), "limit", strings.Repeat("x", minKeptTree), "small", strings.Repeat("x", minKeptTree-1), "part", strings.Repeat("x", tiger.MinPart))
	k := open(t, cachePath(t), nil)
	add(t, k.Library, dir)
	k = k.reopen(t, dir)
	k.wantHashed(t, 0)
	f, part := one(t, k.Library, "large"), one(t, k.Library, "part")
	wantTrees(t, k.Library, f, one(t, k.Library, "limit"))
	spoil(t, f)
	wantTree(t, k.Library, f)
	spoil(t, part)
	if n, err := k.Tree(t.Context(), part); err != nil || len(n) != 1 || !n.Fit(part.URN.Tiger) {
		t.Errorf("a single part: %d levels, %v", len(n), err)
	}
	small := one(t, k.Library, "small")
	spoil(t, small)
	if _, err := k.Tree(t.Context(), small); err == nil {
		t.Error("a tree of what cannot have been read")
	}
}

// TestDamagedTree: whatever is on disk instead of a tree, the file gives it anew,
// and then it is kept again.
func TestDamagedTree(t *testing.T) {
	dir := tempDir(t)
	write(t, dir, "large", large(1))
	k := open(t, cachePath(t), nil)
	add(t, k.Library, dir)
	f := one(t, k.Library, "large")
	path := k.trees.path(f.URN.Tiger)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	other := bytes.Clone(whole)
	other[len(other)-1]++
	for name, b := range map[string][]byte{
		"empty": {}, "short": whole[:len(whole)-1], "a part less": whole[:len(whole)-tiger.Size],
		"long": append(bytes.Clone(whole), 0), "a part more": append(bytes.Clone(whole), whole[:tiger.Size]...), "wrong": other, "none": nil,
	} {
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if b == nil {
			_ = os.Remove(path)
		}
		wantTree(t, k.Library, f)
		if again, err := os.ReadFile(path); err != nil || !bytes.Equal(again, whole) {
			t.Errorf("%s: not kept again, %v", name, err)
		}
	}
}

// TestTreeWaits: while a large file is read for its tree, whoever wants another
// waits, but not for longer than it wants to; trees that are kept are for all.
func TestTreeWaits(t *testing.T) {
	dir := tempDir(t)
	write(t, dir, "kept", large(1), "lost", large(2), "small", strings.Repeat("x", minKeptTree-1))
	k := open(t, cachePath(t), nil)
	add(t, k.Library, dir)
	kept, lost := one(t, k.Library, "kept"), one(t, k.Library, "lost")
	k.trees.remove(lost.URN.Tiger)
	k.reading <- struct{}{}
	wantTree(t, k.Library, kept)
	if n, err := k.Tree(t.Context(), one(t, k.Library, "small")); err != nil || len(n) == 1 {
		t.Errorf("a small file: %d levels, %v", len(n), err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := k.Tree(ctx, lost); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("two files are read at once: %v", err)
	}
	<-k.reading
	wantTree(t, k.Library, lost)
	if len(k.reading) != 0 {
		t.Error("reading never ends")
	}
}

// TestTreesGoWithRecords: the tree goes when the last file that it is of changes,
// stays when it is renamed or lent, and goes when it is forgotten.
func TestTreesGoWithRecords(t *testing.T) {
	dir := tempDir(t)
	write(t, dir, "alpha", large(1), "beta", large(1), "gamma", large(2))
	k := open(t, cachePath(t), nil)
	add(t, k.Library, dir)
	alpha, gamma := one(t, k.Library, "alpha"), one(t, k.Library, "gamma")
	wantTrees(t, k.Library, alpha, gamma)

	write(t, dir, "alpha", large(3))
	rescan(t, k.Library)
	changed := one(t, k.Library, "alpha")
	wantTrees(t, k.Library, alpha, gamma, changed) // beta is what alpha was
	write(t, dir, "beta", "small")
	rescan(t, k.Library)
	wantTrees(t, k.Library, gamma, changed)

	if err := os.Rename(filepath.Join(dir, "gamma"), filepath.Join(dir, "delta")); err != nil {
		t.Fatal(err)
	}
	rescan(t, k.Library)
	wantTrees(t, k.Library, gamma, changed)

	remove(t, dir, "delta")
	rescan(t, k.Library)
	wantTrees(t, k.Library, gamma, changed) // it may come back
	l := k.Library
	s := l.shares[0]
	var gone []*entry
	s.tree.each(func(e *entry) {
		if e.away != 0 {
			gone = append(gone, e)
		}
	})
	if err := l.lock(t.Context()); err != nil {
		t.Fatal(err)
	}
	l.forget(s, gone)
	l.unlock()
	wantTrees(t, l, changed)
}

// TestTreesArePurged: with the records of a folder that nobody shares any more its
// trees go.
func TestTreesArePurged(t *testing.T) {
	dir := tempDir(t)
	write(t, dir, "large", large(1))
	k := open(t, cachePath(t), nil)
	add(t, k.Library, dir)
	f := one(t, k.Library, "large")
	k = k.reopen(t)
	wantTrees(t, k.Library, f)
	err := k.cache.db.Update(func(tx *bbolt.Tx) error {
		return tx.Bucket(usedBucket).Put([]byte(dir), timeBytes(time.Now().Add(-keepUnshared-time.Hour)))
	})
	if err != nil {
		t.Fatal(err)
	}
	k = k.reopen(t)
	wantTrees(t, k.Library)
}

// TestTreeStoreLimit: up to the limit all stay; one more, and the oldest go.
func TestTreeStoreLimit(t *testing.T) {
	const n = 16
	tree := func(i int) []tiger.Digest { return []tiger.Digest{{byte(i)}, {1}} }
	s := treeStore{dir: filepath.Join(t.TempDir(), "trees"), max: n * 2 * tiger.Size}
	root := func(i int) tiger.Digest { return tiger.Expand(tree(i))[0][0] }
	put := func(i, want int) {
		t.Helper()
		if evicted, err := s.put(root(i), tree(i)); evicted != want || err != nil {
			t.Errorf("tree %d: %d had to go, want %d, %v", i, evicted, want, err)
		}
		when := time.Unix(int64(1000+i), 0)
		_ = os.Chtimes(s.path(root(i)), when, when)
	}
	for i := range n {
		put(i, 0)
	}
	put(0, 0)                             // again
	s = treeStore{dir: s.dir, max: s.max} // a restart
	put(n, 3)
	for i := range n + 1 {
		if kept := s.get(root(i), 2*tiger.MinPart) != nil; kept != (i > 2) {
			t.Errorf("tree %d: kept %v", i, kept)
		}
	}
	s.remove(root(3))
	for i := range 3 { // as many as there is room for
		put(n+1+i, 0)
	}
	put(2*n, 3)
	if evicted, err := s.put(tiger.Digest{}, make([]tiger.Digest, 2*n+1)); evicted != 0 || err != nil || s.has(tiger.Digest{}) {
		t.Errorf("a tree larger than all: %d, %v", evicted, err)
	}
}

// TestTreesCannotBeKept: without a folder for them trees are made as before.
func TestTreesCannotBeKept(t *testing.T) {
	dir := tempDir(t)
	write(t, dir, "large", large(1))
	path := cachePath(t)
	write(t, filepath.Dir(path), "trees", "a file")
	k := open(t, path, nil)
	add(t, k.Library, dir)
	wantTree(t, k.Library, one(t, k.Library, "large"))
}

// FuzzTreeStore: no bytes on disk make a tree that does not fit.
func FuzzTreeStore(f *testing.F) {
	leaves := []tiger.Digest{{1}, {2}, {3}}
	root := tiger.Expand(leaves)[0][0]
	f.Add(bytes.Join([][]byte{leaves[0][:], leaves[1][:], leaves[2][:]}, nil), uint64(3*tiger.MinPart))
	f.Add([]byte{}, uint64(1))
	s := treeStore{dir: f.TempDir(), max: 1 << 20}
	f.Fuzz(func(t *testing.T, b []byte, size uint64) {
		if err := os.WriteFile(s.path(root), b, 0o600); err != nil {
			t.Fatal(err)
		}
		if n := s.get(root, size); n != nil && !n.Fit(root) {
			t.Fatal("a tree of another root")
		}
	})
}
