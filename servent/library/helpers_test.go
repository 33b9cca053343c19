package library

import (
	"context"
	"crypto/sha1"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/protocol/tiger"
	"github.com/seed282dab8e/servent/search"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if what := os.Getenv(scanChild); what != "" {
		if err := childScan(what); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	goleak.VerifyTestMain(m)
}

// tempDir returns a folder by its true name.
func tempDir(t *testing.T) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// write makes files: name and content by turns.
func write(t *testing.T, dir string, files ...string) {
	t.Helper()
	for f := range slices.Chunk(files, 2) {
		path := filepath.Join(dir, filepath.FromSlash(f[0]))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(f[1]), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// age sets the time of a file some hours back.
func age(t *testing.T, dir, name string, hours int) {
	t.Helper()
	when := time.Date(2020, 1, 1, 24-hours, 0, 0, 0, time.UTC)
	if err := os.Chtimes(filepath.Join(dir, name), when, when); err != nil {
		t.Fatal(err)
	}
}

// added returns a library that shares dirs.
func added(t *testing.T, dirs ...string) *Library {
	t.Helper()
	l := New(Config{})
	for _, dir := range dirs {
		add(t, l, dir)
	}
	return l
}

func add(t *testing.T, l *Library, dir string) {
	t.Helper()
	if err := l.Add(context.Background(), dir); err != nil {
		t.Fatal(err)
	}
}

func rescan(t *testing.T, l *Library) {
	t.Helper()
	if err := l.Rescan(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// rels returns the paths of all shared files below their folders, sorted.
func rels(l *Library) []string {
	l.mu.RLock()
	defer l.mu.RUnlock()
	var out []string
	for _, f := range l.files {
		out = append(out, f.rel())
	}
	slices.Sort(out)
	return out
}

// found returns the paths of what a query finds, sorted.
func found(t *testing.T, l *Library, query string) []string {
	t.Helper()
	files, err := l.Find(context.Background(), search.WireQuery(query), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, f := range files {
		out = append(out, f.Rel)
	}
	slices.Sort(out)
	return out
}

func wantFound(t *testing.T, l *Library, query string, want ...string) {
	t.Helper()
	if got := found(t, l, query); !slices.Equal(got, want) {
		t.Errorf("%q finds %q, want %q", query, got, want)
	}
}

func wantRels(t *testing.T, l *Library, want ...string) {
	t.Helper()
	if got := rels(l); !slices.Equal(got, want) {
		t.Errorf("shared: %q, want %q", got, want)
	}
}

// one returns the single file that a query finds.
func one(t *testing.T, l *Library, query string) File {
	t.Helper()
	files, err := l.Find(context.Background(), search.WireQuery(query), nil, 0)
	if err != nil || len(files) != 1 {
		t.Fatalf("%q finds %v, %v; want one file", query, files, err)
	}
	return files[0]
}

// urnOf hashes content by other means than the library.
func urnOf(content string) protocol.URN {
	var tree tiger.Tree
	_, _ = tree.Write([]byte(content)) // never fails
	return protocol.URN{SHA1: sha1.Sum([]byte(content)), Tiger: tree.Root(), HasSHA1: true, HasTiger: true}
}

// touchyContext calls its function whenever somebody looks at it. Hashing does
// so before each chunk, which lets a test act between two of them.
type touchyContext struct {
	context.Context
	mu    sync.Mutex
	looks int
	act   func(look int)
}

func (c *touchyContext) Err() error {
	c.mu.Lock()
	c.looks++
	n := c.looks
	c.mu.Unlock()
	c.act(n)
	return c.Context.Err()
}

// brokenIndex fails to take documents after some batches.
type brokenIndex struct {
	search.Memory
	mu      sync.Mutex
	batches []int
	fail    error
}

func (x *brokenIndex) Apply(put []search.Doc, del []search.DocID) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.batches = append(x.batches, len(put)+len(del))
	if x.fail != nil {
		return x.fail
	}
	return x.Memory.Apply(put, del)
}
