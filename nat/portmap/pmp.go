package portmap

import (
	"context"
	"encoding/binary"
	"net/netip"
	"time"

	"github.com/seed282dab8e/servent/nat"
)

// NAT-PMP is written here: go-nat-pmp asks port 5351 only, waits up to two minutes
// and hears of no context, so that neither could it be tested nor could a servent end
// in time; and it ends at the first datagram that is odd.

// Sizes of NAT-PMP messages (RFC 6886, 3.2 and 3.3).
const (
	pmpAddressSize = 12
	pmpMapSize     = 16
)

// Operations of NAT-PMP; an answer has the top bit set.
const (
	pmpAddress = 0
	pmpMapUDP  = 1
	pmpMapTCP  = 2
	answerBit  = 0x80
)

// pmpAnswer is what a NAT-PMP router says.
type pmpAnswer struct {
	op              byte // without answerBit
	seconds         uint32
	outside         netip.Addr // of pmpAddress
	inPort, outPort uint16     // of mappings
	lease           time.Duration
}

// parsePMP reads an answer to an operation (RFC 6886, 3.2, 3.3, 3.5). A datagram
// that is longer than it should be is read up to where it should end.
func parsePMP(b []byte, op byte) (a pmpAnswer, err error) {
	if len(b) < 4 || len(b) > maxDatagram {
		return a, errOther
	}
	if b[0] == pcpVersion && b[1]&answerBit != 0 {
		return a, errNewRouter
	}
	if b[0] != 0 || b[1] != op|answerBit && b[1] != answerBit {
		return a, errOther
	}
	if code := binary.BigEndian.Uint16(b[2:]); code != 0 {
		return a, refusal{NATPMP, int(code)} // whose operation some routers leave out
	}
	size := pmpMapSize
	if op == pmpAddress {
		size = pmpAddressSize
	}
	if b[1] != op|answerBit || len(b) < size {
		return a, errOther
	}
	a = pmpAnswer{op: op, seconds: binary.BigEndian.Uint32(b[4:])}
	if op == pmpAddress {
		a.outside = netip.AddrFrom4([4]byte(b[8:]))
		return a, nil
	}
	a.inPort, a.outPort = binary.BigEndian.Uint16(b[8:]), binary.BigEndian.Uint16(b[10:])
	a.lease = time.Duration(binary.BigEndian.Uint32(b[12:])) * time.Second
	return a, nil
}

// pmpRequest asks for a mapping; a lease of 0 removes it.
func pmpRequest(op byte, inside, outside uint16, lease time.Duration) []byte {
	b := []byte{0, op, 0, 0}
	b = binary.BigEndian.AppendUint16(b, inside)
	b = binary.BigEndian.AppendUint16(b, outside)
	return binary.BigEndian.AppendUint32(b, uint32(lease/time.Second))
}

// pmp is a router that is asked by NAT-PMP.
type pmp struct {
	gate
	inside  uint16
	now     func() time.Time
	epoch   epoch
	outside netip.Addr
}

func pmpOp(t nat.Transport) byte {
	if t == nat.TCP {
		return pmpMapTCP
	}
	return pmpMapUDP
}

// probe asks for the outside address.
func (p *pmp) probe(ctx context.Context) error {
	return p.exchange(ctx, func(netip.Addr) []byte { return []byte{0, pmpAddress} }, func(b []byte) error {
		a, err := parsePMP(b, pmpAddress)
		if err != nil {
			return err
		}
		p.epoch.hear(p.now(), a.seconds)
		if p.outside = a.outside; p.outside.IsUnspecified() {
			return errNoOutside
		}
		return nil
	})
}

func (p *pmp) add(ctx context.Context, t nat.Transport, wish uint16) (mapping, error) {
	a, err := p.ask(ctx, t, wish, ControlLease)
	if err != nil {
		return mapping{}, err
	}
	return mapping{NATPMP, t, netip.AddrPortFrom(p.outside, a.outPort), a.lease, p.epoch.lost}, nil
}

// ask sends one request. The answer to another port's is passed over.
func (p *pmp) ask(ctx context.Context, t nat.Transport, wish uint16, lease time.Duration) (a pmpAnswer, err error) {
	op := pmpOp(t)
	request := func(netip.Addr) []byte { return pmpRequest(op, p.inside, wish, lease) }
	err = p.exchange(ctx, request, func(b []byte) (err error) {
		if a, err = parsePMP(b, op); err == nil && a.inPort != p.inside {
			return errOther
		}
		return err
	})
	if err == nil {
		p.epoch.hear(p.now(), a.seconds)
	}
	return a, err
}

func (p *pmp) check(ctx context.Context, m mapping) (mapping, error) {
	if err := p.probe(ctx); err != nil {
		return m, err
	}
	m.outside = netip.AddrPortFrom(p.outside, m.outside.Port())
	if m.lost != p.epoch.lost {
		return m, errLost
	}
	return m, nil
}

// remove asks for a lease of 0 (RFC 6886, 3.4).
func (p *pmp) remove(ctx context.Context, m mapping) error {
	_, err := p.ask(ctx, m.transport, 0, 0)
	return err
}
