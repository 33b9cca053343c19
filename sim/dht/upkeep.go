package dht

import (
	"time"

	"github.com/seed282dab8e/servent/sim/exact"
)

// Care is what the upkeep of a table depends on. The defaults of New are those
// that papers and programs of the time name.
type Care struct {
	Nodes   int
	Session time.Duration // mean; as many nodes come as leave
	Keys    float64       // that each node has published
	Copies  int           // nodes that hold a key

	Period  time.Duration // between two looks after the neighbours on the ring: Chord 30 s
	Probe   time.Duration // between two looks at a table entry, or refreshes of a bucket
	Publish time.Duration // between two times that a key is published: Kademlia 1 h
}

// NewCare has neighbours looked after every 30 s, each entry of tables every
// 20 min, buckets and keys once an hour, and keys in 3 copies.
func NewCare(nodes int, session time.Duration, keys float64) Care {
	return Care{nodes, session, keys, 3, 30 * time.Second, 20 * time.Minute, time.Hour}
}

// Traffic is what a node sends in a second. A message has 40 bytes of its own,
// and 26 for each node (identifier of 20, address of 6) or [EntryBytes] for each
// entry that it carries.
type Traffic struct{ Messages, Bytes float64 }

// Upkeep is what it costs to be in the table while nobody looks anything up.
type Upkeep struct {
	Tables  Traffic // neighbours and entries
	Joins   Traffic // of new nodes, in the place of those that have left
	Publish Traffic // publishing keys, again and again
	Move    Traffic // of keys to nodes that come, or in the place of those that leave
}

// Total sums the parts.
func (u Upkeep) Total() Traffic {
	var t Traffic
	for _, p := range []Traffic{u.Tables, u.Joins, u.Publish, u.Move} {
		t.Messages += p.Messages
		t.Bytes += p.Bytes
	}
	return t
}

const (
	messageBytes = 40
	nodeBytes    = 26
)

// sent is messages a second, and of nodes and entries that they carry.
func sent(messages, nodes, entries float64) Traffic {
	return Traffic{messages, float64(messages*messageBytes) + float64(nodes*nodeBytes) + float64(entries*EntryBytes)}
}

func (c Care) rate(d time.Duration) float64 { return 1 / d.Seconds() }

// keys is the part that does not depend on the table: a key that is published
// takes one lookup and a message to each node that holds it. A node that comes
// gets the keys that are now its own, in one message from each node that had
// them, and one that leaves is made up for in the same way.
func (c Care) keys(lookup float64) (publish, move Traffic) {
	copies := float64(c.Copies)
	each := c.Keys * c.rate(c.Publish)
	publish = sent(each*(lookup+copies), 0, each*copies)
	comings := c.rate(c.Session)
	move = sent(2*comings*copies, 0, 2*comings*copies*c.Keys)
	return publish, move
}

// Upkeep of a Chord node, each Period: two messages to ask its successor for
// another (the answer has the list), one to tell it of itself, two to see that
// its predecessor is there, and one finger renewed, which takes half of log2 n
// hops (Stoica et al. 2001, section 4.4). A node that comes takes one lookup,
// and two messages for its successor's list and fingers.
func (c *Chord) Upkeep(care Care) Upkeep {
	log := exact.Log2(float64(care.Nodes))
	lookup := log + 2
	list := float64(c.successors)
	each, comings := care.rate(care.Period), care.rate(care.Session)
	u := Upkeep{
		Tables: sent(each*(5+log), each*(list+log), 0),
		Joins:  sent(comings*(lookup+2), comings*(lookup+list+log), 0),
	}
	u.Publish, u.Move = care.keys(lookup)
	return u
}

// Upkeep of a Kademlia node: each bucket that saw no lookup in three Probes (an
// hour) is refreshed by one; a node that comes looks up itself and refreshes its
// buckets; keys go to k nodes, and once an hour one of those publishes them
// (Maymounkov, Mazières 2002, sections 2.3 and 2.5). Care.Copies is k here.
func (t *Kademlia) Upkeep(care Care) Upkeep {
	care.Copies = t.k
	buckets := exact.Log2(float64(care.Nodes))
	asked := float64(t.k) + buckets/KademliaBits(t.k) // nodes, of which k are the nearest
	lookup := 2 * asked
	each := buckets * care.rate(3*care.Probe)
	comings := care.rate(care.Session) * (1 + buckets)
	u := Upkeep{
		Tables: sent(each*lookup, each*asked*float64(t.k), 0),
		Joins:  sent(comings*lookup, comings*asked*float64(t.k), 0),
	}
	u.Publish, u.Move = care.keys(lookup)
	nodes := care.Keys * care.rate(care.Publish) * asked * float64(t.k)
	u.Publish.Bytes += float64(nodes * nodeBytes)
	return u
}

// Upkeep of a Pastry node: one message to each of its leaf set each Period, and
// each Probe it asks one node of every row for that row. One that comes gets a
// row from each node on the way to its place and tells all nodes that it knows;
// one that leaves costs each of its leaf set a leaf set from another (Rowstron,
// Druschel 2001, sections 2.4 and 2.5).
func (t *Pastry) Upkeep(care Care) Upkeep {
	rows := float64(exact.Log2(float64(care.Nodes)) / digit)
	const row = 1<<digit - 1
	leaves, way := float64(2*t.half), float64(row*rows)
	comings := care.rate(care.Session)
	u := Upkeep{
		Tables: sent(float64(care.rate(care.Period)*leaves)+float64(2*care.rate(care.Probe)*rows), care.rate(care.Probe)*rows*row, 0),
		Joins:  sent(comings*(float64(2*rows)+way+float64(3*leaves)), comings*(float64(2*way)+leaves+float64(leaves*leaves)), 0),
	}
	u.Publish, u.Move = care.keys(2 * rows)
	return u
}

// Upkeep of a Plaxton node: each entry, backups included, is asked each Probe
// whether it is there; there is no ring to look after. One that comes gets a
// level of entries from each node on the way to its place, and tells all that
// it knows (Zhao et al. 2001, sections 3 and 4).
func (t *Plaxton) Upkeep(care Care) Upkeep {
	levels := float64(exact.Log2(float64(care.Nodes)) / digit)
	entries := float64((1<<digit - 1) * levels * float64(t.backups))
	comings := care.rate(care.Session)
	u := Upkeep{
		Tables: sent(2*care.rate(care.Probe)*entries, 0, 0),
		Joins:  sent(comings*(float64(2*levels)+entries), comings*2*entries, 0),
	}
	u.Publish, u.Move = care.keys(2 * levels)
	return u
}

// Stale is the part of the entries that are dead when each is looked at once in
// a period: of the peers that were there at the last look, those that have left
// since. residual is the part of peers that leave within a time, averaged over
// the period in a hundred steps.
func Stale(period time.Duration, residual func(time.Duration) float64) float64 {
	const steps = 100
	sum := 0.0
	for i := range steps {
		sum += residual(period * time.Duration(2*i+1) / (2 * steps))
	}
	return sum / steps
}
