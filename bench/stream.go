package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// messageSize is that of every message that a server delivers, with all that
// its protocol puts around the payload.
const messageSize = 100

// stream is numbered messages in one protocol: how a client writes them, and
// how they must arrive. Nothing else may arrive, so that the same code serves
// both protocols and costs both the same.
type stream struct {
	sent, got template
	period    uint64 // numbers begin again at 0 after so many
}

// template is a message with a hole for its number, as mark writes it.
type template struct {
	bytes []byte
	at    int // of the hole, markSize bytes
}

const markSize = 8

// mark makes eight bytes of a number that look random, as message ids do, and
// are another eight for every number (the finaliser of SplitMix64).
func mark(number uint64) uint64 {
	number = (number ^ number>>30) * 0xbf58476d1ce4e5b9
	number = (number ^ number>>27) * 0x94d049bb133111eb
	return number ^ number>>31
}

// append writes n messages, from number first on, to the end of b.
func (s *stream) append(b []byte, first uint64, n int) []byte {
	for i := range uint64(n) {
		at := len(b) + s.sent.at
		b = append(b, s.sent.bytes...)
		binary.BigEndian.PutUint64(b[at:], mark((first+i)%s.period))
	}
	return b
}

// take checks the whole messages of b, of which the first must be number next,
// and returns how many there are.
func (s *stream) take(b []byte, next uint64) (uint64, error) {
	size, at := len(s.got.bytes), s.got.at
	count := uint64(0)
	for ; len(b) >= size; b = b[size:] {
		want := mark((next + count) % s.period)
		head, tail := s.got.bytes[:at], s.got.bytes[at+markSize:]
		if binary.BigEndian.Uint64(b[at:]) != want || !bytes.Equal(b[:at], head) || !bytes.Equal(b[at+markSize:size], tail) {
			return count, fmt.Errorf("message %d arrived as %q", next+count, b[:size])
		}
		count++
	}
	return count, nil
}
