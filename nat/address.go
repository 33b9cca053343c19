package nat

import "net/netip"

// Transport is what translators treat apart.
type Transport int

// The transports.
const (
	UDP Transport = iota
	TCP
	transports
)

// String returns "UDP" or "TCP".
func (t Transport) String() string {
	if t == TCP {
		return "TCP"
	}
	return "UDP"
}

// Scope says from where an address can be reached at all.
type Scope int

// The scopes, from near to far.
const (
	Nowhere Scope = iota // no host has it: unspecified, multicast, reserved
	Host                 // loopback
	Link                 // one cable or radio cell
	Private              // one site: RFC 1918, RFC 4193
	Carrier              // behind an operator's translator: RFC 6598
	Global
)

// reserved are blocks that no host on the public network has (RFC 6890, RFC 1112).
// Those for documentation and for benchmarks are left out: networks that are made
// for tests use them as public ones, and a servent that is told such an address
// loses nothing by it.
func reserved() []netip.Prefix {
	return []netip.Prefix{
		netip.MustParsePrefix("0.0.0.0/8"),
		netip.MustParsePrefix("240.0.0.0/4"),
		netip.MustParsePrefix("64:ff9b:1::/48"),
		netip.MustParsePrefix("100::/64"),
	}
}

// ScopeOf returns the scope of an address; that of an IPv4 address is the same in
// IPv6 clothes.
func ScopeOf(a netip.Addr) Scope {
	a = a.Unmap()
	switch {
	case !a.IsValid(), a.IsUnspecified(), a.IsMulticast():
		return Nowhere
	case a.IsLoopback():
		return Host
	case a.IsLinkLocalUnicast():
		return Link
	case a.IsPrivate():
		return Private
	case carrier().Contains(a):
		return Carrier
	}
	for _, p := range reserved() {
		if p.Contains(a) {
			return Nowhere
		}
	}
	return Global
}

// carrier is the block between an operator's translator and its customers.
func carrier() netip.Prefix { return netip.MustParsePrefix("100.64.0.0/10") }
