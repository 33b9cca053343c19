package overlay

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"time"

	"github.com/seed282dab8e/servent/protocol"
)

// Role is the part that a node plays.
type Role uint8

const (
	RoleAuto      Role = iota // a leaf or a supernode, as the network needs (docs/decisions/0013)
	RoleFlat                  // relays to every link, takes no leaves
	RoleLeaf                  // hangs on supernodes, relays nothing
	RoleSupernode             // ultrapeer: relays, and serves leaves
)

var roleNames = [...]string{"auto", "flat", "leaf", "supernode"}

// String returns the role's name as used in flags and JSON.
func (r Role) String() string { return roleNames[min(int(r), len(roleNames)-1)] }

// ParseRole reads what String writes.
func ParseRole(s string) (Role, error) {
	for i, name := range roleNames {
		if s == name {
			return Role(i), nil
		}
	}
	return 0, fmt.Errorf("role %q: use auto, flat, leaf or supernode", s)
}

// Config says what a node is and how much it takes. Zero fields mean the
// defaults named beside them; ID and Rand have none.
type Config struct {
	ID   protocol.GUID // the servent's GUID
	Rand *rand.Rand    // the only randomness of the node
	Role Role

	Listen netip.AddrPort // where others reach the node; an unspecified address is learned from peers
	Agent  string         // User-Agent; "Servent"
	// IPv6 is this node's own, where it also listens at the port of Listen; what
	// is zero is learned from peers.
	IPv6 netip.Addr
	// UDP: the owner reads and writes datagrams at the port of Listen. Without,
	// no OpDatagram comes.
	UDP bool
	// Discovery is how long the owner looks for hosts when the node starts. Who knows
	// none before is not alone yet.
	Discovery time.Duration
	// Hasty is for a node that lives for some seconds: others are asked at once whether
	// they get through, and what fails once is believed.
	Hasty      bool
	Firewalled bool // it cannot be connected to, whatever tests say
	HalfWay    bool // the owner can meet others to whom nobody can connect (OpMeet)
	TableOnly  bool // a leaf tells supernodes of its files by route table alone, never by list
	Browsable  bool // hits say that the node's files can be browsed
	HostCache  bool // pongs over UDP say that this node is a host cache (UDPHC)
	// Blocked says which addresses are never dialled, admitted, answered, or told
	// to others; nil blocks none. It must answer the same until it is changed from
	// outside, and at once.
	Blocked func(netip.Addr) bool

	// Relay: peers are told that this node, as a supernode, relays.
	Relay bool

	Connect     []netip.AddrPort // links that are always kept
	ConnectOnly bool             // dial nothing but Connect
	Public      bool             // on the public network: keep and dial public addresses only; else private ones only

	Links     int // dial until so many links are up, leaves not counted; 4 (flat), 3 (leaf), 8 (supernode)
	MaxLinks  int // accept until so many, leaves not counted; 32, or 3 (leaf)
	MaxLeaves int // leaves that a supernode takes; 300
	// TTL is what own messages start with among our own kind, where the user
	// does not ask for another, and the most that hops and TTL of a query from
	// others may add up to; 7.
	TTL uint8
	// ForeignTTL is the most TTL that a message carries to other servents; 4
	// (docs/protocol.md 1: what they relay).
	ForeignTTL uint8

	MaxQueue   int           // bytes that may wait on a link; 512 KiB
	StallLimit time.Duration // a link whose queue stays over half full so long is closed; 30 s
	Rate       Rate          // pings, pongs and queries that a link may send; 300/s, burst 1500
	HitRate    Rate          // hits that a link may send; 1000/s, burst 10000
	PushRate   Rate          // pushes that a link may send; 5/s, burst 50
	DialBacks  Rate          // connections made because a Push asked; 2/s, burst 10
	Meets      Rate          // servents met half way because a Push asked; 1/s, burst 8
	Dials      Rate          // connections to others than Connect; 2/s, burst 10

	MaxRoutes    int           // message ids remembered a generation; 131072
	RouteLife    time.Duration // of a query's route, at least; 10 min
	QueryLife    time.Duration // of a user's query; 10 min
	KeepAlive    time.Duration // silence after which a link is pinged; 60 s
	AliveTimeout time.Duration // silence after which it is closed; 127 s
	PingEvery    time.Duration // between refreshes of the pong cache; 60 s
	MaxHosts     int           // host cache; 500
	MaxHits      int           // files in the answer to one query; 64
}

