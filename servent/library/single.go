package library

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
)

// AddFile shares one file, and of its folder nothing else, unless that is shared
// already: then the file is found there at once. It returns when the file is hashed.
// What would be left out of a shared folder is left out here, too.
func (l *Library) AddFile(ctx context.Context, path string) error {
	dir, err := checkDir(filepath.Dir(path))
	if err != nil {
		return fmt.Errorf("share file: %w", err)
	}
	path = filepath.Join(dir, filepath.Base(path))
	s, single, err := l.openFileShare(ctx, path)
	if err != nil {
		return fmt.Errorf("share file: %w", err)
	}
	rels := []string{""}
	if single {
		l.watched.Load().first(ctx, dir)
	} else {
		rels[0] = below(s.dir, dir)
	}
	if err := l.refresh(ctx, s.dir, rels, func() {}); err != nil {
		return fmt.Errorf("share file: %w", err)
	}
	return nil
}

// openFileShare returns the share that a file belongs to, a new one if need be; single:
// it is one of single files.
func (l *Library) openFileShare(ctx context.Context, path string) (s *share, single bool, err error) {
	if err := l.lock(ctx); err != nil {
		return nil, false, err
	}
	defer l.unlock()
	dir, name := filepath.Split(path)
	dir = filepath.Clean(dir)
	l.mu.RLock()
	for _, other := range l.shares {
		if other.only == nil && contains(other.dir, path) {
			l.mu.RUnlock()
			return other, false, nil
		}
	}
	s = l.share(dir)
	l.mu.RUnlock()
	only := map[string]bool{name: true}
	if s == nil {
		s = newShare(dir)
		s.only = only
		l.addShare(s)
		return s, true, nil
	}
	maps.Copy(only, s.only)
	l.mu.Lock()
	s.only = only
	l.mu.Unlock()
	return s, true, nil
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
