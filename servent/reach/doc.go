// Package reach is how a connection to a peer is got that routers are in the way of. It
// holds the UDP socket on the servent's port, which carries Gnutella messages, STUN,
// meetings and QUIC: what comes is told apart, bounded where it waits, and never makes its
// user wait. Nothing that comes over UDP proves who sent it; that is for package overlay
// to judge. Port connects from the TCP port that the servent listens on.
package reach
