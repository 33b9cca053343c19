package main

import (
	"strings"
	"sync"

	"github.com/seed282dab8e/servent/servent"
)

// watched is the list of downloads as --watch shows it: lines of a terminal that are
// drawn again, else those downloads that are others than they were.
type watched struct {
	a     *app
	lines *live

	mu    sync.Mutex
	text  []string // the table
	drawn int      // lines of it
	was   map[string]servent.DownloadInfo
}

func newWatched(a *app, lines *live) *watched {
	return &watched{a: a, lines: lines, was: map[string]servent.DownloadInfo{}}
}

func (w *watched) update(list []servent.DownloadInfo) {
	if w.lines.p == nil || w.a.json {
		w.print(list)
		return
	}
	_, height := screenOf(w.lines.a.live).size()
	text := []string{"no downloads"}
	if len(list) > 0 {
		text = strings.Split(strings.TrimSuffix(transfersTable(list, w.lines.width()), "\n"), "\n")
	}
	if room := max(height-2, 2); len(text) > room {
		text = append(text[:room-1:room-1], "… and "+numberText(len(text)-room+1)+" more")
	}
	w.mu.Lock()
	w.text = text
	w.mu.Unlock()
	for ; w.drawn < len(text); w.drawn++ {
		at := w.drawn
		w.lines.text(func() string { return w.line(at) })
	}
}

// line is one of the table, empty where that has become shorter.
func (w *watched) line(at int) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	if at >= len(w.text) {
		return ""
	}
	return w.text[at]
}

// print tells of the downloads that are others than they were.
func (w *watched) print(list []servent.DownloadInfo) {
	var changed []servent.DownloadInfo
	now := map[string]servent.DownloadInfo{}
	for _, d := range list {
		now[d.ID] = d
		if was, ok := w.was[d.ID]; !ok || was != d {
			changed = append(changed, d)
		}
	}
	w.was = now
	switch {
	case w.a.json:
		w.a.showTransfers(changed)
	case len(changed) > 0:
		w.a.printf("%s", transfersTable(changed, 0))
	}
}
