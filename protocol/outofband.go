package protocol

import (
	"encoding/binary"
	"net/netip"
)

// Where the id of a query whose hits shall come out of band holds the address
// that they go to (section 13).
const (
	oobIP   = 0
	oobPort = 13
)

// MaxToken is the most bytes of an out-of-band token that are read.
const MaxToken = 32

// WithAddr returns g with an IPv4 address in it, as the id of a query has it whose
// hits shall come out of band. What has no IPv4 address gives g.
func (g GUID) WithAddr(a netip.AddrPort) GUID {
	ip := a.Addr().Unmap()
	if !ip.Is4() {
		return g
	}
	v4 := ip.As4()
	copy(g[oobIP:], v4[:])
	binary.LittleEndian.PutUint16(g[oobPort:], a.Port())
	return g
}

// Addr returns the address that WithAddr wrote. Any id has one; it means something
// only where the query's flags say FlagOOB.
func (g GUID) Addr() netip.AddrPort {
	return addrPort(g[oobIP:oobIP+4], g[oobPort:oobPort+2])
}

// NewHitsReady tells a searcher that hits wait for it, 255 for that many or more,
// and whether this end takes datagrams from strangers. The message has the id of the
// query.
func NewHitsReady(count uint8, reachable bool) Vendor {
	flags := byte(0)
	if reachable {
		flags = 1
	}
	return VendorHitsReady.with(count, flags)
}

// HitsReady returns the number in a VendorHitsReady message.
func (v Vendor) HitsReady() (count uint8, err error) {
	if len(v.Data) < 1 {
		return 0, &Error{Truncated, "hits ready"}
	}
	return v.Data[0], nil
}

// NewHitsWanted asks for count of the hits that are ready, each with token in it
// (GGEP SO). The message has the id of the query.
func NewHitsWanted(count uint8, token []byte) Vendor {
	v := VendorHitsWanted.with(count)
	v.Data = AppendGGEP(v.Data, NewGGEP(GGEPToken, token))
	return v
}

// HitsWanted returns the number in a VendorHitsWanted message, and its token, nil
// before version 3. The token aliases v.
func (v Vendor) HitsWanted() (count uint8, token []byte, err error) {
	if len(v.Data) < 1 {
		return 0, nil, &Error{Truncated, "hits wanted"}
	}
	token, _ = Token(v.Data[1:])
	return v.Data[0], token, nil
}

// Token returns the out-of-band token in an extension area.
func Token(area []byte) ([]byte, bool) {
	g, ok := FindGGEP(area, GGEPToken)
	if !ok {
		return nil, false
	}
	return g.plain(MaxToken)
}
