package overlay

import (
	"net/netip"

	"github.com/seed282dab8e/servent/protocol"
)

// onDatagram judges one message that came over UDP. A datagram is never
// answered with an error.
func (n *Node) onDatagram(ev Datagram, out []Action) []Action {
	h, err := protocol.ParseHeader(ev.Msg)
	if err != nil || len(ev.Msg) != protocol.HeaderSize+int(h.Size) {
		return n.dropped(h.Kind, DropMalformed, out)
	}
	n.stats.Kinds[kindIndex(h.Kind)].In++
	if !n.cfg.UDP || n.cfg.ConnectOnly || !n.mayDial(ev.From.Addr().Unmap(), true) {
		return n.dropped(h.Kind, DropRole, out)
	}
	if h.Kind == protocol.KindPing && n.Addr().Port() != 0 {
		p := protocol.Pong{Addr: n.Addr(), Files: uint32(n.shared.Files), KBytes: protocol.PongKBytes(0, n.cfg.Role != RoleLeaf)}
		return n.sendUDP(ev.From, protocol.Header{ID: h.ID, Kind: protocol.KindPong, TTL: 1}, p, out)
	}
	return out
}

func (n *Node) sendUDP(to netip.AddrPort, h protocol.Header, p protocol.Payload, out []Action) []Action {
	n.stats.Kinds[kindIndex(h.Kind)].Out++
	return append(out, Action{Op: OpDatagram, Addr: to, Msg: protocol.AppendMessage(nil, h, p), TTL: h.TTL, Hops: h.Hops})
}

func (n *Node) onAskCaches(_ AskCaches, out []Action) []Action { return out }

func (n *Node) onLocalHead(_ LocalHead, out []Action) []Action { return out }
