// Package supernode is the policy of supernodes, without clock, socket or
// randomness of its own: how far a question goes on behalf of a leaf.
package supernode
