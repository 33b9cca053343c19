package overlay

import (
	"net/netip"

	"github.com/seed282dab8e/servent/protocol"
)

// Op says what an Action asks of the node's owner.
type Op uint8

const (
	// OpSend queues Msg on Link with TTL and Hops written over its header's.
	// Msg may alias the received message, so it must be copied or written
	// before the received buffer is used again; it must never be changed.
	OpSend Op = iota + 1
	// OpClose ends Link once what is queued on it has been written, or after a
	// short while. Text says why. PeerDown must follow.
	OpClose
	// OpDial connects to Addr; PeerUp or DialFailed must follow.
	OpDial
	// OpSearch looks up the query payload Msg (it must be copied) in the lists that
	// the node's leaves gave and, with Own, in the node's own files; LocalHits with ID
	// may follow, with at most Limit files in all, the best that there are. Who asks
	// is at Link, and wants no files of its own; 0 is the user.
	OpSearch
	// OpHit hands the whole QueryHit message Msg, which answers the user's
	// query ID, to the user. Msg must be copied.
	OpHit
	// OpDialBack connects to Addr and offers file Index there (GIV), because
	// a Push asked for it.
	OpDialBack
	// OpMeet meets a servent half way, because a Push asked for it or answers that:
	// Meet says how. Its addresses are such as this node may send to.
	OpMeet
	// OpPushFailed says that no route to servent ID is known.
	OpPushFailed
	// OpDatagram sends Msg to Addr over UDP, with TTL and Hops written over its
	// header's, like OpSend.
	OpDatagram
	// OpConnectBack connects to Addr over TCP, writes two line feeds and closes,
	// because that servent wants to know whether it can be connected to.
	OpConnectBack
	// OpCall connects to Addr over TCP, says [CallText] with ID and closes, because
	// this node wants to know whether a peer can be connected to.
	OpCall
	// OpHead looks up the file with the URN in Text for the HEAD ping ID of Addr,
	// which asks for the protocol.HeadParts in Index; LocalHead with ID may follow.
	OpHead
	// OpHeadPong says that the servent that UserHead named has answered: Msg is the
	// data of its vendor message and must be copied. Without Msg the question has not
	// been sent, because it may not go there, or too many went out.
	OpHeadPong
	// OpRole says that the node has taken another role, which Role returns; Text
	// says why.
	OpRole
	// OpHosts says that the host cache at Addr has answered: Limit hosts came,
	// which the node knows already, and Text names further caches, as it came.
	OpHosts
	// OpEcho says that the servent at Addr sees datagrams of this node come from the
	// address in Text (GGEP IP).
	OpEcho
	// OpUnmapped says that nobody gets through at the outside address that a router
	// forwards, whatever it says; Index is the nat.Transport.
	OpUnmapped
	// OpListCut wants the next part of the node's own list for Link; ListPart must
	// follow. With Msg, which must be copied, it is the first: of what leads from the
	// list of that digest, zero for an empty one, to the present one. A digest that
	// is not known counts as zero.
	OpListCut
	// OpListOffer asks whether the list of digest Msg (it must be copied), of Index
	// files, of the leaf ID on Link is known; ListAnswered must follow. Firewalled: the
	// leaf cannot be connected to.
	OpListOffer
	// OpListPart hands over a part of the list of the leaf on Link: Msg is the data
	// of the vendor message and must be copied. ListAnswered must follow.
	OpListPart
	// OpListGone says that the list of the leaf on Link, which was offered, counts no
	// more; none is offered on that link again.
	OpListGone
)

// Action is one thing that the node's owner must do. Fields that an Op does
// not name are zero.
type Action struct {
	Op         Op
	TTL, Hops  uint8
	Own        bool
	Firewalled bool
	Link       LinkID
	Index      uint32
	Limit      int
	Msg        []byte
	Addr       netip.AddrPort
	ID         protocol.GUID
	Text       string
	Meet       *protocol.Meet
}
