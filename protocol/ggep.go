package protocol

import (
	"bytes"
	"compress/zlib"
	"errors"
	"io"
	"strings"
)

// Limits of a GGEP item in bytes (section 9).
const (
	MaxGGEPID       = 15        // of an id
	MaxGGEPData     = 1<<18 - 1 // of data, as it is on the wire
	MaxGGEPInflated = 1 << 20   // of data, once it is no longer compressed
)

// ggepMagic begins a GGEP block.
const ggepMagic = 0xc3

// Bits of the byte that begins a GGEP item. The rest of it is the id's length.
const (
	ggepLast     = 0x80
	ggepCOBS     = 0x40
	ggepDeflate  = 0x20
	ggepReserved = 0x10
)

// Bits of a byte of a GGEP length. The rest of it are six bits of the length.
const (
	ggepMore    = 0x80
	ggepFinal   = 0x40
	maxGGEPSize = 3 // bytes
)

// GGEP is one named extension inside a message (section 9).
type GGEP struct {
	ID            string // 1 to MaxGGEPID bytes, no NUL
	COBS, Deflate bool   // how Raw is encoded
	Raw           []byte // as on the wire: see Data
}

// NewGGEP returns an extension that holds data, which it aliases.
func NewGGEP(id string, data []byte) GGEP { return GGEP{ID: id, Raw: data} }

// ForHit returns g in the form it needs inside a hit record, where nothing may be
// NUL: COBS encoded if there is a NUL in it.
func (g GGEP) ForHit() GGEP {
	if !g.COBS && bytes.IndexByte(g.Raw, 0) >= 0 {
		g.Raw, g.COBS = encodeCOBS(g.Raw), true
	}
	return g
}

// Data returns what the extension holds, with COBS and compression undone, and an
// error when that is more than limit bytes. Compressed data is read no further
// than that, nor further than MaxGGEPInflated. The result aliases Raw when that is
// plain.
func (g GGEP) Data(limit int) ([]byte, error) {
	data := g.Raw
	if g.COBS {
		plain, ok := decodeCOBS(data)
		if !ok {
			return nil, &Error{Malformed, "ggep cobs"}
		}
		data = plain
	}
	if g.Deflate {
		return inflate(data, min(limit, MaxGGEPInflated))
	}
	if len(data) > limit {
		return nil, &Error{TooLarge, "ggep data"}
	}
	return data, nil
}

// inflate returns at most limit bytes that are compressed in data.
func inflate(data []byte, limit int) ([]byte, error) {
	z, err := zlib.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, &Error{Malformed, "ggep deflate"}
	}
	plain, err := io.ReadAll(io.LimitReader(z, int64(limit)+1))
	switch {
	case len(plain) > limit:
		return nil, &Error{TooLarge, "ggep data"}
	case errors.Is(err, io.ErrUnexpectedEOF):
		return nil, &Error{Truncated, "ggep deflate"}
	case err != nil:
		return nil, &Error{Malformed, "ggep deflate"}
	}
	return plain, nil
}

// writable reports whether g can be written at all.
func (g GGEP) writable() bool {
	return len(g.ID) >= 1 && len(g.ID) <= MaxGGEPID && len(g.Raw) <= MaxGGEPData &&
		strings.IndexByte(g.ID, 0) < 0
}

// AppendGGEP writes one block with all items to the end of b. An item with a bad
// id or more than MaxGGEPData bytes has no encoding and is left out; no items are
// no block.
func AppendGGEP(b []byte, items ...GGEP) []byte {
	start, last := len(b), -1
	b = append(b, ggepMagic)
	for _, g := range items {
		if !g.writable() {
			continue
		}
		last = len(b)
		b = g.append(b)
	}
	if last < 0 {
		return b[:start]
	}
	b[last] |= ggepLast
	return b
}

// append writes g as an item that is not the last one.
func (g GGEP) append(b []byte) []byte {
	flags := byte(len(g.ID))
	if g.COBS {
		flags |= ggepCOBS
	}
	if g.Deflate {
		flags |= ggepDeflate
	}
	b = append(b, flags)
	b = append(b, g.ID...)
	n := len(g.Raw)
	if n >= 1<<12 {
		b = append(b, ggepMore|byte(n>>12))
	}
	if n >= 1<<6 {
		b = append(b, ggepMore|byte(n>>6&0x3f))
	}
	b = append(b, ggepFinal|byte(n&0x3f))
	return append(b, g.Raw...)
}

// rawGGEP is an item as it sits in a message, before its id becomes a string.
type rawGGEP struct {
	flags    byte
	id, data []byte
}

// item returns r under the id that it has.
func (r rawGGEP) item(id string) GGEP {
	return GGEP{
		ID:      id,
		COBS:    r.flags&ggepCOBS != 0,
		Deflate: r.flags&ggepDeflate != 0,
		Raw:     r.data,
	}
}

// cut takes the item at the start of b, behind the magic or another item.
func (r *rawGGEP) cut(b []byte) (rest []byte, ok bool) {
	if len(b) == 0 {
		return nil, false
	}
	r.flags = b[0]
	n := int(b[0] & 0x0f)
	if n == 0 || r.flags&ggepReserved != 0 || len(b) < 1+n {
		return nil, false
	}
	r.id, b = b[1:1+n], b[1+n:]
	for _, c := range r.id { // quicker than to look for it with package bytes, so short are ids
		if c == 0 {
			return nil, false
		}
	}
	size, b, ok := cutGGEPSize(b)
	if !ok || size > len(b) {
		return nil, false
	}
	r.data = b[:size:size]
	return b[size:], true
}

// cutGGEPSize takes a length of one to three bytes.
func cutGGEPSize(b []byte) (size int, rest []byte, ok bool) {
	for i := 0; i < maxGGEPSize && i < len(b); i++ {
		size = size<<6 | int(b[i]&0x3f)
		switch b[i] & (ggepMore | ggepFinal) {
		case ggepFinal:
			return size, b[i+1:], true
		case ggepMore:
		default:
			return 0, nil, false
		}
	}
	return 0, nil, false
}
