package library

import "iter"

// pageSize is how many files are looked up at once for who lists a folder.
const pageSize = 256

// From yields the files of a shared folder in the order of the bytes of Rel,
// from the first that does not come before rel. No lock is held meanwhile: what
// is taken back is left out, what comes new may be.
func (l *Library) From(root, rel string) iter.Seq[File] {
	return func(yield func(File) bool) {
		for page := l.page(root, rel); len(page) > 0; page = l.page(root, rel) {
			for _, f := range page {
				if l.has(f.Index) && !yield(f) {
					return
				}
			}
			rel = page[len(page)-1].Rel + "\x00" // what comes next
		}
	}
}

// page returns the next files of a shared folder.
func (l *Library) page(root, rel string) []File {
	l.mu.RLock()
	defer l.mu.RUnlock()
	s := l.share(root)
	if s == nil {
		return nil
	}
	var out []File
	s.tree.ascend(rel, func(e *entry) bool {
		if e.live {
			out = append(out, e.file())
		}
		return len(out) < pageSize
	})
	return out
}
