// Package dht holds distributed hash tables as simulations need them: who owns
// a key, which nodes a lookup asks on its way, and what it costs when some of
// them have left: [Chord], [Kademlia], [Pastry] and [Plaxton]. On top of any of
// them stands a prefix hash tree ([Tree]), which finds keys by prefix and range.
//
// Node tables are not stored. Each follows from the sorted identifiers, and
// from a hash where a real node would have the choice, so a million nodes take
// some 16 MB. They are the tables of a network at rest: complete, and correct
// until nodes leave. The package is pure.
package dht

import "github.com/seed282dab8e/servent/sim/exact"

// ID is where a node or a key stands in the identifier space, which is a ring
// of 2^64. (Published systems have 128 or 160 bits; the rest of them only keeps
// apart what 64 bits keep apart for up to millions of nodes.)
type ID uint64

// Overlay is one distributed hash table of the nodes 0 to Len()-1, in the order
// of their identifiers. It never changes, so any number of goroutines may use
// it, each with a [Path] of its own.
type Overlay interface {
	// Name is what tables call it: "Chord".
	Name() string
	// Len returns the number of nodes, those that have left included.
	Len() int
	// Owner returns the node that is responsible for key among those that are
	// up; -1 when none is.
	Owner(key ID, dead Dead) int32
	// Lookup runs one lookup from a node that is up, and writes down in p what
	// it did. Tables are as they were before the dead ones left.
	Lookup(from int32, key ID, dead Dead, p *Path)
	// Entries returns how many table entries the node has.
	Entries(node int32) int
	// Upkeep is what a node pays for being there.
	Upkeep(c Care) Upkeep
}

// Holders returns the nodes that a key with copies is on while all are up: its
// owner, whoever would be the owner without that one, and so on.
func Holders(o Overlay, key ID, copies int, dst []int32) []int32 {
	gone := make(Dead, o.Len())
	for range min(copies, o.Len()) {
		v := o.Owner(key, gone)
		gone[v] = true
		dst = append(dst, v)
	}
	return dst
}

// Dead says which nodes have left without a word; nil: none.
type Dead []bool

func (d Dead) has(v int32) bool { return d != nil && d[v] }

// Path is what one lookup did. It may be used again, and then keeps its memory.
type Path struct {
	// Hops is how many nodes were asked one because of the other until the
	// owner was, the owner included: the time that a lookup takes, in round
	// trips. 0 when the asker owns the key.
	Hops int
	// Asked has every node that a request was sent to, in order, those that
	// did not answer included.
	Asked []int32
	// Timeouts is how many of Asked had left.
	Timeouts int
	// Owner is where the lookup ended; -1 when it knew no way on. Found is
	// that this is the right node among those that are up.
	Owner int32
	Found bool

	tried []int32 // of the dead, so that each is found dead once
	seen  []contact
}

// Messages is the requests and the answers to them.
func (p *Path) Messages() int { return 2*len(p.Asked) - p.Timeouts }

func (p *Path) reset() {
	*p = Path{Asked: p.Asked[:0], Owner: -1, tried: p.tried[:0], seen: p.seen[:0]}
}

// ask sends a request to v and says whether it answers. Who is found dead is
// not asked again: the asker runs the whole lookup and remembers.
func (p *Path) ask(v int32, dead Dead) bool {
	for _, t := range p.tried {
		if t == v {
			return false
		}
	}
	p.Asked = append(p.Asked, v)
	if dead.has(v) {
		p.Timeouts++
		p.tried = append(p.tried, v)
		return false
	}
	return true
}

// Hash spreads x over the identifier space. It stands in for the cryptographic
// hash of real systems.
func Hash(x uint64) ID { return ID(exact.Mix(x)) }
