package overlay

import (
	"time"

	"github.com/seed282dab8e/servent/protocol"
)

const (
	// leafTablesEvery is the least time between two changes of the route table that
	// goes out because leaves have come, gone or changed theirs: thousands of tables
	// make one. The first after a quiet time goes out after leafTablesSoon.
	leafTablesEvery = 10 * time.Second
	leafTablesSoon  = 2 * time.Second
	// maxNeighbourBits is the size of the largest table that ultrapeers take from
	// one another.
	maxNeighbourBits = 17
)

// admission is a handshake that holds a place.
type admission struct {
	link    LinkID
	leaf    bool
	strange bool          // a supernode that has called in and must be checked
	guided  bool          // the peer wants this node for a leaf, and it will be one
	caller  protocol.GUID // of a supernode that has called in
}

// places counts links that are up or about to be: of leaves, and of all others.
func (n *Node) places() (leaves, peers int) {
	leaves, peers = n.leaves, n.peers()
	for _, a := range n.admitted {
		if a.leaf {
			leaves++
		} else {
			peers++
		}
	}
	return leaves, peers
}

// peers counts the links that are not to leaves.
func (n *Node) peers() int { return len(n.links) - n.leaves }

// leavesChanged sees to it that other ultrapeers hear what leaves hold by now.
func (n *Node) leavesChanged() {
	n.merged = nil
	n.planTables(leafTablesSoon, leafTablesEvery)
}

// offered is the route table of all that can be found here: this node's own files
// and, on a supernode, those of its leaves (docs/protocol.md 10).
func (n *Node) offered() *protocol.RouteTable {
	if n.merged == nil {
		n.merged = n.mergeTables()
	}
	return n.merged
}

func (n *Node) mergeTables() *protocol.RouteTable {
	own := n.shared.Table
	if own == nil {
		own = emptyTable
	}
	if n.leaves == 0 {
		return own
	}
	bits := own.Bits()
	if n.leafWords != nil {
		bits = max(bits, n.leafWords.Bits())
	}
	for _, l := range n.links {
		if t := l.table.Table(); t != nil && l.peer.Role == RoleLeaf {
			bits = max(bits, t.Bits())
		}
	}
	all := protocol.NewRouteTable(min(bits, maxNeighbourBits))
	all.Or(own)
	if n.leafWords != nil {
		all.Or(n.leafWords)
	}
	for _, l := range n.links {
		if t := l.table.Table(); t != nil && l.peer.Role == RoleLeaf {
			all.Or(t)
		}
	}
	return all
}

// upItem tells in a pong how many more links a supernode takes: of leaves, and of
// other supernodes (GGEP UP).
func (n *Node) upItem() protocol.GGEP {
	leaves, peers := n.places()
	free := func(most, taken int) byte { return byte(min(max(0, most-taken), 255)) }
	return protocol.NewGGEP(protocol.GGEPUltrapeer, []byte{0, free(n.cfg.MaxLeaves, leaves), free(n.mostLinks(), peers)})
}

// versionItem tells in a pong what program this is (GGEP VC): vendor, and version
// with four bits for each part.
func versionItem() protocol.GGEP {
	return protocol.NewGGEP(protocol.GGEPVersion, append([]byte(VendorCode), versionByte))
}

// versionByte is version 0.1.
const versionByte = 0x01
