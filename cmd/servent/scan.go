package main

import (
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"github.com/seed282dab8e/servent/search"
	"github.com/seed282dab8e/servent/servent"
)

// scan shows how the scan of a folder goes, if it takes over a second.
type scan struct {
	a     *app
	start time.Time
	lines *live
	bar   *bar

	told time.Time // where there is no terminal

	mu   sync.Mutex
	info servent.ScanInfo
}

const (
	scanShown = time.Second
	// scanTold is how often those are told who have no terminal.
	scanTold = 10 * time.Second
)

// scanText is for those who see no bar.
func scanText(i *servent.ScanInfo) string {
	return fmt.Sprintf("scanning: %s of %s, %s of %s", numberText(i.Files), countText(i.TotalFiles, "file"), byteText(i.Bytes), byteText(i.TotalBytes))
}

func (a *app) scan() *scan { return &scan{a: a, start: time.Now()} }

func (s *scan) update(info servent.ScanInfo) {
	s.mu.Lock()
	s.info = info
	s.mu.Unlock()
	if time.Since(s.start) <= scanShown {
		return
	}
	if s.a.live == nil && !s.a.json && info.TotalFiles > 0 && time.Since(s.told) > scanTold {
		s.told = time.Now()
		s.a.note("%s: %s", search.Clean(info.Dir), scanText(&info))
	}
	if s.lines == nil {
		s.lines = s.a.lines()
		s.bar = s.lines.bar(s.text)
	}
	if s.bar != nil && info.TotalFiles > 0 {
		s.bar.set(info.Bytes, info.TotalBytes)
	}
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

// close takes the bar away; it may be called again.
func (s *scan) close() {
	if s.lines == nil {
		return
	}
	s.bar.close()
	s.lines.close()
	s.lines = nil
	s.start = time.Now().Add(time.Hour) // what comes late is not shown
}
