package protocol

import (
	"encoding/binary"
	"net/netip"
)

// MaxAddrs is the number of addresses read from, or written to, one list of
// addresses in an extension. What follows is left out.
const MaxAddrs = 32

// addrSize is the size of an IPv4 address and port in an address list.
const addrSize = 6

// ParseAddrs reads a list of packed addresses, as the extensions ALT, PUSH and
// IPP hold them: IPv4 big-endian, port little-endian. Entries without address or
// port, and an incomplete one at the end, are skipped.
func ParseAddrs(b []byte) []netip.AddrPort {
	var addrs []netip.AddrPort
	for ; len(b) >= addrSize && len(addrs) < MaxAddrs; b = b[addrSize:] {
		a := addrPort(b[:4], b[4:6])
		if a.Port() != 0 && !a.Addr().IsUnspecified() {
			addrs = append(addrs, a)
		}
	}
	return addrs
}

// AppendAddrs writes addrs in the form that ParseAddrs reads to the end of b,
// leaving out what has no IPv4 address or no port.
func AppendAddrs(b []byte, addrs ...netip.AddrPort) []byte {
	left := MaxAddrs
	for _, a := range addrs {
		ip := a.Addr().Unmap()
		if left == 0 {
			break
		}
		if a.Port() == 0 || !ip.Is4() || ip.IsUnspecified() {
			continue
		}
		b = appendIP(b, ip)
		b = binary.LittleEndian.AppendUint16(b, a.Port())
		left--
	}
	return b
}

// addrPort joins four bytes of address and two of port as they are in messages.
func addrPort(ip, port []byte) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte(ip)), binary.LittleEndian.Uint16(port))
}

// appendIP writes an address to a four-byte field. No address at all is 0.0.0.0;
// an IPv6 address, which such a field cannot hold, is 127.0.0.0, which means "no
// IPv4" (section 4).
func appendIP(b []byte, ip netip.Addr) []byte {
	ip = ip.Unmap()
	switch {
	case ip.Is4():
		v4 := ip.As4()
		return append(b, v4[:]...)
	case ip.IsValid():
		return append(b, 127, 0, 0, 0)
	}
	return append(b, 0, 0, 0, 0)
}
