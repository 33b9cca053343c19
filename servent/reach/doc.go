// Package reach holds the UDP socket on the servent's port: it cuts what comes
// into Gnutella messages, bounds what waits, and never makes its user wait.
// Nothing that comes over UDP proves who sent it; that is for package overlay
// to judge.
package reach
