package main

import (
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"github.com/seed282dab8e/servent/search"
	"github.com/seed282dab8e/servent/servent"
)

// scan shows how scans of folders go, if they take over a second.
type scan struct {
	a     *app
	spans map[string]span // by folder
	lines *live
	bar   *bar
	ended bool // the bar has no place any more

	told time.Time // where there is no terminal

	mu   sync.Mutex
	info servent.ScanInfo
}

// span is for how long a folder has been scanned without a break.
type span struct{ start, last time.Time }

const (
	// scanBreak is after what time without news of a scan the next one is another
	// scan: while one goes on, there are some every second.
	scanBreak = 5 * time.Second
	// maxLeft is the longest time left that is told: a longer one is a guess.
	maxLeft = 100 * time.Hour
)

// scanText is for those who see no bar.
func scanText(i *servent.ScanInfo) string {
	return fmt.Sprintf("scanning: %s of %s, %s of %s", numberText(i.Files), countText(i.TotalFiles, "file"), byteText(i.Bytes), byteText(i.TotalBytes))
}

// scanNote tells them how far a scan is after a time, and how long it will still take.
func scanNote(i *servent.ScanInfo, after time.Duration) string {
	dir := search.Clean(i.Dir)
	if i.TotalFiles == 0 {
		return fmt.Sprintf("%s: looking through it: %s so far, after %s", dir, countText(i.Found, "file"), timeText(after))
	}
	note := fmt.Sprintf("%s: %s, after %s", dir, scanText(i), timeText(after))
	if i.Bytes == 0 || i.Bytes >= i.TotalBytes {
		return note
	}
	left := float64(after) * float64(i.TotalBytes-i.Bytes) / float64(i.Bytes)
	if left > float64(maxLeft) {
		return note
	}
	return note + "; about " + timeText(max(time.Duration(left).Round(time.Second), time.Second)) + " left"
}

func (a *app) scan() *scan { return &scan{a: a, spans: map[string]span{}} }

func (s *scan) update(info servent.ScanInfo) {
	s.mu.Lock()
	s.info = info
	s.mu.Unlock()
	now := time.Now()
	after := s.after(info.Dir, now)
	if after <= slowAfter {
		return
	}
	if s.a.live == nil && !s.a.json && now.Sub(s.told) > slowTold {
		s.told = now
		s.a.note("%s", scanNote(&info, after))
	}
	if s.ended {
		return
	}
	if s.lines == nil {
		s.lines = s.a.lines()
		s.bar = s.lines.bar(s.text)
	}
	if s.bar != nil && info.TotalFiles > 0 {
		s.bar.set(info.Bytes, info.TotalBytes)
	}
}

// after is for how long a folder, of which there is news, has been scanned by now.
func (s *scan) after(dir string, now time.Time) time.Duration {
	of, known := s.spans[dir]
	if !known || now.Sub(of.last) > scanBreak {
		of.start = now
	}
	of.last = now
	s.spans[dir] = of
	return now.Sub(of.start)
}

func (s *scan) text() barText {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.info.TotalFiles == 0 {
		return barText{name: fmt.Sprintf("looking through %s: %s files", search.Clean(filepath.Base(s.info.Dir)), numberText(s.info.Found))}
	}
	return barText{name: fmt.Sprintf("scanning %s/%s  %s",
		numberText(s.info.Files), numberText(s.info.TotalFiles), search.Clean(filepath.Base(s.info.Dir)))}
}

// close takes the bar away, and none comes any more; it may be called again.
func (s *scan) close() {
	s.ended = true
	if s.lines == nil {
		return
	}
	s.bar.close()
	s.lines.close()
	s.lines = nil
}
