package overlay

import (
	"slices"

	"github.com/seed282dab8e/servent/protocol"
)

// supported lists the vendor messages that this node acts upon.
var supported = []protocol.MessageID{
	protocol.VendorHopsFlow.ID(), protocol.VendorConnectBack.ID(), protocol.VendorProxyRequest.ID(), protocol.VendorProxyAck.ID(),
	protocol.VendorStatusRequest.ID(), protocol.VendorQueryStatus.ID(),
}

// supportedUDP lists those that a node acts upon which has a socket for UDP.
var supportedUDP = []protocol.MessageID{
	protocol.VendorUDPConnectBack.ID(), protocol.VendorCrawlPing.ID(), protocol.VendorHitsWanted.ID(), protocol.VendorHitsReady.ID(),
	protocol.VendorHeadPing.ID(),
}

// vendorSet is a set of the vendor messages that this package knows.
type vendorSet uint32

func (s vendorSet) has(t protocol.VendorType) bool { return s&(1<<t) != 0 }

func setOf(ids []protocol.MessageID) (s vendorSet) {
	for _, id := range ids {
		s |= 1 << protocol.Vendor{Code: id.Code, Selector: id.Selector}.Type()
	}
	return s
}

func (n *Node) sendSupported(l *link, out []Action) []Action {
	data := supported
	if n.cfg.UDP {
		data = slices.Concat(data, supportedUDP)
	}
	if l.peer.Servent {
		data = append(slices.Clone(data), n.ownMessages()...)
	}
	return n.sendVendor(l, protocol.Vendor{Data: protocol.AppendMessagesSupported(nil, data...)}, out)
}

// sendVendor sends v on l, and no further.
func (n *Node) sendVendor(l *link, v protocol.Vendor, out []Action) []Action {
	return n.sendVendorAs(l, n.newID(), v, out)
}

// sendVendorAs is sendVendor with the MUID of what v answers, or is about.
func (n *Node) sendVendorAs(l *link, id protocol.GUID, v protocol.Vendor, out []Action) []Action {
	return n.sendNew(l, protocol.Header{ID: id, Kind: protocol.KindVendor, TTL: 1}, v, out)
}

// ownMessages lists those that only our own kind understands.
func (n *Node) ownMessages() []protocol.MessageID {
	ids := []protocol.MessageID{protocol.VendorProbe.ID(), protocol.VendorCalled.ID()}
	switch n.role {
	case RoleSupernode:
		ids = append(ids, protocol.VendorNeighbours.ID(), protocol.VendorPlaces.ID(), protocol.VendorCandidate.ID(),
			protocol.VendorListOffer.ID(), protocol.VendorListPart.ID())
	case RoleLeaf:
		ids = append(ids, protocol.VendorPromote.ID(), protocol.VendorHandOver.ID(), protocol.VendorListAnswer.ID())
	}
	return ids
}

// onElection takes what is about supernodes; false: it is not.
func (n *Node) onElection(l *link, h protocol.Header, v protocol.Vendor, out []Action) ([]Action, bool) {
	switch v.Type() {
	case protocol.VendorPlaces:
		return n.onPlaces(l, h, v, out), true
	case protocol.VendorCandidate:
		return n.onCandidate(l, h, v, out), true
	case protocol.VendorProbe:
		return n.onProbe(l, h, v, out), true
	case protocol.VendorProbeData:
		return n.onProbeData(l, h, v, out), true
	case protocol.VendorCalled:
		return n.onCalled(l, h, v, out), true
	case protocol.VendorPromote:
		return n.onPromote(l, h, v, out), true
	case protocol.VendorHandOver:
		return n.onHandOver(l, h, v, out), true
	}
	return out, false
}

func (n *Node) onVendor(l *link, h protocol.Header, m Received, out []Action) []Action {
	v, err := protocol.ParseVendor(m.Msg[protocol.HeaderSize:])
	if err != nil {
		return n.malformed(l, h.Kind, out)
	}
	if out, done := n.onElection(l, h, v, out); done {
		return out
	}
	switch v.Type() {
	case protocol.VendorMessagesSupported:
		var ids []protocol.MessageID
		if ids, err = protocol.ParseMessagesSupported(v.Data); err == nil {
			l.supports = setOf(ids)
			n.scheduleTest()
			n.planCheck(l)
			out = n.tellNeighbours(l, out)
			if l.giving.until > 0 { // it waited for this
				l.giving.until = 0
				out = n.sendTable(l, out)
			}
			out = n.tellPlaces(l, out)
			out = n.offerTo(l, out)
			return n.askProxies(out)
		}
	case protocol.VendorConnectBack, protocol.VendorUDPConnectBack:
		return n.comeBack(l, h, v, out)
	case protocol.VendorProxyRequest:
		return n.onProxyRequest(l, h, out)
	case protocol.VendorProxyAck:
		return n.onProxyAck(l, h, v, out)
	case protocol.VendorProxyCancel:
		l.client = protocol.GUID{}
	case protocol.VendorStatusRequest:
		return n.onStatusRequest(l, h, out)
	case protocol.VendorQueryStatus:
		return n.onQueryStatus(l, h, v, out)
	case protocol.VendorNeighbours:
		return n.onNeighbours(l, h, v, out)
	case protocol.VendorListOffer:
		return n.onListOffer(l, h, v, out)
	case protocol.VendorListAnswer:
		return n.onListAnswer(l, h, v, out)
	case protocol.VendorListPart:
		return n.onListTaken(l, h, v, out)
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
