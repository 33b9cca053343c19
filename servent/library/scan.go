package library

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/sirupsen/logrus"
)

// errTakenBack ends the scan of a folder that Remove was called for.
var errTakenBack = fmt.Errorf("folder was taken back: %w", ErrNotShared)

// Add shares a folder: it scans it and hashes every file, which others find
// batch by batch while that goes on. A folder that is shared already is scanned
// again; of a file in two shared folders there is only one. When ctx ends, Add
// returns its error, and what was hashed by then stays shared.
func (l *Library) Add(ctx context.Context, dir string) error {
	dir, err := checkDir(dir)
	if err != nil {
		return fmt.Errorf("share folder: %w", err)
	}
	if err := l.lock(ctx); err != nil {
		return fmt.Errorf("share %s: %w", dir, err)
	}
	defer l.unlock()
	if err := l.scan(ctx, l.openShare(dir)); err != nil {
		return fmt.Errorf("share %s: %w", dir, err)
	}
	return nil
}

// Rescan brings all shared folders to what is on disk: only new and changed
// files are hashed. A folder that has gone loses its files, and is an error.
func (l *Library) Rescan(ctx context.Context) error {
	if err := l.lock(ctx); err != nil {
		return fmt.Errorf("rescan: %w", err)
	}
	defer l.unlock()
	l.mu.RLock()
	shares := slices.Clone(l.shares)
	l.mu.RUnlock()
	var errs []error
	for _, s := range shares {
		if err := l.scan(ctx, s); err != nil && !errors.Is(err, errTakenBack) {
			errs = append(errs, fmt.Errorf("rescan %s: %w", s.dir, err))
		}
	}
	return errors.Join(errs...)
}

// Remove takes a folder back; a scan of it ends. Files that also lie in another
// shared folder stay shared as part of that one.
func (l *Library) Remove(dir string) error {
	name := resolved(dir)
	l.mu.Lock()
	s, scans := l.share(dir, name), false
	if s != nil {
		s.taken, scans = true, s.scans
		s.cancel(errTakenBack)
	}
	l.mu.Unlock()
	if s == nil {
		return fmt.Errorf("unshare %s: %w", name, ErrNotShared)
	}
	if scans { // it ends soon
		if err := l.lock(context.Background()); err != nil {
			return err
		}
		l.unlock()
	}
	del, heirs := l.takeBack(s)
	l.log(s).WithField("removed", len(del)).Info("folder taken back")
	errs := []error{l.apply(nil, del)}
	if len(heirs) == 0 {
		return errs[0] // need not wait for a scan of another folder
	}
	if err := l.lock(context.Background()); err != nil {
		return err
	}
	defer l.unlock()
	for heir, files := range heirs {
		errs = append(errs, l.publish(heir, files, slices.Clone(files)))
	}
	return errors.Join(errs...)
}

// lock waits until no other folder is scanned or taken back.
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
func (l *Library) openShare(dir string) *share {
	l.mu.Lock()
	s := l.share(dir)
	if s != nil {
		l.mu.Unlock()
		return s
	}
	s = &share{dir: dir, cancel: func(error) {}}
	s.tree = &folder{share: s}
	l.shares = append(l.shares, s)
	l.mu.Unlock()
	l.load(s)
	return s
}

// scan makes the files of s those that are on disk.
func (l *Library) scan(ctx context.Context, s *share) error {
	return l.look(ctx, s, func(c *comparison) error { return c.all(s.tree) })
}

// refresh brings some folders of the shared folder dir to what is on disk: the
// files in them, new folders with all that they hold, and what has gone. rels
// are their paths below dir; "" is dir itself.
func (l *Library) refresh(ctx context.Context, dir string, rels []string) error {
	if err := l.lock(ctx); err != nil {
		return err
	}
	defer l.unlock()
	l.mu.RLock()
	s := l.share(dir)
	l.mu.RUnlock()
	if s == nil {
		return nil // was taken back meanwhile
	}
	err := l.look(ctx, s, func(c *comparison) error { return c.some(rels) })
	if err != nil {
		return fmt.Errorf("look at what has changed in %s: %w", dir, err)
	}
	return nil
}

// look compares s with what is on disk, and then shares that.
func (l *Library) look(ctx context.Context, s *share, compare func(*comparison) error) error {
	start := time.Now()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if !l.begin(s, cancel) {
		return errTakenBack
	}
	defer l.end(s)
	c := l.compare(ctx, s)
	walkErr := compare(c)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err := c.finish(); err != nil {
		return err
	}
	if err := errors.Join(walkErr, l.hashAll(ctx, s, c.todo, c.found)); err != nil {
		return err
	}
	if changed := len(c.todo) + len(c.gone) + len(c.back); changed > 0 {
		l.log(s).WithFields(logrus.Fields{
			"hashed": len(c.todo), "removed": len(c.gone), "dur_ms": time.Since(start).Milliseconds(),
		}).Info("folder scanned")
	}
	return nil
}

// begin readies s for a scan that cancel ends. It returns false when Remove
// has come first.
func (l *Library) begin(s *share, cancel func(error)) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	s.cancel = cancel // once the scan has ended it does nothing
	s.scans = !s.taken
	return s.scans
}

// end notes that the scan of s is over.
func (l *Library) end(s *share) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s.scans = false
}

func (l *Library) log(s *share) logrus.FieldLogger {
	return l.cfg.Log.WithFields(logrus.Fields{"component": "library", "dir": s.dir})
}
