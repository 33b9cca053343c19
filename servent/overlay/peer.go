package overlay

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/seed282dab8e/servent/protocol"
)

// Peer is what the other end of a link said of itself in the handshake, and
// what its owner knows of the connection.
type Peer struct {
	Addr     netip.AddrPort // of the connection's other end
	Listen   netip.AddrPort // where it says that it accepts connections; zero when it did not say
	Sees     netip.Addr     // this node's address as the peer sees it (Remote-IP)
	Outbound bool           // this node made the connection

	Role    Role // RoleFlat (own kind only), RoleLeaf or RoleSupernode; RoleAuto for a peer that knows no roles
	Auto    bool // own kind: it changes its role as the network needs
	Told    Role // the role that this node had in the handshake; RoleAuto when that is not known
	Guide   Guide
	Servent bool // own kind
	Relay   bool // own kind: it relays for two that nothing else brings together
	Agent   string
	GUID    protocol.GUID // zero when it did not say

	MaxTTL    uint8 // of fresh queries; 0 when it did not say
	Degree    uint8 // links to other ultrapeers that it keeps; 0 when it did not say
	GGEP      bool
	Vendor    bool // takes vendor messages
	Bye       bool
	LastHop   bool // takes route tables from other ultrapeers
	LeafTable bool // takes, or sends, the route table of a leaf
	Again     bool // takes a query again that goes further (X-Ext-Probes)
}

// serventHeader is how our own kind knows each other. Its value is the
// version of our extensions, then the role: `0.1; role=flat`.
const serventHeader = "X-Servent"

// ParsePeer reads the handshake headers of a peer. It never fails: what is
// missing or unreadable is zero.
func ParsePeer(h protocol.Headers) Peer {
	p := Peer{
		Agent:     h.Get("User-Agent"),
		GGEP:      h.Has("GGEP"),
		Vendor:    h.Has("Vendor-Message"),
		Bye:       h.Has("Bye-Packet"),
		LastHop:   h.Has("X-Ultrapeer-Query-Routing"),
		LeafTable: h.Has("X-Query-Routing"),
		Again:     h.Has("X-Ext-Probes"),
		Listen:    firstAddrPort(h.Get("Listen-IP"), h.Get("Node"), h.Get("X-My-Address")),
	}
	p.GUID, _ = protocol.ParseGUID(h.Get("GUID"))
	sees, _ := netip.ParseAddr(strings.TrimSpace(h.Get("Remote-IP")))
	p.Sees = sees.WithZone("") // which may be as long as the line
	if ttl, err := strconv.ParseUint(h.Get("X-Max-TTL"), 10, 8); err == nil {
		p.MaxTTL = uint8(min(ttl, HardTTL))
	}
	if degree, err := strconv.ParseUint(h.Get("X-Degree"), 10, 16); err == nil {
		p.Degree = uint8(min(degree, 255))
	}
	switch up := h.Get("X-Ultrapeer"); {
	case strings.EqualFold(up, "true"):
		p.Role = RoleSupernode
	case strings.EqualFold(up, "false"):
		p.Role = RoleLeaf
	}
	p.Guide = parseGuide(h.Get(neededHeader))
	if own := h.Get(serventHeader); own != "" {
		p.Servent = true
		if p.Role == RoleSupernode && strings.Contains(own, "role=flat") {
			p.Role = RoleFlat
		}
		p.Relay = p.Role == RoleSupernode && strings.Contains(own, relayMark)
		p.Auto = p.Role != RoleFlat && strings.HasSuffix(own, autoMark)
	}
	return p
}

func firstAddrPort(values ...string) netip.AddrPort {
	for _, v := range values {
		if a, err := netip.ParseAddrPort(strings.TrimSpace(v)); err == nil && a.Port() != 0 {
			return netip.AddrPortFrom(a.Addr().Unmap().WithZone(""), a.Port())
		}
	}
	return netip.AddrPort{}
}

