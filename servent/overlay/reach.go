package overlay

import "net/netip"

// Reach says whether strangers can get through to a node.
type Reach uint8

const (
	ReachUnknown Reach = iota
	ReachYes
	ReachNo
)

// String returns "unknown", "yes" or "no".
func (r Reach) String() string { return [...]string{"unknown", "yes", "no"}[r] }

// Reachable says what the node has found out about itself: whether connections,
// and whether datagrams that it did not ask for, come through.
func (n *Node) Reachable() (tcp, udp Reach) { return n.tcp.state, n.udpIn.state }

// reach is what tests of one kind have told.
type reach struct{ state Reach }

func (n *Node) onConnectedBack(ConnectedBack) { n.tcp.state = ReachYes }

// Outside returns this node's UDP address as others see it; zero when nobody
// has told.
func (n *Node) Outside() netip.AddrPort { return netip.AddrPort{} }
