// Package supernode is the policy of supernodes, without clock, socket or
// randomness of its own: how far a question goes on behalf of a leaf, and which
// files of leaves it answers for.
package supernode
