package sim

import (
	"encoding/hex"
	"net/netip"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/servent/overlay"
)

// udp sends a message over UDP, from the node's address or a forged one.
func (s *script) udp(c command) error {
	from, to, err := s.pair(c.arg(0), "->")
	if err != nil {
		return err
	}
	source := s.w.Addr(from)
	if as := c.get("as"); as != "" {
		source = s.addr(as)
	}
	for range c.times() {
		msg, err := s.message(c)
		if err != nil {
			return err
		}
		s.w.SendDatagram(from, source, s.w.Addr(to), msg)
	}
	return nil
}

// caches has a node ask host caches.
func (s *script) caches(c command) error {
	id, err := s.node(c.arg(0))
	if err != nil {
		return err
	}
	var addrs []netip.AddrPort
	for _, name := range c.args[1:] {
		addrs = append(addrs, s.addr(name))
	}
	s.w.Step(id, overlay.AskCaches{Addrs: addrs})
	return nil
}

// ggep makes the extension that `ggep=SCP` names, empty.
func ggep(c command) []byte {
	if id := c.get("ggep"); id != "" {
		return protocol.AppendGGEP(nil, protocol.NewGGEP(id, nil))
	}
	return nil
}

// withToken puts a token, in hex, into the trailer of a hit.
func withToken(h protocol.QueryHit, token string) protocol.QueryHit {
	if b, err := hex.DecodeString(token); err == nil && len(b) > 0 {
		ext := protocol.AppendGGEP(nil, protocol.NewGGEP(protocol.GGEPToken, b))
		h.Trailer = protocol.QHD{Vendor: "STRG", Flags: protocol.HitGGEP, Private: ext}.Append(nil)
	}
	return h
}
