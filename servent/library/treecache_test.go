package library

import (
	"testing"

	"github.com/seed282dab8e/servent/protocol/tiger"
)

func TestTreeCache(t *testing.T) {
	var c treeCache
	tree := tiger.Nodes{{tiger.Digest{}}}
	root := func(i int) (d tiger.Digest) { d[0], d[1] = byte(i), byte(i>>8); return d }
	for i := range maxTrees {
		c.put(root(i), tree)
	}
	c.put(root(0), tree)
	for i := range maxTrees {
		if c.get(root(i)) == nil {
			t.Errorf("%d of %d is not held", i, maxTrees)
		}
	}
	c.get(root(0))
	c.put(root(maxTrees), tree)
	if c.get(root(0)) == nil || c.get(root(1)) != nil || len(c.trees) != maxTrees || len(c.roots) != maxTrees {
		t.Errorf("%d trees held, not those that were used last", len(c.trees))
	}
}
