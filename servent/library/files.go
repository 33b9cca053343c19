package library

import (
	"fmt"
	"slices"

	"github.com/seed282dab8e/servent/search"
)

// batchSize is how many files at most become findable at once: indexes on disk
// want few large batches.
const batchSize = 1000

// put makes a file known. l.mu is held.
func (l *Library) put(s *share, f File) {
	l.state++
	l.files[f.Index] = &f
	l.paths[f.Path()] = f.Index
	equal := append(l.bySHA1[f.URN.SHA1], f.Index)
	slices.Sort(equal)
	l.bySHA1[f.URN.SHA1] = equal
	l.bytes += f.Size
	s.files++
	s.bytes += f.Size
	l.addWords(f)
}

// drop forgets a file. l.mu is held.
func (l *Library) drop(index uint32) {
	f := l.files[index]
	l.state++
	delete(l.files, index)
	delete(l.paths, f.Path())
	equal := slices.DeleteFunc(l.bySHA1[f.URN.SHA1], func(i uint32) bool { return i == index })
	if l.bySHA1[f.URN.SHA1] = equal; len(equal) == 0 {
		delete(l.bySHA1, f.URN.SHA1)
	}
	l.bytes -= f.Size
	s := l.share(f.Root)
	s.files--
	s.bytes -= f.Size
	l.words, l.table = nil, nil // words cannot be taken out of a table
}

// commit makes hashed files known, then findable.
func (l *Library) commit(s *share, files []File) error {
	docs := make([]search.Doc, len(files))
	l.mu.Lock()
	for i, f := range files {
		l.put(s, f)
		docs[i] = f.doc()
	}
	l.mu.Unlock()
	return l.apply(docs, nil)
}

// apply brings changes to the index, batch by batch, and tells of them.
func (l *Library) apply(put []search.Doc, del []search.DocID) error {
	for len(put)+len(del) > 0 {
		p, d := min(len(put), batchSize), min(len(del), batchSize)
		if err := l.cfg.Index.Apply(put[:p], del[:d]); err != nil {
			return fmt.Errorf("index files: %w", err)
		}
		put, del = put[p:], del[d:]
		select {
		case l.changed <- struct{}{}:
		default:
		}
	}
	return nil
}

// takeBack removes a share. Files below another one become its own; they are
// put, since their words are others now, and the rest is deleted.
func (l *Library) takeBack(s *share) (put []search.Doc, del []search.DocID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var mine []uint32
	for i, f := range l.files {
		if f.Root == s.dir {
			mine = append(mine, i)
		}
	}
	slices.Sort(mine)
	for _, i := range mine {
		f := *l.files[i]
		l.drop(i)
		heir := l.heir(s, f.Path())
		if heir == nil {
			del = append(del, search.DocID(i))
			continue
		}
		f.Root, f.Rel = heir.dir, below(heir.dir, f.Path())
		l.put(heir, f)
		put = append(put, f.doc())
	}
	l.shares = slices.DeleteFunc(l.shares, func(other *share) bool { return other == s })
	return put, del
}

// heir returns another share that path lies in.
func (l *Library) heir(s *share, path string) *share {
	for _, other := range l.shares {
		if other != s && contains(other.dir, path) {
			return other
		}
	}
	return nil
}
