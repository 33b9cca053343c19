package overlay

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"net/netip"

	"github.com/seed282dab8e/servent/nat"
	"github.com/seed282dab8e/servent/protocol"
)

// tokenSize is small: a token is guessed blindly, one datagram a try.
const tokenSize = 4

// wireID is the id that a search of the user's has on the wire. Where hits can
// come over UDP it holds this node's address, and the query asks for them. With
// ConnectOnly they cannot: who has hits is a stranger, unless all are on this machine.
func (n *Node) wireID(id protocol.GUID) (protocol.GUID, bool) {
	a := n.addrTold(nat.UDP)
	if !n.cfg.UDP || n.firewalled() || n.udpIn.state != ReachYes || !a.Addr().Is4() || a.Addr().IsUnspecified() {
		return id, false
	}
	if n.cfg.ConnectOnly && !a.Addr().IsLoopback() {
		return id, false
	}
	return id.WithAddr(a), true
}

// token is what hits from an address must bring; nobody else can make it.
func (n *Node) token(from netip.AddrPort) []byte {
	var key [16]byte
	binary.LittleEndian.PutUint64(key[:], n.udp().secret[0])
	binary.LittleEndian.PutUint64(key[8:], n.udp().secret[1])
	ip := from.Addr().As16()
	mac := hmac.New(sha256.New, key[:])
	mac.Write(binary.LittleEndian.AppendUint16(ip[:], from.Port()))
	return mac.Sum(nil)[:tokenSize]
}

// onHitsReady asks for hits that wait for a search of the user's.
func (n *Node) onHitsReady(from netip.AddrPort, h protocol.Header, v protocol.Vendor, out []Action) []Action {
	count, err := v.HitsReady()
	if err != nil {
		return n.dropped(h.Kind, DropMalformed, out)
	}
	if q := n.ownQuery(&h.ID); q == nil || !q.query.Flags.Has(protocol.FlagOOB) {
		return n.dropped(h.Kind, DropUDPUnasked, out)
	}
	head := protocol.Header{ID: h.ID, Kind: protocol.KindVendor, TTL: 1}
	return n.answer(from, head, protocol.NewHitsWanted(count, n.token(from)), out)
}

// onUDPHit takes a hit that this node has asked that very address for.
func (n *Node) onUDPHit(from netip.AddrPort, h protocol.Header, msg []byte, out []Action) []Action {
	hit, err := protocol.ParseQueryHit(msg[protocol.HeaderSize:])
	if err != nil {
		return n.dropped(h.Kind, DropMalformed, out)
	}
	q := n.ownQuery(&h.ID)
	if q == nil {
		return n.dropped(h.Kind, DropUDPUnasked, out)
	}
	trailer, _ := hit.QHD()
	token, ok := protocol.Token(trailer.Ext())
	if !ok || !bytes.Equal(token, n.token(from)) {
		return n.dropped(h.Kind, DropOOBToken, out)
	}
	return append(out, Action{Op: OpHit, ID: q.id, Msg: msg, Hops: h.Hops})
}
