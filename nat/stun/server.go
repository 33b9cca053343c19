package stun

import (
	"net/netip"
	"time"

	pion "github.com/pion/stun/v2"
)

// Limits of a Server.
const (
	// AskerEvery is how often one address (of IPv6: one /64) is answered, after a
	// burst of AskerBurst: a client asks a dozen times in some seconds.
	AskerEvery = 250 * time.Millisecond
	AskerBurst = 24
	// AnswerSize is how large an answer is at most: both addresses of IPv6.
	AnswerSize = 68
	// MaxAskers is how many are remembered; while so many ask, new ones get nothing.
	MaxAskers = 4096
)

// Server answers binding requests on the sockets of one host. It never sends more
// than AnswerSize bytes for a request, and so often only: who forges the source of
// requests gains nothing. The zero value serves one socket. It is for one goroutine.
type Server struct {
	// Other is a second address and port of the host, where the owner has sockets for
	// them: it can answer from Other, and from its first address and the port of Other.
	// Not valid: there is none, and no client can test its filter.
	Other netip.AddrPort
	// PortOnly says that Other has the first address too.
	PortOnly bool
	// Counters of what was not answered.
	Malformed, Limited, Elsewhere uint64

	askers map[netip.Prefix]bucket
	swept  time.Time
}

// bucket is what one asker may still ask.
type bucket struct {
	left int
	at   time.Time
}

// Answer is what a Server has to send.
type Answer struct {
	Msg []byte
	// FromPort and FromAddress say that it must leave by the other port, the other
	// address; never by another address and the same port.
	FromPort, FromAddress bool
}

// Answer answers a datagram that came from an address; false when there is nothing
// to send.
func (s *Server) Answer(now time.Time, from netip.AddrPort, b []byte) (Answer, bool) {
	return s.answer(now, from, b, s.Other)
}

// AnswerElsewhere is Answer for what came to one of the other sockets, from where it is
// answered, whatever is asked.
func (s *Server) AnswerElsewhere(now time.Time, from netip.AddrPort, b []byte) ([]byte, bool) {
	a, ok := s.answer(now, from, b, netip.AddrPort{})
	return a.Msg, ok
}

// can says whether there is a socket to answer from as asked.
func (s *Server) can(c Change, other netip.AddrPort) bool {
	switch c {
	case 0:
		return true
	case ChangePort:
		return other.IsValid()
	case ChangePort | ChangeAddress:
		return other.IsValid() && !s.PortOnly
	}
	return false
}

func (s *Server) answer(now time.Time, from netip.AddrPort, b []byte, other netip.AddrPort) (Answer, bool) {
	r, err := parseRequest(b)
	switch {
	case err != nil:
		s.Malformed++
		return Answer{}, false
	case !s.allow(now, from.Addr()):
		s.Limited++
		return Answer{}, false
	case !s.can(r.change, other):
		s.Elsewhere++ // silence would look like a filter
		return Answer{Msg: refuse(r.id, pion.CodeUnknownAttribute, pion.UnknownAttributes{pion.AttrChangeRequest})}, true
	case len(r.unknown) > 0:
		s.Malformed++
		return Answer{Msg: refuse(r.id, pion.CodeUnknownAttribute, pion.UnknownAttributes(r.unknown[:min(len(r.unknown), 4)]))}, true
	}
	a := Answer{FromPort: r.change&ChangePort != 0, FromAddress: r.change&ChangeAddress != 0}
	a.Msg = success(r.id, from, other)
	return a, true
}

// success tells who asks where it is seen, and where else to ask.
func success(id ID, from, other netip.AddrPort) []byte {
	m := new(pion.Message)
	m.TransactionID, m.Type = id, pion.BindingSuccess
	m.WriteHeader()
	seen := pion.XORMappedAddress{IP: from.Addr().Unmap().AsSlice(), Port: int(from.Port())}
	if seen.AddTo(m) != nil {
		return nil
	}
	if other.IsValid() {
		o := pion.OtherAddress{IP: other.Addr().Unmap().AsSlice(), Port: int(other.Port())}
		if o.AddTo(m) != nil {
			return nil
		}
	}
	return m.Raw
}

func refuse(id ID, code pion.ErrorCode, unknown pion.UnknownAttributes) []byte {
	m := new(pion.Message)
	m.TransactionID, m.Type = id, pion.BindingError
	m.WriteHeader()
	_ = code.AddTo(m)
	_ = unknown.AddTo(m)
	return m.Raw
}

// allow says whether an address is answered now.
func (s *Server) allow(now time.Time, from netip.Addr) bool {
	if s.askers == nil || now.Sub(s.swept) > AskerBurst*AskerEvery {
		s.sweep(now)
	}
	bits := 64
	if from = from.Unmap(); from.Is4() {
		bits = 32
	}
	key, _ := from.Prefix(bits)
	b, known := s.askers[key]
	switch {
	case !known && len(s.askers) >= MaxAskers:
		return false
	case !known:
		b = bucket{AskerBurst, now}
	default:
		refill := int(now.Sub(b.at) / AskerEvery)
		b.left, b.at = min(AskerBurst, b.left+refill), b.at.Add(time.Duration(refill)*AskerEvery)
	}
	if b.left == 0 {
		s.askers[key] = b
		return false
	}
	b.left--
	s.askers[key] = b
	return true
}

// sweep forgets who has asked nothing for long enough to have a full bucket.
func (s *Server) sweep(now time.Time) {
	if s.askers == nil {
		s.askers = map[netip.Prefix]bucket{}
	}
	for k, b := range s.askers {
		if now.Sub(b.at) > AskerBurst*AskerEvery {
			delete(s.askers, k)
		}
	}
	s.swept = now
}
