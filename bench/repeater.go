package main

import (
	"io"

	"github.com/seed282dab8e/servent/protocol"
)

// repeater sends some of the queries that a link brings back over that link,
// as a neighbour does that has got them by another way as well: the servent
// must find that it knows their ids. Its zero value repeats nothing.
type repeater struct {
	every      int // one of so many; 0: none
	seen, sent int
	buf        []byte
}

// write repeats what is due of the whole messages in b.
func (r *repeater) write(w io.Writer, b []byte) error {
	if r.every == 0 {
		return nil
	}
	r.buf = r.buf[:0]
	for ; len(b) > 0; b = b[messageSize:] {
		if r.seen++; r.seen%r.every == 0 {
			at := len(r.buf)
			r.buf = append(r.buf, b[:messageSize]...)
			protocol.Patch(r.buf[at:], queryTTL-2, 2)
			r.sent++
		}
	}
	if len(r.buf) == 0 {
		return nil
	}
	_, err := w.Write(r.buf)
	return err
}
