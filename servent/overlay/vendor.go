package overlay

import (
	"github.com/seed282dab8e/servent/protocol"
)

// supported lists the vendor messages that this node acts upon.
var supported = []protocol.MessageID{protocol.VendorHopsFlow.ID()}

func (n *Node) sendSupported(l *link, out []Action) []Action {
	h := protocol.Header{ID: n.newID(), Kind: protocol.KindVendor, TTL: 1}
	v := protocol.Vendor{Data: protocol.AppendMessagesSupported(nil, supported...)}
	return n.sendNew(l, h, v, out)
}

func (n *Node) onVendor(l *link, h protocol.Header, m Received, out []Action) []Action {
	v, err := protocol.ParseVendor(m.Msg[protocol.HeaderSize:])
	if err != nil {
		return n.malformed(l, h.Kind, out)
	}
	switch v.Type() {
	case protocol.VendorMessagesSupported: // nothing depends on what a peer supports yet
		_, err = protocol.ParseMessagesSupported(v.Data)
	case protocol.VendorFeaturesSupported:
		_, err = protocol.ParseFeaturesSupported(v.Data)
	case protocol.VendorHopsFlow:
		var hops uint8
		if hops, err = v.HopsFlow(); err == nil {
			l.hopsFlow = hops
		}
	default:
		return n.dropped(h.Kind, DropUnknown, out)
	}
	if err != nil {
		return n.malformed(l, h.Kind, out)
	}
	return out
}
