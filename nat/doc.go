// Package nat decides what a servent behind routers can do about them: what kind
// of translation there is between it and the world, at which addresses others may
// reach it, and who sends what when two servents punch holes towards each other.
//
// It is pure: it has no socket, clock or randomness of its own. Who owns it tells
// it what was observed, and at what time, and carries out what it says. The terms
// are those of RFC 4787 and RFC 5780 (behaviour), RFC 8445 (candidates, pairs) and
// Ford, Srisuresh, Kegel: Peer-to-peer communication across network address
// translators (USENIX 2005).
package nat
