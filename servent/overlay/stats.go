package overlay

import (
	"maps"
	"slices"
	"time"

	"github.com/seed282dab8e/servent/protocol"
)

// Counter counts the messages of one kind. Every received message is either
// used, or a duplicate, or dropped; every message that could not be sent is
// dropped as well.
type Counter struct{ In, Out, Duplicate, Dropped uint64 }

// Drop is a reason for which a message was dropped.
type Drop uint8

const (
	DropMalformed   Drop = iota // cannot be parsed
	DropTTL                     // TTL 0, or TTL and hops add up to too much
	DropRate                    // the link sends faster than it may
	DropQueueFull               // the peer reads slower than we send
	DropNoRoute                 // answers something this node never saw, or has forgotten
	DropEnded                   // answers a search that has ended
	DropTooLarge                // larger than is relayed
	DropUnknown                 // of a kind or vendor code this node does not know
	DropRole                    // not for this role: a leaf relays nothing
	DropDialBack                // a Push that asks for too much, or a place not dialled
	DropConnectOnly             // a Push to somewhere that the user did not tell this node of, with ConnectOnly
	DropNotWanted               // the receiver asked not to get it (hops flow, route table)
	DropBlocked                 // comes from an address that the user blocks
	DropUDPStranger             // comes from, or would go to, where no datagram may
	DropUDPRate                 // too many datagrams, of one address or of all
	DropUDPUnasked              // answers no datagram of ours
	DropUDPUnproven             // would be more than an address has sent that has not proven itself
	DropUDPHeld                 // there is no room for what waits for such a proof
	DropOOBToken                // a hit over UDP, or the wish for one, without the right token
	DropOOBUnwanted             // hits that waited for a searcher in vain
	DropQuestions               // a question that is asked for a leaf or the user ends early, for a new one
	DropList                    // of a leaf's list, what was not asked for, or comes too often
	DropForged                  // a hit of a leaf's in another servent's name
	DropOwn                     // a hit that tells this node of its own files
	DropProbe                   // a probe's answer, or a call from outside, that nobody asked for
	DropHandOver                // a successor that may not be dialled
	DropRUDP                    // a Push that asks for a transfer by RUDP, which this node does not speak
	numDrops
)

var dropNames = [numDrops]string{
	"malformed", "ttl", "rate", "queue_full", "no_route", "search_ended",
	"too_large", "unknown", "role", "dial_back", "connect_only", "not_wanted",
	"blocked", "udp_stranger", "udp_rate", "udp_unasked", "udp_unproven", "udp_held_full", "oob_token", "oob_unwanted",
	"too_many_questions", "list", "forged", "own", "probe_unasked", "hand_over", "rudp",
}

// String returns the reason's name as used in JSON.
func (d Drop) String() string { return dropNames[d] }

// Drops lists all reasons.
func Drops() []Drop {
	all := make([]Drop, numDrops)
	for i := range all {
		all[i] = Drop(i)
	}
	return all
}

var kinds = [...]protocol.Kind{
	protocol.KindPing, protocol.KindPong, protocol.KindBye, protocol.KindQRP,
	protocol.KindVendor, protocol.KindVendorStd, protocol.KindPush,
	protocol.KindQuery, protocol.KindQueryHit,
}

const otherKind = len(kinds)

func kindIndex(k protocol.Kind) int {
	switch k {
	case protocol.KindQuery:
		return 7
	case protocol.KindQueryHit:
		return 8
	}
	for i, have := range kinds {
		if have == k {
			return i
		}
	}
	return otherKind
}

// Stats counts what a node has done since it was made.
type Stats struct {
	Kinds                     [len(kinds) + 1]Counter
	Drops                     [numDrops]uint64
	Closed                    map[uint16]uint64 // links closed by this node, by Bye code
	ByesHeard                 uint64
	Refused                   uint64 // handshakes
	DialsFailed               uint64
	DatagramsIn, DatagramsOut uint64
	Searches                  uint64 // look-ups in the node's own files
	HeadsIn, HeadsOut         uint64 // HEAD pings
	HeadsDenied               uint64 // of ours: they may not go there, or too many went out
	ChecksPassed              uint64 // of supernodes, and of leaves that might become some
	ChecksFailed              uint64
}

// Of returns the counter of kind k.
func (s *Stats) Of(k protocol.Kind) Counter { return s.Kinds[kindIndex(k)] }

// Stats returns a copy of the node's counters.
func (n *Node) Stats() Stats {
	s := n.stats
	s.Closed = maps.Clone(n.stats.Closed)
	return s
}

// CountedKinds lists the kinds that have a counter of their own.
func CountedKinds() []protocol.Kind { return slices.Clone(kinds[:]) }

// Link tells of one link that is up.
type Link struct {
	ID      LinkID
	Peer    Peer
	Since   time.Time
	In, Out uint64 // messages
	Queued  int    // bytes
	Checked bool   // it needs no check, or has passed it
	List    ListState
	TableIn bool // the peer has sent a whole route table
	TableTo bool // it was sent one
}

// ListState says how it is with a file list that one end of a link gives the other.
type ListState struct {
	State  string // offered, sending, given or refused at a leaf; coming, held or refused at a supernode; "" for none
	Files  int    // held
	Reason string // of a refusal
}

// Links returns the links that are up, in the order in which they came.
func (n *Node) Links() []Link {
	out := make([]Link, 0, len(n.links))
	for _, l := range n.links {
		out = append(out, Link{l.id, l.peer, n.start.Add(l.since), l.in, l.out, l.queued, !l.strange, l.list(), l.table.Table() != nil, l.sent != nil})
	}
	return out
}

// Role returns the part that the node plays at present; it is never RoleAuto.
func (n *Node) Role() Role { return n.role }

func (n *Node) dropped(k protocol.Kind, why Drop, out []Action) []Action {
	n.stats.Kinds[kindIndex(k)].Dropped++
	n.stats.Drops[why]++
	return out
}

// duplicate counts a message id that was seen before. One link that keeps
// repeating its own is closed; that copies come by several links is what
// flooding does.
func (n *Node) duplicate(l *link, h *protocol.Header, out []Action) []Action {
	n.stats.Kinds[kindIndex(h.Kind)].Duplicate++
	t := &n.queries
	if h.Kind == protocol.KindPing {
		t = &n.pings
	}
	if r := t.find(&h.ID); r == nil || r.link != l.id {
		return out
	}
	if l.repeats.allow(n.now, Rate{repeatsForgiven / 60., maxRepeats}) {
		return out
	}
	return n.bye(l, protocol.ByeDuplicates, "Too many duplicates", out)
}

func (n *Node) malformed(l *link, k protocol.Kind, out []Action) []Action {
	out = n.dropped(k, DropMalformed, out)
	return n.offend(l, protocol.ByeProtocol, "Too many malformed messages", out)
}
