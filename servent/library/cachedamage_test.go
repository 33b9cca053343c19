package library

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/sirupsen/logrus"
)

// TestDamagedCache: whatever is in the file, the hashes are right, and the next
// start finds a whole one.
func TestDamagedCache(t *testing.T) {
	dir := tempDir(t)
	for i := range 500 {
		write(t, dir, fmt.Sprintf("%d/file%d.txt", i%7, i), fmt.Sprint(i))
	}
	path := cachePath(t)
	k := open(t, path, nil)
	add(t, k.Library, dir)
	if err := k.Close(); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	damage := map[string]func([]byte) []byte{
		"empty":     func([]byte) []byte { return nil },
		"garbage":   func(b []byte) []byte { return slices.Repeat([]byte("garbage!"), len(b)/8) },
		"half":      func(b []byte) []byte { return b[:len(b)/2] },
		"one page":  func(b []byte) []byte { return b[:4096] },
		"no meta":   func(b []byte) []byte { clear(b[:8192]); return b },
		"zero tail": func(b []byte) []byte { clear(b[len(b)/3:]); return b },
		"no file":   nil,
	}
	for at := 8192; at < len(whole); at += len(whole) / 40 {
		damage[fmt.Sprintf("bytes at %d", at)] = func(b []byte) []byte {
			for i := range 64 {
				b[(at+i)%len(b)] ^= 0xa5
			}
			return b
		}
	}
	for name, change := range damage {
		t.Run(name, func(t *testing.T) {
			path := cachePath(t)
			if change != nil {
				if err := os.WriteFile(path, change(slices.Clone(whole)), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			k := open(t, path, nil)
			add(t, k.Library, dir)
			if files, _ := k.Totals(); files != 500 {
				t.Errorf("%d files", files)
			}
			for f := range k.From(dir, "") {
				if want := urnOf(f.Rel[len("0/file") : len(f.Rel)-len(".txt")]); f.URN != want {
					t.Errorf("%s: %v", f.Rel, f.URN)
				}
			}
			k.reopen(t, dir).wantHashed(t, 0)
		})
	}
}

// TestCacheDamagedWhileRunning: what is lost from the file is written again.
func TestCacheDamagedWhileRunning(t *testing.T) {
	for name, damage := range map[string]func(path string) error{
		"deleted": os.Remove,
		"cut":     func(path string) error { return os.Truncate(path, 4096) },
		"emptied": func(path string) error { return os.Truncate(path, 0) },
	} {
		t.Run(name, func(t *testing.T) {
			dir, path := tempDir(t), cachePath(t)
			for i := range 300 {
				write(t, dir, fmt.Sprintf("file%d.txt", i), fmt.Sprint(i))
			}
			k := open(t, path, nil)
			add(t, k.Library, dir)
			if err := damage(path); err != nil {
				t.Skip("an open file cannot be damaged here: ", err)
			}
			write(t, dir, "new.txt", "new")
			rescan(t, k.Library)
			k.wantLog(t, logrus.WarnLevel, "hash cache made anew")
			wantFound(t, k.Library, "new", "new.txt")
			again := k.reopen(t, dir)
			again.wantHashed(t, 0)
			if again.ID() != k.ID() || one(t, again.Library, "new").Index != one(t, k.Library, "new").Index {
				t.Error("indices have begun anew")
			}
		})
	}
}

// TestCacheBreaksAgainAndAgain: after some times the hashes are no longer kept,
// and all else works.
func TestCacheBreaksAgainAndAgain(t *testing.T) {
	dir, path := tempDir(t), cachePath(t)
	k := open(t, path, nil)
	add(t, k.Library, dir)
	for i := range maxRecreated + 1 {
		if err := os.Remove(path); err != nil {
			t.Skip("an open file cannot be removed here: ", err)
		}
		write(t, dir, fmt.Sprintf("file%d.txt", i), fmt.Sprint(i))
		rescan(t, k.Library)
		if off := k.cache == nil; off != (i == maxRecreated) {
			t.Errorf("damaged %d times: off %v", i+1, off)
		}
	}
	write(t, dir, "last.txt", "last")
	rescan(t, k.Library)
	if files, _ := k.Totals(); files != maxRecreated+2 {
		t.Errorf("%d files", files)
	}
}

func TestNoDataDirForTheCache(t *testing.T) {
	dir := tempDir(t)
	write(t, dir, "a.txt", "1")
	k := open(t, filepath.Join(dir, "absent", "hashes.db"), nil)
	add(t, k.Library, dir)
	wantRels(t, k.Library, "a.txt")
	k.wantLog(t, logrus.ErrorLevel, "hashes are not kept, and every start hashes all files: check the data dir")
}
