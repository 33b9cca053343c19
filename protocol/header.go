package protocol

import (
	"encoding/binary"
	"fmt"
)

// Kind is the function byte of a message.
type Kind uint8

// The message kinds (section 1).
const (
	KindPing      Kind = 0x00
	KindPong      Kind = 0x01
	KindBye       Kind = 0x02
	KindQRP       Kind = 0x30
	KindVendor    Kind = 0x31
	KindVendorStd Kind = 0x32
	KindPush      Kind = 0x40
	KindRUDP      Kind = 0x41
	KindDHT       Kind = 0x44
	KindQuery     Kind = 0x80
	KindQueryHit  Kind = 0x81
	KindHSEP      Kind = 0xcd
)

// String names the kind: "query_hit"; a kind that is not known is "0x" and two
// digits.
func (k Kind) String() string {
	switch k {
	case KindPing:
		return "ping"
	case KindPong:
		return "pong"
	case KindBye:
		return "bye"
	case KindQRP:
		return "qrp"
	case KindVendor:
		return "vendor"
	case KindVendorStd:
		return "standard"
	case KindPush:
		return "push"
	case KindRUDP:
		return "rudp"
	case KindDHT:
		return "dht"
	case KindQuery:
		return "query"
	case KindQueryHit:
		return "query_hit"
	case KindHSEP:
		return "hsep"
	}
	return fmt.Sprintf("0x%02x", uint8(k))
}

// Sizes of messages (section 1). What is longer than MaxRelayedQuery or
// MaxRelayedHit is answered but not passed on.
const (
	HeaderSize      = 23
	MaxPayload      = 64 << 10
	MaxRelayedQuery = 256
	MaxRelayedHit   = 16 << 10

	maxQuery = 1 << 10
	maxBye   = 4 << 10
	maxOther = 40 << 10
)

// Where TTL, hops and length sit in the header.
const (
	offTTL  = 17
	offHops = 18
	offSize = 19
)

// MaxSize returns the largest payload that a link takes of kind k. A peer that
// announces more is closed.
func MaxSize(k Kind) uint32 {
	switch k {
	case KindQuery:
		return maxQuery
	case KindQueryHit:
		return MaxPayload
	case KindBye:
		return maxBye
	}
	return maxOther
}

// Header is what precedes every payload (section 1).
type Header struct {
	ID        GUID
	Kind      Kind
	TTL, Hops uint8
	Size      uint32 // of the payload
}

// ParseHeader reads the header at the start of b. When the announced size passes
// MaxPayload the header is returned as read, with a TooLarge error.
func ParseHeader(b []byte) (Header, error) {
	if len(b) < HeaderSize {
		return Header{}, &Error{Truncated, "header"}
	}
	h := Header{
		ID:   GUID(b[:16]),
		Kind: Kind(b[16]),
		TTL:  b[offTTL],
		Hops: b[offHops],
		Size: binary.LittleEndian.Uint32(b[offSize:]),
	}
	if h.Size > MaxPayload {
		return h, &Error{TooLarge, "header size"}
	}
	return h, nil
}

// Append writes h to the end of b.
func (h Header) Append(b []byte) []byte {
	b = append(b, h.ID[:]...)
	b = append(b, byte(h.Kind), h.TTL, h.Hops)
	return binary.LittleEndian.AppendUint32(b, h.Size)
}

// Patch rewrites TTL and hops of msg in place. msg must hold a whole header.
func Patch(msg []byte, ttl, hops uint8) {
	msg[offTTL], msg[offHops] = ttl, hops
}

// Payload is what follows a header: one of the message types of this package.
type Payload interface {
	// Append writes the payload to the end of b.
	Append(b []byte) []byte
}

// AppendMessage writes h and p to the end of b, with h.Size filled in from what p
// writes. A nil p is an empty payload.
func AppendMessage(b []byte, h Header, p Payload) []byte {
	start := len(b)
	b = h.Append(b)
	if p != nil {
		b = p.Append(b)
	}
	size := len(b) - start - HeaderSize
	binary.LittleEndian.PutUint32(b[start+offSize:], uint32(size))
	return b
}
