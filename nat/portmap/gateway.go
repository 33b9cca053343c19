package portmap

import (
	"bufio"
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
)

// maxRoutes is how many bytes of the route table are read.
const maxRoutes = 64 << 10

// Flags of a route in /proc/net/route (linux/route.h).
const (
	routeUp      = 1
	routeGateway = 2
)

// defaultGateway finds the router of this machine. Linux has its route table in a
// file. Elsewhere it is taken to be x.x.x.1 beside the own address, as nearly all
// routers for homes have it: asking the system would take another way on each, and a
// wrong guess costs a few datagrams.
func defaultGateway() (netip.Addr, error) {
	f, err := os.Open("/proc/net/route")
	if err != nil {
		return neighbour(ownAddress())
	}
	defer f.Close()
	return parseRoutes(f)
}

// parseRoutes returns the gateway of the default route with the lowest metric, among
// the first maxRoutes bytes.
func parseRoutes(r io.Reader) (gateway netip.Addr, err error) {
	best := uint64(1) << 32
	for lines := bufio.NewScanner(io.LimitReader(r, maxRoutes)); lines.Scan(); {
		// interface, destination, gateway, flags, references, use, metric, mask, ...
		f := strings.Fields(lines.Text())
		if len(f) < 8 || f[1] != "00000000" || f[7] != "00000000" {
			continue
		}
		raw, err1 := strconv.ParseUint(f[2], 16, 32)
		flags, err2 := strconv.ParseUint(f[3], 16, 16)
		metric, err3 := strconv.ParseUint(f[6], 10, 32)
		const both = routeUp | routeGateway
		if err1 != nil || err2 != nil || err3 != nil || raw == 0 || flags&both != both || metric >= best {
			continue
		}
		var a [4]byte
		binary.NativeEndian.PutUint32(a[:], uint32(raw)) // as it lies in memory
		best, gateway = metric, netip.AddrFrom4(a)
	}
	if !gateway.IsValid() {
		return gateway, errNoRouter
	}
	return gateway, nil
}

// neighbour returns the address that ends in 1 beside an own one.
func neighbour(own netip.Addr) (netip.Addr, error) {
	if !own.Is4() || own.IsLoopback() {
		return netip.Addr{}, errNoRouter
	}
	a := own.As4()
	a[3] = 1
	return netip.AddrFrom4(a), nil
}

// ownAddress is that which the machine would have towards the world. Connecting a
// datagram socket sends nothing.
func ownAddress() netip.Addr { return towards(netip.AddrFrom4([4]byte{192, 0, 2, 1})) }

// towards returns the own address towards another one, not valid without a route.
func towards(to netip.Addr) netip.Addr {
	conn, err := net.DialUDP("udp4", nil, net.UDPAddrFromAddrPort(netip.AddrPortFrom(to, 9)))
	if err != nil {
		return netip.Addr{}
	}
	defer conn.Close()
	return localOf(conn)
}
