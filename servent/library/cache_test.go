package library

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/search"
	"github.com/sirupsen/logrus"
	logtest "github.com/sirupsen/logrus/hooks/test"
	"go.etcd.io/bbolt"
)

// kept is a library with a hash cache.
type kept struct {
	*Library
	hashed int // files hashed
	hook   *logtest.Hook
}

func open(t *testing.T, path string, change func(*Config)) *kept {
	t.Helper()
	k := &kept{}
	cfg := Config{CachePath: path, OnProgress: func(p Progress) {
		if p.TotalFiles > 0 && p.Files == p.TotalFiles {
			k.hashed += p.Files
		}
	}}
	log, hook := logtest.NewNullLogger()
	cfg.Log, k.hook = log, hook
	if change != nil {
		change(&cfg)
	}
	k.Library = New(cfg)
	t.Cleanup(func() { _ = k.Close() })
	return k
}

// reopen is what a restart does.
func (k *kept) reopen(t *testing.T, dirs ...string) *kept {
	t.Helper()
	if err := k.Close(); err != nil {
		t.Fatal(err)
	}
	again := open(t, k.cfg.CachePath, nil)
	for _, dir := range dirs {
		add(t, again.Library, dir)
	}
	return again
}

func (k *kept) wantHashed(t *testing.T, want int) {
	t.Helper()
	if k.hashed != want {
		t.Errorf("%d files hashed, want %d", k.hashed, want)
	}
	k.hashed = 0
}

func (k *kept) wantLog(t *testing.T, level logrus.Level, text string) {
	t.Helper()
	if !slices.ContainsFunc(k.hook.AllEntries(), func(e *logrus.Entry) bool { return e.Level == level && e.Message == text }) {
		t.Errorf("not logged: %s", text)
		for _, e := range k.hook.AllEntries() {
			t.Log(e.Level, e.Message, e.Data)
		}
	}
}

func cachePath(t *testing.T) string { return filepath.Join(t.TempDir(), "hashes.db") }

func TestRestartReadsNothing(t *testing.T) {
	dir := tempDir(t)
	write(t, dir, "a/one.txt", "1", "a/b/two.txt", "2", "three \xff.txt", "3", "a.txt", "4")
	k := open(t, cachePath(t), nil)
	add(t, k.Library, dir)
	k.wantHashed(t, 4)
	var before []File
	for f := range k.From(dir, "") {
		before = append(before, f)
	}
	k2 := k.reopen(t, dir)
	k2.wantHashed(t, 0)
	if got := slices.Collect(k2.From(dir, "")); !slices.Equal(got, before) {
		t.Errorf("after a restart: %+v, before: %+v", got, before)
	}
	if k2.ID() == "" || k2.ID() != k.ID() {
		t.Errorf("ids %q and %q", k.ID(), k2.ID())
	}
	wantFound(t, k2.Library, "two", "a/b/two.txt")

	write(t, dir, "a/one.txt", "another", "new.txt", "5")
	age(t, dir, "a.txt", 1) // touched, but the same
	if err := os.Remove(filepath.Join(dir, "a", "b", "two.txt")); err != nil {
		t.Fatal(err)
	}
	k3 := k2.reopen(t, dir)
	k3.wantHashed(t, 3)
	wantRels(t, k3.Library, "a.txt", "a/one.txt", "new.txt", "three \xff.txt")
	for _, f := range before {
		now, ok := k3.ByIndex(f.Index)
		if want := f.Rel == "a.txt" || f.Rel == "three \xff.txt"; ok != want || ok && now.Rel != f.Rel {
			t.Errorf("index %d of %q is %q, %v", f.Index, f.Rel, now.Rel, ok)
		}
	}
	for f := range k3.From(dir, "") {
		if f.Rel == "new.txt" && f.Index <= before[len(before)-1].Index {
			t.Errorf("index %d was given before", f.Index)
		}
	}
}

