package stun

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"

	pion "github.com/pion/stun/v2"
)

// ID tells transactions apart; nobody who has not seen it can answer in another's
// name, so it must be drawn at random.
type ID = [pion.TransactionIDSize]byte

// Change asks a server to answer from elsewhere (RFC 5780, 7.2).
type Change uint32

// The bits of a Change.
const (
	ChangePort    Change = 2
	ChangeAddress Change = 4
)

// MaxMessage is the largest message that is read: what a server has to say fits.
const MaxMessage = 548

// Is says whether a datagram is a STUN message, by its first bytes (RFC 7983) and
// its length.
func Is(b []byte) bool {
	return len(b) >= headerSize && b[0] < 4 && pion.IsMessage(b) && int(binary.BigEndian.Uint16(b[2:])) == len(b)-headerSize
}

const headerSize = 20

// NewRequest makes a binding request.
func NewRequest(id ID, change Change) []byte {
	m := new(pion.Message)
	m.TransactionID = id
	m.Type = pion.BindingRequest
	m.WriteHeader()
	if change != 0 {
		m.Add(pion.AttrChangeRequest, binary.BigEndian.AppendUint32(nil, uint32(change)))
	}
	return m.Raw
}

// Response is what a server says.
type Response struct {
	ID      ID
	Outside netip.AddrPort // where it sees us
	Other   netip.AddrPort // its other address and port; not valid: it has none
}

// Errors of messages that are no answer to us.
var (
	ErrNotResponse = errors.New("no response to a binding request")
	ErrNoAddress   = errors.New("response without an address")
)

// ParseResponse reads a server's answer. One of before 2008 that knows no masked
// addresses is read too.
func ParseResponse(b []byte) (Response, error) {
	m, err := parse(b)
	switch {
	case err != nil:
		return Response{}, err
	case m.Type != pion.BindingSuccess:
		return Response{}, ErrNotResponse
	}
	r := Response{ID: m.TransactionID}
	var masked pion.XORMappedAddress
	var mapped pion.MappedAddress
	switch {
	case masked.GetFrom(m) == nil:
		r.Outside = addrPort(masked.IP, masked.Port)
	case mapped.GetFrom(m) == nil:
		r.Outside = addrPort(mapped.IP, mapped.Port)
	}
	if !r.Outside.IsValid() {
		return Response{}, ErrNoAddress
	}
	var other pion.OtherAddress
	if other.GetFrom(m) == nil {
		r.Other = addrPort(other.IP, other.Port)
	}
	return r, nil
}

// request is what a client asks.
type request struct {
	id      ID
	change  Change
	unknown []pion.AttrType // that must be understood, and are not
}

func parseRequest(b []byte) (request, error) {
	m, err := parse(b)
	if err != nil {
		return request{}, err
	}
	if m.Type != pion.BindingRequest {
		return request{}, ErrNotRequest
	}
	r := request{id: m.TransactionID}
	for _, a := range m.Attributes {
		switch {
		case a.Type == pion.AttrChangeRequest && len(a.Value) == 4:
			r.change = Change(binary.BigEndian.Uint32(a.Value)) & (ChangePort | ChangeAddress)
		case a.Type.Required() && !harmless(a.Type):
			r.unknown = append(r.unknown, a.Type)
		}
	}
	return r, nil
}

// harmless says that an answer is right for who sends this, too: names and proofs
// of who asks, which a server that answers everybody does not look at.
func harmless(t pion.AttrType) bool {
	return t == pion.AttrUsername || t == pion.AttrMessageIntegrity || t == pion.AttrPadding
}

// ErrNotRequest is what is no binding request.
var ErrNotRequest = errors.New("no binding request")

func parse(b []byte) (*pion.Message, error) {
	if len(b) > MaxMessage {
		return nil, fmt.Errorf("STUN message of %d bytes: %d at most", len(b), MaxMessage)
	}
	m := &pion.Message{Raw: b}
	if err := m.Decode(); err != nil {
		return nil, err
	}
	return m, nil
}

// addrPort is not valid where there is no such address.
func addrPort(ip net.IP, port int) netip.AddrPort {
	a, ok := netip.AddrFromSlice(ip)
	if !ok || port <= 0 || port > 1<<16-1 {
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(a.Unmap(), uint16(port))
}
