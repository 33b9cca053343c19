package library

import (
	"slices"
	"sync"

	"github.com/seed282dab8e/servent/protocol/tiger"
)

// maxTrees is how many trees are held, of 24 KiB at most each.
const maxTrees = 128

// treeCache holds the trees that were asked for last, since to make one takes
// reading the whole file.
type treeCache struct {
	mu    sync.Mutex
	roots []tiger.Digest // the one used last at the end
	trees map[tiger.Digest]tiger.Nodes
}

// get returns the tree of a root, nil if it is not held.
func (c *treeCache) get(root tiger.Digest) tiger.Nodes {
	c.mu.Lock()
	defer c.mu.Unlock()
	if at := slices.Index(c.roots, root); at >= 0 {
		c.roots = append(slices.Delete(c.roots, at, at+1), root)
	}
	return c.trees[root]
}

// put holds a tree in place of the one that was not used for longest.
func (c *treeCache) put(root tiger.Digest, tree tiger.Nodes) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.trees == nil {
		c.trees = make(map[tiger.Digest]tiger.Nodes)
	}
	if c.trees[root] != nil {
		return
	}
	if len(c.roots) == maxTrees {
		delete(c.trees, c.roots[0])
		c.roots = slices.Delete(c.roots, 0, 1)
	}
	c.roots = append(c.roots, root)
	c.trees[root] = tree
}
