package protocol

import "encoding/hex"

// GUID identifies a message (then it is called MUID) or a servent.
type GUID [16]byte

// String returns 32 lower-case hexadecimal digits.
func (g GUID) String() string { return hex.EncodeToString(g[:]) }

// ParseGUID reads the 32 hexadecimal digits of a GUID, in either case.
func ParseGUID(s string) (GUID, error) {
	var g GUID
	if len(s) != 2*len(g) {
		return GUID{}, &Error{Malformed, "guid"}
	}
	if _, err := hex.Decode(g[:], []byte(s)); err != nil {
		return GUID{}, &Error{Malformed, "guid"}
	}
	return g, nil
}

// Marked returns g with the bytes set that mark the id of a modern servent
// (section 1): byte 8 all ones, byte 15 zero. The other 14 bytes stay.
func (g GUID) Marked() GUID {
	g[8], g[15] = 0xff, 0
	return g
}
