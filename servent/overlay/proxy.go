package overlay

import "net/netip"

// onProxyPush passes a Push on to a servent that this node is push proxy of.
func (n *Node) onProxyPush(ev ProxyPush, out []Action) []Action {
	return append(out, Action{Op: OpPushFailed, ID: ev.Servent})
}

// Proxies returns the push proxies that this node has found for itself.
func (n *Node) Proxies() []netip.AddrPort { return nil }
