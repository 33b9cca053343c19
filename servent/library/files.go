package library

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/protocol/tiger"
	"github.com/seed282dab8e/servent/search"
)

// batchSize is how many files at most become findable at once: indexes on disk
// want few large batches.
const batchSize = 1000

// reasonNoRoom is why a file is left out that the index refuses.
const reasonNoRoom = "the index is full: raise index-max-bytes"

// hashKey is what finds a content.
func hashKey(h protocol.SHA1) uint64 { return binary.LittleEndian.Uint64(h[:]) }

// put shares a file, and returns what finds it. l.mu is held.
func (l *Library) put(e *entry) search.Doc {
	l.files[e.index] = e
	e.live, e.away = true, 0
	l.putHash(e)
	s := e.in.share
	s.files++
	s.bytes += e.size
	l.bytes += e.size
	doc := e.doc()
	l.count(e, doc.Text)
	return doc
}

// drop takes a file out of what is shared. l.mu is held.
func (l *Library) drop(e *entry) {
	delete(l.files, e.index)
	l.dropHash(e)
	e.live = false
	s := e.in.share
	s.files--
	s.bytes -= e.size
	l.bytes -= e.size
	l.uncount(e)
}

// putHash has e found by its content. l.mu is held.
func (l *Library) putHash(e *entry) {
	k := hashKey(e.sha1)
	first := l.bySHA1[k]
	if first == nil || first.index > e.index {
		l.bySHA1[k] = e
		e = first
	}
	if e != nil {
		at, _ := findIndex(l.equals[k], e.index)
		l.equals[k] = slices.Insert(l.equals[k], at, e)
	}
}

// dropHash takes back what putHash did. l.mu is held.
func (l *Library) dropHash(e *entry) {
	k := hashKey(e.sha1)
	others := l.equals[k]
	switch {
	case l.bySHA1[k] != e:
		if at, ok := findIndex(others, e.index); ok {
			others = slices.Delete(others, at, at+1)
		}
	case len(others) > 0:
		l.bySHA1[k], others = others[0], others[1:]
	default:
		delete(l.bySHA1, k)
	}
	if l.equals[k] = others; len(others) == 0 {
		delete(l.equals, k)
	}
}

// findIndex returns where the entry of an index is or would be.
func findIndex(entries []*entry, index uint32) (at int, found bool) {
	if n := len(entries); n > 0 && entries[n-1].index < index { // as they most often come
		return n, false
	}
	return slices.BinarySearchFunc(entries, index, func(e *entry, index uint32) int { return cmp.Compare(e.index, index) })
}

// publish shares files that are known: they are kept, then known to all, then
// findable. Those of keep are written down first; they are among files.
func (l *Library) publish(s *share, files, keep []*entry) error {
	files = slices.DeleteFunc(files, func(e *entry) bool { return !l.giveIndex(e) })
	l.keep(change{dir: s.dir, put: slices.DeleteFunc(keep, func(e *entry) bool { return e.index == 0 })})
	docs := make([]search.Doc, 0, batchSize)
	for part := range slices.Chunk(files, batchSize) {
		docs = docs[:0]
		l.mu.Lock()
		if s.life.Err() != nil {
			l.mu.Unlock()
			return errTakenBack
		}
		for _, e := range part {
			docs = append(docs, l.put(e))
		}
		l.mu.Unlock()
		if err := l.apply(docs, nil); err != nil {
			return err
		}
	}
	return nil
}

// giveIndex sees to it that a file has an index.
func (l *Library) giveIndex(e *entry) bool {
	if e.index != 0 {
		return true
	}
	index, err := l.newIndex()
	if err != nil {
		l.leaveOut(e, "the hash cache cannot be written: "+err.Error())
		return false
	}
	l.mu.Lock()
	e.index = index
	l.mu.Unlock()
	return true
}

// withdraw takes files that have gone out of what is shared. Their hashes are
// kept, should they come back.
func (l *Library) withdraw(s *share, files []*entry) error {
	err := l.unshare(slices.DeleteFunc(slices.Clone(files), func(e *entry) bool { return !e.live }))
	now := uint32(time.Now().Unix())
	l.mu.Lock()
	for _, e := range files {
		e.away = now
	}
	l.mu.Unlock()
	l.keep(change{dir: s.dir, put: files})
	return err
}

