package reach

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"

	"github.com/klauspost/compress/zlib"
	"github.com/seed282dab8e/servent/nat/stun"
	"github.com/seed282dab8e/servent/protocol"
)

// MaxMessage is the largest message that is taken from a datagram, before and
// after inflating. What other servents send fits one packet of a network.
const MaxMessage = 16 << 10

// deflated is the bit of the TTL that marks a payload as deflated
// (docs/protocol.md 17).
const deflated = 0x80

// Where a header holds what is rewritten here (docs/protocol.md 1).
const (
	atTTL  = 17
	atSize = 19
)

// speech is what a datagram speaks, by its bytes alone. Other protocols of this
// socket find their place here.
type speech uint8

const (
	speechUnknown speech = iota
	speechGnutella
	speechSTUN
)

// classify tells what a datagram speaks. STUN is known by its cookie, and its
// length. A Gnutella message begins with 16 random bytes, so only its length tells:
// that in the header must be the datagram's.
func classify(b []byte) speech {
	if stun.Is(b) {
		return speechSTUN
	}
	h, err := protocol.ParseHeader(b)
	if err != nil || int(h.Size) != len(b)-protocol.HeaderSize {
		return speechUnknown
	}
	return speechGnutella
}

var (
	errTooLarge = errors.New("larger than MaxMessage")
	errEmpty    = errors.New("deflated to nothing")
)

// message copies the Gnutella message in a datagram, and inflates it where it is
// marked as deflated.
func message(b []byte) ([]byte, error) {
	if b[atTTL]&deflated == 0 {
		return bytes.Clone(b), nil
	}
	z, err := zlib.NewReader(bytes.NewReader(b[protocol.HeaderSize:]))
	if err != nil {
		return nil, err
	}
	out := bytes.NewBuffer(bytes.Clone(b[:protocol.HeaderSize]))
	n, err := io.Copy(out, io.LimitReader(z, MaxMessage-protocol.HeaderSize+1))
	switch {
	case err != nil:
		return nil, err
	case n > MaxMessage-protocol.HeaderSize:
		return nil, errTooLarge
	case n == 0:
		return nil, errEmpty
	}
	msg := out.Bytes()
	msg[atTTL] &^= deflated
	binary.LittleEndian.PutUint32(msg[atSize:], uint32(n))
	return msg, nil
}
