package library

import (
	"context"
	"fmt"
	"io"

	"github.com/seed282dab8e/servent/protocol/tiger"
)

// maxTreeLeaves is how many parts at most a file's tree tells of: ten levels.
const maxTreeLeaves = 512

// Tree returns the upper levels of a file's tiger tree, which let others verify
// what they have of it part by part. It reads the whole file, unless the tree
// was asked for not long ago. Nobody may write to it.
func (l *Library) Tree(ctx context.Context, f File) (tiger.Nodes, error) {
	content, err := l.Open(f)
	if err != nil {
		return nil, err
	}
	defer content.Close()
	if tree := l.trees.get(f.URN.Tiger); tree != nil {
		return tree, nil
	}
	part := uint64(tiger.LeafSize)
	for f.Size > part*maxTreeLeaves {
		part *= 2
	}
	var leaves []tiger.Digest
	var tree tiger.Tree
	for at := uint64(0); at == 0 || at < f.Size; at += part {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		tree.Reset()
		if _, err := io.Copy(&tree, io.LimitReader(content, int64(part))); err != nil {
			return nil, fmt.Errorf("read for a tree: %w", err)
		}
		leaves = append(leaves, tree.Root())
	}
	nodes := tiger.Expand(leaves)
	if !nodes.Fit(f.URN.Tiger) {
		return nil, ErrChanged
	}
	l.trees.put(f.URN.Tiger, nodes)
	return nodes, nil
}
