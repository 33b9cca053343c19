package transfer

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/protocol/tiger"
	"github.com/seed282dab8e/servent/servent/library"
	"github.com/seed282dab8e/servent/servent/transfer/mesh"
)

// maxTold is how many sources a request names, and how many bad ones.
const maxTold = 10

// learnMesh takes in of whom an answer tells that they have the file.
func (s *swarm) learnMesh(from netip.Addr, h http.Header) {
	s.learnAlternates(from, alternatesIn(h, protocol.HeaderAlt, protocol.HeaderAltOld))
}

// mesh is whom a source is told of that have the file, ourselves first as soon as we hold a
// block, and whom that have sent something else.
func (s *swarm) mesh(l *link) (good, bad []netip.AddrPort) {
	to, self := addrOfConn(l.conn.RemoteAddr()), s.client.cfg.Self(addrOfConn(l.conn.LocalAddr()).Addr())
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.blocks == nil || !s.job.URN.HasSHA1 {
		return nil, nil
	}
	if self.IsValid() && s.blocks.verified() {
		good = append(good, self)
	}
	for _, c := range s.all {
		switch {
		case c.Push || !c.Addr.IsValid() || c.Addr == to || !mayTell(to.Addr(), c.Addr.Addr()):
		case c.liar && len(bad) < maxTold:
			bad = append(bad, c.Addr)
		case c.proven && !c.out && len(good) < maxTold:
			good = append(good, c.Addr)
		}
	}
	return good, bad
}

func addrOfConn(a interface{ String() string }) netip.AddrPort {
	addr, _ := netip.ParseAddrPort(a.String()) // not valid where it is none, as in a pipe
	return netip.AddrPortFrom(addr.Addr().Unmap().WithZone(""), addr.Port())
}

// prove notes that c has sent a block that is right; s.mu is held.
func (s *swarm) prove(c *candidate) {
	if c.proven {
		return
	}
	c.proven = true
	s.believe(c)
	if m := s.meshOf(c); m != nil {
		m.Good(time.Now(), s.job.URN.SHA1, c.Addr)
	}
}

// meshOf is what is to know what we find out of c; nil: nobody can be told of it.
func (s *swarm) meshOf(c *candidate) *mesh.Mesh {
	if c.Push || !c.Addr.IsValid() || !s.job.URN.HasSHA1 {
		return nil
	}
	return s.client.cfg.Mesh
}

// disprove notes that c has sent wrong bytes, or does not have the file; s.mu is held.
func (s *swarm) disprove(c *candidate) {
	if m := s.meshOf(c); m != nil {
		m.Bad(time.Now(), s.job.URN.SHA1, netip.Addr{}, c.Addr)
	}
}

// unreached notes that c was given up before it had sent anything; s.mu is held.
func (s *swarm) unreached(c *candidate) {
	if m := s.meshOf(c); m != nil {
		m.Gone(time.Now(), s.job.URN.SHA1, c.Addr)
	}
}

// fromMesh adds sources that others have told of before.
func (s *swarm) fromMesh() {
	if m := s.client.cfg.Mesh; m != nil && s.job.URN.HasSHA1 {
		for _, a := range m.Of(time.Now(), s.job.URN.SHA1, maxAlternates/2, s.client.cfg.IsSelf) {
			s.addAlternate(Source{Addr: a})
		}
	}
}

// Partial finds what a download that runs has verified of a file, for a Server.
func (c *Client) Partial(file protocol.SHA1) (Partial, bool) {
	for _, s := range c.running() {
		if s.job.URN.HasSHA1 && s.job.URN.SHA1 == file {
			if p, ok := s.partial(); ok {
				return p, true
			}
		}
	}
	return Partial{}, false
}

// partial is what has been verified; false: nothing.
func (s *swarm) partial() (p Partial, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.blocks == nil || !s.blocks.verified() {
		return p, false
	}
	p.File = library.File{Rel: s.job.Name, Size: s.blocks.size, URN: s.job.URN}
	p.Path, p.Have, p.Claims = s.part, s.blocks.rangesOf(s.blocks.good), s.blocks.rangesOf(s.blocks.asked)
	if t := s.blocks.tree; t.span == 1 {
		if t.levels == nil {
			t.levels = tiger.Expand(t.nodes)
		}
		p.Tree = t.levels
	}
	return p, true
}

// learnRanges takes what a source has that has only a part of the file (section 20).
func (s *swarm) learnRanges(c *candidate, h http.Header) {
	text := strings.Join(h.Values(protocol.HeaderAvailableRanges), ",")
	if text == "" || s.blocks == nil {
		return
	}
	ranges, err := protocol.ParseRanges(text)
	if err != nil {
		return
	}
	if !c.partial {
		s.blocks.withdraw(c)
		c.partial, c.wasPart = true, true
	}
	s.blocks.claim(c, h.Get(protocol.HeaderClaims))
	had := c.offers
	s.blocks.offer(c, slices.Concat(ranges, []protocol.Range{{}})) // never nil, which would be all
	if c.offers > had {
		s.news.ring()
	}
}

// learnWhole notes that c serves, and does not say that it has only a part of the file: if
// that was so, it has all of it now.
func (s *swarm) learnWhole(c *candidate) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.partial {
		c.partial = false
		s.blocks.claim(c, "")
		s.blocks.offer(c, nil)
		s.news.ring()
	}
}
