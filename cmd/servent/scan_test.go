package main

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed282dab8e/servent/servent"
)

// TestScanNote: who has no terminal hears how far a scan is, and for how long it goes
// on, from the first second of it, while files are only looked for, too.
func TestScanNote(t *testing.T) {
	const gb = 1_000_000_000
	for want, i := range map[string]servent.ScanInfo{
		"/m: looking through it: 12,000 files so far, after 10 s":                    {Dir: "/m", Found: 12_000},
		"/m: scanning: 0 of 4 files, 0 B of 4.0 GB, after 10 s":                      {Dir: "/m", TotalFiles: 4, TotalBytes: 4 * gb},
		"/m: scanning: 1 of 4 files, 1.0 GB of 4.0 GB, after 10 s; about 30 s left":  {Dir: "/m", Files: 1, TotalFiles: 4, Bytes: gb, TotalBytes: 4 * gb},
		"/m: scanning: 1 of 4 files, 4.0 GB of 4.0 GB, after 10 s; about 1.0 s left": {Dir: "/m", Files: 1, TotalFiles: 4, Bytes: 4*gb - 1, TotalBytes: 4 * gb},
		"/m: scanning: 0 of 4 files, 1 B of 4.0 GB, after 10 s":                      {Dir: "/m", TotalFiles: 4, Bytes: 1, TotalBytes: 4 * gb},
		"/m: scanning: 4 of 4 files, 4.0 GB of 4.0 GB, after 10 s":                   {Dir: "/m", Files: 4, TotalFiles: 4, Bytes: 4 * gb, TotalBytes: 4 * gb},
	} {
		if got := scanNote(&i, 10*time.Second); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// TestScanIsTimedByFolder: a folder that is added later, or scanned again, is told of
// with the time that its own scan takes, and no more often than others.
func TestScanIsTimedByFolder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var errOut buffer
		s := newApp(&buffer{}, &errOut, home{}.lookEnv).scan()
		for _, dir := range []string{"/m", "/n", "/m"} {
			for range 12 {
				time.Sleep(200 * time.Millisecond)
				s.update(servent.ScanInfo{Dir: dir, Found: 1})
			}
			s.close()
			time.Sleep(time.Hour)
		}
		note := func(dir string) string {
			return "servent: note: " + dir + ": looking through it: 1 file so far, after 1.2 s\n"
		}
		if got, want := errOut.String(), note("/m")+note("/n")+note("/m"); got != want {
			t.Errorf("told:\n%swant:\n%s", got, want)
		}
	})
}
