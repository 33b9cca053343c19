package tiger

import (
	"math/bits"
	"sync"
)

const (
	lanes = 64 // messages that compress64 takes at once
	// A whole part of a file from minWide to maxWide leaves is hashed at once, where
	// the processor can: fewer take no more time two by two, and more save none. Nodes
	// are from minNodes on in lanes.
	minWide  = 32
	maxWide  = 256
	minNodes = 16
)

// wide returns how many of the leaves that come next can be hashed at once, if size
// bytes follow: a power of two, which begins at a multiple of itself; or 0.
func (t *Tree) wide(size int) int {
	if !haveThree {
		return 0
	}
	n := maxWide
	for n >= minWide && (n*LeafSize > size || t.size%uint64(n*LeafSize) != 0) {
		n /= 2
	}
	if n < minWide {
		return 0
	}
	return n
}

// writeWide adds whole leaves, as many as wide has returned.
func (t *Tree) writeWide(b []byte) {
	var space [maxWide]Digest
	level := space[:len(b)/LeafSize]
	pairs := bits.Len(uint(len(level))) - 2 // their binary logarithm
	leafDigests(level, b)
	for len(level) > 1 {
		up := level[:len(level)/2] // is written behind what is read
		nodeDigests(up, level)
		level = up
	}
	t.size += uint64(len(b))
	t.push(level[0], pairs)
}

// wideState is the state of all lanes, part by part.
type wideState [3][lanes]uint64

func (s *wideState) start() {
	for i, v := range start {
		for lane := range s[i] {
			s[i][lane] = v
		}
	}
}

// block compresses a block into each of the first lanes: see compress64.
func (s *wideState) block(p *byte, stride, used int, mask uint64, pad *[BlockSize]byte) {
	compress64((*[3][lanes]uint64)(s), planes(), p, uintptr(stride), uintptr(used/lanesAtOnce), mask, pad)
}

// digests are those of the first lanes.
func (s *wideState) digests(dst []Digest) {
	for lane := range dst {
		one := state{s[0][lane], s[1][lane], s[2][lane]}
		dst[lane] = one.digest()
	}
}

// What compress64 puts over the last block of a leaf, and over that of a node, and
// which bytes of a block are of the message, which begins behind its mark.
var (
	noPad   = &[BlockSize]byte{}
	leafPad = &[BlockSize]byte{1: padding, lengthAt: leafLength & 0xff, lengthAt + 1: leafLength >> 8}
	nodePad = &[BlockSize]byte{0: nodeMark, 1 + 2*Size: padding, lengthAt: nodeLength & 0xff, lengthAt + 1: nodeLength >> 8}
)

const (
	nodeLength  = bitsPerLen * (1 + 2*Size)
	allBytes    = 1<<BlockSize - 1
	behindMark  = allBytes - 1
	lastOfLeaf  = 1
	bothOfNode  = (1<<(2*Size) - 1) << 1
	lanesAtOnce = 8 // by which compress64 counts
)

// leafDigests hashes whole leaves, minWide of them or that times a power of two.
func leafDigests(dst []Digest, b []byte) {
	if !haveLanes {
		leavesByThree(dst, b)
		return
	}
	var s wideState
	for len(dst) > 0 {
		n := min(len(dst), lanes)
		s.start()
		s.block(&b[0], LeafSize, n, behindMark, noPad)
		for at := BlockSize; at < LeafSize; at += BlockSize {
			s.block(&b[at], LeafSize, n, allBytes, noPad)
		}
		s.block(&b[LeafSize], LeafSize, n, lastOfLeaf, leafPad)
		s.digests(dst[:n])
		dst, b = dst[n:], b[n*LeafSize:]
	}
}

// nodeDigests hashes each two children to their node.
func nodeDigests(dst, children []Digest) {
	if !haveLanes || len(dst) < minNodes {
		nodesByThree(dst, children)
		return
	}
	var s wideState
	for len(dst) > 0 {
		n := min(len(dst), lanes)
		s.start()
		s.block(&children[0][0], 2*Size, n, bothOfNode, nodePad)
		s.digests(dst[:n])
		dst, children = dst[n:], children[2*n:]
	}
}

// planes returns the S-boxes as compress64 wants them: 256 bytes for each byte of
// the numbers in a box, of which the second half is what bit 7 of the index changes.
var planes = sync.OnceValue(func() *[4 * 8 * 256]byte {
	all := new([4 * 8 * 256]byte)
	for i, box := range sbox {
		for plane := range 8 {
			to := all[(8*i+plane)*256:]
			for j := range 128 {
				low, high := byte(box[j]>>(8*plane)), byte(box[128+j]>>(8*plane))
				to[j], to[128+j] = low, low^high
			}
		}
	}
	return all
})