// ParseTry reads the hosts that a refusal names (X-Try-Ultrapeers, X-Try), at
// most maxTry of them.
func ParseTry(h protocol.Headers) []netip.AddrPort {
	var hosts []netip.AddrPort
	for _, name := range []string{"X-Try-Ultrapeers", "X-Try"} {
		for _, v := range h.Tokens(name) {
			if a := firstAddrPort(v); a.IsValid() && len(hosts) < maxTry {
				hosts = append(hosts, a)
			}
		}
	}
	return hosts
}

const maxTry = 10

// FormatTry writes what ParseTry reads.
func FormatTry(hosts []netip.AddrPort) string {
	s := make([]string, 0, len(hosts))
	for _, a := range hosts {
		s = append(s, a.String())
	}
	return strings.Join(s, ", ")
}

// Hello returns the headers that this node opens or answers a handshake with,
// on a connection from local to remote; either may be unknown. The owner adds what concerns the stream (Accept-Encoding, Content-Encoding).
func (n *Node) Hello(local netip.Addr, remote netip.AddrPort) protocol.Headers {
	var h protocol.Headers
	h.Add("User-Agent", n.cfg.Agent)
	a := n.Addr()
	if a.Addr().IsUnspecified() && local.IsValid() {
		a = netip.AddrPortFrom(local.Unmap(), a.Port())
	}
	if a.Port() != 0 && !a.Addr().IsUnspecified() {
		h.Add("Listen-IP", a.String())
	}
	if remote.IsValid() {
		h.Add("Remote-IP", remote.Addr().Unmap().String())
	}
	h.Add("X-Ultrapeer", titleBool(n.role != RoleLeaf))
	// A leaf sends an ultrapeer's capabilities too: others rate it by them
	// (docs/protocol.md 2).
	h.Add("X-Query-Routing", "0.2")
	h.Add("X-Ultrapeer-Query-Routing", "0.1")
	h.Add("X-Dynamic-Querying", "0.1")
	h.Add("X-Degree", "32")
	h.Add("X-Max-TTL", strconv.Itoa(int(n.cfg.ForeignTTL)))
	if n.role != RoleLeaf {
		h.Add("X-Ext-Probes", "0.1")
	}
	h.Add("X-Requeries", "False")
	h.Add("GGEP", "0.5")
	h.Add("Vendor-Message", "0.2")
	h.Add("Pong-Caching", "0.1")
	h.Add("Bye-Packet", "0.1")
	h.Add("GUID", n.cfg.ID.String())
	own := "0.1; role=" + n.role.String()
	if n.cfg.Relay && n.role == RoleSupernode {
		own += relayMark
	}
	if n.cfg.Role == RoleAuto {
		own += autoMark
	}
	h.Add(serventHeader, own)
	return h
}

func titleBool(b bool) string {
	if b {
		return "True"
	}
	return "False"
}

// Verdict answers a handshake: Code 200 takes the peer; any other refuses it,
// with hosts to try instead.
type Verdict struct {
	Code int
	Text string
	Try  []netip.AddrPort
	// Guide, of who was connected to, is to stand in its answer. Where it is
	// GuideLeaf with who connected, its last word is X-Ultrapeer: False.
	Guide Guide
}

// Admit judges a peer by its handshake headers. A verdict of 200 holds a place
// for the link until PeerUp or PeerDown. It is asked again, with RoleLeaf, when a
// peer lets itself be guided to be a leaf.
func (n *Node) Admit(id LinkID, p Peer) Verdict {
	n.release(id)
	v := n.judge(p)
	if v.Code != 200 {
		n.stats.Refused++
		v.Try = n.tries(p)
		n.callBack(p)
		return v
	}
	v.Guide = n.guide(p)
	guided := p.Outbound && v.Guide == GuideLeaf
	a := admission{link: id, leaf: p.Role == RoleLeaf, strange: !p.Outbound && n.strange(&p), guided: guided}
	if !p.Outbound && p.Role == RoleSupernode {
		a.caller = p.GUID
	}
	n.admitted = append(n.admitted, a)
	return v
}

