package protocol

import (
	"encoding/binary"
	"iter"
	"net/netip"
)

// Fixed parts of a hit: before the records, and the GUID at the very end.
const (
	hitHead = 11
	hitTail = 16
)

// QueryHit answers a query with files of one servent (section 8).
type QueryHit struct {
	Addr    netip.AddrPort // of the servent, IPv4
	Speed   uint32         // of its upload, in kbit/s, as it claims
	Count   uint8          // number of records in Records
	Records []byte         // see Files
	Trailer []byte         // see QHD; empty in hits of old servents
	Servent GUID           // where a push for these files goes
}

// ParseQueryHit reads a hit payload and checks that the records it counts are
// whole. Records and Trailer alias b.
func ParseQueryHit(b []byte) (QueryHit, error) {
	if err := checkSize(KindQueryHit, b, hitHead+hitTail); err != nil {
		return QueryHit{}, err
	}
	head, body, tail := b[:hitHead], b[hitHead:len(b)-hitTail], b[len(b)-hitTail:]
	rest := body
	for range head[0] {
		n, err := recordSize(rest)
		if err != nil {
			return QueryHit{}, err
		}
		rest = rest[n:]
	}
	records := len(body) - len(rest)
	return QueryHit{
		Count:   head[0],
		Addr:    addrPort(head[3:7], head[1:3]),
		Speed:   binary.LittleEndian.Uint32(head[7:]),
		Records: body[:records:records],
		Trailer: rest[:len(rest):len(rest)],
		Servent: GUID(tail),
	}, nil
}

// Append writes h to the end of b. Count must be the number of records in
// Records.
func (h QueryHit) Append(b []byte) []byte {
	b = append(b, h.Count)
	b = binary.LittleEndian.AppendUint16(b, h.Addr.Port())
	b = appendIP(b, h.Addr.Addr())
	b = binary.LittleEndian.AppendUint32(b, h.Speed)
	b = append(b, h.Records...)
	b = append(b, h.Trailer...)
	return append(b, h.Servent[:]...)
}

// Files returns the records in their order. They alias Records.
func (h QueryHit) Files() iter.Seq[HitRecord] {
	return func(yield func(HitRecord) bool) {
		for rest := h.Records; len(rest) > 0; {
			n, err := recordSize(rest)
			if err != nil || !yield(splitRecord(rest[:n:n])) {
				return
			}
			rest = rest[n:]
		}
	}
}

// QHD returns the decoded trailer; false when there is none or it cannot be read.
func (h QueryHit) QHD() (QHD, bool) { return parseQHD(h.Trailer) }
