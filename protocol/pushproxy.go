package protocol

import (
	"encoding/base32"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// Names of the headers around push proxies (section 15). Older servents spell
// the first in other ways: see PushProxyHeaders.
const (
	HeaderPushProxy  = "X-Push-Proxy"
	HeaderFWNodeInfo = "X-FW-Node-Info"
	HeaderNode       = "X-Node"
	HeaderFalt       = "X-Falt"
)

// PushProxyHeaders are all spellings of HeaderPushProxy.
var PushProxyHeaders = [...]string{HeaderPushProxy, "X-Push-Proxies", "X-Pushproxies"}

// PushProxyPath is where a push proxy is asked over HTTP.
const PushProxyPath = "/gnutella/push-proxy"

// defaultPort is where a servent listens whose address comes without a port.
const defaultPort = 6346

// maxProxyText bounds the headers and queries that are read here.
const maxProxyText = 2 << 10

// MaxFirewalled is how many servents are read from, or written to, one X-Falt.
const MaxFirewalled = 16

// guidText is the length of a GUID in base32 without padding.
const guidText = 26

// PushProxyRequest asks a push proxy to have a servent connect to the asker.
type PushProxyRequest struct {
	Servent GUID
	Index   uint32 // of the file; 0: any
}

// URI returns the path and query of the request.
func (r PushProxyRequest) URI() string {
	uri := PushProxyPath + "?ServerId=" + base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(r.Servent[:])
	if r.Index != 0 {
		uri += "&file=" + strconv.FormatUint(uint64(r.Index), 10)
	}
	return uri
}

// ParsePushProxyQuery reads the query of a request: ServerId in base32, or guid
// in hex, as gtk-gnutella also has it, and maybe file. Keys count in any case.
func ParsePushProxyQuery(query string) (PushProxyRequest, error) {
	if len(query) > maxProxyText {
		return PushProxyRequest{}, &Error{TooLarge, "push proxy query"}
	}
	var r PushProxyRequest
	named := false
	for part := range strings.SplitSeq(query, "&") {
		key, value, _ := strings.Cut(part, "=")
		value, err := url.QueryUnescape(value)
		if err != nil {
			return PushProxyRequest{}, &Error{Malformed, "push proxy query"}
		}
		switch strings.ToLower(key) {
		case "serverid":
			r.Servent, err = parseGUID32(value)
			named = true
		case "guid":
			r.Servent, err = ParseGUID(value)
			named = true
		case "file":
			r.Index, err = parseIndex(value)
		}
		if err != nil {
			return PushProxyRequest{}, err
		}
	}
	if !named {
		return PushProxyRequest{}, &Error{Malformed, "push proxy servent"}
	}
	return r, nil
}

// parseGUID32 reads a GUID in base32. LimeWire's has no padding; who pads is
// understood.
func parseGUID32(s string) (GUID, error) {
	s = strings.ToUpper(strings.TrimRight(s, "="))
	var g [len(GUID{}) + 1]byte // the decoder asks for room in whole groups
	if len(s) != guidText {
		return GUID{}, &Error{Malformed, "push proxy servent"}
	}
	n, err := base32.StdEncoding.WithPadding(base32.NoPadding).Decode(g[:], []byte(s))
	if err != nil || n != len(GUID{}) {
		return GUID{}, &Error{Malformed, "push proxy servent"}
	}
	return GUID(g[:len(GUID{})]), nil
}

func parseIndex(s string) (uint32, error) {
	n, err := strconv.ParseUint(s, 10, 32)
	if err != nil {
		return 0, &Error{Malformed, "push proxy file"}
	}
	return uint32(n), nil
}

// ParsePushProxies reads the value of X-Push-Proxy (or X-Push-Proxies,
// X-Pushproxies): addresses with commas between, 6346 where there is no port.
// What is no address is left out, and so is what passes MaxAddrs.
func ParsePushProxies(s string) []netip.AddrPort {
	var out []netip.AddrPort
	for part := range strings.SplitSeq(clipList(s, maxProxyText), ",") {
		if a, ok := parseHost(strings.Trim(part, blanks), defaultPort); ok && len(out) < MaxAddrs {
			out = append(out, a)
		}
	}
	return out
}

// clipList leaves out of a list with commas what passes limit, and cuts no entry.
func clipList(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	return s[:max(0, strings.LastIndexByte(s[:limit+1], ','))]
}

// parseHost reads an address, with a port or without one, which then is otherwise.
func parseHost(s string, otherwise uint16) (netip.AddrPort, bool) {
	bare := s
	if strings.HasPrefix(s, "[") && strings.HasSuffix(s, "]") {
		bare = s[1 : len(s)-1]
	}
	if ip, err := netip.ParseAddr(bare); err == nil {
		s = netip.AddrPortFrom(ip, otherwise).String()
	}
	a, err := netip.ParseAddrPort(s)
	ip := a.Addr().Unmap()
	if err != nil || a.Port() == 0 || ip.IsUnspecified() || ip.Zone() != "" {
		return netip.AddrPort{}, false
	}
	return netip.AddrPortFrom(ip, a.Port()), true
}

// PushProxies returns the value of X-Push-Proxy.
func PushProxies(proxies []netip.AddrPort) string { return addrList(proxies) }

// addrList joins addresses, MaxAddrs at most, with commas.
func addrList(addrs []netip.AddrPort) string {
	texts := make([]string, 0, min(len(addrs), MaxAddrs))
	for _, a := range addrs[:min(len(addrs), MaxAddrs)] {
		texts = append(texts, a.String())
	}
	return strings.Join(texts, ",")
}

// FWNodeInfo is what a servent that cannot be connected to says of itself, in
// X-FW-Node-Info: who it is, where it is seen from outside, and who passes
// pushes on to it.
type FWNodeInfo struct {
	Servent GUID
	Addr    netip.AddrPort // not valid: not told
	Proxies []netip.AddrPort
}

// ParseFWNodeInfo reads the value of X-FW-Node-Info. Parts that are not known,
// as fwt/1, are left out.
func ParseFWNodeInfo(s string) (FWNodeInfo, error) {
	if len(s) > maxProxyText {
		return FWNodeInfo{}, &Error{TooLarge, "node info"}
	}
	id, rest, _ := strings.Cut(s, ";")
	g, err := parseAnyGUID(strings.Trim(id, blanks))
	if err != nil {
		return FWNodeInfo{}, err
	}
	n := FWNodeInfo{Servent: g}
	for part := range strings.SplitSeq(rest, ";") {
		part = strings.Trim(part, blanks)
		if a, ok := parsePortHost(part); ok {
			n.Addr = a
		} else if a, ok := parseHost(part, defaultPort); ok && len(n.Proxies) < MaxAddrs {
			n.Proxies = append(n.Proxies, a)
		}
	}
	return n, nil
}

// parseAnyGUID reads a GUID in hex, or in base32, in which a text has it.
func parseAnyGUID(s string) (GUID, error) {
	if len(s) == guidText {
		return parseGUID32(s)
	}
	return ParseGUID(s)
}

// ParseFirewalled reads the value of X-Falt: servents that cannot be connected to, each as
// X-FW-Node-Info has it, with commas between. Who has no push proxies, or cannot be read,
// is left out, and so is what passes MaxFirewalled.
func ParseFirewalled(s string) []FWNodeInfo {
	var out []FWNodeInfo
	for part := range strings.SplitSeq(clipList(s, maxProxyText), ",") {
		n, err := ParseFWNodeInfo(part)
		if err == nil && len(n.Proxies) > 0 && len(out) < MaxFirewalled {
			out = append(out, n)
		}
	}
	return out
}

// Firewalled returns the value of X-Falt.
func Firewalled(nodes []FWNodeInfo) string {
	texts := make([]string, 0, len(nodes))
	for _, n := range nodes[:min(len(nodes), MaxFirewalled)] {
		texts = append(texts, n.String())
	}
	return strings.Join(texts, ",")
}

// parsePortHost reads port:ip, the wrong way round that this header has it.
func parsePortHost(s string) (netip.AddrPort, bool) {
	port, host, _ := strings.Cut(s, ":")
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 {
		return netip.AddrPort{}, false
	}
	ip, err := netip.ParseAddr(host)
	if err != nil || ip.IsUnspecified() || ip.Zone() != "" {
		return netip.AddrPort{}, false
	}
	return netip.AddrPortFrom(ip.Unmap(), uint16(n)), true
}

// String returns the value of X-FW-Node-Info.
func (n FWNodeInfo) String() string {
	s := n.Servent.String()
	if n.Addr.IsValid() {
		s += ";" + strconv.Itoa(int(n.Addr.Port())) + ":" + n.Addr.Addr().String()
	}
	for _, p := range n.Proxies[:min(len(n.Proxies), MaxAddrs)] {
		s += ";" + p.String()
	}
	return s
}