// callBack has a leaf that has nobody call a supernode that it has refused: it chooses
// for itself on whom it hangs. It must have called there before, and found no room, as
// with another leaf; if any who calls in counted, liars would choose.
func (n *Node) callBack(p Peer) {
	if p.Outbound || p.Role != RoleSupernode || n.cfg.Role != RoleAuto || n.role != RoleLeaf || n.peers() > 0 {
		return
	}
	a := openAddr(&p)
	if i := n.hosts.find(a); i >= 0 && n.hosts.list[i].full {
		n.urge(a)
		n.dials.rest = 0
		n.arm(n.now)
	}
}

func (n *Node) judge(p Peer) Verdict {
	twin := n.linkTo(p.GUID)
	leaves, peers := n.places()
	switch {
	case n.blocked(p.Addr.Addr()):
		return Verdict{Code: 403, Text: "Address blocked"}
	case !p.Outbound && !n.arrivals.allow(n.now, p):
		return Verdict{Code: codeTooMany, Text: "Connects too often"}
	case p.GUID == n.cfg.ID:
		return Verdict{Code: 409, Text: "Connected to myself"}
	case twin != nil && !n.replaces(p, twin):
		return Verdict{Code: 409, Text: "Already connected"}
	case !p.Outbound && twin == nil && n.strange(&p) && n.strangers() >= maxStrangers:
		return Verdict{Code: 503, Text: "No slots"}
	case n.failedLately(&p):
		return Verdict{Code: 403, Text: "Failed a check a short while ago"}
	case p.Role == RoleAuto:
		return Verdict{Code: 403, Text: "Legacy peers refused"}
	case p.Role == RoleLeaf && n.role == RoleLeaf:
		return Verdict{Code: 503, Text: "Shielded leaf"}
	case n.cfg.Role == RoleAuto && n.role == RoleLeaf && !p.Outbound && n.strange(&p): // it chooses for itself on whom it hangs
		return Verdict{Code: 503, Text: "Shielded leaf"}
	case p.Role == RoleLeaf && (n.role != RoleSupernode || n.auto.leaving > 0 || twin == nil && leaves >= n.cfg.MaxLeaves):
		return Verdict{Code: 503, Text: "No leaf slots"}
	case p.Role != RoleLeaf && twin == nil && peers-n.going() >= n.mostLinks() && !n.wanted(p):
		return Verdict{Code: 503, Text: "No slots"}
	}
	return Verdict{Code: 200, Text: "OK"}
}

// tries are hosts for who is refused: supernodes with room first.
func (n *Node) tries(p Peer) []netip.AddrPort {
	to := n.roomy()
	for _, a := range n.hosts.some(n.cfg.Rand, maxTry) {
		if !slices.Contains(to, a) {
			to = append(to, a)
		}
	}
	to = slices.DeleteFunc(to, func(a netip.AddrPort) bool {
		return n.blocked(a.Addr()) || a.Addr().IsLoopback() && !p.Addr.Addr().IsLoopback()
	})
	return to[:min(len(to), maxTry)]
}

// failedLately says whether a supernode has failed a check here.
func (n *Node) failedLately(p *Peer) bool {
	if p.Role != RoleSupernode || !p.Servent || n.wanted(*p) {
		return false
	}
	c := n.recall(p)
	return c != nil && !c.ok
}

// replaces says whether a new connection to a servent that is linked already
// may go on. Two servents that dial each other at once both come here; PeerUp
// then keeps the connection that the lower GUID made. A servent that died and
// came back finds its old link still here. Both are known by their address: a
// GUID is no secret, and must not be enough to end somebody's link.
func (n *Node) replaces(p Peer, twin *link) bool {
	both := p.Outbound != twin.peer.Outbound
	return p.Addr.Addr().Unmap() == twin.peer.Addr.Addr().Unmap() && (both || !p.Outbound)
}

// wanted says whether the user asked for a link to p, which then is over the limit.
func (n *Node) wanted(p Peer) bool {
	return p.Outbound && n.dials.isSeed(p.Addr)
}
