package tiger

const (
	// MinPart is the size of the smallest parts that PartSize returns, and MaxParts
	// how many there are at most.
	MinPart  = 256 << 10
	MaxParts = 8192
)

// PartSize returns the size of the parts in which a file of size bytes is loaded
// and verified, each by its node of the file's tree. It is MinPart, doubled until
// at most MaxParts of them hold the file, so each size has one node level that all
// servents agree on.
func PartSize(size uint64) uint64 {
	part := uint64(MinPart)
	for size/part+min(size%part, 1) > MaxParts {
		part *= 2
	}
	return part
}

// Nodes are the upper levels of a tree, the root's first. Each level is half as
// long as the next, rounded up: a node without a neighbour goes up as it is.
type Nodes [][]Digest

// Expand returns the levels from leaves, one of them at least, up to their root.
// A leaf may stand for any part of a file whose size is LeafSize times a power
// of two, as long as all but the last are of one size.
func Expand(leaves []Digest) Nodes {
	var up Nodes // the root's last
	for level := leaves; ; {
		up = append(up, level)
		if len(level) == 1 {
			break
		}
		above := make([]Digest, 0, (len(level)+1)/2)
		for ; len(level) > 1; level = level[2:] {
			above = append(above, node(level[0], level[1]))
		}
		level = append(above, level...)
	}
	for i, j := 0, len(up)-1; i < j; i, j = i+1, j-1 {
		up[i], up[j] = up[j], up[i]
	}
	return up
}

// Fit reports whether all nodes follow from root.
func (n Nodes) Fit(root Digest) bool {
	parents := []Digest{root}
	for i, level := range n {
		if i == 0 {
			if len(level) != 1 || level[0] != root {
				return false
			}
			continue
		}
		if len(parents) != (len(level)+1)/2 || !follow(level, parents) {
			return false
		}
		parents = level
	}
	return len(n) > 0
}

// follow reports whether each parent is that of its children.
func follow(children, parents []Digest) bool {
	for i, p := range parents {
		pair := children[2*i : min(2*i+2, len(children))]
		if len(pair) == 1 && pair[0] != p || len(pair) == 2 && node(pair[0], pair[1]) != p {
			return false
		}
	}
	return true
}
