package reach

import (
	"net"

	"golang.org/x/sys/unix"
)

// allowFragments takes back that QUIC forbids routers, and this machine, to cut the
// socket's datagrams: a Gnutella message may be longer than a packet. QUIC's own then
// count as passing where they are cut, which is true.
func allowFragments(c *net.UDPConn) {
	raw, err := c.SyscallConn()
	if err != nil {
		return
	}
	// An error of one of them says that the socket has only the other.
	_ = raw.Control(func(fd uintptr) {
		_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_MTU_DISCOVER, unix.IP_PMTUDISC_DONT)
		_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_IPV6, unix.IPV6_MTU_DISCOVER, unix.IPV6_PMTUDISC_DONT)
	})
}
