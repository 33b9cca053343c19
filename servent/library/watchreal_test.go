package library

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
)

// TestWatch has real folders and the system's own notifier.
func TestWatch(t *testing.T) {
	top := tempDir(t)
	dir := filepath.Join(top, "share")
	write(t, dir, "one.txt", "1", "a/b/two.txt", "2")
	l := New(Config{})
	w := newWatcher(l.cfg.Log)
	w.quiet, w.latest, w.tick = 20*time.Millisecond, 200*time.Millisecond, 20*time.Millisecond
	w.refresh, w.unfinished = l.refresh, l.unfinished
	w.roots = func() []string {
		var dirs []string
		for _, r := range l.Roots() {
			dirs = append(dirs, r.Dir)
		}
		return dirs
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- w.run(ctx) }()
	add(t, l, dir)
	steps := []struct {
		do   func() error
		want []string
	}{
		{func() error { return nil }, []string{"a/b/two.txt", "one.txt"}},
		{func() error { return os.WriteFile(filepath.Join(dir, "new.txt"), []byte("n"), 0o644) }, []string{"a/b/two.txt", "new.txt", "one.txt"}},
		{func() error {
			write(t, dir, "c/d/e/f/g.txt", "g", "c/h.txt", "h")
			return nil
		}, []string{"a/b/two.txt", "c/d/e/f/g.txt", "c/h.txt", "new.txt", "one.txt"}},
		{
			func() error { return os.Rename(filepath.Join(dir, "c", "d"), filepath.Join(dir, "a", "d")) },
			[]string{"a/b/two.txt", "a/d/e/f/g.txt", "c/h.txt", "new.txt", "one.txt"},
		},
		{
			func() error { return os.WriteFile(filepath.Join(dir, "a/d/e/f/i.txt"), []byte("i"), 0o644) },
			[]string{"a/b/two.txt", "a/d/e/f/g.txt", "a/d/e/f/i.txt", "c/h.txt", "new.txt", "one.txt"},
		},
		{func() error { return os.RemoveAll(filepath.Join(dir, "a")) }, []string{"c/h.txt", "new.txt", "one.txt"}},
		{func() error { return os.Rename(dir, dir+".away") }, nil},
		{func() error { return os.Rename(dir+".away", dir) }, []string{"c/h.txt", "new.txt", "one.txt"}},
		{func() error { return os.Remove(filepath.Join(dir, "c", "h.txt")) }, []string{"new.txt", "one.txt"}},
	}
	deadline := time.NewTimer(20 * time.Second)
	defer deadline.Stop()
	for i, s := range steps {
		if err := s.do(); err != nil {
			t.Fatal(err)
		}
		for !slices.Equal(rels(l), s.want) {
			select {
			case <-l.Changed():
			case <-deadline.C:
				t.Fatalf("step %d: shared: %q, want %q", i, rels(l), s.want)
			}
		}
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if err := l.Watch(ctx); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// BenchmarkWatchStart is what it costs to watch the Go source tree.
func BenchmarkWatchStart(b *testing.B) {
	dir := goTree(b)
	for b.Loop() {
		w := newWatcher(logrus.New())
		w.due = stopped()
		w.openNotifier()
		folders, err := w.addTree(b.Context(), dir)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(len(folders)), "folders")
		w.closeNotifier()
	}
}

// watching runs Watch until the test ends.
func watching(t *testing.T, dirs ...string) *Library {
	t.Helper()
	l := New(Config{})
	for _, dir := range dirs {
		add(t, l, dir)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- l.Watch(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
	soon(t, "watched", func() bool { return l.watched.Load() != nil })
	for _, dir := range dirs {
		l.watched.Load().first(t.Context(), dir)
	}
	return l
}

// soon waits until something holds.
func soon(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for start := time.Now(); !holds(); time.Sleep(10 * time.Millisecond) {
		if time.Since(start) > 30*time.Second {
			t.Fatalf("not %s after 30 s", what)
		}
	}
}

func wantSoon(t *testing.T, l *Library, name string) {
	t.Helper()
	soon(t, name+" shared", func() bool { return slices.Contains(rels(l), name) })
}

// TestWatchWhileSomeAreHashed: changes show within seconds beside files that take
// hours, however many, in the same shared folder and in others.
func TestWatchWhileSomeAreHashed(t *testing.T) {
	dir, other := tempDir(t), tempDir(t)
	l := watching(t, dir, other)
	for i := range 2 * maxHuge {
		terabyte(t, dir, fmt.Sprintf("terabyte%d.bin", i))
		name := fmt.Sprintf("small%d.txt", i)
		write(t, dir, name, name)
		wantSoon(t, l, name)
	}
	write(t, other, "other.txt", "1")
	wantSoon(t, l, "other.txt")
}

// TestWatchWhileOneGrows: nobody goes on hashing what a file was before.
func TestWatchWhileOneGrows(t *testing.T) {
	dir := tempDir(t)
	l := watching(t, dir)
	terabyte(t, dir, "terabyte.bin")
	e := func() (hashing uint32) {
		l.mu.RLock()
		defer l.mu.RUnlock()
		if e := l.shares[0].tree.file("terabyte.bin"); e != nil {
			hashing = e.hashing
		}
		return hashing
	}
	for i := range 2 * maxHuge {
		before := e()
		if i > 0 {
			truncate(t, dir, "terabyte.bin", 1<<40+int64(i))
		}
		soon(t, "hashed anew", func() bool { return e() != before })
	}
	soon(t, "free for others", func() bool { return len(l.huge) == 1 })
	write(t, dir, "small.txt", "1")
	wantSoon(t, l, "small.txt")
}

func truncate(t *testing.T, dir, name string, size int64) {
	t.Helper()
	if err := os.Truncate(filepath.Join(dir, name), size); err != nil {
		t.Fatal(err)
	}
}

// TestWatchEndsWhatOthersBegan: of a folder whose Add was broken off all is shared
// in the end.
func TestWatchEndsWhatOthersBegan(t *testing.T) {
	l := watching(t)
	dir := tempDir(t)
	for i := range 50 {
		write(t, dir, fmt.Sprintf("%02d.txt", i), fmt.Sprint(i))
	}
	terabyte(t, dir, "00 terabyte.bin")
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- l.Add(ctx, dir) }()
	soon(t, "hashing", func() bool { return len(l.huge) > 0 })
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	truncate(t, dir, "00 terabyte.bin", 1000)
	wantSoon(t, l, "00 terabyte.bin")
	wantSoon(t, l, "49.txt")
}
