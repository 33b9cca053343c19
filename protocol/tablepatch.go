package protocol

import (
	"bytes"
	"encoding/binary"
	"hash/adler32"
	"math/bits"

	"github.com/klauspost/compress/flate"
)

// What AppendPatch sends. Everybody understands 4-bit entries; gtk-gnutella
// misapplies 1-bit ones. The infinities are those whose deltas fit 4 bits.
const (
	sentBits    = 4
	minInfinity = 2
	maxInfinity = 8
	patchChunk  = 4096 // data bytes in a PATCH, as LimeWire sends them
	maxParts    = 255
)

// zlibHeader says: deflate, 32 KiB window, fastest.
const zlibHeader = "\x78\x01"

// AppendPatch appends to dst the QRP payloads that turn prev into t at a
// receiver that holds prev: one sequence of 4-bit zlib PATCHes with what has
// changed, or nothing when nothing has. Where prev is nil or of another size, a
// RESET comes first and the sequence is sent even for an empty table, since a
// peer routes by whole sequences only. Infinity, which must stay the same for
// a link, is brought into 2 to 8.
func (t *RouteTable) AppendPatch(dst [][]byte, prev *RouteTable, infinity uint8) [][]byte {
	infinity = min(max(infinity, minInfinity), maxInfinity)
	switch {
	case prev == nil || prev.shift != t.shift:
		dst = append(dst, Reset{Slots: uint32(t.size()), Infinity: infinity}.Append(nil))
		prev = nil
	case t.Equal(prev):
		return dst
	}
	return appendParts(dst, deflate(t.deltas(prev, infinity)))
}

// deltas returns the 4-bit entries that turn prev, or an empty table when nil,
// into t. The even slot has the high nibble.
func (t *RouteTable) deltas(prev *RouteTable, infinity uint8) []byte {
	appears, vanishes := 0x10-infinity+1, infinity-1 // 1-infinity in 4 bits, and back
	out := make([]byte, (t.size()+1)/2)
	for i, w := range t.slots {
		changed := w
		if prev != nil {
			changed ^= prev.slots[i]
		}
		for ; changed != 0; changed &= changed - 1 {
			bit := bits.TrailingZeros64(changed)
			delta := vanishes
			if w>>bit&1 != 0 {
				delta = appears
			}
			slot := i*wordBits + bit
			out[slot/2] |= delta << (4 * (1 - slot%2))
		}
	}
	return out
}

// deflate returns b as a zlib stream. The deflater is one that keeps no window
// for itself: a table is compressed seldom, and a servent has many links.
func deflate(b []byte) []byte {
	var out bytes.Buffer
	out.WriteString(zlibHeader)
	_ = flate.StatelessDeflate(&out, b, true, nil) // fails only where the buffer does, and that panics
	return binary.BigEndian.AppendUint32(out.Bytes(), adler32.Checksum(b))
}

// appendParts cuts data into the PATCHes of one sequence.
func appendParts(dst [][]byte, data []byte) [][]byte {
	chunk := max(patchChunk, (len(data)+maxParts-1)/maxParts)
	of := (len(data) + chunk - 1) / chunk
	for seq := 1; len(data) > 0; seq++ {
		n := min(chunk, len(data))
		p := RoutePatch{
			Seq: uint8(seq), Of: uint8(of), Compressor: PatchZlib, Bits: sentBits,
			Data: data[:n],
		}
		dst = append(dst, p.Append(make([]byte, 0, patchHeader+n)))
		data = data[n:]
	}
	return dst
}
