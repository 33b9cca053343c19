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
	self = append(self, protocol.ParseAlternates(r.Header.Get(protocol.HeaderNode))...)
	if alternates := s.alternatesFor(remoteAddr(r), file, self); len(alternates) > 0 {
		h.Set(protocol.HeaderAlt, protocol.Alternates(alternates))
	}
}

// alternatesFor returns whom the host at an address is told of.
func (s *Server) alternatesFor(to netip.Addr, file protocol.SHA1, self []netip.AddrPort) []netip.AddrPort {
	if s.cfg.Mesh == nil {
		return nil
	}
	return s.cfg.Mesh.Of(time.Now(), file, maxAlt, func(a netip.AddrPort) bool {
		same := a.Addr() == to && !to.IsLoopback()
		return same || !mayTell(to, a.Addr()) || slices.Contains(self, a) || s.cfg.IsSelf(a)
	})
}

// Head answers a HEAD ping of from (section 18): what there is of a file, how it stands
// with slots, and what else is asked for. Where and who we are is not in it.
func (s *Server) Head(from netip.AddrPort, file protocol.SHA1, want protocol.HeadParts) (p protocol.HeadPong) {
	var part Partial
	if _, p.Complete = s.cfg.Files.BySHA1(file); !p.Complete {
		part, p.Partial = s.cfg.Partial(file)
		p.Downloading = p.Partial
	}
	if !p.Found() {
		return p
	}
	s.mu.Lock()
	p.Queue = s.queue.outlook(time.Now())
	s.mu.Unlock()
	if want&protocol.HeadRanges != 0 {
		p.Ranges = part.Have
	}
	if want&protocol.HeadAlternates != 0 {
		p.Alternates = s.alternatesFor(from.Addr(), file, []netip.AddrPort{from})
	}
	if want&protocol.HeadPushes != 0 {
		p.Pushes = s.cfg.Alternates(file)
	}
	return p
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
