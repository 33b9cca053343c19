package stun

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Opening is what a binding request over a stream begins with. There it is neither split
// nor framed: its own header tells its length (RFC 8489, 6.2.2).
const Opening = "\x00\x01"

// ErrNotSTUN is what comes over a stream and is no STUN message.
var ErrNotSTUN = errors.New("no STUN message")

// ReadMessage reads one message from a stream, of MaxMessage at most, and nothing behind
// it.
func ReadMessage(r io.Reader) ([]byte, error) {
	b := make([]byte, headerSize, MaxMessage)
	if _, err := io.ReadFull(r, b); err != nil {
		return nil, err
	}
	size := headerSize + int(binary.BigEndian.Uint16(b[2:]))
	if size > MaxMessage {
		return nil, ErrNotSTUN
	}
	b = b[:size]
	if _, err := io.ReadFull(r, b[headerSize:]); err != nil {
		return nil, err
	}
	if !Is(b) {
		return nil, ErrNotSTUN
	}
	return b, nil
}

// Ask asks the server at the other end of a stream where it sees this one. The caller has
// set a deadline.
func Ask(s io.ReadWriter, id ID) (Response, error) {
	if _, err := s.Write(NewRequest(id, 0)); err != nil {
		return Response{}, err
	}
	b, err := ReadMessage(s)
	if err != nil {
		return Response{}, err
	}
	r, err := ParseResponse(b)
	if err == nil && r.ID != id {
		err = fmt.Errorf("%w: its transaction is another", ErrNotResponse)
	}
	return r, err
}
