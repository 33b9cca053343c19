package overlay

import (
	"github.com/seed282dab8e/servent/protocol"
)

// supported lists the vendor messages that this node acts upon.
var supported = []protocol.MessageID{
	{Code: [4]byte{'B', 'E', 'A', 'R'}, Selector: 4, Version: 1}, // hops flow
}

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
	switch {
	case v.Code == [4]byte{} && v.Selector == 0: // what the peer supports: nothing depends on it yet
		if _, err := protocol.ParseMessagesSupported(v.Data); err != nil {
			return n.malformed(l, h.Kind, out)
		}
		return out
	case v.Code == [4]byte{} && v.Selector == 10:
		if _, err := protocol.ParseFeaturesSupported(v.Data); err != nil {
			return n.malformed(l, h.Kind, out)
		}
		return out
	case v.Code == supported[0].Code && v.Selector == supported[0].Selector:
		if len(v.Data) != 1 {
			return n.malformed(l, h.Kind, out)
		}
		l.hopsFlow = v.Data[0]
		return out
	}
	return n.dropped(h.Kind, DropUnknown, out)
}
