package library

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// terabyte makes a file that takes hours to hash.
func terabyte(t *testing.T, dir, name string) {
	t.Helper()
	f, err := os.Create(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(f.Truncate(1<<40), f.Close()); err != nil {
		t.Skip("no sparse files: ", err)
	}
}

// longScan is a library that hashes a terabyte until the test ends.
type longScan struct {
	*Library
	dir    string
	cancel context.CancelFunc
	ended  chan error
}

func scanForLong(t *testing.T) *longScan {
	t.Helper()
	s := &longScan{dir: tempDir(t), ended: make(chan error, 1)}
	terabyte(t, s.dir, "terabyte.bin")
	begun := make(chan struct{})
	once := sync.OnceFunc(func() { close(begun) })
	s.Library = New(Config{OnProgress: func(p Progress) {
		if p.Dir == s.dir && p.TotalFiles > 0 && p.Bytes > 0 {
			once()
		}
	}})
	ctx, cancel := context.WithCancel(context.Background())
	s.cancel = cancel
	go func() { s.ended <- s.Add(ctx, s.dir) }()
	<-begun
	return s
}

// stop ends the scan, which must have gone on until now.
func (s *longScan) stop(t *testing.T) {
	t.Helper()
	select {
	case err := <-s.ended:
		t.Errorf("a terabyte is hashed: %v", err)
		return
	default:
	}
	s.cancel()
	if err := <-s.ended; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// TestAllGoesOnWhileOneIsHashed: however long a file takes, others are shared,
// found, changed and taken back at once.
func TestAllGoesOnWhileOneIsHashed(t *testing.T) {
	l := scanForLong(t)
	small := tempDir(t)
	write(t, small, "a.txt", "1")
	add(t, l.Library, small)
	wantFound(t, l.Library, "a", "a.txt")

	write(t, l.dir, "beside.txt", "2")
	refresh(t, l.Library, l.dir, "")
	wantFound(t, l.Library, "beside", "beside.txt")
	write(t, small, "b.txt", "3")
	rescan(t, l.Library)
	wantRels(t, l.Library, "a.txt", "b.txt", "beside.txt")

	if err := l.Remove(small); err != nil {
		t.Error(err)
	}
	wantRels(t, l.Library, "beside.txt")
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	l.stop(t)
	if len(l.LeftOut(l.dir)) != 0 {
		t.Errorf("left out: %v", l.LeftOut(l.dir))
	}
}

// TestChangedWhileHashed: what is hashed of a file that has changed or gone in
// the meantime counts for nothing, and whoever looks again hashes what is there.
func TestChangedWhileHashed(t *testing.T) {
	l := scanForLong(t)
	path := filepath.Join(l.dir, "terabyte.bin")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	write(t, l.dir, "terabyte.bin", "short")
	refresh(t, l.Library, l.dir, "")
	if f := one(t, l.Library, "terabyte"); f.URN.SHA1 != urnOf("short").SHA1 {
		t.Errorf("shared as %v", f.URN)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	refresh(t, l.Library, l.dir, "")
	wantRels(t, l.Library)
	l.cancel() // that of the file which was there first, if it has not noticed
	if err := <-l.ended; err != nil && !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	wantRels(t, l.Library)
}

// TestAddWaitsForOthers: who shares a folder that somebody else is hashing hears
// of the end, also when the other one gives up.
func TestAddWaitsForOthers(t *testing.T) {
	l := scanForLong(t)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if err := l.Add(ctx, l.dir); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("does not wait: %v", err)
	}
	again := make(chan error, 1)
	go func() { again <- l.Add(t.Context(), l.dir) }()
	if err := os.Truncate(filepath.Join(l.dir, "terabyte.bin"), 1000); err != nil {
		t.Fatal(err)
	}
	l.cancel()
	if err := <-l.ended; err != nil && !errors.Is(err, context.Canceled) { // short now, it may be done
		t.Error(err)
	}
	if err := <-again; err != nil {
		t.Error(err)
	}
	wantRels(t, l.Library, "terabyte.bin")
}

// TestHashedTwiceSharedOnce: of a file that is hashed for two folders at once
// there is one, and the other folder has it when that one goes.
func TestHashedTwiceSharedOnce(t *testing.T) {
	dir := tempDir(t)
	for i := range 400 {
		write(t, dir, fmt.Sprintf("sub/%03d.txt", i), fmt.Sprint(i))
	}
	sub := filepath.Join(dir, "sub")
	for range 10 {
		l := New(Config{})
		var both sync.WaitGroup
		for _, d := range []string{dir, sub} {
			both.Go(func() { add(t, l, d) })
		}
		both.Wait()
		roots := l.Roots()
		if files, _ := l.Totals(); files != 400 || roots[0].Files+roots[1].Files != 400 {
			t.Fatalf("%d files, %+v", files, roots)
		}
		if err := l.Remove(sub); err != nil {
			t.Fatal(err)
		}
		if files, _ := l.Totals(); files != 400 {
			t.Fatalf("%d files, want 400", files)
		}
	}
}

// TestGiveUp: who ends takes nothing from somebody else who has begun since.
func TestGiveUp(t *testing.T) {
	l := New(Config{})
	s := newShare(tempDir(t))
	e := s.tree.add("file.txt")
	first, second := task{entry: e, run: 1}, task{entry: e, run: 2}
	e.hashing = 2
	l.giveUp(s, []task{first})
	if !second.ours() || first.ours() || s.unfinished {
		t.Errorf("%+v, unfinished: %v", e, s.unfinished)
	}
	l.giveUp(s, []task{second})
	if second.ours() || !s.unfinished {
		t.Errorf("%+v, unfinished: %v", e, s.unfinished)
	}
}
