package library

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// AddFiles shares files that lie in dir, and of it nothing else, unless that is shared
// already: then they are found there at once. It returns when they are hashed. What
// would be left out of a shared folder is left out here, too. The files are not
// watched: RefreshSingle looks at them.
func (l *Library) AddFiles(ctx context.Context, dir string, names ...string) error {
	dir, err := checkDir(dir)
	if err != nil {
		return fmt.Errorf("share files: %w", err)
	}
	s, err := l.openFileShare(ctx, dir, names)
	if err != nil {
		return fmt.Errorf("share files: %w", err)
	}
	if err := l.refresh(ctx, s.dir, []string{below(s.dir, dir)}, func() {}); err != nil {
		return fmt.Errorf("share files: %w", err)
	}
	return nil
}

// openFileShare returns the share that files in dir belong to, a new one if need be.
func (l *Library) openFileShare(ctx context.Context, dir string, names []string) (*share, error) {
	if err := l.lock(ctx); err != nil {
		return nil, err
	}
	defer l.unlock()
	l.mu.RLock()
	at := slices.IndexFunc(l.shares, func(s *share) bool { return s.only == nil && contains(s.dir, dir) })
	s := l.share(dir)
	if at >= 0 {
		s = l.shares[at]
	}
	l.mu.RUnlock()
	if at >= 0 {
		return s, nil
	}
	only := make(map[string]bool, len(names))
	for _, name := range names {
		only[name] = true
	}
	if s == nil {
		s = newShare(dir)
		s.only = only
		l.addShare(s)
		return s, nil
	}
	maps.Copy(only, s.only)
	l.mu.Lock()
	s.only = only
	l.mu.Unlock()
	return s, nil
}

// RefreshSingle brings the files that AddFiles was called for, in folders that are not
// shared, to what is on disk.
func (l *Library) RefreshSingle(ctx context.Context) error {
	var errs []error
	for _, r := range l.Roots() {
		if r.Single {
			errs = append(errs, l.refresh(ctx, r.Dir, []string{""}, func() {}))
		}
	}
	return errors.Join(errs...)
}

// admitAll makes a share of single files one of the whole folder.
func (l *Library) admitAll(s *share) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s.only = nil
}

func (l *Library) onlyOf(s *share) map[string]bool {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return s.only
}

// admits says whether a file that lies in s may be shared as part of it. Library.mu
// is held.
func (s *share) admits(path string) bool { return s.only == nil || s.only[below(s.dir, path)] }
