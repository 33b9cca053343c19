package model

import (
	"time"

	"github.com/seed282dab8e/servent/sim/exact"
	"github.com/seed282dab8e/servent/sim/graph"
	"github.com/seed282dab8e/servent/sim/load"
)

// Bytes that messages have on the wire, those of TCP and IP not counted. They are
// what servents send: a Gnutella header is 23 bytes; a query carries its words,
// their count in doubt, and extensions; a hit its head, trailer and for each
// file a record with a name, a size and a hash.
const (
	queryBytes = 23 + 60
	hitBytes   = 23 + 60
	fileBytes  = 70
)

// Upkeep in messages and bytes (products are converted before they are added: a
// processor that does both at once would round otherwise), as our servent does it (docs/performance.md).
const (
	linkMessages = 3        // to set a link up: three blocks of headers
	linkBytes    = 3 * 500  // of the handshake
	pingMessages = 2        // a ping and its pong
	pingBytes    = 23 + 37  // of both
	pingEach     = 60.0     // seconds; of a link, in each direction
	tableBytes   = 4 << 10  // a leaf's or peer's route table, deflated
	joinedBytes  = 24 << 10 // a supernode's, those of its leaves joined in it
)

// Net says how long messages take from one peer to the next: uniform from Lo to
// Hi, each message on its own. A reply takes as long on its way back as the query
// took.
type Net struct{ Lo, Hi time.Duration }

// delay returns the delays of one search, in milliseconds.
func (n Net) delay(q *load.Query) graph.Delay {
	return graph.Delay{Lo: uint32(n.Lo.Milliseconds()), Hi: uint32(n.Hi.Milliseconds()), Seed: q.ID + 1}
}

// between is how long a message takes that no graph has a link for: the n-th of
// the search.
func (n Net) between(q *load.Query, nth uint64) time.Duration {
	width := uint64((n.Hi-n.Lo)/time.Millisecond) + 1
	return n.Lo + time.Duration(exact.Mix(q.ID<<20^nth)%width)*time.Millisecond
}
