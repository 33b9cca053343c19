package servent

import (
	"context"
	crand "crypto/rand"
	"errors"
	"net"
	"net/netip"
	"time"

	"github.com/seed282dab8e/servent/nat"
	"github.com/seed282dab8e/servent/nat/stun"
	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/servent/overlay"
	"github.com/sirupsen/logrus"
)

// Two servents to whom nobody can connect meet half way (docs/architecture.md, "Meeting
// half way"): who wants a file asks for it with a push and tells where its datagrams come
// from, the other answers by the push proxies of the first, and both send to each other
// until one gets through. Then who has the file opens a Stream, and says GIV on it.

// meetTime is how long who asked for a meeting is there for it.
const meetTime = 12 * time.Second

// errNoMeet: there is no way to answer us.
var errNoMeet = errors.New("nobody could answer a request to meet")

// invitation is a meeting that this servent has asked for.
type invitation struct {
	meet    *protocol.Meet
	answers chan *protocol.Meet
}

// invite asks for nothing yet: it makes what goes along with a push, and begins to wait
// for an answer, until ctx ends.
func (s *Servent) invite(ctx context.Context, peer protocol.GUID) (*invitation, error) {
	in := &invitation{meet: &protocol.Meet{From: s.GUID()}, answers: make(chan *protocol.Meet, 1)}
	_, _ = crand.Read(in.meet.Token[:]) // never fails
	asked := s.call(func(l *loop) {
		if in.meet.Proxies = l.node.Proxies(); len(in.meet.Proxies) > 0 {
			l.invitations[in.meet.Token] = in
		}
	})
	if !asked || len(in.meet.Proxies) == 0 {
		return nil, errNoMeet
	}
	s.tellAddrs(in.meet)
	m, err := s.udp.Meet(in.meet.Token, stun.Asking, peer)
	if err != nil {
		s.uninvite(in)
		return nil, err
	}
	s.wg.Go(func() {
		defer m.End()
		defer s.uninvite(in)
		ctx, cancel := context.WithTimeout(ctx, meetTime)
		defer cancel()
		select {
		case answer := <-in.answers:
			_, err := m.Open(ctx, rank(in.meet, answer))
			s.logMeet(peer, err)
		case <-ctx.Done():
		}
		<-ctx.Done() // its checks are answered, and its Stream is let in
	})
	return in, nil
}

func (s *Servent) uninvite(in *invitation) {
	s.call(func(l *loop) { delete(l.invitations, in.meet.Token) })
}

// tellAddrs adds where this servent may be met.
func (s *Servent) tellAddrs(m *protocol.Meet) {
	b := s.udp.Behaviour()
	facts := nat.Facts{Local: s.localAddrs(m.Proxies), Mapped: s.mappedAddrs()}
	facts.Behaviour[nat.UDP] = b
	for _, c := range nat.Gather(facts) {
		if c.Transport == nat.UDP {
			m.Addrs = append(m.Addrs, protocol.MeetAddr{Kind: uint8(c.Kind), Addr: c.Addr})
		}
	}
}

// localAddrs are the addresses from which datagrams to some others leave this machine.
func (s *Servent) localAddrs(to []netip.AddrPort) (own []netip.AddrPort) {
	for _, a := range to {
		if local, err := s.localTo(a); err == nil {
			own = append(own, local)
		}
	}
	return own
}

// rank orders the addresses of the other by how soon they should be tried.
func rank(own, other *protocol.Meet) []netip.AddrPort {
	return nat.Rank(nat.UDP, candidates(own), candidates(other))
}

func candidates(m *protocol.Meet) (cs []nat.Candidate) {
	for _, a := range m.Addrs {
		t := nat.UDP
		if a.TCP {
			t = nat.TCP
		}
		cs = append(cs, nat.Candidate{Transport: t, Kind: nat.Kind(min(a.Kind, uint8(nat.KindLocal))), Addr: a.Addr})
	}
	return cs
}

// meet does what a Push asks beside a connection.
func (l *loop) meet(m *protocol.Meet) {
	if !m.Answer {
		l.s.wg.Go(func() { l.s.meetHalfWay(l.ctx, m) })
		return
	}
	in := l.invitations[m.Token]
	if in == nil {
		l.edge.unwantedMeets++
		return
	}
	select {
	case in.answers <- m:
	default: // another proxy has passed on the same
	}
}

// meetHalfWay meets who asked for that, and offers to serve.
func (s *Servent) meetHalfWay(ctx context.Context, asked *protocol.Meet) {
	m, err := s.udp.Meet(asked.Token, stun.Asked, asked.From)
	if err != nil {
		s.logMeet(asked.From, err)
		return
	}
	defer m.End()
	answer := &protocol.Meet{Token: asked.Token, From: s.GUID(), Answer: true}
	s.tellAddrsTo(answer, asked)
	s.call(func(l *loop) {
		l.step(overlay.UserPush{Servent: asked.From, Proxies: asked.Proxies, Meet: answer})
	})
	at, err := m.Open(ctx, rank(answer, asked))
	if err == nil {
		err = s.offer(ctx, at, asked.From)
	}
	s.logMeet(asked.From, err)
}

// tellAddrsTo is tellAddrs, where the machine's own addresses are those that lead to who
// asked.
func (s *Servent) tellAddrsTo(m, asked *protocol.Meet) {
	m.Proxies = asked.Proxies
	s.tellAddrs(m)
	m.Proxies = nil
}

// offer opens a Stream to a peer and says GIV on it.
func (s *Servent) offer(ctx context.Context, at netip.AddrPort, peer protocol.GUID) error {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		stream, err := s.udp.Dial(ctx, at, peer)
		if err != nil {
			return nil, err
		}
		c := &peeked{Conn: stream}
		if !s.holdHTTP(c, at) {
			_ = stream.Close() // nothing was written
			return nil, errTooMany
		}
		return c, nil
	}
	return s.uploads.DialBack(ctx, dialFunc(dial), s.inbox, protocol.Push{Servent: s.GUID(), Addr: at})
}

func (s *Servent) logMeet(peer protocol.GUID, err error) {
	log := s.log.WithFields(logrus.Fields{"component": "meet", "servent": peer})
	if err != nil {
		log.WithError(err).Debug("not met")
		return
	}
	log.Debug("met")
}

// takeStreams welcomes those that peers open after a meeting, until ctx ends.
func (s *Servent) takeStreams(ctx context.Context) {
	for {
		select {
		case c := <-s.udp.Streams():
			if !s.begin(c) {
				_ = c.Close() // nothing was said
				continue
			}
			s.wg.Go(func() {
				defer s.settled(c)
				s.welcomeStream(c)
			})
		case <-ctx.Done():
			return
		}
	}
}

func (s *Servent) welcomeStream(conn net.Conn) {
	c := peek(conn)
	log := s.log.WithFields(logrus.Fields{"component": "meet", "addr": conn.RemoteAddr().String()})
	err := c.SetDeadline(time.Now().Add(handshakeTimeout))
	var speaks speech
	if err == nil {
		speaks, err = sniff(c)
	}
	if err != nil || speaks != speechGIV {
		log.WithError(err).Debug("stream without a giv")
		s.refuseConn(conn, func(e *edgeStats) { e.unknownSpeech++ })
		return
	}
	s.takeGIV(c, log)
}
