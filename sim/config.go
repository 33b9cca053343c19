package sim

import (
	"io"
	"math/rand/v2"
	"net/netip"
	"time"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/servent/overlay"
	"github.com/seed282dab8e/servent/sim/natbox"
)

// Config says how a World behaves. Zero fields mean the defaults named beside
// them.
type Config struct {
	Seed      uint64
	Latency   Latency // of links that are given none of their own; Constant(20 ms)
	Bandwidth int     // likewise, in bytes a second and direction; 0: without limit
	// LinkLoss is likewise the part of all packets of links that get lost. Nothing
	// is missing then: it comes again after a timeout, and what is behind it waits.
	// Handshakes are spared.
	LinkLoss float64

	// Role is that of nodes whose own configuration says RoleAuto.
	Role overlay.Role

	DialTimeout time.Duration // after which a dial to where nobody answers fails; 10 s
	CloseLinger time.Duration // for which a link that is closed goes on writing; 1 s

	Loss float64 // the part of all datagrams that get lost; 0

	// Record, when not nil, gets all that is done to the World, for Replay. Whoever
	// sets it calls EndRecord.
	Record io.Writer
	// Lines makes the trace keep a line for everything that happens, not only
	// its hash.
	Lines bool
	// Watch, when not nil, is told of every event and of what the node made of
	// it, before that is carried out. A nil event is time that passed. It must
	// not call the World, nor keep acts.
	Watch func(id NodeID, ev overlay.Event, acts []overlay.Action)
}

func (c *Config) setDefaults() {
	if c.Latency == (Latency{}) {
		c.Latency = Constant(20 * time.Millisecond)
	}
	if c.DialTimeout == 0 {
		c.DialTimeout = 10 * time.Second
	}
	if c.CloseLinger == 0 {
		c.CloseLinger = time.Second
	}
}

// Latency says how long one message is under way: from Low up to, but not
// including, High, or Low where High is not more. The World keeps those of one
// link and direction in order.
type Latency struct{ Low, High time.Duration }

// Constant is the same latency for all.
func Constant(d time.Duration) Latency { return Latency{d, d} }

// Uniform is a latency from low up to, but not including, high.
func Uniform(low, high time.Duration) Latency { return Latency{low, high} }

func (l Latency) draw(r *rand.Rand) time.Duration {
	if l.High <= l.Low {
		return l.Low
	}
	return l.Low + time.Duration(r.Int64N(int64(l.High-l.Low)))
}

// Wire says how a link behaves that is not like the others.
type Wire struct {
	Latency   Latency // zero: as Config says
	Bandwidth int     // 0: as Config says
	Loss      float64 // 0: as Config.LinkLoss says
}

// NodeConfig describes one node.
type NodeConfig struct {
	// Name is what the trace calls it; the zero value means "n" and its NodeID.
	Name string
	// Addr is where it lives. The zero value means port 6346 of an address
	// that follows from its NodeID.
	Addr netip.AddrPort
	// Router is between the node and all others; the zero value is none. Nobody
	// connects to a node behind one, and datagrams pass as it lets them. One that
	// translates gives the node an address of net 11 for all others.
	Router natbox.Kind
	// Site numbers the routers: nodes of one Site are behind the one that the first
	// of them has, and reach each other directly. 0: the node has its own.
	Site int
	// Carrier is a router of the operator's, between Router and the public network, and
	// CarrierSite numbers those as Site does the others.
	Carrier     natbox.Kind
	CarrierSite int
	// Firewalled: nobody can connect to it, and it knows. Where Router is zero, that
	// is by a filter for addresses and ports.
	Firewalled bool
	// Filtered: nobody can connect to it, and it does not know; likewise.
	Filtered bool
	// Upload is how many bytes a second leave the node, over all its links together;
	// 0: as many as the links take. It goes before a link's own bandwidth.
	Upload int
	// Download is how many bytes a second come in over all its links together; 0:
	// as many as there are.
	Download int
	// Act is how it misbehaves; the zero value is a node that does not.
	Act Act
	// Overlay is the node's configuration. Where zero, ID and Rand follow from
	// the seed and Listen from Addr.
	Overlay overlay.Config

	// Files are the names of the files that it shares. Equal names are equal
	// contents: they have the same URN and size.
	Files []string
	// Find, when not nil, looks up queries instead of Files; Shared says then
	// what the node tells others that it has.
	Find   func(q protocol.Query, limit int) []protocol.FileRecord
	Shared overlay.Shared
}
