package overlay

import (
	"net/netip"

	"github.com/seed282dab8e/servent/nat"
	"github.com/seed282dab8e/servent/protocol"
)

// LinkID names one overlay link for as long as its owner lives. The owner
// chooses it, never twice, and never 0.
type LinkID uint32

// self stands in routing tables for what this node asked itself.
const self LinkID = ^LinkID(0)

// Event is something that happened to the node. The types below are all there are.
type Event interface{ event() }

// PeerUp says that the handshake on an admitted link ended with 200 both ways.
type PeerUp struct {
	Link LinkID
	Peer Peer
}

// PeerDown says that a link, or the handshake of an admitted one, has ended.
// No action for that link may follow.
type PeerDown struct{ Link LinkID }

// Received is one whole message as it came from a link. Node keeps no part of
// Msg, but the actions of the same call alias it.
type Received struct {
	Link LinkID
	Msg  []byte
}

// Malformed says that what came from a link cannot be cut into messages, for
// instance because a header declares more than [protocol.MaxPayload].
type Malformed struct {
	Link LinkID
	Err  error
}

// Sent says that bytes which OpSend actions put on a link have left the owner's
// queue. The node's flow control counts on it.
type Sent struct {
	Link  LinkID
	Bytes int
}

// DialFailed says that an OpDial did not give a link. Code is the handshake
// status of a refusal, 0 when there was none; Try are the hosts it named, and
// Role is what it said that it is, RoleAuto where it said nothing. Own says that
// it was this node that refused.
type DialFailed struct {
	Addr netip.AddrPort
	Code int
	Try  []netip.AddrPort
	Role Role
	Own  bool
}

// Heard names hosts that might be servents: from disk, or from the local network.
type Heard struct{ Addrs []netip.AddrPort }

// Shared says what the node offers now. Table must not change afterwards; nil
// means that nothing is shared. List is the digest of all files; with Partial there
// will soon be more.
type Shared struct {
	Table *protocol.RouteTable
	Files int
	Bytes uint64
	List  protocol.ListDigest

	Partial bool
}

// LocalHits answers an OpSearch with the files that match, best first: of the node
// itself, and of leaves whose lists it holds.
type LocalHits struct {
	ID     protocol.GUID
	Files  []protocol.FileRecord
	Leaves []LeafFiles
	// Firewalled: who asks cannot be connected to, nor met half way.
	Firewalled bool
}

// LeafFiles are files of the leaf on Link.
type LeafFiles struct {
	Link  LinkID
	Files []protocol.FileRecord
}

// ListPart answers an OpListCut with the next part of the node's list.
type ListPart struct {
	Link LinkID
	Part protocol.ListPart
}

// ListAnswered answers an OpListOffer or an OpListPart.
type ListAnswered struct {
	Link   LinkID
	Answer protocol.ListAnswer
}

// LeafWords says what the lists hold that leaves gave: their words, and how many
// files. Table must not change afterwards; nil means none.
type LeafWords struct {
	Table *protocol.RouteTable
	Files int
}

// UserQuery starts a search of the user's. It is sent on the links that are up
// and on those that come up while it lasts, until UserQueryEnd or
// [Config.QueryLife]. Hits come as OpHit.
type UserQuery struct {
	ID   protocol.GUID
	Text string
	URNs []protocol.URN
	// Filter is what is wanted beside the words, for those of our kind. It is left
	// out where the query would grow too long with it.
	Filter string
	TTL    uint8 // 0 means the default of each link
}

// UserQueryEnd ends a search: later hits for it are dropped and counted.
type UserQueryEnd struct{ ID protocol.GUID }

// UserPush asks for a Push to a servent whose hit has been seen; it shall then
// connect to this node. OpPushFailed answers where no route is known. The
// push proxies that its hit named are asked over UDP besides.
type UserPush struct {
	Servent protocol.GUID
	Index   uint32
	Proxies []netip.AddrPort
	// Meet, where it is not nil, goes along: they shall meet half way.
	Meet *protocol.Meet
}

// ProxyPush asks a servent that this node is push proxy of to connect to Addr.
// OpPushFailed answers where it is not linked.
type ProxyPush struct {
	Servent protocol.GUID
	Index   uint32
	Addr    netip.AddrPort // not valid: nowhere, they shall only meet
	// Meet, where it has an ID, goes along: the extension by which they meet half way.
	Meet protocol.GGEP
}

// Datagram is one whole message that came over UDP, inflated where it was
// deflated. Node keeps no part of Msg, but the actions of the same call alias it.
type Datagram struct {
	From netip.AddrPort
	Msg  []byte
}

// ConnectedBack says that a connection from outside has reached the port that
// the node listens on.
type ConnectedBack struct{ From netip.AddrPort }

// Called says that a connection from outside has come that said [CallText]: it is
// from Servent.
type Called struct {
	From           netip.AddrPort
	Servent, Nonce protocol.GUID
}

// Resources says what the machine has to spare. The owner tells it now and then.
type Resources struct {
	Memory, Disk uint64 // bytes
	Descriptors  int    // that may still be opened
	OnBattery    bool
}

// Mapped says at which outside addresses routers forward to the node's port now, and
// have said so last; zero is none. The owner tells it whenever that changes.
type Mapped struct{ UDP, TCP netip.AddrPort }

// Probed says that STUN servers have been sent datagrams of the node's port, where they
// have seen it, and what that has told of the filter before it.
type Probed struct {
	Asked     []netip.AddrPort
	Outside   netip.AddrPort
	Filtering nat.Filtering
}

// WantProxies has the node find push proxies now, though it is not known yet whether
// others can connect to it.
type WantProxies struct{}

// AskCaches asks UDP host caches for hosts. OpHosts reports each answer.
type AskCaches struct{ Addrs []netip.AddrPort }

// LocalHead answers an OpHead. The node itself adds to Pong who and where it is.
type LocalHead struct {
	ID   protocol.GUID
	Pong protocol.HeadPong
}

// UserHead asks a servent over UDP whether it has a file, and who else has it; one
// OpHeadPong with ID follows, if any. ID must be random.
type UserHead struct {
	ID   protocol.GUID
	Addr netip.AddrPort
	URN  protocol.URN
}

func (PeerUp) event()        {}
func (PeerDown) event()      {}
func (Received) event()      {}
func (Malformed) event()     {}
func (Sent) event()          {}
func (DialFailed) event()    {}
func (Heard) event()         {}
func (Shared) event()        {}
func (LocalHits) event()     {}
func (UserQuery) event()     {}
func (ListPart) event()      {}
func (ListAnswered) event()  {}
func (LeafWords) event()     {}
func (UserQueryEnd) event()  {}
func (UserPush) event()      {}
func (ProxyPush) event()     {}
func (Datagram) event()      {}
func (ConnectedBack) event() {}
func (Called) event()        {}
func (Resources) event()     {}
func (Mapped) event()        {}
func (Probed) event()        {}
func (WantProxies) event()   {}
func (AskCaches) event()     {}
func (LocalHead) event()     {}
func (UserHead) event()      {}
