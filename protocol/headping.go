package protocol

import "bytes"

// Bits of the first byte of a HEAD ping (section 18).
const (
	headGGEP    = 0x10
	headPongLen = 7
)

// NewHeadPing asks whether a servent has the content of u.
func NewHeadPing(u URN) Vendor {
	v := VendorHeadPing.with(0)
	v.Data = append(v.Data, u.SHA1URN()...)
	return v
}

// HeadPing returns the content that a VendorHeadPing message asks for.
func (v Vendor) HeadPing() (URN, error) {
	if len(v.Data) < 1 {
		return URN{}, &Error{Truncated, "head ping"}
	}
	text := v.Data[1:]
	if v.Data[0]&headGGEP != 0 {
		if at := bytes.IndexByte(text, ggepMagic); at >= 0 {
			text = text[:at]
		}
	}
	u, err := ParseURN(string(text[:min(len(text), maxURN)]))
	if err != nil || !u.HasSHA1 {
		return URN{}, &Error{Malformed, "head ping urn"}
	}
	return u, nil
}

// HeadPong tells whether a servent has a file and would serve it.
type HeadPong struct {
	Found      bool
	Firewalled bool
	Vendor     [4]byte
	Queue      int8 // below 0, how many slots are free; else how many wait; 127 is busy
}

// QueueBusy is what HeadPong.Queue says where nobody more may wait.
const QueueBusy = 0x7f

// Codes of a HEAD pong.
const (
	headComplete   = 1
	headPartial    = 2
	headFirewalled = 4
)

// NewHeadPong answers a HEAD ping, whose id the message has.
func NewHeadPong(p HeadPong) Vendor {
	code := byte(0)
	if p.Found {
		code = headComplete
	}
	if p.Firewalled {
		code |= headFirewalled
	}
	return VendorHeadPong.with(0, code, p.Vendor[0], p.Vendor[1], p.Vendor[2], p.Vendor[3], byte(p.Queue))
}

// HeadPong returns what a VendorHeadPong message of version 1 says.
func (v Vendor) HeadPong() (HeadPong, error) {
	switch {
	case v.Version != 1:
		return HeadPong{}, &Error{Malformed, "head pong version"}
	case len(v.Data) < headPongLen:
		return HeadPong{}, &Error{Truncated, "head pong"}
	}
	code := v.Data[1]
	return HeadPong{
		Found: code&(headComplete|headPartial) != 0, Firewalled: code&headFirewalled != 0,
		Vendor: [4]byte(v.Data[2:6]), Queue: int8(v.Data[6]),
	}, nil
}
