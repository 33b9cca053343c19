// Package protocol is the wire codec of Gnutella 0.6: the 23-byte header and
// every message behind it, the extensions inside messages (HUGE and GGEP), URNs
// and magnet links, query routing tables and the handshake.
//
// It is written from the public texts of the protocol, not from another servent's
// code, and checked against bytes captured from running servents (see
// testdata/wire). "Section 7" in a comment is section 7 of docs/protocol.md.
//
// A parser takes the bytes of one payload and returns a value; an appender
// writes that value to the end of a slice and gives back the very bytes that
// were parsed, unknown parts included. Slices in a parsed value alias the input:
// whoever keeps them past the call copies them. Nothing here reads a socket, a
// clock or a log, or panics on input. What a peer got wrong is reported as
// *Error, nothing else.
package protocol
