package library

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"syscall"

	"github.com/fsnotify/fsnotify"
)

// errTooMany says that more folders are shared than are watched.
var errTooMany = errors.New("too many folders")

// notifier tells what happens in folders.
type notifier struct {
	events chan fsnotify.Event
	errs   chan error // one that nobody has received yet stands for all
	add    func(dir string) error
	remove func(dir string) error
	close  func() error
}

// openNotifier makes one of what the system has.
func openNotifier() (*notifier, error) {
	switch runtime.GOOS {
	case "darwin", "dragonfly", "freebsd", "netbsd", "openbsd":
		return nil, errors.New("this system takes an open file for each file in a folder that is watched")
	}
	n, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, err
	}
	out := &notifier{events: n.Events, errs: make(chan error, 1), add: n.Add, remove: n.Remove}
	ended := make(chan struct{})
	go func() { // It sends some errors while it holds the lock that add needs.
		defer close(ended)
		for err := range n.Errors {
			select {
			case out.errs <- err:
			default:
			}
		}
	}()
	out.close = func() error {
		err := n.Close()
		<-ended
		return err
	}
	return out, nil
}

// channels returns what to receive from; without a notifier nothing comes.
func (n *notifier) channels() (<-chan fsnotify.Event, <-chan error) {
	if n == nil {
		return nil, nil
	}
	return n.events, n.errs
}

func (w *watcher) openNotifier() {
	n, err := w.open()
	if err != nil {
		w.tell("", err)
		return
	}
	w.n = n
}

func (w *watcher) closeNotifier() {
	if w.n != nil {
		_ = w.n.close() // it is of no more use
		w.n = nil
	}
}

// addTree watches a folder and those below it, each before it looks what is in
// it. It returns all of them, those that were watched before included.
func (w *watcher) addTree(ctx context.Context, top string) (folders []string, err error) {
	todo := []string{top}
	for len(todo) > 0 && ctx.Err() == nil {
		dir := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		switch err := w.add(dir); {
		case isLimit(err):
			return nil, err
		case err != nil:
			continue // it has gone, or may not be read, and has nothing to share
		}
		folders = append(folders, dir)
		for _, name := range subfolders(dir) {
			todo = append(todo, filepath.Join(dir, name))
		}
		if dir != top {
			w.link(dir)
		}
	}
	return folders, nil
}

// add watches a folder.
func (w *watcher) add(dir string) error {
	if _, ok := w.folders[dir]; ok {
		return nil // as part of another shared folder
	}
	if w.n == nil || len(w.folders) >= w.max {
		return errTooMany
	}
	if err := w.n.add(dir); err != nil {
		return fmt.Errorf("watch %s: %w", dir, err)
	}
	w.folders[dir] = nil
	return nil
}

// link notes that a folder is watched as part of the one that holds it.
func (w *watcher) link(dir string) {
	up, name := filepath.Dir(dir), filepath.Base(dir)
	if w.folders[up] == nil {
		w.folders[up] = make(map[string]bool)
	}
	w.folders[up][name] = true
}

// drop ceases to watch a folder and those below it.
func (w *watcher) drop(dir string) {
	subs, ok := w.folders[dir]
	if !ok {
		return
	}
	for name := range subs {
		w.drop(filepath.Join(dir, name))
	}
	delete(w.folders, dir)
	delete(w.folders[filepath.Dir(dir)], filepath.Base(dir))
	_ = w.n.remove(dir) // may have gone by itself
}

// isLimit says whether an error is for want of anything but a readable folder.
func isLimit(err error) bool {
	for _, limit := range []error{errTooMany, fsnotify.ErrClosed, syscall.ENOSPC, syscall.EMFILE, syscall.ENFILE, syscall.ENOMEM} {
		if errors.Is(err, limit) {
			return true
		}
	}
	return false
}

// subfolders lists the folders in dir that are scanned, as far as it can be read.
func subfolders(dir string) (names []string) {
	entries, _ := os.ReadDir(dir)
	for _, d := range entries {
		if d.IsDir() && leaveOutFolder(d.Name()) == "" {
			names = append(names, d.Name())
		}
	}
	return names
}
