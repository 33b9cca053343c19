package library

import (
	"cmp"
	"iter"
	"slices"
	"strings"
	"sync"
	"time"
)

// sortPause times the time that sorting took is how long the order is taken as
// it is, while files come and go.
const sortPause = 10

// inOrder is the order of the files, made when somebody wants it. A change may
// show a little later in it.
type inOrder struct {
	mu    sync.Mutex
	files []*File // by Root, then Rel
	state uint64  // of the library's, that they are of
	until time.Time
}

// From yields the files of a shared folder in the order of the bytes of Rel,
// from the first that does not come before rel. No lock is held meanwhile: what
// is taken back is left out, what comes new may be.
func (l *Library) From(root, rel string) iter.Seq[File] {
	return func(yield func(File) bool) {
		files := l.sorted()
		at, _ := slices.BinarySearchFunc(files, rel, func(f *File, rel string) int {
			return cmp.Or(strings.Compare(f.Root, root), strings.Compare(f.Rel, rel))
		})
		for _, f := range files[at:] {
			if f.Root != root {
				return
			}
			if now, ok := l.ByIndex(f.Index); ok && now.Root == root && !yield(now) {
				return
			}
		}
	}
}

// sorted returns all files in order.
func (l *Library) sorted() []*File {
	o := &l.order
	o.mu.Lock()
	defer o.mu.Unlock()
	begin := time.Now()
	l.mu.RLock()
	if state := l.state; state == o.state || begin.Before(o.until) {
		l.mu.RUnlock()
		return o.files
	}
	files := make([]*File, 0, len(l.files))
	for _, f := range l.files {
		files = append(files, f)
	}
	o.state = l.state
	l.mu.RUnlock()
	slices.SortFunc(files, func(a, b *File) int {
		return cmp.Or(strings.Compare(a.Root, b.Root), strings.Compare(a.Rel, b.Rel))
	})
	o.files, o.until = files, begin.Add(sortPause*time.Since(begin))
	return files
}
