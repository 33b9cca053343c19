package overlay

import (
	"net/netip"

	"github.com/seed282dab8e/servent/nat"
	"github.com/seed282dab8e/servent/protocol"
)

// Addr6 is this node's IPv6 address, at the port of Addr, as far as it knows.
func (n *Node) Addr6() netip.Addr {
	if n.cfg.IPv6.IsValid() {
		return n.cfg.IPv6
	}
	return n.seen6
}

// blocked says whether the user wants nothing to do with an address.
func (n *Node) blocked(a netip.Addr) bool {
	return n.cfg.Blocked != nil && n.cfg.Blocked(a.Unmap())
}

// sighting is what one address says that this node's UDP address is.
type sighting struct {
	by  netip.Addr
	saw netip.AddrPort
}

// maxSightings is how many are kept, one of each address; the eldest makes room.
const maxSightings = 8

// sighted notes where from sees this node. Who says that we are at its own
// address does not count, nor does an address that this network has not.
func (n *Node) sighted(from, saw netip.AddrPort) {
	saw = netip.AddrPortFrom(saw.Addr().Unmap(), saw.Port())
	if saw.Port() == 0 || saw.Addr() == from.Addr() && n.cfg.Public || !n.mayDial(saw.Addr(), from.Addr().IsLoopback()) {
		return
	}
	u := n.udp()
	for i := range u.sightings {
		if u.sightings[i].by == from.Addr() {
			u.sightings = append(u.sightings[:i], u.sightings[i+1:]...)
			break
		}
	}
	if len(u.sightings) >= maxSightings {
		u.sightings = u.sightings[1:]
	}
	u.sightings = append(u.sightings, sighting{from.Addr(), saw})
}

// Outside returns this node's UDP address as most of those see it that have told;
// on the public network two must agree. It is zero when that is not known.
func (n *Node) Outside() netip.AddrPort {
	if n.dgrams == nil {
		return netip.AddrPort{}
	}
	var best netip.AddrPort
	most := 0
	if n.cfg.Public {
		most = 1
	}
	for _, s := range n.dgrams.sightings {
		votes := 0
		for _, o := range n.dgrams.sightings {
			if o.saw == s.saw {
				votes++
			}
		}
		if votes > most {
			best, most = s.saw, votes
		}
	}
	return best
}

// addrTold is what strangers are told of where they reach this node by a transport: as
// far as no peer has told, where others see its datagrams come from.
func (n *Node) addrTold(t nat.Transport) netip.AddrPort {
	a := n.addrBy(t)
	if out := n.Outside(); a.Addr().IsUnspecified() && out.Addr().Is4() {
		return out
	}
	return a
}

// ownItems returns what stands in the extensions of a message beside an address
// of ours: the IPv6 one, if we have it.
func (n *Node) ownItems() []protocol.GGEP { return protocol.AddrItem(n.Addr6()) }
