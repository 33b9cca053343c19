// Package stun asks servers how they see us, and is such a server itself (RFC 8489,
// RFC 5780): a servent shares one UDP socket among Gnutella, STUN and QUIC, so both
// are machines that are told what came and say what to send. pion/stun reads and
// writes the messages.
package stun
