package transfer

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestSyncFiles has the calls fail that sync many files: who hears of it is whose file
// it is, and a file system that tells nothing has each file synced.
func TestSyncFiles(t *testing.T) {
	for _, tt := range []struct {
		name    string
		files   int
		syncfs  error
		written error // of the second file
		want    error // of the second file, which is closed, so that its own Sync fails
		calls   int   // of syncfs
	}{
		{"few", minSyncfs - 1, nil, nil, os.ErrClosed, 0},
		{"enough", minSyncfs, nil, nil, nil, 1},
		{"one was not written", minSyncfs, nil, unix.EIO, unix.EIO, 1},
		{"file system fails", minSyncfs, unix.EIO, nil, os.ErrClosed, 1},
		{"nobody tells", minSyncfs, nil, unix.ENOSYS, os.ErrClosed, 1},
		{"nobody tells of such a file", minSyncfs, nil, unix.EINVAL, os.ErrClosed, 1},
		{"nobody may be asked", minSyncfs, nil, unix.EPERM, os.ErrClosed, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			var files []*os.File
			for i := range tt.files {
				f, err := os.Create(filepath.Join(dir, fmt.Sprint(i)))
				if err != nil {
					t.Fatal(err)
				}
				defer f.Close()
				files = append(files, f)
			}
			if err := files[1].Close(); err != nil {
				t.Fatal(err)
			}
			calls := 0
			errs := syncFiles(files, func(fd int) error {
				calls++
				return tt.syncfs
			}, func(fd int) error {
				if fd == int(files[1].Fd()) {
					return tt.written
				}
				return nil
			})
			for i, err := range errs {
				want := error(nil)
				if i == 1 {
					want = tt.want
				}
				if !errors.Is(err, want) || (err == nil) != (want == nil) {
					t.Errorf("file %d: %v, want %v", i, err, want)
				}
			}
			if calls != tt.calls {
				t.Errorf("%d calls of syncfs, want %d", calls, tt.calls)
			}
		})
	}
}

// TestSyncTogether syncs real files, and one that nothing was written to.
func TestSyncTogether(t *testing.T) {
	dir := t.TempDir()
	var files []*os.File
	for i := range 2 * minSyncfs {
		o := finished(t, dir, fmt.Sprint(i), noise(i*1000))
		f, disk, ok := groupable(o.file)
		if !ok {
			t.Skip("this file system is not known")
		}
		if _, first, _ := groupable(finished(t, dir, "first", nil).file); first != disk {
			t.Errorf("file system %d, then %d", first, disk)
		}
		files = append(files, f)
	}
	for i, err := range syncTogether(files) {
		if err != nil {
			t.Errorf("file %d: %v", i, err)
		}
	}
	if _, _, ok := groupable(&brokenDisk{}); ok {
		t.Error("what is no file of the system's can be synced with others")
	}
	proc, err := os.Open("/proc/self/stat")
	if err != nil {
		t.Skip(err)
	}
	defer proc.Close()
	if _, _, ok := groupable(proc); ok {
		t.Error("a file system of another kind is taken")
	}
}

// BenchmarkPublish publishes files of 10 KiB, so many at a time, in groups and each by
// itself.
func BenchmarkPublish(b *testing.B) {
	alone := func(o *output, p *publisher) error {
		err := o.file.Sync()
		if err == nil {
			err = o.file.Close()
		}
		if err == nil {
			err = moveNew(o.path, filepath.Join(o.dir, o.name))
		}
		if err == nil {
			err = syncDir(o.dir)
		}
		return err
	}
	together := func(o *output, p *publisher) error {
		_, _, err := o.publish(p, never)
		return err
	}
	content := noise(10 << 10)
	for _, at := range []int{1, 16, 64} {
		for _, way := range []struct {
			name    string
			publish func(*output, *publisher) error
		}{{"alone", alone}, {"together", together}} {
			b.Run(fmt.Sprintf("%s-%d", way.name, at), func(b *testing.B) {
				dir, p := b.TempDir(), newPublisher()
				var next atomic.Int64
				var wg sync.WaitGroup
				before := cpuTime(b)
				b.ResetTimer()
				for range at {
					wg.Go(func() {
						for i := next.Add(1); i <= int64(b.N); i = next.Add(1) {
							if err := way.publish(finished(b, dir, fmt.Sprint(i), content), p); err != nil {
								b.Error(err)
							}
						}
					})
				}
				wg.Wait()
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "files/s")
				b.ReportMetric(float64(cpuTime(b)-before)/float64(b.N), "cpu-ns/op")
			})
		}
	}
}

// cpuTime returns what this process has used, in the kernel too.
func cpuTime(b *testing.B) time.Duration {
	var use unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &use); err != nil {
		b.Fatal(err)
	}
	return time.Duration(use.Utime.Nano() + use.Stime.Nano())
}
