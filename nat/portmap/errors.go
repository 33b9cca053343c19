package portmap

import (
	"errors"
	"fmt"
)

// What can go wrong, in the words that users are shown.
var (
	errSilent    = errors.New("no router answered")
	errClosed    = errors.New("the router does not offer it")
	errGarbled   = errors.New("the router's answer makes no sense")
	errTooLarge  = errors.New("the router's answer is too large")
	errElsewhere = errors.New("the router points to another machine")
	errLost      = errors.New("the router has lost the mapping")
	errEmpty     = errors.New("the router said yes and mapped nothing")
	errShort     = errors.New("the router forwards the port for too short a time")
	errNoOutside = errors.New("the router has no address outside")
	errDenied    = errors.New("the router said yes, but others do not get through")
	errNoRouter  = errors.New("no default gateway")
	errOldRouter = errors.New("the router speaks NAT-PMP only")
	errNewRouter = errors.New("the router speaks PCP only")
)

// answers says whether a router is there that speaks the protocol, though it has not done
// what it was asked for.
func answers(err error) bool {
	for _, absent := range []error{errSilent, errClosed, errNoRouter, errOldRouter, errNewRouter} {
		if errors.Is(err, absent) {
			return false
		}
	}
	return true
}

// errOther is a datagram that does not answer the request: it is passed over.
var errOther = errors.New("not an answer to the request")

// refusal is a no, with the code that the router gave.
type refusal struct {
	protocol Protocol
	code     int
}

func (r refusal) Error() string {
	if why := r.reason(); why != "" {
		return "refused: " + why
	}
	return fmt.Sprintf("refused: code %d", r.code)
}

func (r refusal) reason() string {
	switch r.protocol {
	case NATPMP:
		return pmpReason(r.code)
	case PCP:
		return pcpReason(r.code)
	case UPnP:
		return upnpReason(r.code)
	}
	return ""
}

// pmpReason is RFC 6886, 3.5.
func pmpReason(code int) string {
	switch code {
	case 1:
		return "version not supported"
	case 2:
		return "not authorized"
	case 3:
		return "the router is not connected"
	case 4:
		return "no ports left"
	case 5:
		return "not supported"
	}
	return ""
}

// pcpReason is RFC 6887, 7.4.
func pcpReason(code int) string {
	switch code {
	case 1:
		return "version not supported"
	case 2:
		return "not authorized"
	case 3:
		return "request not understood"
	case 4, 5, 9:
		return "not supported"
	case 6:
		return "option not understood"
	case 7:
		return "the router is not connected"
	case 8:
		return "no ports left"
	case 10:
		return "too many ports asked for"
	case 11:
		return "this outside port cannot be had"
	case 12:
		return "there is another translator on the way to the router"
	case 13:
		return "too many peers"
	}
	return ""
}

// upnpReason is UPnP Device Architecture 1.1, 3.2.2, and WANIPConnection:2, 2.5.
func upnpReason(code int) string {
	switch code {
	case 401, 602:
		return "not supported"
	case 402, 600, 601:
		return "request not understood"
	case 501:
		return "the router could not do it"
	case 606:
		return "not authorized"
	case 718, 729:
		return "the port belongs to another machine"
	case 724:
		return "outside and inside port must be the same"
	case 728:
		return "no ports left"
	}
	return ""
}
