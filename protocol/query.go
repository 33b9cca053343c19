package protocol

import (
	"bytes"
	"encoding/binary"
	"iter"
)

// QueryFlags is the first field of a query (section 7): sixteen bits, of which
// the low eight are the number of hits wanted.
type QueryFlags uint16

// The query flags. They mean something only beside FlagMarker: see Has.
const (
	FlagMarker     QueryFlags = 1 << 15 // the field is flags, not a speed
	FlagFirewalled QueryFlags = 1 << 14 // the searcher cannot be connected to
	FlagXML        QueryFlags = 1 << 13 // wants XML in hits
	FlagLeafGuided QueryFlags = 1 << 12 // answers query status requests
	FlagGGEPH      QueryFlags = 1 << 11 // understands GGEP H
	FlagOOB        QueryFlags = 1 << 10 // wants hits out of band
	FlagFWT        QueryFlags = 1 << 9  // can transfer firewall to firewall
	FlagSRUDP      QueryFlags = 1 << 8  // accepts semi-reliable UDP
)

// Has reports whether the field holds flags and all bits of flag are set.
func (f QueryFlags) Has(flag QueryFlags) bool {
	return f&FlagMarker != 0 && f&flag == flag
}

// MaxHits returns how many hits are wanted, 0 for any number.
func (f QueryFlags) MaxHits() uint8 {
	if f&FlagMarker == 0 {
		return 0
	}
	return uint8(f)
}

// querySize is the smallest query: flags and the NUL of an empty text.
const querySize = 3

// Query searches for files (section 7).
type Query struct {
	Flags QueryFlags
	Text  []byte // the words to search, without NUL
	Ext   []byte // extension area, with the NUL that some servents add
}

// ParseQuery reads a query payload. Text and Ext alias b.
func ParseQuery(b []byte) (Query, error) {
	if err := checkSize(KindQuery, b, querySize); err != nil {
		return Query{}, err
	}
	text, ext, ok := bytes.Cut(b[2:], nul)
	if !ok {
		return Query{}, &Error{Truncated, "query text"}
	}
	return Query{Flags: QueryFlags(binary.BigEndian.Uint16(b)), Text: text, Ext: ext}, nil
}

// Append writes q to the end of b. A NUL in Text ends it.
func (q Query) Append(b []byte) []byte {
	b = binary.BigEndian.AppendUint16(b, uint16(q.Flags))
	b = appendUntilNUL(b, q.Text)
	b = append(b, 0)
	return append(b, q.Ext...)
}

// URNs returns the URNs that the query asks for; a file that has one of them is
// a hit, whatever the text says.
func (q Query) URNs() iter.Seq[URN] {
	return func(yield func(URN) bool) {
		for p := (extParser{rest: q.Ext}); p.next(); {
			if u, ok := p.urn(); ok && !yield(u) {
				return
			}
		}
	}
}
