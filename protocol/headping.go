package protocol

import (
	"bytes"
	"encoding/binary"
	"math"
	"net/netip"
)

// HeadParts are what a HEAD ping asks for beside whether the file is there, and
// what its pong has of that: the lower bits of the first byte of both (section 18).
type HeadParts uint8

// The parts that there are.
const (
	HeadRanges     HeadParts = 1 << iota // which bytes of the file there are
	HeadAlternates                       // others who have it
	HeadPushes                           // others who have it and cannot be connected to
	headRUDP
	headGGEP // of a ping: an extension follows
)

const (
	headPongLen  = 7 // without parts
	headRangeLen = 8
	headPushLen  = 1 + len(GUID{})
)

// NewHeadPing asks whether a servent has the content of u, and for parts.
func NewHeadPing(u URN, want HeadParts) Vendor {
	v := VendorHeadPing.with(byte(want))
	v.Data = append(v.Data, u.SHA1URN()...)
	return v
}

// HeadPing returns the content that a VendorHeadPing message asks for, and what else
// it wants to know.
func (v Vendor) HeadPing() (URN, HeadParts, error) {
	if len(v.Data) < 1 {
		return URN{}, 0, &Error{Truncated, "head ping"}
	}
	want, text := HeadParts(v.Data[0]), v.Data[1:]
	if want&headGGEP != 0 {
		if at := bytes.IndexByte(text, ggepMagic); at >= 0 {
			text = text[:at]
		}
	}
	u, err := ParseURN(string(text[:min(len(text), maxURN)]))
	if err != nil || !u.HasSHA1 {
		return URN{}, 0, &Error{Malformed, "head ping urn"}
	}
	return u, want & (HeadRanges | HeadAlternates | HeadPushes), nil
}

// HeadPong tells whether a servent has a file and would serve it.
type HeadPong struct {
	Complete, Partial bool // neither: it is not there, and all else says nothing
	Firewalled        bool
	Downloading       bool
	Vendor            [4]byte
	Queue             int8 // below 0, how many slots are free; else how many wait; QueueBusy

	Ranges     []Range          // of a partial file, in its first 4 GiB
	Pushes     []FWNodeInfo     // who must be pushed
	Alternates []netip.AddrPort // IPv4 only
}

// QueueBusy is what HeadPong.Queue says where nobody more may wait.
const QueueBusy = 0x7f

// Found says that there is something of the file.
func (p *HeadPong) Found() bool { return p.Complete || p.Partial }

// Bits of the code of a HEAD pong.
const (
	headComplete = 1 << iota
	headPartial
	headFirewalled
	headDownloading
)

// NewHeadPong answers a HEAD ping, whose id the message has, in room bytes of Data at
// most, but for the seven that are always there. Of lists that are longer it has the
// first: each gets half of the room that is left, the alternates all.
func NewHeadPong(p HeadPong, room int) Vendor {
	if !p.Found() {
		return VendorHeadPong.with(0, 0)
	}
	code := byte(0)
	for bit, is := range []bool{p.Complete, p.Partial, p.Firewalled, p.Downloading} {
		if is {
			code |= 1 << bit
		}
	}
	v := VendorHeadPong.with(0, code, p.Vendor[0], p.Vendor[1], p.Vendor[2], p.Vendor[3], byte(p.Queue))
	left := func() int { return room - len(v.Data) }
	part := func(bit HeadParts, list []byte) {
		if len(list) > 0 {
			v.Data[0] |= byte(bit)
			v.Data = append(binary.BigEndian.AppendUint16(v.Data, uint16(len(list))), list...)
		}
	}
	part(HeadRanges, headRanges(p.Ranges, left()/2-2))
	part(HeadPushes, headPushes(p.Pushes, left()/2-2))
	part(HeadAlternates, AppendAddrs(nil, p.Alternates[:min(len(p.Alternates), max(left()-2, 0)/addrSize)]...))
	return v
}

