package library

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fsnotify/fsnotify"
	"github.com/sirupsen/logrus"
	logtest "github.com/sirupsen/logrus/hooks/test"
)

// watched is a watcher whose world is a test's.
type watched struct {
	*watcher
	calls  chan string // refresh and rescan, in words
	hook   *logtest.Hook
	events chan fsnotify.Event
	errs   chan error

	mu    sync.Mutex
	dirs  []string
	fail  map[string]error // for paths to be watched; "": for all
	added []string
	gone  []string
}

func newWatched(dirs ...string) *watched {
	log, hook := logtest.NewNullLogger()
	f := &watched{watcher: newWatcher(log), calls: make(chan string, 100), hook: hook, dirs: dirs, fail: make(map[string]error)}
	f.events, f.errs = make(chan fsnotify.Event), make(chan error)
	f.roots = func() []string {
		f.mu.Lock()
		defer f.mu.Unlock()
		return slices.Clone(f.dirs)
	}
	f.refresh = func(_ context.Context, dir string, rels []string, _ func()) error {
		if len(rels) == 0 {
			if filepath.Base(dir) == "share" { // this one stands for all
				f.calls <- "rescan"
			}
			return nil
		}
		slices.Sort(rels)
		f.calls <- filepath.Base(dir) + ":" + strings.Join(slices.Compact(rels), ",")
		return nil
	}
	f.unfinished = func() []string { return nil }
	f.open = func() (*notifier, error) {
		f.mu.Lock()
		defer f.mu.Unlock()
		if err := f.fail[""]; err != nil {
			return nil, err
		}
		return &notifier{f.events, f.errs, f.add, f.remove, func() error { return nil }}, nil
	}
	return f
}

// change changes the watcher's world.
func (f *watched) change(do func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	do()
}

func (f *watched) add(dir string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.fail[dir]; err != nil {
		return err
	}
	f.added = append(f.added, dir)
	return nil
}

func (f *watched) remove(dir string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.gone = append(f.gone, dir)
	return nil
}

// start runs the watcher until the test ends.
func (f *watched) start(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- f.run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("ended with %v", err)
		}
	})
}

// want waits for a call of refresh or rescan that is made after so long.
func (f *watched) want(t *testing.T, after time.Duration, want string) {
	t.Helper()
	start := time.Now()
	select {
	case got := <-f.calls:
		if took := time.Since(start); got != want || took != after {
			t.Errorf("after %v: %s; want after %v: %s", took, got, after, want)
		}
	case <-time.After(after + time.Minute):
		t.Errorf("nothing, want %s", want)
	}
}

// wantBoth waits for two calls in any order.
func (f *watched) wantBoth(t *testing.T, a, b string) {
	t.Helper()
	if got := []string{<-f.calls, <-f.calls}; !slices.Contains(got, a) || !slices.Contains(got, b) {
		t.Errorf("got %q, want %q and %q", got, a, b)
	}
}

func (f *watched) wantNone(t *testing.T, within time.Duration) {
	t.Helper()
	select {
	case got := <-f.calls:
		t.Error("not wanted:", got)
	case <-time.After(within):
	}
}

func (f *watched) warnings() (n int) {
	for _, e := range f.hook.AllEntries() {
		if e.Level == logrus.WarnLevel {
			n++
		}
	}
	return n
}

// inBubble runs a test with a fake notifier and a clock of its own. Its shared
// folder "share" holds a/b and .hidden/c.
func inBubble(t *testing.T, test func(t *testing.T, f *watched, dir string)) {
	t.Helper()
	dir := filepath.Join(tempDir(t), "share")
	write(t, dir, "one.txt", "1", "a/b/two.txt", "2", ".hidden/c/three.txt", "3")
	synctest.Test(t, func(t *testing.T) {
		f := newWatched(dir)
		test(t, f, dir)
	})
}

func (f *watched) happens(op fsnotify.Op, path ...string) {
	f.events <- fsnotify.Event{Name: filepath.Join(path...), Op: op}
}

