package leaves

import (
	"maps"
	"slices"
	"sync"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/supernode"
)

// maxInbox and maxInboxBytes bound what waits to be read.
const (
	maxInbox      = 1 << 16
	maxInboxBytes = 64 << 20
	eventBytes    = 128
)

// event is what a leaf has said, or that it has gone.
type event struct {
	link  uint32
	offer *offer
	part  *protocol.ListPart
}

// offer is a list that a leaf has.
type offer struct {
	leaf   supernode.Leaf
	digest protocol.ListDigest
	files  uint32
}

func (e event) bytes() int {
	if e.part == nil {
		return eventBytes
	}
	return eventBytes + len(e.part.Deflated)
}

// inbox takes events from whoever must not wait. A leaf whose event has no room is
// noted instead, and what it says after that is left out until it was told so.
type inbox struct {
	wake chan struct{}

	mu     sync.Mutex
	events []event
	bytes  int
	lost   map[uint32]bool // links
	drops  uint64
}

func newInbox() inbox {
	return inbox{wake: make(chan struct{}, 1), lost: make(map[uint32]bool)}
}

func (b *inbox) put(e event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	gone := e.offer == nil && e.part == nil
	switch full := len(b.events) >= maxInbox || b.bytes+e.bytes() > maxInboxBytes; {
	case gone: // there are two for each link at most
		delete(b.lost, e.link)
	case full || b.lost[e.link]:
		b.lost[e.link] = true
		b.drops++
		return
	}
	b.events = append(b.events, e)
	b.bytes += e.bytes()
	b.nudge()
}

// nudge wakes who empties the inbox.
func (b *inbox) nudge() {
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// take empties the inbox. lost are leaves of which it has not all.
func (b *inbox) take() (events []event, lost []uint32) {
	b.mu.Lock()
	defer b.mu.Unlock()
	events, lost = b.events, slices.Sorted(maps.Keys(b.lost))
	b.events, b.bytes = nil, 0
	clear(b.lost)
	return events, lost
}

func (b *inbox) overrun() uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.drops
}

// Offer takes in that a leaf offers the list of digest, of so many files. A link's
// number is never used again. Neither this nor Part nor Gone waits for anything.
func (x *Index) Offer(leaf supernode.Leaf, digest protocol.ListDigest, files uint32) {
	x.inbox.put(event{link: leaf.Link, offer: &offer{leaf, digest, files}})
}

// Part takes in a part of the list of the leaf on link. It copies what it keeps.
func (x *Index) Part(link uint32, p protocol.ListPart) {
	p.Deflated = slices.Clone(p.Deflated)
	x.inbox.put(event{link: link, part: &p})
}

// Gone says that a link has ended, whatever has come by it, or that its leaf gives no
// list by it any more.
func (x *Index) Gone(link uint32) { x.inbox.put(event{link: link}) }