// headRanges writes ranges, as many as fit in room, both ends in each.
func headRanges(ranges []Range, room int) (b []byte) {
	for _, r := range ranges {
		if len(b)+headRangeLen > room || r.First > math.MaxUint32 {
			break
		}
		b = binary.BigEndian.AppendUint32(b, uint32(r.First))
		b = binary.BigEndian.AppendUint32(b, uint32(min(r.End-1, math.MaxUint32)))
	}
	return b
}

// headPushes writes servents that must be pushed, as many as fit in room.
func headPushes(pushes []FWNodeInfo, room int) (b []byte) {
	for _, p := range pushes {
		proxies := AppendAddrs(nil, p.Proxies[:min(len(p.Proxies), maxHeadProxies)]...)
		if len(b)+headPushLen+len(proxies) > room {
			break
		}
		b = append(append(b, byte(len(proxies)/addrSize)), p.Servent[:]...)
		b = append(b, proxies...)
	}
	return b
}

// Bits of the first byte of a servent that must be pushed.
const (
	maxHeadProxies = 0x07 // how many push proxies are told
	headPushRUDP   = 0x18 // version; the servent's own address is told, too
	headPushTLS    = 0x80 // one byte more tells which of the proxies know TLS
)

// HeadPong returns what a VendorHeadPong message of version 1 says. One that says that
// the file is not there may end behind that.
func (v Vendor) HeadPong() (p HeadPong, err error) {
	short := &Error{Truncated, "head pong"}
	switch {
	case v.Version != 1:
		return p, &Error{Malformed, "head pong version"}
	case len(v.Data) < 2:
		return p, short
	}
	has, code := HeadParts(v.Data[0]), v.Data[1]
	p.Complete, p.Partial = code&headComplete != 0, code&headPartial != 0
	switch {
	case !p.Found():
		return p, nil
	case len(v.Data) < headPongLen:
		return HeadPong{}, short
	}
	p.Firewalled, p.Downloading = code&headFirewalled != 0, code&headDownloading != 0
	p.Vendor, p.Queue = [4]byte(v.Data[2:6]), int8(v.Data[6])
	rest := v.Data[headPongLen:]
	for _, part := range [...]HeadParts{HeadRanges, HeadPushes, HeadAlternates} { // in this order
		if has&part == 0 {
			continue
		}
		if len(rest) < 2 || len(rest)-2 < int(binary.BigEndian.Uint16(rest)) {
			return HeadPong{}, short
		}
		end := 2 + int(binary.BigEndian.Uint16(rest))
		p.take(part, rest[2:end])
		rest = rest[end:]
	}
	return p, nil
}

// take reads one part.
func (p *HeadPong) take(part HeadParts, b []byte) {
	switch part {
	case HeadRanges:
		for ; len(b) >= headRangeLen && len(p.Ranges) < MaxRanges; b = b[headRangeLen:] {
			p.Ranges = append(p.Ranges, Range{uint64(binary.BigEndian.Uint32(b)), uint64(binary.BigEndian.Uint32(b[4:])) + 1})
		}
		p.Ranges = MergeRanges(p.Ranges)
	case HeadPushes:
		p.Pushes = parseHeadPushes(b)
	case HeadAlternates:
		p.Alternates = ParseAddrs(b)
	}
}

// parseHeadPushes reads servents that must be pushed, up to one of a form that is not
// known.
func parseHeadPushes(b []byte) (pushes []FWNodeInfo) {
	for len(b) >= headPushLen && len(pushes) < MaxAddrs && b[0]&headPushTLS == 0 {
		p, at := FWNodeInfo{Servent: GUID(b[1:headPushLen])}, headPushLen
		if b[0]&headPushRUDP != 0 {
			at += addrSize // no address of its own: nobody is to connect there
		}
		end := at + int(b[0]&maxHeadProxies)*addrSize
		if len(b) < end {
			break
		}
		p.Proxies = ParseAddrs(b[at:end])
		pushes = append(pushes, p)
		b = b[end:]
	}
	return pushes
}
