package tiger

import (
	"encoding/binary"
	"math/bits"
)

const (
	// LeafSize is how many bytes of the file one leaf of a tree covers.
	LeafSize = 1024

	nodeMark = 0x01 // first byte of an inner node; that of a leaf is 0

	paddedLeaf  = 17 * BlockSize // a leaf with its mark, padding and length
	levels      = 64 - 11        // a file of 2^64 bytes has 2^53 pairs of leaves
	leafLength  = bitsPerLen * (1 + LeafSize)
	pairOfLeafs = 2 * LeafSize
)

// Tree computes the root of the hash tree over everything written to it, in
// memory that does not grow. Its zero value is an empty tree, ready to use.
// It is not safe for concurrent use.
type Tree struct {
	size  uint64
	pair  [2][paddedLeaf]byte // two leaves, each behind its mark, hashed when both are full
	roots [levels]Digest      // roots[i] covers 2^i pairs; valid where bit i of the pairs hashed is set
}

// Write adds b to the file. It never fails and allocates nothing.
func (t *Tree) Write(b []byte) (int, error) {
	written := len(b)
	for len(b) > 0 {
		if n := t.wide(len(b)); n > 0 {
			t.writeWide(b[:n*LeafSize])
			b = b[n*LeafSize:]
			continue
		}
		held := int(t.size % pairOfLeafs)
		leaf, at := held/LeafSize, held%LeafSize
		n := copy(t.pair[leaf][1+at:1+LeafSize], b)
		b = b[n:]
		t.size += uint64(n)
		if t.size%pairOfLeafs == 0 {
			t.push(t.pairRoot(), 0)
		}
	}
	return written, nil
}

// Root returns the root of what was written so far. More may follow.
func (t *Tree) Root() Digest {
	pairs, held := t.size/pairOfLeafs, t.size%pairOfLeafs
	var root Digest
	switch {
	case held > LeafSize:
		root = node(Sum(t.pair[0][:1+LeafSize]), Sum(t.pair[1][:1+held-LeafSize]))
	case held > 0 || pairs == 0:
		root = Sum(t.pair[0][:1+held])
	default:
		low := bits.TrailingZeros64(pairs)
		root = t.roots[low]
		pairs &^= 1 << low
	}
	// What has no neighbour to its right goes up as it is.
	for ; pairs != 0; pairs &= pairs - 1 {
		root = node(t.roots[bits.TrailingZeros64(pairs)], root)
	}
	return root
}

// Size returns how many bytes were written.
func (t *Tree) Size() uint64 { return t.size }

// Reset makes t empty again.
func (t *Tree) Reset() { t.size = 0 }

// push adds the root of 2^low more pairs of leaves, which begin at a multiple of
// their number; size counts them already.
func (t *Tree) push(root Digest, low int) {
	before := t.size/pairOfLeafs>>low - 1
	level := low + bits.TrailingZeros64(^before)
	for _, left := range t.roots[low:level] {
		root = node(left, root)
	}
	t.roots[level] = root
}

// pairRoot hashes both full leaves, side by side.
func (t *Tree) pairRoot() Digest {
	left, right := start, start
	for i := range t.pair {
		t.pair[i][1+LeafSize] = padding
		binary.LittleEndian.PutUint64(t.pair[i][paddedLeaf-8:], leafLength)
	}
	for i := 0; i < paddedLeaf; i += BlockSize {
		blockPair(&left, &right, t.pair[0][i:i+BlockSize], t.pair[1][i:i+BlockSize])
	}
	return node(left.digest(), right.digest())
}

// node hashes an inner node.
func node(left, right Digest) Digest {
	p := nodeBlock(left, right)
	s := start
	s.block(p[:])
	return s.digest()
}

// nodeBlock is the only block of an inner node: its mark and two children fit in.
func nodeBlock(left, right Digest) (p [BlockSize]byte) {
	p[0] = nodeMark
	copy(p[1:], left[:])
	copy(p[1+Size:], right[:])
	p[1+2*Size] = padding
	binary.LittleEndian.PutUint64(p[lengthAt:], nodeLength)
	return p
}
