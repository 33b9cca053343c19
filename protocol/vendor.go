package protocol

import (
	"encoding/binary"
	"strconv"
)

// vendorHead is the fixed part of a vendor message.
const vendorHead = 8

// MessageID says which vendor message one is: "BEAR/7v1" (section 14).
type MessageID struct {
	Code              [4]byte
	Selector, Version uint16
}

// String returns vendor, selector and version; the vendor of four zero bytes is
// "null".
func (m MessageID) String() string {
	return m.vendor() + "/" + strconv.Itoa(int(m.Selector)) + "v" + strconv.Itoa(int(m.Version))
}

func (m MessageID) vendor() string {
	code := m.Code
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

// Vendor is a vendor message: an extension between neighbours.
type Vendor struct {
	Code              [4]byte
	Selector, Version uint16
	Data              []byte
}

// ParseVendor reads a vendor payload. Data aliases b.
func ParseVendor(b []byte) (Vendor, error) {
	if err := checkSize(KindVendor, b, vendorHead); err != nil {
		return Vendor{}, err
	}
	return Vendor{
		Code:     [4]byte(b[:4]),
		Selector: binary.LittleEndian.Uint16(b[4:]),
		Version:  binary.LittleEndian.Uint16(b[6:]),
		Data:     b[vendorHead:],
	}, nil
}

// Append writes v to the end of b.
func (v Vendor) Append(b []byte) []byte {
	b = v.ID().append(b)
	return append(b, v.Data...)
}

// ID returns which message v is.
func (v Vendor) ID() MessageID { return MessageID{v.Code, v.Selector, v.Version} }

func (m MessageID) append(b []byte) []byte {
	b = append(b, m.Code[:]...)
	b = binary.LittleEndian.AppendUint16(b, m.Selector)
	return binary.LittleEndian.AppendUint16(b, m.Version)
}