// unshare takes files out of what is shared.
func (l *Library) unshare(files []*entry) error {
	ids := make([]search.DocID, 0, len(files))
	for part := range slices.Chunk(files, batchSize) {
		l.mu.Lock()
		for _, e := range part {
			if e.live { // has not been taken back meanwhile
				ids = append(ids, search.DocID(e.index))
				l.drop(e)
			}
		}
		l.mu.Unlock()
	}
	slices.Sort(ids)
	return l.apply(nil, ids)
}

// forget removes files that are not shared from the tree and from the cache.
func (l *Library) forget(s *share, files []*entry) {
	ch := change{dir: s.dir}
	var trees []tiger.Digest
	byFolder := make(map[*folder]map[*entry]bool)
	for _, e := range files {
		if e.known {
			ch.drop = append(ch.drop, e.rel())
		}
		if e.size >= minKeptTree {
			trees = append(trees, e.tiger)
		}
		if byFolder[e.in] == nil {
			byFolder[e.in] = make(map[*entry]bool)
		}
		byFolder[e.in][e] = true
	}
	for in, gone := range byFolder {
		l.mu.Lock()
		in.files = slices.DeleteFunc(in.files, func(e *entry) bool { return gone[e] })
		l.mu.Unlock()
	}
	l.keep(ch)
	l.dropTrees(trees)
}

// apply brings changes to the index, batch by batch, and tells of them. What
// the index has no room for is not shared.
func (l *Library) apply(put []search.Doc, del []search.DocID) error {
	for len(put)+len(del) > 0 {
		p, d := min(len(put), batchSize), min(len(del), batchSize)
		err := l.cfg.Index.Apply(put[:p], del[:d])
		var full *search.FullError
		switch {
		case errors.As(err, &full):
			l.Refused(full.Refused)
		case err != nil:
			return fmt.Errorf("index files: %w", err)
		}
		put, del = put[p:], del[d:]
		l.noteChanged()
	}
	return nil
}

// noteChanged tells who looks at Changed.
func (l *Library) noteChanged() {
	select {
	case l.changed <- struct{}{}:
	default:
	}
}

// Refused leaves out what does not fit into the index: it is not shared.
func (l *Library) Refused(ids []search.DocID) {
	defer l.noteChanged()
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, id := range ids {
		if e := l.files[uint32(id)]; e != nil {
			l.drop(e)
			e.in.share.leaveOut(e.in, e.rel(), reasonNoRoom)
		}
	}
}

// takeBack removes a share. It returns what is deleted, and for each other
// share that some of it lies in what that one inherits.
func (l *Library) takeBack(s *share) (del []search.DocID, heirs map[*share][]*entry) {
	heirs = make(map[*share][]*entry)
	l.mu.Lock()
	defer l.mu.Unlock()
	s.tree.each(func(e *entry) {
		if !e.live {
			return
		}
		del = append(del, search.DocID(e.index))
		l.drop(e)
		path := filepath.Join(s.dir, filepath.FromSlash(e.rel()))
		if h := l.heir(s, path); h != nil {
			heirs[h] = append(heirs[h], h.inherit(e, below(h.dir, path)))
		}
	})
	l.shares = slices.DeleteFunc(l.shares, func(other *share) bool { return other == s })
	slices.Sort(del)
	return del, heirs
}

// heir returns another share that path lies in.
func (l *Library) heir(s *share, path string) *share {
	for _, other := range l.shares {
		if other != s && contains(other.dir, path) && other.admits(path) {
			return other
		}
	}
	return nil
}

// inherit makes a file of another share one of s. Its words are others there,
// and an index stands for the same words for ever, so it gets a new one.
func (s *share) inherit(e *entry, rel string) *entry {
	dir, name := split([]byte(rel))
	in := s.tree.make(string(dir))
	if was := in.file(string(name)); was != nil {
		was.hashing = 0 // whoever does it does so for nothing
		in.remove(was)
	}
	to := in.add(string(name))
	kept := to.name
	*to = *e
	to.in, to.name, to.index = in, kept, 0
	return to
}
