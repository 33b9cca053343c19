package portmap

import (
	"context"
	"encoding/binary"
	"net/netip"
	"time"

	"github.com/seed282dab8e/servent/nat"
)

// Sizes and numbers of PCP (RFC 6887, 7, 11.1 and 19).
const (
	pcpVersion  = 2
	pcpHeader   = 24
	pcpMapSize  = pcpHeader + 36
	pcpAnnounce = 0
	pcpMap      = 1
)

// nonce tells a mapping's owner from others (RFC 6887, 11.2).
type nonce [12]byte

// pcpMapping is the body of a MAP request or answer.
type pcpMapping struct {
	nonce    nonce
	protocol byte // as in IP
	inside   uint16
	outside  netip.AddrPort
}

// append writes the body (RFC 6887, 11.1). An IPv4 address goes in IPv6 clothes, and
// so does that of zeros, which says that any IPv4 address will do.
func (m pcpMapping) append(b []byte) []byte {
	b = append(b, m.nonce[:]...)
	b = append(b, m.protocol, 0, 0, 0)
	b = binary.BigEndian.AppendUint16(b, m.inside)
	b = binary.BigEndian.AppendUint16(b, m.outside.Port())
	a := m.outside.Addr().As16()
	return append(b, a[:]...)
}

func parsePCPMapping(b []byte) (m pcpMapping) {
	copy(m.nonce[:], b)
	m.protocol, m.inside = b[12], binary.BigEndian.Uint16(b[16:])
	outside := netip.AddrFrom16([16]byte(b[20:36])).Unmap()
	m.outside = netip.AddrPortFrom(outside, binary.BigEndian.Uint16(b[18:]))
	return m
}

// pcpRequest writes what all requests begin with (RFC 6887, 7.1).
func pcpRequest(op byte, lease time.Duration, own netip.Addr) []byte {
	b := []byte{pcpVersion, op, 0, 0}
	b = binary.BigEndian.AppendUint32(b, uint32(lease/time.Second))
	a := own.As16()
	return append(b, a[:]...)
}

// pcpAnswer is what a PCP router says.
type pcpAnswer struct {
	lease   time.Duration
	seconds uint32
	pcpMapping
}

// parsePCP reads an answer to an operation (RFC 6887, 7.2, 8.3, 11.4). One that
// refuses may lack the body; where it has one, that must be of what was asked.
func parsePCP(b []byte, op byte, asked pcpMapping) (a pcpAnswer, err error) {
	if len(b) >= 4 && b[0] == 0 && b[1]&answerBit != 0 { // RFC 6886, 3.5: version not supported
		return a, errOldRouter
	}
	if len(b) < pcpHeader || len(b) > maxDatagram || len(b)%4 != 0 || b[0] != pcpVersion || b[1] != op|answerBit {
		return a, errOther
	}
	if op == pcpMap && len(b) >= pcpMapSize {
		a.pcpMapping = parsePCPMapping(b[pcpHeader:])
		if a.nonce != asked.nonce || a.protocol != asked.protocol || a.inside != asked.inside {
			return pcpAnswer{}, errOther
		}
	}
	if code := b[3]; code != 0 {
		return pcpAnswer{}, refusal{PCP, int(code)}
	}
	if op == pcpMap && len(b) < pcpMapSize {
		return pcpAnswer{}, errOther
	}
	a.lease = time.Duration(binary.BigEndian.Uint32(b[4:])) * time.Second
	a.seconds = binary.BigEndian.Uint32(b[8:])
	return a, nil
}

// pcp is a router that is asked by PCP.
type pcp struct {
	gate
	inside uint16
	now    func() time.Time
	epoch  epoch
	nonces [transports]nonce // kept from request to request (RFC 6887, 11.2.1)
}

// probe announces us (RFC 6887, 14.1), which changes nothing and brings the epoch.
func (p *pcp) probe(ctx context.Context) error {
	_, err := p.ask(ctx, pcpAnnounce, 0, pcpMapping{})
	return err
}

// ask sends one request.
func (p *pcp) ask(ctx context.Context, op byte, lease time.Duration, m pcpMapping) (a pcpAnswer, err error) {
	request := func(own netip.Addr) []byte {
		b := pcpRequest(op, lease, own)
		if op == pcpMap {
			b = m.append(b)
		}
		return b
	}
	err = p.exchange(ctx, request, func(b []byte) (err error) {
		a, err = parsePCP(b, op, m)
		return err
	})
	if err == nil {
		p.epoch.hear(p.now(), a.seconds)
	}
	return a, err
}

// body is a MAP of the port, with the outside port that one would like.
func (p *pcp) body(t nat.Transport, wish uint16) pcpMapping {
	number := byte(17) // UDP
	if t == nat.TCP {
		number = 6
	}
	return pcpMapping{p.nonces[t], number, p.inside, netip.AddrPortFrom(netip.IPv4Unspecified(), wish)}
}

func (p *pcp) add(ctx context.Context, t nat.Transport, wish uint16) (mapping, error) {
	a, err := p.ask(ctx, pcpMap, ControlLease, p.body(t, wish))
	if err != nil {
		return mapping{}, err
	}
	return mapping{PCP, t, a.outside, a.lease, p.epoch.lost}, nil
}

// check asks nothing of the mapping itself: PCP cannot. A router that forgets one
// starts its epoch anew (RFC 6887, 8.5).
func (p *pcp) check(ctx context.Context, m mapping) (mapping, error) {
	if err := p.probe(ctx); err != nil {
		return m, err
	}
	if m.lost != p.epoch.lost {
		return m, errLost
	}
	return m, nil
}

// remove asks for a lease of 0 (RFC 6887, 15.1).
func (p *pcp) remove(ctx context.Context, m mapping) error {
	_, err := p.ask(ctx, pcpMap, 0, p.body(m.transport, 0))
	return err
}
