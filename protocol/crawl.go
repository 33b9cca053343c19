package protocol

import "net/netip"

// crawlHead is the fixed part of a crawler's ping and pong.
const crawlHead = 3

// NewCrawlPing asks a servent by UDP for up to so many of its neighbours; 255 asks
// for all.
func NewCrawlPing(ultrapeers, leaves uint8) Vendor {
	return VendorCrawlPing.with(ultrapeers, leaves, 0)
}

// CrawlPing returns how many neighbours a VendorCrawlPing message asks for.
func (v Vendor) CrawlPing() (ultrapeers, leaves uint8, err error) {
	if len(v.Data) < 2 {
		return 0, 0, &Error{Truncated, "crawler ping"}
	}
	return v.Data[0], v.Data[1], nil
}

// NewCrawlPong answers a crawler's ping with neighbours, in the plain form that
// promises nothing but their addresses.
func NewCrawlPong(ultrapeers, leaves []netip.AddrPort) Vendor {
	up, down := AppendAddrs(nil, ultrapeers...), AppendAddrs(nil, leaves...)
	v := VendorCrawlPong.with(byte(len(up)/addrSize), byte(len(down)/addrSize), 0)
	v.Data = append(append(v.Data, up...), down...)
	return v
}

// CrawlPong returns the neighbours in a VendorCrawlPong message of the plain form.
func (v Vendor) CrawlPong() (ultrapeers, leaves []netip.AddrPort, err error) {
	switch {
	case len(v.Data) < crawlHead:
		return nil, nil, &Error{Truncated, "crawler pong"}
	case v.Data[2] != 0:
		return nil, nil, &Error{Malformed, "crawler pong features"}
	}
	up, down := int(v.Data[0])*addrSize, int(v.Data[1])*addrSize
	list := v.Data[crawlHead:]
	if len(list) < up+down {
		return nil, nil, &Error{Truncated, "crawler pong"}
	}
	return ParseAddrs(list[:up]), ParseAddrs(list[up : up+down]), nil
}
