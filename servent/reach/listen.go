package reach

import (
	"net"
	"net/netip"
)

// Conn is what Socket needs of a UDP socket; *net.UDPConn is one.
type Conn interface {
	ReadFromUDPAddrPort(b []byte) (int, netip.AddrPort, error)
	WriteToUDPAddrPort(b []byte, to netip.AddrPort) (int, error)
	Close() error
}

// readBuffer is what the system is asked to keep of datagrams that came while
// this process was busy. It may give less.
const readBuffer = 1 << 20

// Listen opens a UDP socket at the host and port of a TCP listener, with both
// IPv4 and IPv6 where that has both.
func Listen(tcp net.Addr) (*net.UDPConn, error) {
	at, err := net.ResolveUDPAddr("udp", tcp.String())
	if err != nil {
		return nil, err
	}
	c, err := net.ListenUDP("udp", at)
	if err != nil {
		return nil, err
	}
	_ = c.SetReadBuffer(readBuffer) // a smaller one only drops sooner
	return c, nil
}
