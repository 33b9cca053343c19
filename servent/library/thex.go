package library

import (
	"context"
	"fmt"
	"io"

	"github.com/seed282dab8e/servent/protocol/tiger"
)

// Tree returns the upper levels of a file's tiger tree, down to the parts of
// tiger.PartSize, which let others verify what they have of it part by part. That
// of a large file is kept on disk since it was hashed; where it is not, the whole
// file is read, one such file at a time. The nodes are the caller's.
func (l *Library) Tree(ctx context.Context, f File) (tiger.Nodes, error) {
	content, err := l.Open(f)
	if err != nil {
		return nil, err
	}
	defer content.Close()
	if f.Size <= tiger.PartSize(f.Size) {
		return tiger.Nodes{{f.URN.Tiger}}, nil
	}
	if nodes := l.trees.get(f.URN.Tiger, f.Size); nodes != nil {
		return nodes, nil
	}
	if f.Size >= minKeptTree {
		select {
		case l.reading <- struct{}{}:
			defer func() { <-l.reading }()
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
		if nodes := l.trees.get(f.URN.Tiger, f.Size); nodes != nil { // made meanwhile
			return nodes, nil
		}
	}
	var p parts
	p.reset(f.Size)
	for at := uint64(0); at < f.Size; at += p.size {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if _, err := io.Copy(&p, io.LimitReader(content, int64(p.size))); err != nil {
			return nil, fmt.Errorf("read for a tree: %w", err)
		}
	}
	nodes := tiger.Expand(p.end())
	if !nodes.Fit(f.URN.Tiger) {
		return nil, ErrChanged
	}
	l.keepTree(f.URN.Tiger, f.Size, nodes[len(nodes)-1])
	return nodes, nil
}

// keepTree keeps the tree of a file that is large enough.
func (l *Library) keepTree(root tiger.Digest, size uint64, leaves []tiger.Digest) {
	if size < minKeptTree {
		return
	}
	log := l.cfg.Log.WithField("component", "library").WithField("folder", l.trees.dir)
	evicted, err := l.trees.put(root, leaves)
	if evicted > 0 {
		log.WithField("trees", evicted).WithField("limit_bytes", l.trees.max).
			Info("oldest trees removed to make room: these files are read again when somebody asks for theirs")
	}
	if err != nil {
		log.WithError(err).Debug("tree not kept: the file is read again when somebody asks for it; check the data dir")
	}
}

// dropTrees removes trees of files whose records have gone, but for those of other
// files that are known. Library.busy is held.
func (l *Library) dropTrees(roots []tiger.Digest) {
	gone := make(map[tiger.Digest]bool)
	for _, root := range roots {
		if l.trees.has(root) {
			gone[root] = true
		}
	}
	if len(gone) == 0 { // looking at all files would be for nothing
		return
	}
	for _, s := range l.shares {
		s.tree.each(func(e *entry) {
			if e.known {
				delete(gone, e.tiger)
			}
		})
	}
	for root := range gone {
		l.trees.remove(root)
	}
}

// parts hashes a file part by part. What is not reset has no parts.
type parts struct {
	size  uint64         // of a part
	tree  tiger.Tree     // of the one at hand
	roots []tiger.Digest // of those before it
}

// reset begins a file of size bytes.
func (p *parts) reset(size uint64) {
	p.size = tiger.PartSize(size)
	p.roots = p.roots[:0]
	p.tree.Reset()
}

// Write adds b to the file. It never fails.
func (p *parts) Write(b []byte) (int, error) {
	written := len(b)
	for len(b) > 0 {
		n := min(uint64(len(b)), p.size-p.tree.Size())
		_, _ = p.tree.Write(b[:n]) // never fails
		if b = b[n:]; p.tree.Size() == p.size {
			p.next()
		}
	}
	return written, nil
}

func (p *parts) next() {
	p.roots = append(p.roots, p.tree.Root())
	p.tree.Reset()
}

// end returns the roots of all parts, one of them at least. They hold until reset,
// which has to follow.
func (p *parts) end() []tiger.Digest {
	if p.tree.Size() > 0 || len(p.roots) == 0 {
		p.next()
	}
	return p.roots
}
