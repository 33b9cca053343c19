package protocol

import (
	"net/netip"
	"strings"
)

// Names of the headers that tell who else has a file (section 20).
const (
	HeaderAlt  = "X-Alt"
	HeaderNAlt = "X-NAlt" // who was found not to have it, or to send something else
	// HeaderAltOld is how older servents tell alternates. It is read only.
	HeaderAltOld = "X-Gnutella-Alternate-Location"
)

// maxAlternatesText bounds what is read of one of them.
const maxAlternatesText = 4 << 10

// ParseAlternates reads the value of X-Alt or X-NAlt: addresses with commas
// between, 6346 where there is no port; or that of the older header, which has
// URLs, each with a date behind it or none, 80 where there is no port. What is
// none of it, as servents that must be pushed, LimeWire's tls=, and names of
// hosts, is left out, and so is what passes MaxAddrs.
func ParseAlternates(s string) []netip.AddrPort {
	var out []netip.AddrPort
	for part := range strings.SplitSeq(clipList(s, maxAlternatesText), ",") {
		if a, ok := parseAlternate(strings.Trim(part, blanks)); ok && len(out) < MaxAddrs {
			out = append(out, a)
		}
	}
	return out
}

func parseAlternate(s string) (netip.AddrPort, bool) {
	const scheme = "http://"
	if len(s) < len(scheme) || !strings.EqualFold(s[:len(scheme)], scheme) {
		return parseHost(s, defaultPort)
	}
	host, _, _ := strings.Cut(s[len(scheme):], "/")
	return parseHost(host, 80)
}

// Alternates returns the value of X-Alt or X-NAlt.
func Alternates(addrs []netip.AddrPort) string { return addrList(addrs) }
