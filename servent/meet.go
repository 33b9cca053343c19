package servent

import (
	"context"
	crand "crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/seed282dab8e/servent/nat"
	"github.com/seed282dab8e/servent/nat/stun"
	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/servent/overlay"
	"github.com/seed282dab8e/servent/servent/reach"
	"github.com/sirupsen/logrus"
)

// Two servents to whom nobody can connect meet half way (docs/protocol.md 15): who wants
// a file asks for it with a push and tells where its datagrams and connections come from,
// the other answers by the push proxies of the first, and both send and connect to each
// other until one gets through, or a supernode relays. Then who has the file says GIV.
// This file is of who wants it.

const (
	// meetTime is how long each side is there for a meeting.
	meetTime = 20 * time.Second
	// proxyWait is how long a download waits for push proxies of ours.
	proxyWait = 500 * time.Millisecond
	// firstWord is how long the other has to speak once there is a connection.
	firstWord = 3 * time.Second
)

// errNoMeet: there is no way to answer us.
var errNoMeet = errors.New("nobody could answer a request to meet")

// meetMark opens a connection that was made for a meeting by who wants a file, before it
// is told which, with the asking side's stun.Name.
const meetMark = "SRVT MEET "

// invitation is a meeting that this servent has asked for.
type invitation struct {
	peer    protocol.GUID
	meet    *protocol.Meet
	answers chan *protocol.Meet
	vain    chan error // gets why they cannot meet, once that is known
}

// invite asks for nothing yet: it makes what goes along with a push, and begins to wait
// for an answer, until ctx ends.
func (s *Servent) invite(ctx context.Context, peer protocol.GUID) (*invitation, error) {
	in := &invitation{peer: peer, meet: &protocol.Meet{From: s.GUID()}, answers: make(chan *protocol.Meet, 1), vain: make(chan error, 1)}
	_, _ = crand.Read(in.meet.Token[:]) // never fails
	if in.meet.Proxies = s.findProxies(ctx); len(in.meet.Proxies) == 0 {
		return nil, errNoMeet
	}
	s.call(func(l *loop) { l.invitations[in.meet.Token] = in })
	s.tellAddrs(ctx, in.meet, in.meet.Proxies)
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
			err := s.comeThrough(ctx, m, in.meet, answer)
			s.logMeet(peer, err)
			in.vain <- err
		case <-ctx.Done():
		}
		<-ctx.Done() // its checks are answered, and its Stream is let in
	})
	return in, nil
}

// findProxies returns push proxies of ours. A servent that has just started asks for them
// first, unless others have reached it.
func (s *Servent) findProxies(ctx context.Context) (proxies []netip.AddrPort) {
	ctx, cancel := context.WithTimeout(ctx, proxyWait)
	defer cancel()
	s.call(func(l *loop) {
		if proxies = l.node.Proxies(); len(proxies) > 0 {
			return
		}
		if l.step(overlay.WantProxies{}); !l.node.AwaitsProxies() {
			cancel() // a push will have to do
		}
	})
	for len(proxies) == 0 && ctx.Err() == nil {
		wait(ctx, proxyWait/50)
		s.call(func(l *loop) {
			if proxies = l.node.Proxies(); !l.node.AwaitsProxies() {
				cancel()
			}
		})
	}
	return proxies
}

func (s *Servent) uninvite(in *invitation) {
	s.call(func(l *loop) { delete(l.invitations, in.meet.Token) })
}

// comeThrough does all to get a connection on which the other says GIV. It returns nil
// when there was one, or when it is not wanted any more.
func (s *Servent) comeThrough(ctx context.Context, m *reach.Meeting, own, other *protocol.Meet) error {
	var ways sync.WaitGroup
	defer ways.Wait()
	ways.Go(func() {
		if _, err := m.Open(ctx, s.rank(nat.UDP, own, other)); err == nil {
			wait(ctx, firstWord) // the other opens a Stream
		}
	})
	ways.Go(func() {
		s.port.Connect(ctx, s.rank(nat.TCP, own, other), func(c net.Conn) { s.knock(c, own.Token) })
	})
	if !s.relayAtOnce(own, other) {
		ways.Wait()
	}
	if ctx.Err() != nil {
		return nil
	}
	err := s.relayAny(ctx, relaysOf(own, other), stun.Token(own.Token).Name(stun.Asking), other.From, s.welcomeStream)
	if ctx.Err() != nil || err == nil {
		return nil
	}
	apart := &cannotMeetError{own: behaviourOf(own, nat.UDP), other: behaviourOf(other, nat.UDP)}
	if !errors.Is(err, errNoRelay) {
		apart.relay = err
	}
	return apart
}

func wait(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// knock tells who takes a connection that we have made what it is for, and waits for GIV.
// Where both have connected at once it is said to nobody, and passed over.
func (s *Servent) knock(c net.Conn, token stun.Token) {
	if !s.begin(c) {
		_ = c.Close() // nothing was said
		return
	}
	defer s.settled(c)
	if _, err := fmt.Fprintf(c, "%s%s\n\n", meetMark, token.Name(stun.Asking)); err != nil {
		s.untrack(c)
		_ = c.Close() // likewise
		return
	}
	s.welcomeStream(c)
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
	if m.From != in.peer {
		l.edge.unwantedMeets++
		return
	}
	select {
	case in.answers <- m:
	default: // another proxy has passed on the same
	}
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

// welcomeStream takes a connection that was agreed on. Nothing but GIV is expected.
func (s *Servent) welcomeStream(conn net.Conn) {
	c := peek(conn)
	log := s.log.WithFields(logrus.Fields{"component": "meet", "addr": conn.RemoteAddr().String()})
	err := c.SetDeadline(time.Now().Add(firstWord))
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