func TestWatchGathers(t *testing.T) {
	inBubble(t, func(t *testing.T, f *watched, dir string) {
		f.start(t)
		f.want(t, 0, "share:,a,a/b")
		if want := []string{dir, filepath.Join(dir, "a"), filepath.Join(dir, "a", "b")}; !slices.Equal(f.added, want) {
			t.Errorf("watched: %q", f.added)
		}
		f.events <- fsnotify.Event{} // as fsnotify has them
		f.happens(fsnotify.Create, dir, "a", "x")
		time.Sleep(watchQuiet / 2)
		f.happens(fsnotify.Remove, dir, "a", "x")
		f.happens(fsnotify.Write, dir, "one.txt")
		f.want(t, watchQuiet, "share:,a")
		f.happens(fsnotify.Write, dir, "a", "x.part") // is left out all the same
		f.happens(fsnotify.Write, dir, ".hidden", "c", "x")
		f.happens(fsnotify.Create, filepath.Dir(dir), "other")
		f.wantNone(t, time.Minute)
		f.happens(fsnotify.Rename, dir, "a", "x.part")
		f.happens(fsnotify.Chmod, dir, "a", "b")
		f.want(t, watchQuiet, "share:a,a/b")
	})
}

// TestWatchLatest: where files come and go without end, they are looked at in
// between; but not while a file is only written to.
func TestWatchLatest(t *testing.T) {
	inBubble(t, func(t *testing.T, f *watched, dir string) {
		f.start(t)
		f.want(t, 0, "share:,a,a/b")
		start := time.Now()
		f.happens(fsnotify.Create, dir, "a", "x")
		for len(f.calls) == 0 {
			time.Sleep(watchQuiet / 2)
			f.happens(fsnotify.Write, dir, "a", "x")
		}
		if took := time.Since(start); took < watchLatest || took > watchLatest+watchQuiet {
			t.Errorf("after %v", took)
		}
		f.want(t, 0, "share:a")
		for range 1000 {
			f.happens(fsnotify.Write, dir, "a", "x")
			time.Sleep(watchQuiet / 2)
		}
		f.want(t, watchQuiet/2, "share:a")
	})
}

// TestWatchWaits: what happens while a folder is looked at is gathered for the
// next look, but not while what was found there is hashed.
func TestWatchWaits(t *testing.T) {
	inBubble(t, func(t *testing.T, f *watched, dir string) {
		look, hash := make(chan struct{}), make(chan struct{})
		refresh := f.refresh
		f.refresh = func(ctx context.Context, dir string, rels []string, seen func()) error {
			<-look
			_ = refresh(ctx, dir, rels, seen)
			seen()
			<-hash
			return errors.New("of no consequence")
		}
		f.start(t)
		for i := range 10000 {
			f.happens(fsnotify.Create, dir, fmt.Sprint(i))
		}
		f.happens(fsnotify.Create, dir, "a", "x")
		f.wantNone(t, time.Minute)
		close(look)
		f.want(t, 0, "share:,a,a/b")
		f.want(t, 0, "share:,a")
		for range 100 {
			f.happens(fsnotify.Create, dir, "a", "x")
			f.want(t, watchQuiet, "share:a")
		}
		f.wantNone(t, time.Minute)
		close(hash)
	})
}

// TestWatchRetries: a shared folder that somebody has ceased to hash is looked
// through, again and again, but not all the time.
func TestWatchRetries(t *testing.T) {
	inBubble(t, func(t *testing.T, f *watched, dir string) {
		f.unfinished = func() []string { return []string{dir} }
		f.start(t)
		f.wantBoth(t, "share:,a,a/b", "rescan")
		for range 3 {
			f.want(t, retryEvery, "rescan")
		}
	})
}

