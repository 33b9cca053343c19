package journal

import (
	"encoding/binary"
	"hash/crc32"
	"math"

	"github.com/seed282dab8e/servent/protocol/tiger"
)

const (
	// A record is a checksum, the bytes after that and the next field, a number that
	// is one more than that of the record before, what is in it, how many blocks, and
	// the blocks. A base may end with the root of the tree and its nodes.
	recordHead = sumSize + 4 + recordMin
	recordMin  = 8 + 1 + 4
	blockSize  = 4 + tiger.Size

	maxSeq = math.MaxInt64 // never reached, and the next one is a number still

	hasBase = 1 // it tells the whole state; only the first of a half does
	hasTree = 2
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// record is one entry of a half.
type record struct {
	seq    uint64
	base   bool
	blocks []Block
	root   tiger.Digest
	level  []tiger.Digest // nil: no tree
}

// appendRecord writes r. The checksum goes on from that of the head, so that a record
// of another journal is none here.
func appendRecord(b []byte, seed uint32, r record) []byte {
	at := len(b)
	b = append(b, make([]byte, sumSize+4)...)
	b = binary.LittleEndian.AppendUint64(b, r.seq)
	var flags byte
	if r.base {
		flags |= hasBase
	}
	if r.level != nil {
		flags |= hasTree
	}
	b = append(b, flags)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(r.blocks)))
	for _, block := range r.blocks {
		b = binary.LittleEndian.AppendUint32(b, uint32(block.Index))
		b = append(b, block.Root[:]...)
	}
	if r.level != nil {
		b = append(b, r.root[:]...)
		for _, node := range r.level {
			b = append(b, node[:]...)
		}
	}
	binary.LittleEndian.PutUint32(b[at+sumSize:], uint32(len(b)-at-sumSize-4))
	binary.LittleEndian.PutUint32(b[at:], sumRecord(b[at:], seed))
	return b
}

// sumRecord returns the checksum that a record should begin with.
func sumRecord(b []byte, seed uint32) uint32 { return crc32.Update(seed, castagnoli, b[sumSize:]) }

// parseRecord reads the record at the beginning of b, of a file with that many blocks.
func parseRecord(b []byte, seed uint32, blocks int) (r record, rest []byte, ok bool) {
	if len(b) < recordHead {
		return record{}, b, false
	}
	size := binary.LittleEndian.Uint32(b[sumSize:])
	if uint64(size) > uint64(len(b)-sumSize-4) || size < recordMin {
		return record{}, b, false
	}
	body, rest := b[sumSize+4:sumSize+4+size], b[sumSize+4+size:]
	if sumRecord(b[:sumSize+4+size], seed) != binary.LittleEndian.Uint32(b) {
		return record{}, b, false
	}
	flags, count := body[8], uint64(binary.LittleEndian.Uint32(body[9:]))
	want := recordMin + count*blockSize
	if flags&hasTree != 0 {
		want += tiger.Size + uint64(blocks)*tiger.Size
	}
	seq := binary.LittleEndian.Uint64(body)
	if seq > maxSeq || flags&^(hasBase|hasTree) != 0 || uint64(size) != want {
		return record{}, b, false
	}
	r = record{seq: seq, base: flags&hasBase != 0, blocks: make([]Block, count)}
	body = body[recordMin:]
	for i := range r.blocks {
		r.blocks[i].Index = int(binary.LittleEndian.Uint32(body))
		body = body[4:]
		body = body[copy(r.blocks[i].Root[:], body):]
	}
	if flags&hasTree != 0 {
		body = body[copy(r.root[:], body):]
		r.level = make([]tiger.Digest, blocks)
		for i := range r.level {
			body = body[copy(r.level[i][:], body):]
		}
	}
	return r, rest, true
}

// replay reads a half: what it says, the number of its last record, and the rest
// from which on it says nothing. The number is 0 where there is not even a base.
func replay(half []byte, seed uint32, h Head) (seq uint64, s state, rest []byte) {
	s, rest = newState(h), half
	for {
		r, after, ok := parseRecord(rest, seed, len(s.has))
		if !ok || r.base != (seq == 0) || seq != 0 && r.seq != seq+1 || !s.apply(r, h) {
			return seq, s, rest
		}
		seq, rest = r.seq, after
	}
}

// apply adds what a record says, all or nothing, and reports whether it can be true:
// blocks that the file has, in order, none twice, and all as a tree that fits says.
func (s *state) apply(r record, h Head) bool {
	if r.base {
		s.root, s.level = r.root, r.level
	}
	if r.level != nil && (!r.base || h.misfit(r.root, r.level) != "") {
		return false
	}
	next := 0
	for _, b := range r.blocks {
		if b.Index < next || b.Index >= len(s.has) || s.has[b.Index] || !s.agrees(b) {
			return false
		}
		next = b.Index + 1
	}
	for _, b := range r.blocks {
		s.add(b)
	}
	return true
}
