package transfer

import (
	"slices"

	"github.com/seed282dab8e/servent/protocol/tiger"
)

// maxDoubters is how many sources may contradict a tree that is known from a
// source only, before nothing more is believed of it.
const maxDoubters = 2

// tree is what is known of a file's tiger tree (section 21): nodes of one level, by
// which blocks are verified.
type tree struct {
	root   tiger.Digest
	nodes  []tiger.Digest
	levels tiger.Nodes // from nodes to the root; nil: nobody has asked for them
	span   int         // blocks that one node covers: more than one where the source's tree is not as deep as ours

	// by is who vouches for the root, nil where the job names it. What does not fit
	// such a tree may be right all the same.
	by       *candidate
	doubters []*candidate // whose bytes did not fit it
}

// newTree takes the level that fits n blocks best; nil: there is none.
func newTree(levels tiger.Nodes, n int, by *candidate) *tree {
	for span := 1; span <= n; span *= 2 {
		width := (n + span - 1) / span
		if i := slices.IndexFunc(levels, func(l []tiger.Digest) bool { return len(l) == width }); i >= 0 {
			return &tree{root: levels[0][0], nodes: levels[i], span: span, by: by}
		}
		if width == 1 {
			break
		}
	}
	return nil
}

// judgement is what came of holding blocks against their node.
type judgement struct {
	blocks []int        // that were dropped; none: they fit, or some are still missing
	from   []*candidate // who sent them, an earlier download aside
	single bool         // one source sent all of it, so its bytes are wrong
}

// settle holds the blocks under the node of block i against the tree, if all are
// there. Those that do not fit are dropped.
func (b *blocks) settle(i int) (j judgement) {
	if b.tree == nil || b.good.Has(i) {
		return j
	}
	first := i - i%b.tree.span
	end := min(first+b.tree.span, len(b.list))
	roots := make([]tiger.Digest, 0, 1)
	for k := first; k < end; k++ {
		if !b.have.Has(k) {
			return j
		}
		roots = append(roots, b.list[k].root)
	}
	if tiger.Expand(roots)[0][0] == b.tree.nodes[first/b.tree.span] {
		b.good.AddRange(first, end)
		return j
	}
	j.single = true
	for k := first; k < end; k++ {
		from := b.list[k].from
		j.single = j.single && len(from) == 1 && from[0] == b.list[first].from[0]
		for _, c := range from {
			if !slices.Contains(j.from, c) {
				j.from = append(j.from, c)
			}
		}
	}
	for k := first; k < end; k++ {
		j.blocks = append(j.blocks, k)
		b.drop(k)
		b.list[k].alone = !j.single
	}
	return j
}

// doubt notes that c contradicts a tree that only another source vouches for, and
// reports whether that tree is to be believed no more: who vouches for it
// contradicts it himself, or too many others do.
func (t *tree) doubt(c *candidate) bool {
	if c != t.by && !slices.Contains(t.doubters, c) {
		t.doubters = append(t.doubters, c)
	}
	return c == t.by || len(t.doubters) >= maxDoubters
}
