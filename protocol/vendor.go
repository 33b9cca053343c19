package protocol

import (
	"encoding/binary"
	"net/netip"
	"strconv"
)

// VendorHead is the size of the fixed part of a vendor message.
const VendorHead = 8

// MessageID says which vendor message one is (section 14).
type MessageID struct {
	Code              [4]byte
	Selector, Version uint16
}

// String returns vendor, selector and version, such as "BEAR/7v1". The vendor of
// four zero bytes is "null"; bytes that cannot be printed are "?".
func (m MessageID) String() string {
	return codeString(m.Code) + "/" + strconv.Itoa(int(m.Selector)) + "v" + strconv.Itoa(int(m.Version))
}

// codeString returns a vendor code in a form that can be printed.
func codeString(code [4]byte) string {
	if code == ([4]byte{}) {
		return "null"
	}
	for i, c := range code {
		if c <= ' ' || c > '~' {
			code[i] = '?'
		}
	}
	return string(code[:])
}

// append writes m to the end of b.
func (m MessageID) append(b []byte) []byte {
	b = append(b, m.Code[:]...)
	b = binary.LittleEndian.AppendUint16(b, m.Selector)
	return binary.LittleEndian.AppendUint16(b, m.Version)
}

// cutMessageID reads the id at the start of b, which is long enough.
func cutMessageID(b []byte) MessageID {
	return MessageID{
		Code:     [4]byte(b),
		Selector: binary.LittleEndian.Uint16(b[4:]),
		Version:  binary.LittleEndian.Uint16(b[6:]),
	}
}

// Vendor is a message between neighbours that some vendor defined (section 14),
// the payload of both KindVendor and KindVendorStd.
type Vendor struct {
	Code              [4]byte
	Selector, Version uint16
	Data              []byte
}

// ParseVendor reads a vendor payload. Data aliases b.
func ParseVendor(b []byte) (Vendor, error) {
	if err := checkSize(KindVendor, b, VendorHead); err != nil {
		return Vendor{}, err
	}
	m := cutMessageID(b)
	return Vendor{m.Code, m.Selector, m.Version, b[VendorHead:]}, nil
}

// Append writes v to the end of b.
func (v Vendor) Append(b []byte) []byte { return append(v.ID().append(b), v.Data...) }

// ID returns which message v is.
func (v Vendor) ID() MessageID { return MessageID{v.Code, v.Selector, v.Version} }

// NewHopsFlow asks a neighbour for queries with fewer than hops hops only; 0 asks
// for none.
func NewHopsFlow(hops uint8) Vendor { return VendorHopsFlow.with(hops) }

// HopsFlow returns the bound in a VendorHopsFlow message.
func (v Vendor) HopsFlow() (uint8, error) {
	if len(v.Data) < 1 {
		return 0, &Error{Truncated, "hops flow"}
	}
	return v.Data[0], nil
}

// NewConnectBack asks a neighbour to connect to port over TCP, to learn whether
// that can be done.
func NewConnectBack(port uint16) Vendor {
	return VendorConnectBack.with(byte(port), byte(port>>8))
}

// NewUDPConnectBack asks a neighbour for a ping to port over UDP. It has the id of
// the message.
func NewUDPConnectBack(port uint16) Vendor {
	return VendorUDPConnectBack.with(byte(port), byte(port>>8))
}

// ConnectBack returns the port in a VendorConnectBack or VendorUDPConnectBack
// message. It is never 0.
func (v Vendor) ConnectBack() (uint16, error) {
	if len(v.Data) < 2 {
		return 0, &Error{Truncated, "connect back port"}
	}
	port := binary.LittleEndian.Uint16(v.Data)
	if port == 0 {
		return 0, &Error{Malformed, "connect back port"}
	}
	return port, nil
}

// ConnectBackID returns the id that the ping of a VendorUDPConnectBack is to have:
// that of the message, but version 1 names it behind the port.
func (v Vendor) ConnectBackID(id GUID) GUID {
	if v.Version == 1 && len(v.Data) >= 2+len(id) {
		copy(id[:], v.Data[2:])
	}
	return id
}

// NewStatusRequest asks a leaf how many hits of a query it has kept. It has the id of
// the query.
func NewStatusRequest() Vendor { return VendorStatusRequest.with() }

// NewQueryStatus tells an ultrapeer how many hits of a query the leaf has kept.
func NewQueryStatus(kept uint16) Vendor {
	return VendorQueryStatus.with(byte(kept), byte(kept>>8))
}

// QueryStatus returns the number in a VendorQueryStatus message; 65535 ends the
// query.
func (v Vendor) QueryStatus() (uint16, error) {
	if len(v.Data) < 2 {
		return 0, &Error{Truncated, "query status"}
	}
	return binary.LittleEndian.Uint16(v.Data), nil
}

// NewProxyRequest asks a neighbour to be push proxy. The id of the message that
// carries it is the asking servent's GUID.
func NewProxyRequest() Vendor { return VendorProxyRequest.with() }

// NewProxyCancel tells a push proxy that it need not be that any longer: the sender can
// be connected to.
func NewProxyCancel() Vendor { return VendorProxyCancel.with() }

// NewProxyAck accepts a VendorProxyRequest: pushes sent to addr are passed on. The
// message has the id of the request.
func NewProxyAck(addr netip.AddrPort) Vendor {
	v := VendorProxyAck.with()
	v.Data = appendIP(v.Data, addr.Addr())
	v.Data = binary.LittleEndian.AppendUint16(v.Data, addr.Port())
	return v
}

// ProxyAck returns the address in a VendorProxyAck message; it has no IP in
// version 1, where the neighbour's own is meant.
func (v Vendor) ProxyAck() (netip.AddrPort, error) {
	switch {
	case v.Version < 2 && len(v.Data) >= 2:
		return netip.AddrPortFrom(netip.Addr{}, binary.LittleEndian.Uint16(v.Data)), nil
	case v.Version >= 2 && len(v.Data) >= addrSize:
		return addrPort(v.Data[:4], v.Data[4:6]), nil
	}
	return netip.AddrPort{}, &Error{Truncated, "push proxy address"}
}