func TestWatchNewFolders(t *testing.T) {
	inBubble(t, func(t *testing.T, f *watched, dir string) {
		f.start(t)
		f.want(t, 0, "share:,a,a/b")
		write(t, dir, "new/deep/four.txt", "4", "new/.git/x", "x")
		if err := os.Symlink(filepath.Join(dir, "a"), filepath.Join(dir, "new", "link")); err != nil {
			t.Skip("no symbolic links: ", err)
		}
		f.change(func() { f.added = nil })
		f.happens(fsnotify.Create, dir, "new")
		f.want(t, watchQuiet, "share:,new,new/deep")
		if want := []string{filepath.Join(dir, "new"), filepath.Join(dir, "new", "deep")}; !slices.Equal(f.added, want) {
			t.Errorf("watched: %q", f.added)
		}
		if err := os.Rename(filepath.Join(dir, "new"), filepath.Join(dir, "a", "moved")); err != nil {
			t.Fatal(err)
		}
		f.change(func() { f.added, f.gone = nil, nil })
		f.happens(fsnotify.Rename, dir, "new")
		f.happens(fsnotify.Create, dir, "a", "moved")
		f.want(t, watchQuiet, "share:,a,a/moved,a/moved/deep")
		if want := []string{filepath.Join(dir, "new", "deep"), filepath.Join(dir, "new")}; !slices.Equal(f.gone, want) {
			t.Errorf("watched no longer: %q", f.gone)
		}
		if want := []string{filepath.Join(dir, "a", "moved"), filepath.Join(dir, "a", "moved", "deep")}; !slices.Equal(f.added, want) {
			t.Errorf("watched: %q", f.added)
		}
		// Told late of the old folder, it sees that there is one of this name.
		f.happens(fsnotify.Rename, dir, "a", "moved")
		f.want(t, watchQuiet, "share:a,a/moved,a/moved/deep")
	})
}

func TestWatchSharesComeAndGo(t *testing.T) {
	other := tempDir(t)
	write(t, other, "x/y.txt", "y")
	inBubble(t, func(t *testing.T, f *watched, dir string) {
		f.start(t)
		f.want(t, 0, "share:,a,a/b")
		// One inside, one elsewhere.
		inner := filepath.Join(dir, "a")
		f.change(func() { f.dirs = append(f.dirs, inner) })
		f.wantBoth(t, "a:,b", "share:a,a/b")
		f.happens(fsnotify.Create, inner, "x")
		f.wantBoth(t, "a:", "share:a")
		f.change(func() { f.dirs = []string{inner, other} })
		f.wantBoth(t, filepath.Base(other)+":,x", "a:,b")
		synctest.Wait()
		if len(f.folders) != 4 {
			t.Errorf("watched: %v", f.folders)
		}
		f.change(func() { f.dirs = nil })
		time.Sleep(watchTick)
		synctest.Wait()
		if len(f.folders) != 0 || len(f.gone) != len(f.added) {
			t.Errorf("watched: %v; %d added, %d removed", f.folders, len(f.added), len(f.gone))
		}
		f.wantNone(t, time.Minute)
	})
}

// TestWatchVanished: a folder goes, as when a disk is taken out, and comes back;
// another one comes in its place.
func TestWatchVanished(t *testing.T) {
	inBubble(t, func(t *testing.T, f *watched, dir string) {
		f.start(t)
		f.want(t, 0, "share:,a,a/b")
		if err := os.Rename(dir, dir+".away"); err != nil {
			t.Fatal(err)
		}
		f.want(t, watchTick, "share:")
		f.wantNone(t, time.Minute-time.Second)
		if err := os.Rename(dir+".away", dir); err != nil {
			t.Fatal(err)
		}
		f.want(t, time.Second, "share:,a,a/b")
		if err := os.Rename(dir, dir+".away"); err != nil {
			t.Fatal(err)
		}
		write(t, dir, "other/x.txt", "x")
		f.want(t, watchTick, "share:,other")
		f.happens(fsnotify.Remove, dir) // late
		f.want(t, 0, "share:,other")
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
		f.happens(fsnotify.Remove, dir)
		f.want(t, 0, "share:")
		f.wantNone(t, time.Minute)
	})
}

// TestWatchOverflow: after events were lost all is watched anew, and looked
// through once.
func TestWatchOverflow(t *testing.T) {
	inBubble(t, func(t *testing.T, f *watched, dir string) {
		f.start(t)
		f.want(t, 0, "share:,a,a/b")
		write(t, dir, "unseen/x.txt", "x")
		for range 10 {
			f.errs <- fsnotify.ErrEventOverflow
			time.Sleep(time.Second / 10)
		}
		f.want(t, watchLatest-time.Second, "rescan")
		f.happens(fsnotify.Create, dir, "unseen", "y")
		f.want(t, watchQuiet, "share:unseen")
		f.wantNone(t, time.Minute)
	})
}

