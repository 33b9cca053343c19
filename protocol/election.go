package protocol

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"net/netip"
	"time"
)

// Bounds of the messages with which supernodes are found and checked (section 25).
const (
	MinProbe      = 4 << 10  // bytes that a probe asks for, at least
	MaxProbe      = 64 << 10 // and at most
	ProbeChunk    = 4 << 10  // bytes of a probe in one message, but for the last
	MaxSuccessors = 10       // servents that a VendorHandOver message names
)

// NewPlaces tells other supernodes how many leaves this one has, and how many it
// takes. Of more than 65,535 it tells 65,535.
func NewPlaces(taken, total int) Vendor {
	v := VendorPlaces.with()
	for _, n := range []int{taken, total} {
		v.Data = binary.LittleEndian.AppendUint16(v.Data, uint16(min(n, math.MaxUint16)))
	}
	return v
}

// Places returns what a VendorPlaces message tells; taken is never over total.
func (v Vendor) Places() (taken, total int, err error) {
	if len(v.Data) < 4 {
		return 0, 0, &Error{Truncated, "places"}
	}
	total = int(binary.LittleEndian.Uint16(v.Data[2:]))
	return min(int(binary.LittleEndian.Uint16(v.Data)), total), total, nil
}

// NewCandidate tells a supernode whether this leaf could be one, and for how long
// it has been up.
func NewCandidate(fit bool, up time.Duration) Vendor {
	v := VendorCandidate.with(0)
	if fit {
		v.Data[0] = 1
	}
	return Vendor{v.Code, v.Selector, v.Version, binary.LittleEndian.AppendUint32(v.Data, uint32(min(up/time.Second, math.MaxUint32)))}
}

// Candidate returns what a VendorCandidate message tells.
func (v Vendor) Candidate() (fit bool, up time.Duration, err error) {
	if len(v.Data) < 5 {
		return false, 0, &Error{Truncated, "candidate"}
	}
	return v.Data[0]&1 != 0, time.Duration(binary.LittleEndian.Uint32(v.Data[1:])) * time.Second, nil
}

// NewProbe asks a peer for size bytes of [ProbeData], in VendorProbeData messages
// with the id of this one.
func NewProbe(size int) Vendor {
	v := VendorProbe.with()
	v.Data = binary.LittleEndian.AppendUint32(v.Data, uint32(size))
	return v
}

// Probe returns how many bytes a VendorProbe message asks for.
func (v Vendor) Probe() (int, error) {
	if len(v.Data) < 4 {
		return 0, &Error{Truncated, "probe size"}
	}
	size := binary.LittleEndian.Uint32(v.Data)
	if size < MinProbe || size > MaxProbe {
		return 0, &Error{Malformed, "probe size"}
	}
	return int(size), nil
}

// ProbeStream makes the bytes that answer the probe with an id. Nobody can know
// them before the id, nor send them as fewer bytes: they look random.
type ProbeStream struct{ r *rand.ChaCha8 }

// NewProbeStream returns the bytes for id, from the first one on.
func NewProbeStream(id GUID) ProbeStream {
	var seed [32]byte
	copy(seed[:], id[:])
	copy(seed[16:], "servent probe 1")
	return ProbeStream{rand.NewChaCha8(seed)}
}

// Next returns the n bytes that follow.
func (s ProbeStream) Next(n int) []byte {
	b := make([]byte, n)
	_, _ = s.r.Read(b) // never fails
	return b
}

// NewProbeData answers a part of a probe; no data says that there is no time for
// one now.
func NewProbeData(data []byte) Vendor { return VendorProbeData.with(data...) }

// ProbeData returns the data of a VendorProbeData message, which aliases v.
func (v Vendor) ProbeData() ([]byte, error) {
	if len(v.Data) > ProbeChunk {
		return nil, &Error{TooLarge, "probe data"}
	}
	return v.Data, nil
}

// NewCalled tells a peer that its call from outside has come, which said nonce.
func NewCalled(nonce GUID) Vendor { return VendorCalled.with(nonce[:]...) }

// Called returns the nonce in a VendorCalled message.
func (v Vendor) Called() (GUID, error) {
	if len(v.Data) < len(GUID{}) {
		return GUID{}, &Error{Truncated, "called"}
	}
	return GUID(v.Data), nil
}

// NewPromote asks a leaf to become a supernode. It has been seen to send rate bytes
// a second.
func NewPromote(rate uint32) Vendor {
	v := VendorPromote.with()
	v.Data = binary.LittleEndian.AppendUint32(v.Data, rate)
	return v
}

// Promote returns the rate in a VendorPromote message.
func (v Vendor) Promote() (uint32, error) {
	if len(v.Data) < 4 {
		return 0, &Error{Truncated, "promote"}
	}
	return binary.LittleEndian.Uint32(v.Data), nil
}

// successorSize is an IPv6 address, or an IPv4 one mapped to that, and a port.
const successorSize = 18

// NewHandOver tells a leaf that this supernode steps down, and who has room for it;
// of more than MaxSuccessors the first are named.
func NewHandOver(to []netip.AddrPort) Vendor {
	v := VendorHandOver.with()
	for _, a := range to[:min(len(to), MaxSuccessors)] {
		ip := a.Addr().As16()
		v.Data = append(v.Data, ip[:]...)
		v.Data = binary.LittleEndian.AppendUint16(v.Data, a.Port())
	}
	return v
}

// HandOver returns the servents in a VendorHandOver message. Whether they may be
// dialled is not looked at.
func (v Vendor) HandOver() ([]netip.AddrPort, error) {
	switch {
	case len(v.Data)%successorSize != 0:
		return nil, &Error{Truncated, "successors"}
	case len(v.Data) > MaxSuccessors*successorSize:
		return nil, &Error{TooLarge, "successors"}
	}
	var to []netip.AddrPort
	for b := v.Data; len(b) > 0; b = b[successorSize:] {
		ip := netip.AddrFrom16([16]byte(b)).Unmap()
		to = append(to, netip.AddrPortFrom(ip, binary.LittleEndian.Uint16(b[16:])))
	}
	return to, nil
}
