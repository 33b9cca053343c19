package protocol

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net/netip"

	"github.com/klauspost/compress/flate"
)

// Limits of the messages about lists, in bytes.
const (
	MaxListBody   = 32 << 10 // of a part, inflated
	MaxListReason = 256      // of an answer's text
	MaxHitTrailer = 1 << 10  // of an offer's trailer
)

// ListOffer is what a leaf tells a supernode of our kind when their link is up, and
// whenever its list has changed (VendorListOffer): which list it has, and what its
// own hits would say of it. The supernode replies with a ListAnswer.
type ListOffer struct {
	Digest  ListDigest
	Files   uint32
	Addr    netip.AddrPort // IPv4, as in QueryHit
	Trailer []byte         // as in QueryHit, see QHD
}

const listOfferHead = len(ListDigest{}) + 4 + 6

// Vendor returns the message that says o.
func (o ListOffer) Vendor() Vendor {
	v := VendorListOffer.with(o.Digest[:]...)
	v.Data = binary.LittleEndian.AppendUint32(v.Data, o.Files)
	v.Data = binary.LittleEndian.AppendUint16(v.Data, o.Addr.Port())
	v.Data = appendIP(v.Data, o.Addr.Addr())
	v.Data = append(v.Data, o.Trailer...)
	return v
}

// ListOffer reads a VendorListOffer message. Trailer aliases v.
func (v Vendor) ListOffer() (ListOffer, error) {
	var o ListOffer
	switch {
	case len(v.Data) < listOfferHead:
		return o, &Error{Truncated, "list offer"}
	case len(v.Data) > listOfferHead+MaxHitTrailer:
		return o, &Error{TooLarge, "list offer"}
	}
	b := v.Data[copy(o.Digest[:], v.Data):]
	o.Files = binary.LittleEndian.Uint32(b)
	o.Addr = addrPort(b[6:10], b[4:6])
	o.Trailer = b[10:]
	return o, nil
}

// ListVerdict is what a supernode says to an offer, or to a part.
type ListVerdict uint8

const (
	ListHeld    ListVerdict = iota // the list of the digest stands: this supernode answers for it
	ListSend                       // send what makes the list of Digest, zero for an empty one, into yours
	ListMore                       // a part was taken: one more may come
	ListRefused                    // no list is held, and Reason says why; a route table will do
)

// ListAnswer is what a supernode replies to a leaf about its list
// (VendorListAnswer).
type ListAnswer struct {
	Verdict ListVerdict
	Digest  ListDigest // of what is held
	Reason  string     // for people
}

// Vendor returns the message that says a, with Reason cut to MaxListReason.
func (a ListAnswer) Vendor() Vendor {
	v := VendorListAnswer.with(byte(a.Verdict))
	v.Data = append(v.Data, a.Digest[:]...)
	v.Data = append(v.Data, cleanText(a.Reason, MaxListReason)...)
	return v
}

// ListAnswer reads a VendorListAnswer message.
func (v Vendor) ListAnswer() (ListAnswer, error) {
	var a ListAnswer
	head := 1 + len(a.Digest)
	switch {
	case len(v.Data) < head:
		return a, &Error{Truncated, "list answer"}
	case len(v.Data) > head+MaxListReason:
		return a, &Error{TooLarge, "list answer"}
	case v.Data[0] > byte(ListRefused):
		return a, &Error{Malformed, "list answer"}
	}
	a.Verdict = ListVerdict(v.Data[0])
	copy(a.Digest[:], v.Data[1:])
	a.Reason = cleanBytes(v.Data[head:], MaxListReason)
	return a, nil
}

// ListPart is a piece of what a leaf sends of its list (VendorListPart): as many
// changes as fit into MaxListBody bytes. The last part of a change names the list
// that it leads to.
type ListPart struct {
	First, Last bool
	Whole       bool       // with First: it begins with an empty list, whatever the supernode holds
	Digest      ListDigest // with Last
	Files       uint32     // with Last
	Deflated    []byte     // see Body
}

const (
	listFirst = 1 << iota
	listLast
	listWhole
)

// NewListPart deflates a body, which must not be longer than MaxListBody.
func NewListPart(body []byte) ListPart {
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestSpeed)
	if err == nil {
		_, _ = w.Write(body) // a Buffer takes everything
		err = w.Close()
	}
	if err != nil {
		panic("protocol: deflate a list: " + err.Error())
	}
	return ListPart{Deflated: b.Bytes()}
}

// Vendor returns the message that says p.
func (p ListPart) Vendor() Vendor {
	var flags byte
	if p.First {
		flags |= listFirst
	}
	if p.Last {
		flags |= listLast
	}
	if p.Whole {
		flags |= listWhole
	}
	v := VendorListPart.with(flags)
	if p.Last {
		v.Data = append(v.Data, p.Digest[:]...)
		v.Data = binary.LittleEndian.AppendUint32(v.Data, p.Files)
	}
	v.Data = append(v.Data, p.Deflated...)
	return v
}

// ListPart reads a VendorListPart message. Deflated aliases v.
func (v Vendor) ListPart() (ListPart, error) {
	if len(v.Data) < 1 {
		return ListPart{}, &Error{Truncated, "list part"}
	}
	flags, b := v.Data[0], v.Data[1:]
	if flags&^(listFirst|listLast|listWhole) != 0 || flags&listWhole != 0 && flags&listFirst == 0 {
		return ListPart{}, &Error{Malformed, "list part"}
	}
	p := ListPart{First: flags&listFirst != 0, Last: flags&listLast != 0, Whole: flags&listWhole != 0}
	if p.Last {
		if len(b) < len(p.Digest)+4 {
			return ListPart{}, &Error{Truncated, "list part"}
		}
		b = b[copy(p.Digest[:], b):]
		p.Files, b = binary.LittleEndian.Uint32(b), b[4:]
	}
	p.Deflated = b
	return p, nil
}

// Body inflates what p holds: ListChanges reads it.
func (p ListPart) Body() ([]byte, error) {
	r := flate.NewReader(bytes.NewReader(p.Deflated))
	body, err := io.ReadAll(io.LimitReader(r, MaxListBody+1))
	switch {
	case len(body) > MaxListBody:
		return nil, &Error{TooLarge, "list part"}
	case errors.Is(err, io.ErrUnexpectedEOF):
		return nil, &Error{Truncated, "list part"}
	case err != nil:
		return nil, &Error{Malformed, "list part"}
	}
	return body, nil
}
