package protocol

import (
	"encoding/binary"
	"net/netip"
	"strings"
)

// Ids of the GGEP items that tell of hosts (section 9).
const (
	GGEPWish     = "SCP"   // in a ping: give me hosts; one byte of wishes
	GGEPHosts    = "IPP"   // in a pong: hosts, see ParseAddrs
	GGEPHosts6   = "IPP6"  // the same, see ParseAddrs6
	GGEPCache    = "UDPHC" // in a pong: I am a host cache
	GGEPCaches   = "PHC"   // in a pong: names of other host caches
	GGEPEcho     = "IP"    // in a ping: what is my address; in a pong: this
	GGEPToken    = "SO"    // out of band, with a token
	GGEPFilter   = "SRVTF" // ours: what a search wants beside its words
	GGEPProxies  = "PUSH"  // in a hit: push proxies
	GGEPProxies6 = "PUSH6"
	GGEPAddr6    = "6"  // an IPv6 address beside an IPv4 field
	GGEPWants6   = "I6" // in a query: IPv6 will do
	GGEPBrowse   = "BH" // in a hit: the host may be browsed

	GGEPUltrapeer = "UP" // in a pong: version, free slots for leaves and for ultrapeers, a byte each
	GGEPVersion   = "VC" // in a pong: vendor code, and a byte of version
)

// Bits of the byte in GGEPWish.
const (
	WishUltrapeer = 0x01 // the asker is an ultrapeer and looks for others
	WishIPv6      = 0x04 // IPv6 as well
	WishNoIPv4    = 0x08
)

// addrSize6 is the size of an IPv6 address and port in an address list.
const addrSize6 = 18

// maxCaches bounds the names of host caches that are read of one pong.
const maxCaches = 32

// ParseAddrs6 is ParseAddrs for IPv6: 16 bytes of address, port little-endian.
func ParseAddrs6(b []byte) []netip.AddrPort {
	var addrs []netip.AddrPort
	for ; len(b) >= addrSize6 && len(addrs) < MaxAddrs; b = b[addrSize6:] {
		ip := netip.AddrFrom16([16]byte(b))
		port := binary.LittleEndian.Uint16(b[16:])
		if port != 0 && !ip.IsUnspecified() && !ip.Is4In6() {
			addrs = append(addrs, netip.AddrPortFrom(ip, port))
		}
	}
	return addrs
}

// AppendAddrs6 writes those of addrs that are IPv6 in the form that ParseAddrs6 reads.
func AppendAddrs6(b []byte, addrs ...netip.AddrPort) []byte {
	left := MaxAddrs
	for _, a := range addrs {
		if left == 0 {
			break
		}
		if ip := a.Addr(); a.Port() != 0 && ip.Is6() && !ip.Is4In6() && !ip.IsUnspecified() {
			v6 := ip.As16()
			b = binary.LittleEndian.AppendUint16(append(b, v6[:]...), a.Port())
			left--
		}
	}
	return b
}

// Hosts returns the servents that an extension area lists under an id such as
// GGEPHosts, and under the same with a 6 behind it those that have IPv6.
func Hosts(area []byte, id string) []netip.AddrPort {
	var hosts []netip.AddrPort
	for e := range Extensions(area) {
		if e.GGEP.ID != id && e.GGEP.ID != id+"6" {
			continue
		}
		data, err := e.GGEP.Data(MaxAddrs * addrSize6)
		switch {
		case err != nil:
		case e.GGEP.ID == id:
			hosts = append(hosts, ParseAddrs(data)...)
		default:
			hosts = append(hosts, ParseAddrs6(data)...)
		}
	}
	return hosts
}

// HostItems returns the GGEP items under which Hosts finds hosts; none for none.
func HostItems(id string, hosts []netip.AddrPort) []GGEP {
	var items []GGEP
	if b := AppendAddrs(nil, hosts...); len(b) > 0 {
		items = append(items, NewGGEP(id, b))
	}
	if b := AppendAddrs6(nil, hosts...); len(b) > 0 {
		items = append(items, NewGGEP(id+"6", b))
	}
	return items
}

// Echo returns the address that a pong tells its receiver of itself.
func Echo(area []byte) (netip.AddrPort, bool) {
	g, ok := FindGGEP(area, GGEPEcho)
	if !ok {
		return netip.AddrPort{}, false
	}
	b, ok := g.plain(addrSize6)
	switch {
	case ok && len(b) == addrSize:
		return addrPort(b[:4], b[4:]), true
	case ok && len(b) == addrSize6:
		return netip.AddrPortFrom(netip.AddrFrom16([16]byte(b)), binary.LittleEndian.Uint16(b[16:])), true
	}
	return netip.AddrPort{}, false
}

// NewEcho returns the GGEP item that Echo reads.
func NewEcho(a netip.AddrPort) GGEP {
	a = netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
	if a.Addr().Is4() {
		return NewGGEP(GGEPEcho, binary.LittleEndian.AppendUint16(appendIP(nil, a.Addr()), a.Port()))
	}
	v6 := a.Addr().As16()
	return NewGGEP(GGEPEcho, binary.LittleEndian.AppendUint16(v6[:], a.Port()))
}

// AddrItem returns the GGEP item that must stand beside an address field which
// cannot hold ip; none where it can.
func AddrItem(ip netip.Addr) []GGEP {
	if ip = ip.Unmap(); !ip.Is6() || ip.IsUnspecified() {
		return nil
	}
	v6 := ip.As16()
	return []GGEP{NewGGEP(GGEPAddr6, v6[:])}
}

// FullAddr is the address that a message gives by its IPv4 field and extension
// area: the IPv6 address where the field says that there is no IPv4 one.
func FullAddr(field netip.AddrPort, area []byte) netip.AddrPort {
	if field.Addr() != netip.AddrFrom4([4]byte{127, 0, 0, 0}) {
		return field
	}
	g, ok := FindGGEP(area, GGEPAddr6)
	if !ok {
		return field
	}
	if b, ok := g.plain(16); ok && len(b) == 16 {
		return netip.AddrPortFrom(netip.AddrFrom16([16]byte(b)).Unmap(), field.Port())
	}
	return field
}

// Caches returns the names of other host caches in a pong, as host:port, cut off
// from the key=value parts that may follow each. They are a peer's words only.
func Caches(area []byte) []string {
	g, ok := FindGGEP(area, GGEPCaches)
	if !ok {
		return nil
	}
	text, err := g.Data(maxCaches * 256)
	if err != nil {
		return nil
	}
	var names []string
	for line := range strings.FieldsFuncSeq(string(text), func(r rune) bool { return r == '\n' || r == '\r' }) {
		name, _, _ := strings.Cut(line, "&")
		if name != "" && len(name) <= 255 && len(names) < maxCaches {
			names = append(names, name)
		}
	}
	return names
}
