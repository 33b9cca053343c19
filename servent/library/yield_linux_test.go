package library

import (
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// thread is what the kernel knows of the calling one.
type thread struct{ tid, nice, io int }

func thisThread(t *testing.T) thread {
	t.Helper()
	prio, err := unix.Getpriority(unix.PRIO_PROCESS, 0)
	if err != nil {
		t.Error(err)
	}
	io, _, errno := unix.Syscall(unix.SYS_IOPRIO_GET, ioPrioSelf, 0, 0)
	if errno != 0 {
		t.Error(errno)
	}
	return thread{unix.Gettid(), 20 - prio, int(io)}
}

// TestYield: one thread is nicer while its goroutine runs, those that are
// started meanwhile are not, not even from there, and it ends with it.
func TestYield(t *testing.T) {
	runtime.LockOSThread()
	base := thisThread(t)
	runtime.UnlockOSThread()

	var nice thread
	end, ready, ended := make(chan struct{}), make(chan struct{}), make(chan struct{})
	others := make(chan thread, 40)
	var all sync.WaitGroup
	look := func() {
		for range cap(others) / 2 {
			all.Go(func() {
				runtime.LockOSThread()
				defer runtime.UnlockOSThread()
				others <- thisThread(t)
				<-end // so that each needs a thread of its own
			})
		}
	}
	go func() {
		defer close(ended)
		yield()
		nice = thisThread(t)
		look()
		close(ready)
		<-end
	}()
	<-ready
	look()
	seen := map[int]bool{}
	for range cap(others) {
		o := <-others
		if o.nice != base.nice || o.io != base.io {
			t.Errorf("another thread has niceness %d and I/O priority %#x, not %d and %#x", o.nice, o.io, base.nice, base.io)
		}
		if o.tid == nice.tid {
			t.Error("the goroutine is not locked to its thread")
		}
		seen[o.tid] = true
	}
	if len(seen) != cap(others) {
		t.Errorf("%d threads", len(seen))
	}
	if want := max(base.nice, hashNice); nice.nice != want || nice.io != hashIOPrio {
		t.Errorf("niceness %d and I/O priority %#x, want %d and %#x", nice.nice, nice.io, want, hashIOPrio)
	}
	close(end)
	<-ended
	all.Wait()
	if nice.tid != os.Getpid() { // the first thread never ends, but nothing runs on it again
		waitGone(t, filepath.Join("/proc/self/task", strconv.Itoa(nice.tid)))
	}
}

func waitGone(t *testing.T, path string) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	deadline := time.NewTimer(10 * time.Second)
	defer deadline.Stop()
	for {
		if _, err := os.Stat(path); err != nil {
			return
		}
		select {
		case <-tick.C:
		case <-deadline.C:
			t.Fatal(path, " is still there")
		}
	}
}

// TestYieldKeepsNicer: who is nicer already stays so.
func TestYieldKeepsNicer(t *testing.T) {
	got := make(chan thread)
	go func() {
		runtime.LockOSThread() // for good
		if err := unix.Setpriority(unix.PRIO_PROCESS, 0, hashNice+5); err != nil {
			t.Error(err)
		}
		yield()
		got <- thisThread(t)
	}()
	if th := <-got; th.nice < hashNice+5 {
		t.Errorf("niceness %d, was %d", th.nice, hashNice+5)
	}
}
