package library

import (
	"cmp"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/seed282dab8e/servent/protocol/tiger"
)

const (
	// minKeptTree is the size of the smallest files whose trees are kept: to read a
	// smaller one takes no longer than to keep its tree in order.
	minKeptTree = largeFile
	// maxTreeBytes bounds the trees on disk: they are those of five terabytes or
	// more. Past it the oldest go, until an eighth of the room is free.
	maxTreeBytes = 512 << 20
)

// treeStore keeps trees in a folder, each in a file that is named after its root
// and holds the roots of the parts. Nothing of them is in memory, and nothing that
// is read is believed. It is safe for concurrent use.
type treeStore struct {
	dir string // "": nothing is kept
	max int64  // bytes

	mu    sync.Mutex
	known bool  // bytes is what is in the folder
	bytes int64 // of all trees
}

func (s *treeStore) path(root tiger.Digest) string { return filepath.Join(s.dir, root.String()) }

// get returns the tree of a file, nil if none is kept that is whole.
func (s *treeStore) get(root tiger.Digest, size uint64) tiger.Nodes {
	if s.dir == "" {
		return nil
	}
	part := tiger.PartSize(size)
	want := max(size/part+min(size%part, 1), 1)
	file, err := os.Open(s.path(root))
	if err != nil {
		return nil
	}
	b, err := io.ReadAll(io.LimitReader(file, int64(want*tiger.Size)+1))
	_ = file.Close() // was only read
	if err == nil && uint64(len(b)) == want*tiger.Size {
		leaves := make([]tiger.Digest, want)
		for i := range leaves {
			leaves[i] = tiger.Digest(b[i*tiger.Size:])
		}
		if nodes := tiger.Expand(leaves); nodes.Fit(root) {
			return nodes
		}
	}
	s.remove(root)
	return nil
}

// has says whether a tree is kept, whole or not.
func (s *treeStore) has(root tiger.Digest) bool {
	_, err := os.Lstat(s.path(root))
	return s.dir != "" && err == nil
}

// put keeps a tree, if there is none of that root, and says how many others had to
// go for it.
func (s *treeStore) put(root tiger.Digest, leaves []tiger.Digest) (evicted int, err error) {
	n := int64(len(leaves) * tiger.Size)
	if s.dir == "" || n > s.max {
		return 0, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if info, err := os.Stat(s.path(root)); err == nil && info.Size() == n {
		return 0, nil
	}
	if err := s.measure(); err != nil {
		return 0, err
	}
	if s.bytes+n > s.max {
		if evicted, err = s.evict(s.max - s.max/8 - n); err != nil {
			return evicted, err
		}
	}
	b := make([]byte, 0, n)
	for _, d := range leaves {
		b = append(b, d[:]...)
	}
	// Under another name first: who reads meanwhile sees none or a whole one. Who
	// loses power may see anything, and get looks.
	if err := os.WriteFile(s.path(root)+".new", b, 0o600); err != nil {
		return evicted, err
	}
	if err := os.Rename(s.path(root)+".new", s.path(root)); err != nil {
		return evicted, err
	}
	s.bytes += n
	return evicted, nil
}

// remove forgets a tree.
func (s *treeStore) remove(root tiger.Digest) {
	if s.dir == "" {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if info, err := os.Stat(s.path(root)); err == nil && os.Remove(s.path(root)) == nil {
		s.bytes -= info.Size() // without meaning until it is known
	}
}

// measure finds out how much is kept. mu is held.
func (s *treeStore) measure() error {
	if s.known {
		return nil
	}
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return err
	}
	kept, err := s.list()
	s.bytes, s.known = 0, err == nil
	for _, info := range kept {
		s.bytes += info.Size()
	}
	return err
}

// list returns what is in the folder.
func (s *treeStore) list() (kept []fs.FileInfo, err error) {
	entries, err := os.ReadDir(s.dir)
	for _, e := range entries {
		if info, err := e.Info(); err == nil && info.Mode().IsRegular() {
			kept = append(kept, info)
		}
	}
	return kept, err
}

// evict removes the oldest trees, one at least, until the others take room bytes at
// most. mu is held.
func (s *treeStore) evict(room int64) (evicted int, err error) {
	kept, err := s.list()
	if err != nil {
		return 0, err
	}
	slices.SortFunc(kept, func(a, b fs.FileInfo) int {
		return cmp.Or(a.ModTime().Compare(b.ModTime()), cmp.Compare(a.Name(), b.Name()))
	})
	s.bytes = 0
	for _, info := range kept {
		s.bytes += info.Size()
	}
	var errs []error
	for _, info := range kept {
		if s.bytes <= max(room, 0) {
			break
		}
		if err := os.Remove(filepath.Join(s.dir, info.Name())); err != nil {
			errs = append(errs, err)
			continue
		}
		s.bytes -= info.Size()
		evicted++
	}
	return evicted, errors.Join(errs...)
}
