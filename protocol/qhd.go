package protocol

import (
	"bytes"
	"encoding/binary"
)

// HitFlags tell the state of the servent that answers.
type HitFlags uint8

// The flags of a hit, as they are meant: in the two bytes on the wire HitPush is
// written the other way round than the rest (section 8).
const (
	HitPush     HitFlags = 0x01 // cannot be connected to: send a push
	HitBusy     HitFlags = 0x04 // has no free upload slot
	HitUploaded HitFlags = 0x08 // has uploaded a file before
	HitMeasured HitFlags = 0x10 // Speed was measured
	HitGGEP     HitFlags = 0x20 // there is GGEP in Private
)

// hitValued are the flags whose value is in the second byte.
const hitValued = HitBusy | HitUploaded | HitMeasured | HitGGEP

// Parts of a trailer.
const (
	vendorSize  = 4
	qhdHead     = vendorSize + 1
	openFlags   = 2 // bytes of open data that hold flags
	openXMLSize = 4 // bytes of open data when they tell a size of XML too
)

// QHD is the trailer of a query hit (section 8).
type QHD struct {
	Vendor  string // four characters
	Flags   HitFlags
	Open    []byte // open data as on the wire; nil to have it written from Flags
	Private []byte // what follows it: see Ext
}

// parseQHD reads a trailer, which the result aliases.
func parseQHD(b []byte) (QHD, bool) {
	if len(b) < qhdHead {
		return QHD{}, false
	}
	rest := b[qhdHead:]
	n := int(b[vendorSize])
	if n > len(rest) {
		return QHD{}, false
	}
	q := QHD{Vendor: knownName(b[:vendorSize]), Open: rest[:n:n], Private: rest[n:]}
	if n >= openFlags {
		// Each flag has a "valid" bit in one byte and its value in the other,
		// so both set is set, whichever is which.
		q.Flags = HitFlags(q.Open[0]&q.Open[1]) & (HitPush | hitValued)
	}
	return q, true
}

// Append writes q to the end of b.
func (q QHD) Append(b []byte) []byte {
	var vendor [vendorSize]byte
	copy(vendor[:], q.Vendor)
	b = append(b, vendor[:]...)
	if q.Open != nil {
		b = append(b, byte(len(q.Open)))
		b = append(b, q.Open...)
	} else {
		b = append(b, openFlags, byte(hitValued|q.Flags&HitPush), byte(HitPush|q.Flags&hitValued))
	}
	return append(b, q.Private...)
}

// Ext returns the extension area inside Private: from the first GGEP block on,
// without the XML at the end.
func (q QHD) Ext() []byte {
	area := q.Private
	if len(q.Open) >= openXMLSize {
		xml := int(binary.LittleEndian.Uint16(q.Open[openFlags:]))
		area = area[:max(0, len(area)-xml)]
	}
	start := bytes.IndexByte(area, ggepMagic)
	if start < 0 {
		return nil
	}
	return area[start:]
}
