package main

import (
	"strings"
	"testing"
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
	var errOut buffer
	s := newApp(&buffer{}, &errOut, home{}.lookEnv).scan()
	s.update(servent.ScanInfo{Dir: "/m", Found: 1})
	if errOut.String() != "" {
		t.Errorf("within the first second: %s", errOut.String())
	}
	s.start = s.start.Add(-2 * time.Second)
	for range 2 {
		s.update(servent.ScanInfo{Dir: "/m", Found: 1})
	}
	if got := errOut.String(); !strings.HasPrefix(got, "servent: note: /m: looking through it: 1 file so far, after 2.0 s\n") || strings.Count(got, "\n") != 1 {
		t.Errorf("after two seconds: %q", got)
	}
}
