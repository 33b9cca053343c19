package main

import (
	"time"

	"github.com/seed282dab8e/servent/servent"
)

const (
	// smallAtOnce is how many small files of one servent are downloaded at once. What
	// takes time with these is our disk, which brings eight to safety as quickly as one;
	// whom they come from is asked over no more connections than for two.
	smallAtOnce = 8
	smallFile   = 1 << 20
)

// small reports whether the file is a small one of all that a servent shares.
func (w *wanted) small() bool { return w.req.From != "" && w.size > 0 && w.size <= smallFile }

// atOnce is how many of files are downloaded at once, apart from small ones, and with
// these. From one servent it is one: that goes over one connection, and servents ban who
// opens many.
func atOnce(files []wanted) (large, all int) {
	if len(files) > 0 && files[0].req.From != "" {
		return 1, min(1+smallAtOnce, len(files))
	}
	return getsAtOnce, min(getsAtOnce, len(files))
}

// minor are files that were not told of each by itself: thousands of lines would bury
// the names of those that have failed.
type minor struct {
	begun           time.Time
	files, existing int    // loaded now; there already
	bytes           uint64 // of files
}

// noteMinor counts a file that is there.
func (t *total) noteMinor(got *servent.Got) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if got.Existing {
		t.minor.existing++
		return
	}
	t.minor.files++
	t.minor.bytes += got.Bytes
}

// tellMinor tells of those that were counted, once all have ended.
func (t *total) tellMinor(a *app) {
	t.mu.Lock()
	defer t.mu.Unlock()
	m := &t.minor
	if m.files > 0 {
		a.printf("%s  %s in %s, verified\n", countText(m.files, "small file"), byteText(m.bytes), timeText(time.Since(m.begun)))
	}
	if m.existing > 0 {
		a.printf("%s there already, verified\n", countText(m.existing, "small file"))
	}
}
