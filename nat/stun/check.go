package stun

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"

	pion "github.com/pion/stun/v2"
)

// Token is the secret of a meeting: two servents that were told it, on a way that
// others do not see, know by it which datagrams come from the other.
type Token [16]byte

// Side is one end of a meeting.
type Side byte

// The sides: who asked for the meeting, and who was asked.
const (
	Asking Side = 'a'
	Asked  Side = 'b'
)

// Other is the other end.
func (s Side) Other() Side {
	if s == Asking {
		return Asked
	}
	return Asking
}

// Name is what tells meetings apart, and their sides. It says nothing of the token.
type Name [9]byte

// Name returns what a side signs its checks with.
func (t Token) Name(s Side) (n Name) {
	sum := sha256.Sum256(t[:])
	copy(n[:], sum[:8])
	n[8] = byte(s)
	return n
}

// CheckSize is how large a check is, and its answer: nobody gets more than he sent.
const CheckSize = headerSize + 4 + 12 + 4 + 20

// String returns the text of a Name, in 18 hex digits.
func (n Name) String() string { return hex.EncodeToString(n[:]) }

// ParseName reads what String writes.
func ParseName(text string) (n Name, err error) {
	b, err := hex.DecodeString(text)
	if err != nil || len(b) != len(n) || Side(b[8]) != Asking && Side(b[8]) != Asked {
		return n, ErrNoCheck
	}
	return Name(b), nil
}

// Side is the side of a Name.
func (n Name) Side() Side { return Side(n[8]) }

// Other is the Name of the other side.
func (n Name) Other() Name {
	n[8] = byte(n.Side().Other())
	return n
}

// Check is a binding request that proves that its sender knows the token of a
// meeting (as in RFC 8445, 7), or the answer to one.
type Check struct {
	ID     ID
	Name   Name
	Answer bool
	m      *pion.Message
}

// ErrNoCheck is what is no check, be it another STUN message.
var ErrNoCheck = errors.New("no check of a meeting")

// NewCheck makes a check of one side, or its answer to one with that id.
func NewCheck(id ID, t Token, s Side, answer bool) []byte {
	m := new(pion.Message)
	m.TransactionID, m.Type = id, pion.BindingRequest
	if answer {
		m.Type = pion.BindingSuccess
	}
	m.WriteHeader()
	name := t.Name(s)
	m.Add(pion.AttrUsername, name[:])
	_ = pion.MessageIntegrity(t[:]).AddTo(m) // fails behind a fingerprint only
	return m.Raw
}

// ParseCheck reads a check, of whom it cannot tell yet.
func ParseCheck(b []byte) (Check, error) {
	if len(b) != CheckSize {
		return Check{}, ErrNoCheck
	}
	m, err := parse(b)
	if err != nil {
		return Check{}, err
	}
	name, err := m.Get(pion.AttrUsername)
	if err != nil || len(name) != len(Name{}) || m.Type != pion.BindingRequest && m.Type != pion.BindingSuccess {
		return Check{}, ErrNoCheck
	}
	return Check{ID: m.TransactionID, Name: Name(name), Answer: m.Type == pion.BindingSuccess, m: m}, nil
}

// By says whether who sent it knows the token.
func (c Check) By(t Token) bool { return pion.MessageIntegrity(t[:]).Check(c.m) == nil }
