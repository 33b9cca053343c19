package library

import (
	"context"
	"path/filepath"
	"sync"
	"time"

	"github.com/fsnotify/fsnotify"
)

// event notes what has happened.
func (w *watcher) event(ctx context.Context, e fsnotify.Event, now time.Time) {
	if e.Name == "" {
		return // of a folder that is no longer watched
	}
	path := filepath.Clean(e.Name)
	dir, name := filepath.Split(path)
	dir = filepath.Clean(dir)
	written := e.Op&^(fsnotify.Write|fsnotify.Chmod) == 0
	_, gone := w.folders[path]
	switch {
	case gone && written:
		gone = false
		w.soil(path).last = now // it may have become readable
	case gone:
		w.drop(path) // even if it is still there: as another one, or under another name
	}
	if s := w.shares[path]; s != nil && gone {
		s.info = nil
		w.ready(path)
		w.look(ctx)
	}
	if _, ok := w.folders[dir]; !ok || written && leaveOutFile(name) != "" {
		return
	}
	d := w.soil(dir)
	d.last = now
	d.created = d.created || gone || e.Has(fsnotify.Create|fsnotify.Chmod)
	if !written && d.first.IsZero() {
		d.first = now
	}
}

// work does what is due unless folders are being looked at.
func (w *watcher) work(ctx context.Context) {
	if w.looks > 0 || ctx.Err() != nil {
		return
	}
	var rels map[string][]string
	if w.fired {
		w.fired = false
		rels = w.take(ctx, time.Now())
	}
	if w.rescans { // and with it all of rels
		w.rescans, rels = false, make(map[string][]string)
		for _, dir := range w.roots() {
			rels[dir] = nil
		}
	}
	for dir, rels := range rels {
		w.start(ctx, dir, rels)
	}
}

// start looks at a shared folder beside the loop, which keeps receiving what
// happens. What has to be hashed then keeps nobody waiting.
func (w *watcher) start(ctx context.Context, dir string, rels []string) {
	w.looks++
	w.running.Go(func() {
		seen := sync.OnceFunc(func() {
			select {
			case w.seen <- struct{}{}:
			case <-ctx.Done():
			}
		})
		defer seen()
		if err := w.refresh(ctx, dir, rels, seen); err != nil && ctx.Err() == nil {
			w.log.WithError(err).WithField("dir", dir).Warn("changes in a shared folder could not be looked at")
		}
	})
}

// retry has folders looked through in which somebody has ceased to hash.
func (w *watcher) retry(ctx context.Context, now time.Time) {
	if w.looks > 0 || now.Sub(w.retried) < retryEvery {
		return
	}
	for _, dir := range w.unfinished() {
		w.retried = now
		w.start(ctx, dir, nil)
	}
}

// take returns the folders that are to be looked at, below each shared one, and
// sees to the rest when its time comes.
func (w *watcher) take(ctx context.Context, now time.Time) map[string][]string {
	var folders []string
	next := now.Add(w.latest)
	for path, d := range w.dirty {
		switch at := w.dueAt(d); {
		case !at.After(now):
			delete(w.dirty, path)
			folders = append(folders, path)
			if d.created {
				folders = append(folders, w.newFolders(ctx, path)...)
			}
		case at.Before(next):
			next = at
		}
	}
	if len(w.dirty) > 0 {
		w.due.Reset(max(next.Sub(now), w.quiet/4)) // not for each folder alone
	}
	return w.byShare(folders)
}

// dueAt says when a folder is looked at.
func (w *watcher) dueAt(d *dirt) time.Time {
	switch at := d.last.Add(w.quiet); {
	case d.ready:
		return time.Time{}
	case !d.first.IsZero() && d.first.Add(w.latest).Before(at):
		return d.first.Add(w.latest)
	default:
		return at
	}
}

// newFolders watches what folders are new in a watched one, and returns them:
// what came into them before they were watched is seen only there.
func (w *watcher) newFolders(ctx context.Context, dir string) (folders []string) {
	subs, ok := w.folders[dir]
	if !ok {
		return nil // has gone
	}
	for _, name := range subfolders(dir) {
		if subs[name] {
			continue
		}
		sub := filepath.Join(dir, name)
		more, err := w.addTree(ctx, sub)
		if err != nil {
			w.giveUpOn(sub, err)
			return nil
		}
		if len(more) > 0 {
			w.link(sub)
		}
		folders = append(folders, more...)
	}
	return folders
}

// giveUpOn gives up the shared folders of a folder that cannot be watched. They
// are looked through, as it may hold something.
func (w *watcher) giveUpOn(folder string, err error) {
	for dir := range w.shares {
		if contains(dir, folder) {
			w.giveUp(dir, err)
		}
	}
	w.rescans = true
}

// byShare sorts folders by the shared folders they lie in, of which there may be
// several, and makes their paths those below them.
func (w *watcher) byShare(folders []string) map[string][]string {
	rels := make(map[string][]string)
	for dir := range w.shares {
		for _, path := range folders {
			if contains(dir, path) {
				rels[dir] = append(rels[dir], below(dir, path))
			}
		}
	}
	return rels
}
