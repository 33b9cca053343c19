package journal

import (
	"slices"

	"github.com/seed282dab8e/servent/protocol/tiger"
)

// state is what a journal says.
type state struct {
	has   []bool         // by block
	roots []tiger.Digest // of those that are there
	count int            // of those that are there
	root  tiger.Digest   // of the tree
	level []tiger.Digest // its nodes, one for each block; nil: not known
}

func newState(h Head) state {
	n := h.Blocks()
	return state{has: make([]bool, n), roots: make([]tiger.Digest, n)}
}

// clone returns a copy whose blocks can be changed. The tree, which is never
// changed in place, is shared.
func (s *state) clone() state {
	c := *s
	c.has, c.roots = slices.Clone(s.has), slices.Clone(s.roots)
	return c
}

// agrees reports whether the tree, where there is one, has that root for the block.
func (s *state) agrees(b Block) bool { return s.level == nil || s.level[b.Index] == b.Root }

// add notes a block that is not there yet.
func (s *state) add(b Block) {
	s.has[b.Index], s.roots[b.Index] = true, b.Root
	s.count++
}

// drop forgets a block if it is there.
func (s *state) drop(block int) {
	if s.has[block] {
		s.has[block] = false
		s.count--
	}
}

// blocks returns those that are there, in order.
func (s *state) blocks() []Block {
	list := make([]Block, 0, s.count)
	for i, root := range s.roots {
		if s.has[i] {
			list = append(list, Block{Index: i, Root: root})
		}
	}
	return list
}