// TestInode: another file of the same size and time is another file.
func TestInode(t *testing.T) {
	dir := tempDir(t)
	write(t, dir, "a.txt", "1")
	age(t, dir, "a.txt", 1)
	k := open(t, cachePath(t), nil)
	add(t, k.Library, dir)
	write(t, dir, ".new", "2")
	age(t, dir, ".new", 1)
	if err := os.Rename(filepath.Join(dir, ".new"), filepath.Join(dir, "a.txt")); err != nil {
		t.Fatal(err)
	}
	rescan(t, k.Library)
	if f := one(t, k.Library, "a"); f.URN != urnOf("2") && k.files[f.Index].inode != 0 {
		t.Errorf("%+v", f)
	}
}

func TestRenamedIsNotRead(t *testing.T) {
	dir := tempDir(t)
	write(t, dir, "old/one.txt", "1", "old/deep/two.txt", "2", "stays.txt", "3")
	k := open(t, cachePath(t), nil)
	add(t, k.Library, dir)
	k.wantHashed(t, 3)
	before := one(t, k.Library, "two")
	if err := os.Rename(filepath.Join(dir, "old"), filepath.Join(dir, "new name")); err != nil {
		t.Fatal(err)
	}
	rescan(t, k.Library)
	if before.Index != 0 && k.files[one(t, k.Library, "two").Index].inode != 0 {
		k.wantHashed(t, 0)
	}
	wantFound(t, k.Library, "new name", "new name/deep/two.txt", "new name/one.txt")
	wantFound(t, k.Library, "old")
	after := one(t, k.Library, "two")
	if after.URN != before.URN || after.Index == before.Index {
		t.Errorf("%+v, was %+v", after, before)
	}
	k = k.reopen(t, dir)
	k.wantHashed(t, 0)
	wantRels(t, k.Library, "new name/deep/two.txt", "new name/one.txt", "stays.txt")
}

// TestUnmounted: a folder that is empty for a while, or gone, loses its files
// but not their hashes.
func TestUnmounted(t *testing.T) {
	for _, empty := range []bool{false, true} {
		top := tempDir(t)
		dir, aside := filepath.Join(top, "disk"), filepath.Join(top, "aside")
		write(t, top, "disk/one.txt", "1", "disk/deep/two.txt", "2")
		k := open(t, cachePath(t), nil)
		add(t, k.Library, dir)
		k.wantHashed(t, 2)
		index := one(t, k.Library, "two").Index
		if err := os.Rename(dir, aside); err != nil {
			t.Fatal(err)
		}
		if empty {
			write(t, top, "disk/.keep", "")
		}
		if err := k.Rescan(context.Background()); (err == nil) != empty {
			t.Errorf("rescan: %v", err)
		}
		wantRels(t, k.Library)
		wantFound(t, k.Library, "two")
		if k.Table() != nil {
			t.Error("words of nothing")
		}
		if empty { // the program starts while the disk is away
			k = k.reopen(t, dir)
			wantRels(t, k.Library)
		}
		if err := errors.Join(os.RemoveAll(dir), os.Rename(aside, dir)); err != nil {
			t.Fatal(err)
		}
		rescan(t, k.Library)
		k.wantHashed(t, 0)
		wantRels(t, k.Library, "deep/two.txt", "one.txt")
		if got := one(t, k.Library, "two").Index; got != index {
			t.Errorf("index %d, was %d", got, index)
		}
	}
}

// TestForgets: hashes of what has gone are kept for some time, and no longer.
func TestForgets(t *testing.T) {
	dir := tempDir(t)
	write(t, dir, "stays.txt", "1", "goes.txt", "2")
	k := open(t, cachePath(t), nil)
	add(t, k.Library, dir)
	if err := os.Remove(filepath.Join(dir, "goes.txt")); err != nil {
		t.Fatal(err)
	}
	rescan(t, k.Library)
	s := k.shares[0]
	e := s.tree.entry("goes.txt")
	if e == nil || e.live || e.away == 0 {
		t.Fatalf("%+v", e)
	}
	limit := uint32(time.Now().Add(-keepAway).Unix())
	for _, tt := range []struct {
		away uint32
		kept bool
	}{{limit + 100, true}, {limit - 100, false}} {
		e.away = tt.away
		rescan(t, k.Library)
		if got := s.tree.entry("goes.txt") != nil; got != tt.kept {
			t.Errorf("away since %d of %d: kept %v", tt.away, limit, got)
		}
	}
	n := 0
	err := k.cache.load(dir, func(_, _ []byte) { n++ })
	if err != nil || n != 1 {
		t.Errorf("%d records, %v", n, err)
	}
}

