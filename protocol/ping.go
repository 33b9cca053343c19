package protocol

import (
	"encoding/binary"
	"math/bits"
	"net/netip"
)

// Ping asks who is there (section 4).
type Ping struct {
	Ext []byte // extension area, most often empty
}

// ParsePing reads a ping payload. Ext aliases b.
func ParsePing(b []byte) (Ping, error) {
	if err := checkSize(KindPing, b, 0); err != nil {
		return Ping{}, err
	}
	return Ping{Ext: b}, nil
}

// Append writes p to the end of b.
func (p Ping) Append(b []byte) []byte { return append(b, p.Ext...) }

// pongSize is the fixed part of a pong.
const pongSize = 14

// minUltrapeerKBytes is the smallest KBytes that marks an ultrapeer.
const minUltrapeerKBytes = 8

// Pong says that a servent is at Addr and how much it shares (section 4).
type Pong struct {
	Addr   netip.AddrPort // IPv4
	Files  uint32
	KBytes uint32 // tells the role as well: see Ultrapeer
	Ext    []byte // extension area
}

// ParsePong reads a pong payload. Ext aliases b.
func ParsePong(b []byte) (Pong, error) {
	if err := checkSize(KindPong, b, pongSize); err != nil {
		return Pong{}, err
	}
	return Pong{
		Addr:   addrPort(b[2:6], b[:2]),
		Files:  binary.LittleEndian.Uint32(b[6:]),
		KBytes: binary.LittleEndian.Uint32(b[10:]),
		Ext:    b[pongSize:],
	}, nil
}

// Append writes p to the end of b.
func (p Pong) Append(b []byte) []byte {
	b = binary.LittleEndian.AppendUint16(b, p.Addr.Port())
	b = appendIP(b, p.Addr.Addr())
	b = binary.LittleEndian.AppendUint32(b, p.Files)
	b = binary.LittleEndian.AppendUint32(b, p.KBytes)
	return append(b, p.Ext...)
}

// Ultrapeer reports whether the pong is marked as an ultrapeer's: its KBytes is a
// power of two and at least 8.
func (p Pong) Ultrapeer() bool {
	return p.KBytes >= minUltrapeerKBytes && bits.OnesCount32(p.KBytes) == 1
}

// PongKBytes returns the KBytes to announce for kb KiB shared, marked with the
// role: an ultrapeer rounds down to a power of two of at least 8, anybody else
// steps off such a number.
func PongKBytes(kb uint32, ultrapeer bool) uint32 {
	if ultrapeer {
		return max(minUltrapeerKBytes, uint32(1)<<(bits.Len32(kb|1)-1))
	}
	if (Pong{KBytes: kb}).Ultrapeer() {
		return kb | 1
	}
	return kb
}
