package tiger

import "encoding/binary"

// threeBlocks are blocks that are not as they are in a file.
type threeBlocks [3][BlockSize]byte

// into compresses the blocks into three states.
func (t *threeBlocks) into(s *[3][3]uint64) { compress3(s, &t[0][0], BlockSize) }

// leavesByThree hashes whole leaves, three at least, from the bytes of a file.
func leavesByThree(dst []Digest, b []byte) {
	for i := 0; i < len(dst); i += 3 {
		i := min(i, len(dst)-3) // the last three may be hashed once more
		threeLeaves(dst[i:i+3], b[i*LeafSize:(i+3)*LeafSize])
	}
}

func threeLeaves(dst []Digest, b []byte) {
	s := [3][3]uint64{start, start, start}
	var ends threeBlocks
	for i := range ends {
		copy(ends[i][1:], b[i*LeafSize:])
	}
	ends.into(&s)
	for at := BlockSize - 1; at < LeafSize-1; at += BlockSize {
		compress3(&s, &b[at], LeafSize)
	}
	for i := range ends {
		ends[i] = [BlockSize]byte{b[(i+1)*LeafSize-1], padding}
		binary.LittleEndian.PutUint64(ends[i][lengthAt:], leafLength)
	}
	ends.into(&s)
	for i := range dst {
		one := state(s[i])
		dst[i] = one.digest()
	}
}

// nodesByThree hashes each two children to their node. What is hashed may be
// overwritten, by what stands at its beginning.
func nodesByThree(dst, children []Digest) {
	for len(dst) >= 3 {
		s := [3][3]uint64{start, start, start}
		var blocks threeBlocks
		for i := range blocks {
			blocks[i] = nodeBlock(children[2*i], children[2*i+1])
		}
		blocks.into(&s)
		for i := range blocks {
			one := state(s[i])
			dst[i] = one.digest()
		}
		dst, children = dst[3:], children[6:]
	}
	for i := range dst {
		dst[i] = node(children[2*i], children[2*i+1])
	}
}