func TestCacheOfAnotherVersion(t *testing.T) {
	dir, path := tempDir(t), cachePath(t)
	write(t, dir, "a.txt", "1")
	k := open(t, path, nil)
	add(t, k.Library, dir)
	err := k.cache.db.Update(func(tx *bbolt.Tx) error {
		return tx.Bucket(metaBucket).Put(versionKey, []byte{cacheVersion + 1})
	})
	if err != nil {
		t.Fatal(err)
	}
	again := k.reopen(t, dir)
	again.wantHashed(t, 1)
	again.wantLog(t, logrus.WarnLevel, "hash cache begun anew: all shared files are hashed once more")
	if again.ID() == k.ID() || again.ID() == "" {
		t.Errorf("id %q, was %q", again.ID(), k.ID())
	}
	again.reopen(t, dir).wantHashed(t, 0)
}

// TestIndicesAreNotGivenTwice: an index that was given before the process was
// killed is not given again, even if it was never written down.
func TestIndicesAreNotGivenTwice(t *testing.T) {
	path := cachePath(t)
	c, _, err := openCache(path)
	if err != nil {
		t.Fatal(err)
	}
	given := map[uint32]bool{}
	for range 5 {
		for range reserved/2 + 1 {
			i, err := c.index()
			if err != nil || given[i] || i == 0 {
				t.Fatalf("index %d, %v", i, err)
			}
			given[i] = true
		}
		if err := c.close(); err != nil { // as a kill would: nothing is written then
			t.Fatal(err)
		}
		if c, _, err = openCache(path); err != nil {
			t.Fatal(err)
		}
	}
	_ = c.close()
}

func TestIndicesRunOut(t *testing.T) {
	for next, stays := range map[uint32]bool{maxIndex: true, maxIndex + 1: false} {
		path := cachePath(t)
		c, _, err := openCache(path)
		if err != nil {
			t.Fatal(err)
		}
		id := c.id
		c.end = next - reserved
		c.next = c.end
		if _, err := c.index(); err != nil {
			t.Fatal(err)
		}
		_ = c.close()
		c, why, err := openCache(path)
		if err != nil || (why == nil) != stays || (c.id == id) != stays {
			t.Errorf("%d given: %v, %v, id %q, was %q", next, why, err, c.id, id)
		}
		_ = c.close()
	}
}

// TestPurge: folders that nobody shares any more are forgotten after some time,
// also where the clock was wrong; those that are shared never are.
func TestPurge(t *testing.T) {
	const years = 10 * 365 * 24 * time.Hour
	dir, path := tempDir(t), cachePath(t)
	write(t, dir, "a.txt", "1")
	k := open(t, path, nil)
	add(t, k.Library, dir)
	k.wantHashed(t, 1)
	for _, tt := range []struct {
		age    time.Duration
		shared bool
		hashed int
	}{
		{keepUnshared - time.Hour, false, 0},
		{keepUnshared + time.Hour, false, 1},
		{-years, false, 0},
		{years, false, 1},
		{keepUnshared + time.Hour, true, 0},
		{-years, true, 0},
		{years, true, 0},
	} {
		if !tt.shared {
			k = k.reopen(t)
		}
		err := k.cache.db.Update(func(tx *bbolt.Tx) error {
			return tx.Bucket(usedBucket).Put([]byte(dir), timeBytes(time.Now().Add(-tt.age)))
		})
		if err != nil {
			t.Fatal(err)
		}
		if !tt.shared {
			k = k.reopen(t) // which purges
		}
		k = k.reopen(t, dir)
		k.wantHashed(t, tt.hashed)
	}
}

