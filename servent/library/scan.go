package library

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/seed282dab8e/servent/search"
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
	s := l.share(dir, name)
	if s != nil {
		s.taken = true
		s.cancel(errTakenBack)
	}
	l.mu.Unlock()
	if s == nil {
		return fmt.Errorf("unshare %s: %w", name, ErrNotShared)
	}
	if err := l.lock(context.Background()); err != nil {
		return err
	}
	defer l.unlock()
	put, del := l.takeBack(s)
	l.log(s).WithField("removed", len(del)).Info("folder taken back")
	return l.apply(put, del)
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
	defer l.mu.Unlock()
	s := l.share(dir)
	if s == nil {
		s = &share{dir: dir, cancel: func(error) {}}
		l.shares = append(l.shares, s)
	}
	return s
}

// scan makes the files of s those that are on disk.
func (l *Library) scan(ctx context.Context, s *share) error {
	start := time.Now()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if !l.begin(s, cancel) {
		return errTakenBack
	}
	found, walkErr := walk(ctx, s.dir, func(rel, reason string) { l.leaveOut(s, rel, reason) })
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	todo, gone := l.plan(s, found)
	if err := l.apply(nil, gone); err != nil {
		return err
	}
	if err := errors.Join(walkErr, l.hashAll(ctx, s, todo)); err != nil {
		return err
	}
	l.log(s).WithFields(logrus.Fields{
		"hashed": len(todo), "removed": len(gone), "dur_ms": time.Since(start).Milliseconds(),
	}).Info("folder scanned")
	return nil
}

// begin readies s for a scan that cancel ends. It returns false when Remove
// has come first.
func (l *Library) begin(s *share, cancel func(error)) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	s.cancel = cancel // once the scan has ended it does nothing
	s.left, s.nleft = nil, 0
	return !s.taken
}

func (l *Library) log(s *share) logrus.FieldLogger {
	return l.cfg.Log.WithFields(logrus.Fields{"component": "library", "dir": s.dir})
}

func (l *Library) leaveOut(s *share, rel, reason string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s.leaveOut(rel, reason)
}

// plan compares what the walk found with what is shared. It returns the files
// to hash, in the order found, and takes out those that are no longer there.
func (l *Library) plan(s *share, found []candidate) (todo []candidate, gone []search.DocID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	stays := make(map[uint32]bool, s.files)
	for _, c := range found {
		have := l.files[l.paths[File{Root: s.dir, Rel: c.rel}.Path()]]
		switch {
		case have == nil:
		case have.Root != s.dir: // lies in another shared folder, too
			continue
		case have.Size == c.size && have.ModTime.Equal(c.modTime):
			stays[have.Index] = true
			continue
		default:
			c.old = have
		}
		l.last++
		c.index = l.last
		todo = append(todo, c)
	}
	for i, f := range l.files {
		if f.Root == s.dir && !stays[i] {
			gone = append(gone, search.DocID(i))
		}
	}
	slices.Sort(gone)
	for _, id := range gone {
		l.drop(uint32(id))
	}
	return todo, gone
}
