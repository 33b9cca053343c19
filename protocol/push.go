package protocol

import (
	"encoding/binary"
	"net/netip"
)

// pushSize is the fixed part of a push.
const pushSize = 26

// PushFWT is the index of a Push that asks for LimeWire's transfer between firewalls
// (RUDP, section 16) and for no connection.
const PushFWT = 0x7ffffffd

// Push asks the servent with GUID Servent to connect to Addr and offer a file
// there (section 15).
type Push struct {
	Servent GUID
	Index   uint32         // of the file, 0 for any
	Addr    netip.AddrPort // IPv4
	Ext     []byte         // extension area
}

// ParsePush reads a push payload. Ext aliases b.
func ParsePush(b []byte) (Push, error) {
	if err := checkSize(KindPush, b, pushSize); err != nil {
		return Push{}, err
	}
	return Push{
		Servent: GUID(b[:16]),
		Index:   binary.LittleEndian.Uint32(b[16:]),
		Addr:    addrPort(b[20:24], b[24:26]),
		Ext:     b[pushSize:],
	}, nil
}

// Append writes p to the end of b.
func (p Push) Append(b []byte) []byte {
	b = append(b, p.Servent[:]...)
	b = binary.LittleEndian.AppendUint32(b, p.Index)
	b = appendIP(b, p.Addr.Addr())
	b = binary.LittleEndian.AppendUint16(b, p.Addr.Port())
	return append(b, p.Ext...)
}
