package transfer

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/seed282dab8e/servent/nat"
	"github.com/seed282dab8e/servent/protocol"
)

// maxAlt is how many sources an answer tells of.
const maxAlt = 10

// mayTell says whether it makes sense, and is safe, that a host tells of an address, or is told
// of it: one that is near, as a private one is, means something else, and may be meant to do harm,
// to who is further away than that.
func mayTell(host, a netip.Addr) bool {
	far, near := nat.ScopeOf(host), nat.ScopeOf(a)
	return far != nat.Nowhere && near >= far
}

// learnAlternates takes in who has, and who has not, a file, as a request for it by hash says, and
// returns where the client says that it has the file itself.
func (s *Server) learnAlternates(r *http.Request, file protocol.SHA1) (self []netip.AddrPort) {
	if s.cfg.Mesh == nil {
		return nil
	}
	now, from := time.Now(), remoteAddr(r)
	for _, a := range alternatesIn(r.Header, protocol.HeaderAlt, protocol.HeaderAltOld) {
		if !s.mayLearn(from, a) {
			continue
		}
		s.cfg.Mesh.Heard(now, file, from, a)
		if a.Addr() == from {
			self = append(self, a)
		}
	}
	for _, a := range alternatesIn(r.Header, protocol.HeaderNAlt) {
		if s.mayLearn(from, a) {
			s.cfg.Mesh.Bad(now, file, from, a)
		}
	}
	return self
}

func alternatesIn(h http.Header, names ...string) (all []netip.AddrPort) {
	for _, name := range names {
		all = append(all, protocol.ParseAlternates(strings.Join(h.Values(name), ","))...)
	}
	return all
}

func (s *Server) mayLearn(from netip.Addr, a netip.AddrPort) bool {
	if !mayTell(from, a.Addr()) {
		s.altsRefused.Add(1)
		return false
	}
	s.altsHeard.Add(1)
	return true
}

// tellAlternates sets X-Alt: others who have a file and to whom the client may be able to
// connect. Who is at its own address may be itself; on loopback that is everybody, and of them
// those are left out that self names.
func (s *Server) tellAlternates(h http.Header, r *http.Request, file protocol.SHA1, self []netip.AddrPort) {
	if s.cfg.Mesh == nil {
		return
	}
	to := remoteAddr(r)
	self = append(self, protocol.ParseAlternates(r.Header.Get(protocol.HeaderNode))...)
	alternates := s.cfg.Mesh.Of(time.Now(), file, maxAlt, func(a netip.AddrPort) bool {
		same := a.Addr() == to && !to.IsLoopback()
		return same || !mayTell(to, a.Addr()) || slices.Contains(self, a) || s.cfg.IsSelf(a)
	})
	if len(alternates) > 0 {
		h.Set(protocol.HeaderAlt, protocol.Alternates(alternates))
	}
}

// shares says whether a client gives to others, too: we have this file, or a part of it, from
// there; or it says where it can be asked for it; or it serves us now.
func (s *Server) shares(r *http.Request, file protocol.SHA1, self []netip.AddrPort) bool {
	from := remoteAddr(r)
	return len(self) > 0 || s.cfg.Shares(from) || s.cfg.Mesh != nil && s.cfg.Mesh.HasGiven(time.Now(), file, from)
}

// remoteAddr returns the address of a client; not valid where it is none, as in a pipe.
func remoteAddr(r *http.Request) netip.Addr {
	a, _ := netip.ParseAddrPort(r.RemoteAddr)
	return a.Addr().Unmap().WithZone("")
}
