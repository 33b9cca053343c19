//go:build !linux

package reach

import "net"

// allowFragments is for systems where QUIC has every datagram of the socket refused that
// is longer than a packet; here that is not known of.
func allowFragments(*net.UDPConn) {}