// TestWatchHourly: file systems that tell nothing are looked through.
func TestWatchHourly(t *testing.T) {
	inBubble(t, func(t *testing.T, f *watched, _ string) {
		f.start(t)
		f.want(t, 0, "share:,a,a/b")
		f.want(t, rescanEvery, "rescan")
		f.want(t, rescanEvery, "rescan")
	})
}

func TestWatchLimits(t *testing.T) {
	other := tempDir(t)
	write(t, other, "x/y.txt", "y")
	for name, limit := range map[string]func(f *watched, dir string){
		"max_user_watches": func(f *watched, dir string) { f.fail[filepath.Join(dir, "a", "b")] = syscall.ENOSPC },
		"open files":       func(f *watched, dir string) { f.fail[dir] = os.NewSyscallError("kqueue", syscall.EMFILE) },
		"maxWatched":       func(f *watched, _ string) { f.max = 2 },
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, f *watched, dir string) {
				limit(f, dir)
				f.dirs = append(f.dirs, other)
				f.start(t)
				f.wantBoth(t, filepath.Base(other)+":,x", "share:")
				synctest.Wait()
				if len(f.folders) != 2 { // those of the other one, which is watched on
					t.Errorf("watched: %v", f.folders)
				}
				f.want(t, pollEvery, "rescan")
				f.want(t, pollEvery, "rescan")
				f.happens(fsnotify.Create, other, "x", "z")
				f.want(t, watchQuiet, filepath.Base(other)+":x")
				if n := f.warnings(); n != 1 {
					t.Errorf("%d warnings", n)
				}
				// With the limit raised it is watched again, by and by.
				synctest.Wait()
				f.max = 5
				f.change(func() { clear(f.fail) })
				time.Sleep(rescanEvery)
				synctest.Wait()
				if len(f.folders) != 5 || f.polled() {
					t.Errorf("watched: %v", f.folders)
				}
			})
		})
	}
}

// TestWatchLimitLater: the folder that is one too many comes while all are watched.
func TestWatchLimitLater(t *testing.T) {
	inBubble(t, func(t *testing.T, f *watched, dir string) {
		f.max = 4
		f.start(t)
		f.want(t, 0, "share:,a,a/b")
		write(t, dir, "new/x.txt", "x")
		f.happens(fsnotify.Create, dir, "new")
		f.want(t, watchQuiet, "share:,new")
		write(t, dir, "new/newer/x.txt", "x")
		f.happens(fsnotify.Create, dir, "new", "newer")
		f.want(t, watchQuiet, "rescan")
		if len(f.folders) != 0 || f.warnings() != 1 || !f.polled() {
			t.Errorf("watched: %v, %d warnings", f.folders, f.warnings())
		}
	})
}

// TestWatchUnreadable: a folder that cannot be read is no reason to give up.
func TestWatchUnreadable(t *testing.T) {
	inBubble(t, func(t *testing.T, f *watched, dir string) {
		f.fail[filepath.Join(dir, "a")] = syscall.EACCES
		f.start(t)
		f.want(t, 0, "share:")
		if f.polled() || len(f.folders) != 1 {
			t.Errorf("watched: %v", f.folders)
		}
		f.change(func() { clear(f.fail) })
		f.happens(fsnotify.Chmod, dir, "a")
		f.want(t, watchQuiet, "share:,a,a/b")
	})
}

// TestWatchBlind: without a notifier all is looked through now and then.
func TestWatchBlind(t *testing.T) {
	for _, late := range []bool{false, true} {
		inBubble(t, func(t *testing.T, f *watched, _ string) {
			if late {
				f.start(t)
				f.want(t, 0, "share:,a,a/b")
				close(f.events)
				synctest.Wait()
			} else {
				f.fail[""] = syscall.EMFILE
				f.start(t)
				f.want(t, 0, "share:")
			}
			f.want(t, pollEvery, "rescan")
			if len(f.folders) != 0 || f.warnings() != 1 {
				t.Errorf("watched: %v, %d warnings", f.folders, f.warnings())
			}
			f.change(func() {
				f.events = make(chan fsnotify.Event)
				clear(f.fail)
			})
			time.Sleep(rescanEvery)
			synctest.Wait()
			if len(f.folders) != 3 || f.polled() {
				t.Errorf("watched: %v", f.folders)
			}
		})
	}
}