// fullIndex has room for some documents.
type fullIndex struct {
	search.Memory
	room int
}

func (x *fullIndex) Apply(put []search.Doc, del []search.DocID) error {
	_ = x.Memory.Apply(nil, del)
	var full search.FullError
	for _, d := range put {
		if x.Len() == x.room {
			full.Refused = append(full.Refused, d.ID)
			continue
		}
		_ = x.Memory.Apply([]search.Doc{d}, nil)
	}
	if len(full.Refused) > 0 {
		return &full
	}
	return nil
}

// TestFullIndex: what the index refuses is not shared, and said to be left out;
// once there is room it is shared without being read again.
func TestFullIndex(t *testing.T) {
	dir := tempDir(t)
	write(t, dir, "a.txt", "1", "b.txt", "2", "c.txt", "3")
	x := &fullIndex{room: 2}
	k := open(t, cachePath(t), func(c *Config) { c.Index, c.Workers = x, 1 })
	add(t, k.Library, dir)
	k.wantHashed(t, 3)
	for range 2 {
		wantRels(t, k.Library, "a.txt", "b.txt")
		if got := reasons(k.Library, dir); len(got) != 1 || got["c.txt"] != reasonNoRoom {
			t.Errorf("left out: %v", got)
		}
		if _, ok := k.BySHA1(urnOf("3").SHA1); ok {
			t.Error("a file that nobody can find is shared")
		}
		rescan(t, k.Library)
	}
	if err := os.Remove(filepath.Join(dir, "a.txt")); err != nil {
		t.Fatal(err)
	}
	rescan(t, k.Library)
	wantRels(t, k.Library, "b.txt", "c.txt")
	k.wantHashed(t, 0)
	if got := reasons(k.Library, dir); len(got) != 0 {
		t.Errorf("left out: %v", got)
	}
}

// TestTagsAreFound: a file is found by what its tags say, after a restart too, and
// the route table lets such queries pass.
func TestTagsAreFound(t *testing.T) {
	dir := tempDir(t)
	write(t, dir, "track 01.mp3", id3v1("Emperor Waltz", "Johann Strauss", "Best of", 32)+"x")
	write(t, dir, "track 02.mp3", "audio"+id3v1("Emperor Waltz", "Johann Strauss", "Best of", 32))
	k := open(t, cachePath(t), nil)
	add(t, k.Library, dir)
	for range 2 {
		wantFound(t, k.Library, "strauss emperor", "track 02.mp3")
		wantFound(t, k.Library, "strauss track", "track 02.mp3")
		if !passes(k.Table(), "johann waltz") {
			t.Error("the route table lets no query for tags pass")
		}
		k = k.reopen(t, dir)
		k.wantHashed(t, 0)
	}
	remove(t, dir, "track 02.mp3")
	rescan(t, k.Library)
	if passes(k.Table(), "johann waltz") {
		t.Error("words of tags stay in the route table")
	}
}

// TestCacheIsKeptForTheNextStart: an error of the system is no reason to throw
// away hashes.
func TestCacheIsKeptForTheNextStart(t *testing.T) {
	for err, useless := range map[error]bool{
		fmt.Errorf("open: %w", syscall.EMFILE): false, syscall.ENOSPC: false, os.ErrPermission: false,
		errDamaged: true, errVersion: true, errors.New("file size too small"): true,
	} {
		if got := isUseless(err); got != useless {
			t.Errorf("%v: useless %v, want %v", err, got, useless)
		}
	}
}

// TestManyEqualFiles: equal content costs no more than other.
func TestManyEqualFiles(t *testing.T) {
	dir := tempDir(t)
	const n = 20_000
	for i := range n {
		write(t, dir, fmt.Sprintf("file%d", i), "x")
	}
	l := New(Config{})
	begin := time.Now()
	add(t, l, dir)
	if err := l.Remove(dir); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(begin); took > 10*time.Second {
		t.Errorf("took %v", took)
	}
	if len(l.bySHA1)+len(l.equals)+len(l.files) != 0 {
		t.Error("something is left")
	}
}
