package supernode

import (
	"math"
	"net/netip"
	"slices"
	"time"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/search"
)

const (
	// slotBits is how many low bits of a document's id are the file's slot in the
	// list; those above are the list's number.
	slotBits = 20
	// What a list and a file take beside its record: measured by BenchmarkLists.
	listBytes = 512
	fileBytes = 88
	// minDead is how many bytes of records that are no more are not worth moving
	// the others for.
	minDead = 16 << 10
)

// list is what a leaf has told of its files: the records as they came, packed.
type list struct {
	number     uint64 // not used for another list
	id         protocol.GUID
	host       netip.Addr // of the leaf
	link       uint32     // of the leaf, while it is present
	present    bool
	firewalled bool // its leaf cannot be connected to
	fading     bool
	until      time.Duration // when it is forgotten, unless present

	digest protocol.ListDigest // of the records as they are
	whole  bool                // the leaf has had just these
	change *change             // that was asked for; nil: none

	arena  []byte
	dead   int // bytes of arena that are no record
	slots  []slot
	free   uint32            // the first slot that is free, plus one
	places map[uint32]uint32 // slot by index
}

// slot is where a file is. Its place in list.slots is the low part of its
// document's id, and stays.
type slot struct {
	at   uint32 // of the record in the arena; of a free one, the next that is free plus one
	size uint16 // 0: free
	hash bool   // the file is in the list of its content, between
	prev search.DocID
	next search.DocID
}

// change is how a list becomes another one.
type change struct {
	whole bool // what it does not put is no more
	again bool // the first attempt has led to another digest than it should
	begun bool
	left  int    // entries that may come
	seen  []bool // whole: by slot, of those that were there when it began
}

func (l *list) doc(slot uint32) search.DocID {
	return search.DocID(l.number<<slotBits | uint64(slot))
}

func (l *list) bytes() int64 {
	return int64(cap(l.arena)) + int64(cap(l.slots))*fileBytes + listBytes
}

func (l *list) record(slot uint32) []byte {
	s := &l.slots[slot]
	return l.arena[s.at:][:s.size]
}

func (l *list) file(slot uint32) protocol.ListFile {
	f, err := protocol.ParseListFile(l.record(slot))
	if err != nil {
		panic("supernode: a record that was read before: " + err.Error())
	}
	return f
}

// take returns a free slot.
func (l *list) take() uint32 {
	if l.free == 0 {
		l.slots = append(l.slots, slot{})
		return uint32(len(l.slots) - 1)
	}
	n := l.free - 1
	l.free = l.slots[n].at
	return n
}

// give makes a slot free.
func (l *list) give(n uint32) {
	l.slots[n] = slot{at: l.free}
	l.free = n + 1
}

// store writes a record into a slot without one.
func (l *list) store(n uint32, record []byte) {
	l.slots[n] = slot{at: uint32(len(l.arena)), size: uint16(len(record))}
	l.arena = append(l.arena, record...)
	l.digest.Add(record)
}

// drop leaves a slot without its record.
func (l *list) drop(n uint32) {
	l.digest.Remove(l.record(n))
	l.dead += int(l.slots[n].size)
	l.slots[n] = slot{}
	if l.dead > minDead && l.dead > len(l.arena)/2 {
		l.pack()
	}
}

// pack moves the records together.
func (l *list) pack() {
	arena := make([]byte, 0, len(l.arena)-l.dead)
	for i := range l.slots {
		if s := &l.slots[i]; s.size > 0 {
			at := uint32(len(arena))
			arena = append(arena, l.arena[s.at:][:s.size]...)
			s.at = at
		}
	}
	l.arena, l.dead = arena, 0
}

// fit gives back the room that a list which has grown would not use.
func (l *list) fit() {
	if l.dead > len(l.arena)/4 {
		l.pack()
	}
	if cap(l.arena) > len(l.arena)+len(l.arena)/8 {
		l.arena = slices.Clone(l.arena)
	}
	if cap(l.slots) > len(l.slots)+len(l.slots)/8 {
		l.slots = slices.Clone(l.slots)
	}
}

// full says whether a record of this size would not fit into the arena.
func (l *list) full(size int) bool { return uint64(len(l.arena)+size) > math.MaxUint32 }
