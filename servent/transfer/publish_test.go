package transfer

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
)

// finished gives a .part file that is whole but not synced.
func finished(t testing.TB, dir, name string, content []byte) *output {
	t.Helper()
	o, err := openOutput(&Job{Dir: dir, Name: name}, createPart)
	if err == nil {
		_, err = o.file.WriteAt(content, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func never(string) bool { return false }

// TestRounds: who comes while a round runs waits for the next one, together with all
// others who do, and gets the error of its own item; another key's do not wait.
func TestRounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hold := make(chan struct{})
		var r rounds[string, int]
		var mu sync.Mutex
		var seen [][]int
		r.do = func(key string, items []int) []error {
			mu.Lock()
			seen = append(seen, slices.Sorted(slices.Values(items)))
			mu.Unlock()
			if key == "slow" {
				<-hold
			}
			errs := make([]error, len(items))
			for i, item := range items {
				if item != 3 {
					errs[i] = fmt.Errorf("%d", item)
				}
			}
			return errs
		}
		join := func(key string, item int) {
			want := fmt.Sprint(item)
			if item == 3 {
				want = "<nil>"
			}
			if err := r.join(key, item); fmt.Sprint(err) != want {
				t.Errorf("%d got %v", item, err)
			}
		}
		go join("slow", 1)
		synctest.Wait() // its round has begun
		for item := 2; item <= 5; item++ {
			go join("slow", item)
		}
		join("quick", 6) // would never return
		synctest.Wait()
		hold <- struct{}{}
		synctest.Wait()
		go join("slow", 7)
		synctest.Wait()
		close(hold)
		synctest.Wait()
		if got, want := fmt.Sprint(seen), "[[1] [6] [2 3 4 5] [7]]"; got != want {
			t.Errorf("rounds %s, want %s", got, want)
		}
		if len(r.rows) != 0 {
			t.Errorf("%d keys are left", len(r.rows))
		}
	})
}

// TestPublishInOrder publishes many files at once: content is synced before the name is
// given, and the folder after, before the call returns.
func TestPublishInOrder(t *testing.T) {
	const files = 50
	dir := t.TempDir()
	p := newPublisher()
	var mu sync.Mutex
	synced, named := map[string]bool{}, map[string]bool{} // by name, for certain
	doData, doNames := p.data.do, p.names.do
	p.data.do = func(disk uint64, all []*os.File) []error {
		for _, f := range all {
			if _, err := os.Lstat(strings.TrimSuffix(f.Name(), partSuffix)); err == nil {
				t.Errorf("%s has its name before it is synced", f.Name())
			}
		}
		errs := doData(disk, all)
		mu.Lock()
		defer mu.Unlock()
		for _, f := range all {
			synced[strings.TrimSuffix(f.Name(), partSuffix)] = true
		}
		return errs
	}
	p.names.do = func(dir string, all []struct{}) []error {
		there, err := filepath.Glob(filepath.Join(dir, "file*.bin"))
		if err != nil {
			t.Error(err)
		}
		errs := doNames(dir, all)
		mu.Lock()
		defer mu.Unlock()
		for _, name := range there {
			named[name] = true
		}
		return errs
	}
	var grouped atomic.Bool
	_, _, ok := groupable(finished(t, dir, "probe", nil).file)
	grouped.Store(ok)
	var wg sync.WaitGroup
	for i := range files {
		o := finished(t, dir, fmt.Sprintf("file%d.bin", i), noise(100+i))
		wg.Go(func() {
			path, existing, err := o.publish(p, never)
			if err != nil || existing || filepath.Base(path) != fmt.Sprintf("file%d.bin", i) {
				t.Errorf("publish %d: %s, %v, %v", i, path, existing, err)
			}
			mu.Lock()
			defer mu.Unlock()
			if grouped.Load() && !synced[path] || !named[path] {
				t.Errorf("%s: content synced %v, name %v", path, synced[path], named[path])
			}
			if b, err := os.ReadFile(path); err != nil || string(b) != string(noise(100+i)) {
				t.Errorf("%s: %d bytes, %v", path, len(b), err)
			}
		})
	}
	wg.Wait()
}

// TestPublishToOneName gives one name to many at once: each gets a number of its own.
func TestPublishToOneName(t *testing.T) {
	dir := t.TempDir()
	p := newPublisher()
	var wg sync.WaitGroup
	var want []string
	for i := range 10 {
		o := finished(t, dir, "a.bin", noise(i))
		want = append(want, numbered("a.bin", i))
		wg.Go(func() {
			if _, _, err := o.publish(p, never); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	slices.Sort(want)
	wantFiles(t, dir, want...)
}

// TestPublishOneFails: the file of which the disk fails stays without a name, and
// nobody else hears of it.
func TestPublishOneFails(t *testing.T) {
	for _, fails := range []string{"sync", "close"} {
		dir := t.TempDir()
		p := newPublisher()
		var wg sync.WaitGroup
		var want []string
		for i := range 20 {
			name := fmt.Sprintf("file%d.bin", i)
			o := finished(t, dir, name, noise(100))
			bad := i == 7
			if bad {
				o.file = &brokenDisk{partFile: o.file, fails: fails}
			} else {
				want = append(want, name)
			}
			wg.Go(func() {
				defer o.discard()
				if _, _, err := o.publish(p, never); bad != errors.Is(err, syscall.ENOSPC) || !bad && err != nil {
					t.Errorf("%s: %v", name, err)
				}
			})
		}
		wg.Wait()
		slices.Sort(want)
		wantFiles(t, dir, want...)
	}
}

// TestPublishFolderFails: an error of a folder is that of all who put a file there.
func TestPublishFolderFails(t *testing.T) {
	p := newPublisher()
	dir, other := t.TempDir(), t.TempDir()
	sync := p.names.do
	p.names.do = func(to string, all []struct{}) []error {
		if to == dir {
			return slices.Repeat([]error{syscall.EIO}, len(all))
		}
		return sync(to, all)
	}
	path, _, err := finished(t, dir, "a", nil).publish(p, never)
	if !errors.Is(err, syscall.EIO) || path != filepath.Join(dir, "a") {
		t.Errorf("published %s: %v", path, err)
	}
	if _, _, err := finished(t, other, "a", nil).publish(p, never); err != nil {
		t.Errorf("into another folder: %v", err)
	}
}
