package main

import (
	"fmt"
	"sync"
	"time"

	"github.com/seed282dab8e/servent/servent"
)

// total is how far several downloads are together.
type total struct {
	bar *bar // nil: none is shown

	mu      sync.Mutex
	files   []servent.GetProgress
	sum     servent.GetProgress
	unsized int // files whose size is not known
	done    int // those that have failed do not count
	minor   minor
}

func newTotal(files []wanted) *total {
	t := &total{files: make([]servent.GetProgress, len(files)), unsized: len(files), minor: minor{begun: time.Now()}}
	for i, f := range files {
		t.put(i, servent.GetProgress{Total: f.size})
	}
	return t
}

// set notes how far a file is.
func (t *total) set(at int, p servent.GetProgress) {
	t.mu.Lock()
	if p.Total == 0 {
		p.Total = t.files[at].Total
	}
	t.put(at, p)
	done, total := t.sum.Done, t.sum.Total
	t.mu.Unlock()
	if t.bar != nil {
		t.bar.set(done, total)
	}
}

// ended notes that nothing more comes of a file.
func (t *total) ended(at int, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err == nil {
		t.done++
	}
	t.put(at, servent.GetProgress{Done: t.files[at].Done, Total: t.files[at].Total})
}

// put replaces what a file adds to the sum. t.mu is held.
func (t *total) put(at int, p servent.GetProgress) {
	was, s := &t.files[at], &t.sum
	s.Done += p.Done - was.Done // unsigned: less than before is right, too
	s.Total += p.Total - was.Total
	s.Rate += p.Rate - was.Rate
	s.Active += p.Active - was.Active
	s.Sources += p.Sources - was.Sources
	if was.Total == 0 && p.Total > 0 {
		t.unsized--
	}
	*was = p
}

// text is for those who see no bar.
func (t *total) text() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return fmt.Sprintf("%d of %s · %s of %s", t.done, countText(len(t.files), "file"), byteText(t.sum.Done), byteText(t.sum.Total))
}

func (t *total) barText() barText {
	t.mu.Lock()
	defer t.mu.Unlock()
	f := flow{rate: t.sum.Rate, active: t.sum.Active, sources: t.sum.Sources}
	if left := t.sum.Total - t.sum.Done; t.unsized == 0 && f.rate > 0 {
		f.left = int64(float64(left) / float64(f.rate) * 1000)
	}
	return barText{name: fmt.Sprintf("%d of %s", t.done, countText(len(t.files), "file")), flow: &f}
}

func (t *total) close() {
	if t.bar != nil {
		t.bar.close()
	}
}