// Rate is a token bucket: Every second PerSecond tokens, Burst at most.
type Rate struct{ PerSecond, Burst float64 }

const (
	// HardTTL is the most that hops and TTL of any message may add up to
	// (docs/protocol.md 1); a peer that passes it often is closed.
	HardTTL = 15
	// maxOffences is how many malformed or over-TTL messages a link may bring at
	// once, and maxRepeats how often it may repeat message ids that it sent
	// itself. Both are forgiven in time: offencesForgiven and repeatsForgiven a
	// minute.
	maxOffences, offencesForgiven = 20, 1
	maxRepeats, repeatsForgiven   = 1000, 100
	// maxUserQueries is how many searches of the user's run at once.
	maxUserQueries = 64
)

func orDefault[T comparable](v *T, def T) {
	var zero T
	if *v == zero {
		*v = def
	}
}

func (c *Config) setDefaults() {
	orDefault(&c.MaxLeaves, 300)
	orDefault(&c.Agent, "Servent")
	if c.Role != RoleAuto { // which takes those of the role that it has
		c.Links, c.MaxLinks = c.linksAs(c.Role)
	}
	orDefault(&c.TTL, 7)
	orDefault(&c.ForeignTTL, 4)
	orDefault(&c.MaxQueue, 512<<10)
	orDefault(&c.StallLimit, 30*time.Second)
	orDefault(&c.Rate, Rate{300, 1500})
	orDefault(&c.HitRate, Rate{1000, 10000})
	orDefault(&c.PushRate, Rate{5, 50})
	orDefault(&c.DialBacks, Rate{2, 10})
	orDefault(&c.Meets, Rate{1, 8})
	orDefault(&c.Dials, Rate{2, 10})
	orDefault(&c.MaxRoutes, 1<<17)
	orDefault(&c.RouteLife, 10*time.Minute)
	orDefault(&c.QueryLife, 10*time.Minute)
	orDefault(&c.KeepAlive, 60*time.Second)
	orDefault(&c.AliveTimeout, 127*time.Second)
	orDefault(&c.PingEvery, 60*time.Second)
	orDefault(&c.MaxHosts, 500)
	orDefault(&c.MaxHits, 64)
}

// linksAs returns Links and MaxLinks for a role.
func (c *Config) linksAs(r Role) (want, most int) {
	want, most = 4, 32
	switch r {
	case RoleLeaf:
		want, most = 3, 3
	case RoleSupernode:
		want = 8
	}
	if c.MaxLinks != 0 {
		most = c.MaxLinks
	}
	want = min(want, most)
	if c.Links != 0 {
		want = c.Links
	}
	return want, most
}

func (c *Config) validate() error {
	switch {
	case c.ID == protocol.GUID{}:
		return fmt.Errorf("overlay config: ID is missing")
	case c.Rand == nil:
		return fmt.Errorf("overlay config: Rand is missing")
	case c.Role > RoleSupernode:
		return fmt.Errorf("overlay config: no role has the number %d", c.Role)
	case max(c.TTL, c.ForeignTTL) > HardTTL:
		return fmt.Errorf("overlay config: TTL %d or ForeignTTL %d is over %d", c.TTL, c.ForeignTTL, HardTTL)
	case min(c.Links, c.MaxLinks, c.MaxLeaves, c.MaxHosts, c.MaxHits) < 0:
		return fmt.Errorf("overlay config: Links, MaxLinks, MaxLeaves, MaxHosts or MaxHits is negative")
	case c.MaxRoutes < 1 || c.MaxRoutes >= 1<<positionBits:
		return fmt.Errorf("overlay config: MaxRoutes %d is not within 1 to %d", c.MaxRoutes, 1<<positionBits-1)
	case c.Links > c.MaxLinks && c.MaxLinks > 0:
		return fmt.Errorf("overlay config: Links %d is over MaxLinks %d", c.Links, c.MaxLinks)
	case c.MaxQueue < 2*protocol.MaxPayload:
		return fmt.Errorf("overlay config: MaxQueue %d is under %d", c.MaxQueue, 2*protocol.MaxPayload)
	case c.AliveTimeout <= c.KeepAlive:
		return fmt.Errorf("overlay config: AliveTimeout must be over KeepAlive")
	}
	return nil
}
