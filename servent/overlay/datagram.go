package overlay

import (
	"net/netip"

	"github.com/seed282dab8e/servent/protocol"
)

// onDatagram judges one message that came over UDP and hands it to its kind's
// handler. No datagram is ever answered with an error.
func (n *Node) onDatagram(ev Datagram, out []Action) []Action {
	n.stats.DatagramsIn++
	h, err := protocol.ParseHeader(ev.Msg)
	if err != nil || len(ev.Msg) != protocol.HeaderSize+int(h.Size) || h.Size > protocol.MaxSize(h.Kind) {
		return n.dropped(h.Kind, DropMalformed, out)
	}
	n.stats.Kinds[kindIndex(h.Kind)].In++
	from := netip.AddrPortFrom(ev.From.Addr().Unmap(), ev.From.Port())
	if why, ok := n.hearsFrom(from, h.Kind, len(ev.Msg)); !ok {
		return n.dropped(h.Kind, why, out)
	}
	switch h.Kind {
	case protocol.KindPing:
		return n.onUDPPing(from, h, ev.Msg, out)
	case protocol.KindPong:
		return n.onUDPPong(from, h, ev.Msg, out)
	case protocol.KindPush:
		return n.onUDPPush(from, h, ev.Msg, out)
	case protocol.KindQueryHit:
		return n.onUDPHit(from, h, ev.Msg, out)
	case protocol.KindVendor, protocol.KindVendorStd:
		return n.onUDPVendor(from, h, ev.Msg, out)
	}
	return n.dropped(h.Kind, DropUnknown, out)
}

// hearsFrom says whether a datagram from that address is looked at; if not, why.
func (n *Node) hearsFrom(from netip.AddrPort, kind protocol.Kind, size int) (Drop, bool) {
	switch {
	case n.blocked(from.Addr()):
		return DropBlocked, false
	case !n.maySend(from, !n.cfg.ConnectOnly) && !n.wroteTo(from) && (kind != protocol.KindPush || !n.mayPush(from)):
		return DropUDPStranger, false
	}
	u := n.udp()
	if !u.in.allow(n.now, rateIn) {
		return DropUDPRate, false
	}
	c := u.contacts.at(n.now, from)
	c.got += size
	b, most := &c.rest, rateOf
	if kind == protocol.KindPing {
		b, most = &c.pings, ratePings
	}
	return DropUDPRate, b.allow(n.now, most)
}

// wroteTo says whether datagrams have gone to a, where they may go: with
// ConnectOnly a link within this machine can name an address of it.
func (n *Node) wroteTo(a netip.AddrPort) bool {
	if !n.cfg.ConnectOnly || n.dgrams == nil || !a.Addr().IsLoopback() {
		return false
	}
	c := n.dgrams.contacts.find(a)
	return c != nil && c.sent > 0
}

func (n *Node) onUDPVendor(from netip.AddrPort, h protocol.Header, msg []byte, out []Action) []Action {
	v, err := protocol.ParseVendor(msg[protocol.HeaderSize:])
	if err != nil {
		return n.dropped(h.Kind, DropMalformed, out)
	}
	switch v.Type() {
	case protocol.VendorHitsReady:
		return n.onHitsReady(from, h, v, out)
	case protocol.VendorHitsWanted:
		return n.onHitsWanted(from, h, v, out)
	case protocol.VendorCrawlPing:
		return n.onCrawl(from, h, v, out)
	case protocol.VendorHeadPing:
		return n.onHeadPing(from, h, v, out)
	case protocol.VendorHeadPong:
		return n.onHeadPong(from, h, v, out)
	}
	return n.dropped(h.Kind, DropUnknown, out)
}
