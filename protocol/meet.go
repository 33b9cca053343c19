package protocol

import (
	"errors"
	"net/netip"
)

// GGEPMeet is ours: in a push, that its sender and the servent shall meet half way,
// since nobody can connect to either; in a query, that its sender can do so.
const GGEPMeet = "SRVTM"

// Limits of a Meet.
const (
	MaxMeetAddrs   = 8
	MaxMeetProxies = 4
)

// Meet asks a servent to meet another, or answers that. It travels in pushes: towards
// the servent by the way of its hits or by its push proxies, and back by those of who
// asked, which it names.
type Meet struct {
	Token   [16]byte // which both prove to know; new for each meeting
	From    GUID     // who sends this
	Answer  bool
	Addrs   []MeetAddr       // at which datagrams, or connections, may reach who sends this
	Proxies []netip.AddrPort // push proxies of who sends this
	Routers [2]MeetRouters   // before its UDP port, and before its TCP port
}

// MeetRouters says how routers before one port behave, so that the other end need not
// try what cannot be: as package nat counts, zero for unknown.
type MeetRouters struct {
	Mapping, Filtering uint8 // 0 to 15
	Blocked            bool  // nothing passes; the others do not count then
}

// MeetRelay is the Kind of an address that is no servent's own but that of a supernode
// which relays for it.
const MeetRelay = 3

// MeetAddr is one address of who wants to meet.
type MeetAddr struct {
	TCP  bool
	Kind uint8 // how it became known: 0 to 2, as nat.Kind counts, or MeetRelay
	Addr netip.AddrPort
}

const (
	meetVersion   = 1
	meetAnswer    = 1
	meetFixed     = 1 + 1 + 16 + 16 + 1 // version, flags, token, GUID, numbers of addresses and proxies
	meetTCP       = 0x10
	meetIPv6      = 0x20
	meetBlocked   = 0xff
	maxMeetingLen = meetFixed + (MaxMeetAddrs+MaxMeetProxies)*(1+addrSize6) + 2
)

// ErrMeet is what is no Meet that this version understands.
var ErrMeet = errors.New("protocol: malformed meet extension")

// Item returns the GGEP item of m. Addresses and proxies past the limits, and ones
// that are not valid, are left out.
func (m *Meet) Item() GGEP {
	b := make([]byte, meetFixed, maxMeetingLen)
	b[0] = meetVersion
	if m.Answer {
		b[1] |= meetAnswer
	}
	copy(b[2:], m.Token[:])
	copy(b[18:], m.From[:])
	addrs, proxies := 0, 0
	for _, a := range m.Addrs {
		if addrs < MaxMeetAddrs && canMeet(a.Addr) {
			kind := a.Kind & 3
			if a.TCP {
				kind |= meetTCP
			}
			b = appendMeetAddr(b, kind, a.Addr)
			addrs++
		}
	}
	for _, a := range m.Proxies {
		if proxies < MaxMeetProxies && canMeet(a) {
			b = appendMeetAddr(b, 0, a)
			proxies++
		}
	}
	b[meetFixed-1] = byte(addrs)<<4 | byte(proxies)
	if m.Routers != [2]MeetRouters{} {
		b = append(b, m.Routers[0].pack(), m.Routers[1].pack())
	}
	return NewGGEP(GGEPMeet, b)
}

func (r MeetRouters) pack() byte {
	if r.Blocked {
		return meetBlocked
	}
	return r.Mapping<<4 | r.Filtering&15
}

func unpackRouters(b byte) MeetRouters {
	if b == meetBlocked {
		return MeetRouters{Blocked: true}
	}
	return MeetRouters{Mapping: b >> 4, Filtering: b & 15}
}

func canMeet(a netip.AddrPort) bool { return a.Addr().IsValid() && a.Port() != 0 }

func appendMeetAddr(b []byte, kind byte, a netip.AddrPort) []byte {
	ip := a.Addr().Unmap()
	if ip.Is6() {
		kind |= meetIPv6
	}
	return append(append(append(b, kind), ip.AsSlice()...), byte(a.Port()), byte(a.Port()>>8))
}

// Unreachable says that who asks can fetch only from those to whom it can connect.
func (q *Query) Unreachable() bool {
	if !q.Flags.Has(FlagFirewalled) {
		return false
	}
	_, meets := FindGGEP(q.Ext, GGEPMeet)
	return !meets
}

// FindMeet reads the Meet in an extension area; false where there is none. What a later
// version adds behind it is not looked at.
func FindMeet(area []byte) (*Meet, bool, error) {
	g, ok := FindGGEP(area, GGEPMeet)
	if !ok {
		return nil, false, nil
	}
	b, err := g.Data(maxMeetData)
	if err != nil {
		return nil, true, err
	}
	m, err := parseMeet(b)
	return m, true, err
}

func parseMeet(b []byte) (*Meet, error) {
	if len(b) < meetFixed || b[0] != meetVersion {
		return nil, ErrMeet
	}
	m := &Meet{Token: [16]byte(b[2:18]), From: GUID(b[18:34]), Answer: b[1]&meetAnswer != 0}
	addrs, proxies := int(b[meetFixed-1]>>4), int(b[meetFixed-1]&15)
	if addrs > MaxMeetAddrs || proxies > MaxMeetProxies {
		return nil, ErrMeet
	}
	b = b[meetFixed:]
	for i := range addrs + proxies {
		kind, a, rest, ok := cutMeetAddr(b)
		if !ok {
			return nil, ErrMeet
		}
		if b = rest; i < addrs {
			m.Addrs = append(m.Addrs, MeetAddr{TCP: kind&meetTCP != 0, Kind: kind & 3, Addr: a})
		} else {
			m.Proxies = append(m.Proxies, a)
		}
	}
	if len(b) >= len(m.Routers) {
		m.Routers = [2]MeetRouters{unpackRouters(b[0]), unpackRouters(b[1])}
	}
	return m, nil
}

func cutMeetAddr(b []byte) (kind byte, a netip.AddrPort, rest []byte, ok bool) {
	size := 4
	if len(b) > 0 && b[0]&meetIPv6 != 0 {
		size = 16
	}
	if len(b) < 1+size+2 {
		return 0, a, nil, false
	}
	ip, _ := netip.AddrFromSlice(b[1 : 1+size])
	a = netip.AddrPortFrom(ip.Unmap(), uint16(b[1+size])|uint16(b[2+size])<<8)
	return b[0], a, b[size+3:], a.Port() != 0
}
