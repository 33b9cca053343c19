package protocol

import (
	"encoding/binary"
	"math/bits"
)

// Query routing messages (section 10): a RESET, then one sequence of
// PATCHes or more. The first byte of the payload tells which it is.
const (
	variantReset = 0x00
	variantPatch = 0x01

	resetSize   = 6
	patchHeader = 5
)

// Compressors of a RoutePatch.
const (
	PatchPlain = 0
	PatchZlib  = 1
)

// Reset is the QRP message that empties a route table and fixes its size.
type Reset struct {
	Slots    uint32 // a power of two, 1<<MaxTableBits at most
	Infinity uint8  // what an empty slot holds; 1 at least
}

// ParseReset reads a QRP payload of variant RESET.
func ParseReset(b []byte) (Reset, error) {
	if len(b) < resetSize {
		return Reset{}, &Error{Truncated, "qrp reset"}
	}
	if len(b) > resetSize || b[0] != variantReset {
		return Reset{}, &Error{Malformed, "qrp reset"}
	}
	r := Reset{Slots: binary.LittleEndian.Uint32(b[1:]), Infinity: b[5]}
	if bits.OnesCount32(r.Slots) != 1 {
		return Reset{}, &Error{Malformed, "qrp table size"}
	}
	if r.Slots > 1<<MaxTableBits {
		return Reset{}, &Error{TooLarge, "qrp table size"}
	}
	if r.Infinity == 0 {
		return Reset{}, &Error{Malformed, "qrp infinity"}
	}
	return r, nil
}

// Append writes r to the end of b.
func (r Reset) Append(b []byte) []byte {
	b = append(b, variantReset)
	b = binary.LittleEndian.AppendUint32(b, r.Slots)
	return append(b, r.Infinity)
}

// RoutePatch is one part of a sequence that changes a route table. Which
// sequences are lawful is for TableReceiver to say.
type RoutePatch struct {
	Seq, Of    uint8 // part Seq of Of, counted from 1
	Compressor uint8 // PatchPlain, or PatchZlib over the data of the whole sequence
	Bits       uint8 // 1, 4 or 8 bits an entry
	Data       []byte
}

// ParseRoutePatch reads a QRP payload of variant PATCH. Data aliases b.
func ParseRoutePatch(b []byte) (RoutePatch, error) {
	if len(b) < patchHeader {
		return RoutePatch{}, &Error{Truncated, "qrp patch"}
	}
	if b[0] != variantPatch {
		return RoutePatch{}, &Error{Malformed, "qrp patch"}
	}
	return RoutePatch{Seq: b[1], Of: b[2], Compressor: b[3], Bits: b[4], Data: b[patchHeader:]}, nil
}

// Append writes p to the end of b.
func (p RoutePatch) Append(b []byte) []byte {
	b = append(b, variantPatch, p.Seq, p.Of, p.Compressor, p.Bits)
	return append(b, p.Data...)
}
