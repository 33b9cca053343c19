package library

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/sirupsen/logrus"
)

// errTakenBack ends the scan of a folder that Remove was called for.
var errTakenBack = fmt.Errorf("folder was taken back: %w", ErrNotShared)

// Add shares a folder: it scans it and hashes every file, which others find
// batch by batch while that goes on. A folder that is shared already is scanned
// again; of a file in two shared folders there is only one. Of files that others
// hash already Add waits for the end. When ctx ends, Add returns its error, and
// what was hashed by then stays shared.
func (l *Library) Add(ctx context.Context, dir string) error {
	dir, err := checkDir(dir)
	if err != nil {
		return fmt.Errorf("share folder: %w", err)
	}
	s, err := l.openShare(ctx, dir)
	if err == nil {
		l.watched.Load().first(ctx, dir)
	}
	for others := true; others && err == nil; {
		others, err = l.scan(ctx, s, func() {})
		if others && err == nil { // they may break it off
			err = s.hashes.wait(ctx)
		}
	}
	if err != nil {
		return fmt.Errorf("share %s: %w", dir, err)
	}
	return nil
}

// Rescan brings all shared folders to what is on disk: only new and changed
// files are hashed. A folder that has gone loses its files, and is an error.
func (l *Library) Rescan(ctx context.Context) error {
	l.mu.RLock()
	shares := slices.Clone(l.shares)
	l.mu.RUnlock()
	errs := make([]error, len(shares))
	var all sync.WaitGroup
	for i, s := range shares { // none waits for what another one has to hash
		all.Go(func() {
			if _, err := l.scan(ctx, s, func() {}); err != nil && !errors.Is(err, errTakenBack) {
				errs[i] = fmt.Errorf("rescan %s: %w", s.dir, err)
			}
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

// Remove takes a folder back; scans of it end. Files that also lie in another
// shared folder stay shared as part of that one.
func (l *Library) Remove(dir string) error {
	name := resolved(dir)
	l.mu.RLock()
	s := l.share(dir, name)
	l.mu.RUnlock()
	if s == nil {
		return fmt.Errorf("unshare %s: %w", name, ErrNotShared)
	}
	s.end(errTakenBack)
	if err := l.lock(context.Background()); err != nil {
		return err
	}
	defer l.unlock()
	del, heirs := l.takeBack(s)
	l.log(s).WithField("removed", len(del)).Info("folder taken back")
	errs := []error{l.apply(nil, del)}
	for heir, files := range heirs {
		errs = append(errs, l.publish(heir, files, slices.Clone(files)))
	}
	return errors.Join(errs...)
}

// lock waits until nobody else compares, publishes or takes back folders, which
// may take as long as it does to look through a folder, but not to hash files.
func (l *Library) lock(ctx context.Context) error {
	select {
	case l.busy <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (l *Library) unlock() { <-l.busy }

// checkDir returns the true name of a folder that can be read.
func checkDir(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return "", err
	}
	info, err := os.Stat(dir)
	if err != nil {
		return "", err
	}
	if !info.IsDir() {
		return "", fmt.Errorf("%s is not a folder", dir)
	}
	f, err := os.Open(dir) // can it be read?
	if err != nil {
		return "", err
	}
	return dir, f.Close()
}

// resolved returns the true name of a folder as far as there is one.
func resolved(dir string) string {
	dir, _ = filepath.Abs(dir) // fails only without a working directory; then dir is ""
	if name, err := filepath.EvalSymlinks(dir); err == nil {
		return name
	}
	return dir
}

// openShare returns the share of dir, a new one if need be.
func (l *Library) openShare(ctx context.Context, dir string) (*share, error) {
	if err := l.lock(ctx); err != nil {
		return nil, err
	}
	defer l.unlock()
	l.mu.RLock()
	s := l.share(dir)
	l.mu.RUnlock()
	if s != nil {
		l.admitAll(s)
		return s, nil
	}
	s = newShare(dir)
	l.addShare(s)
	return s, nil
}

// addShare adds a shared folder with what is known of it. l.busy is held.
func (l *Library) addShare(s *share) {
	err := l.load(s)
	l.mu.Lock()
	l.shares = append(l.shares, s)
	l.mu.Unlock()
	if err != nil {
		l.failed(err)
	}
}

// scan makes the files of s those that are on disk, but for those that others
// hash already. It calls seen before it hashes.
func (l *Library) scan(ctx context.Context, s *share, seen func()) (others bool, err error) {
	return l.look(ctx, s, func(c *comparison) error { return c.all(s.tree) }, seen)
}

// unfinished lists the shared folders in which somebody has ceased to hash.
func (l *Library) unfinished() (dirs []string) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	for _, s := range l.shares {
		if s.unfinished {
			dirs = append(dirs, s.dir)
		}
	}
	return dirs
}

// refresh brings some folders of the shared folder dir to what is on disk: the
// files in them, new folders with all that they hold, and what has gone. rels
// are their paths below dir; "" is dir itself, and without any it is all of it.
// refresh calls seen before it hashes.
func (l *Library) refresh(ctx context.Context, dir string, rels []string, seen func()) error {
	l.mu.RLock()
	s := l.share(dir)
	l.mu.RUnlock()
	if s == nil {
		return nil // was taken back meanwhile
	}
	look := func(c *comparison) error { return c.some(rels) }
	if len(rels) == 0 {
		look = func(c *comparison) error { return c.all(s.tree) }
	}
	_, err := l.look(ctx, s, look, seen)
	if err != nil {
		return fmt.Errorf("look at what has changed in %s: %w", dir, err)
	}
	return nil
}

// look compares s with what is on disk, calls seen, and then shares what is new.
// It says whether others hash some of it already.
func (l *Library) look(ctx context.Context, s *share, compare func(*comparison) error, seen func()) (others bool, err error) {
	start := time.Now()
	ctx, end := s.during(ctx)
	defer end()
	c, walkErr := l.compared(ctx, s, compare)
	if c == nil {
		return false, walkErr
	}
	seen()
	if err := errors.Join(walkErr, l.hashAll(ctx, s, c.todo, c.found)); err != nil {
		return c.others, err
	}
	if changed := len(c.todo) + len(c.gone) + len(c.back); changed > 0 {
		l.log(s).WithFields(logrus.Fields{
			"hashed": len(c.todo), "removed": len(c.gone), "dur_ms": time.Since(start).Milliseconds(),
		}).Info("folder scanned")
	}
	return c.others, nil
}

// compared finds out what is different on disk, and makes true of it what needs
// no hashing. Without a comparison that could not be done.
func (l *Library) compared(ctx context.Context, s *share, compare func(*comparison) error) (*comparison, error) {
	if err := l.lock(ctx); err != nil {
		return nil, err
	}
	defer l.unlock()
	c := l.compare(ctx, s)
	err := compare(c)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err := c.finish(); err != nil {
		return nil, err
	}
	return c, err
}

func (l *Library) log(s *share) logrus.FieldLogger {
	return l.cfg.Log.WithFields(logrus.Fields{"component": "library", "dir": s.dir})
}
