package servent

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"time"

	"github.com/seed282dab8e/servent/nat/stun"
	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/servent/transfer"
	"github.com/sirupsen/logrus"
)

// welcomeConn finds out what an accepted connection speaks and hands it on.
func (s *Servent) welcomeConn(conn net.Conn) {
	c := peek(conn)
	log := s.log.WithFields(logrus.Fields{"component": "accept", "addr": conn.RemoteAddr().String()})
	err := c.SetDeadline(time.Now().Add(handshakeTimeout))
	var speaks speech
	if err == nil {
		speaks, err = sniff(c)
	}
	if err != nil {
		log.WithError(err).Debug("connection without an opening")
		s.refuseConn(conn, func(e *edgeStats) { e.unknownSpeech++ })
		return
	}
	switch speaks {
	case speechGnutella:
		if err := s.accept(c); err != nil {
			log.WithError(err).Debug("handshake ended")
			s.refuseConn(conn, func(e *edgeStats) {
				if !errors.Is(err, errRefused) && !errors.Is(err, errCrawler) {
					e.badHandshakes++
				}
			})
			return
		}
		s.reached(addrPort(conn.RemoteAddr()))
	case speechHTTP:
		s.deliverHTTP(c)
	case speechGIV:
		s.takeGIV(c, log)
	case speechQueue:
		s.takeQueueCall(c, log)
	case speechCall:
		err := s.called(c)
		s.refuseConn(conn, func(e *edgeStats) {
			if err != nil {
				e.unknownSpeech++
			}
		})
	case speechMeet:
		s.takeMeet(c)
	case speechRelay:
		s.takeRelay(s.life, c)
	case speechSTUN:
		s.tellOutside(c)
	case speechConnectBack:
		s.refuseConn(conn, func(e *edgeStats) { e.connectBacks++ })
		s.reached(addrPort(conn.RemoteAddr()))
	default:
		s.refuseConn(conn, func(e *edgeStats) { e.unknownSpeech++ })
	}
}

// tellOutside answers a binding request over TCP, and closes the connection: who asks
// from the port that it listens on cannot ask again soon where it closes first itself.
func (s *Servent) tellOutside(c *peeked) {
	b, err := stun.ReadMessage(c)
	if err == nil {
		if answer := s.udp.Answer(addrPort(c.RemoteAddr()), b); answer != nil {
			_, _ = c.Write(answer) // who has gone gets none
		}
	}
	s.refuseConn(c.Conn, func(e *edgeStats) {
		if err != nil {
			e.unknownSpeech++
		}
	})
}

// refuseConn counts why a connection is not wanted, and closes it; in this
// order, so that who sees it closed finds it counted.
func (s *Servent) refuseConn(c net.Conn, count func(*edgeStats)) {
	s.call(func(l *loop) { count(&l.edge) })
	s.untrack(c)
	c.Close()
}

// deliverHTTP gives a connection to the upload server, which closes it.
func (s *Servent) deliverHTTP(c *peeked) {
	s.untrack(c.Conn)
	if !s.holdHTTP(c, addrPort(c.RemoteAddr())) {
		_ = c.Close() // nobody has read from it
		return
	}
	if c.SetDeadline(time.Time{}) != nil || !s.inbox.Deliver(c) {
		s.refuseConn(c, func(e *edgeStats) { e.inboxFull++ })
	}
}

// holdHTTP counts a connection for the upload server as long as it is open;
// false: its other end has as many as it may, which httpPerIP has counted.
func (s *Servent) holdHTTP(c *peeked, a netip.AddrPort) bool {
	if !s.httpPerIP.take(a) {
		return false
	}
	c.closed = func() { s.httpPerIP.give(a) }
	s.guest(c)
	return true
}

// takeGIV gives a connection that answers a Push to the download that waits.
func (s *Servent) takeGIV(c *peeked, log logrus.FieldLogger) {
	giv, err := c.readGIV()
	if err == nil {
		err = c.SetDeadline(time.Time{})
	}
	s.untrack(c.Conn)
	s.guest(c)
	if err != nil || !s.loads.Accept(c, giv) {
		log.WithError(err).Debug("giv that nobody waits for")
		s.refuseConn(c, func(e *edgeStats) { e.unwantedGIVs++ })
	}
}

func (p *peeked) readGIV() (transfer.GIV, error) {
	line, err := p.readLine(transfer.MaxGIVLine + len("\r\n\r\n"))
	if err != nil {
		return transfer.GIV{}, err
	}
	return transfer.ParseGIV(line)
}

// takeQueueCall gives a connection of a server in whose queue a download waits to that one.
func (s *Servent) takeQueueCall(c *peeked, log logrus.FieldLogger) {
	id, err := c.readQueueCall()
	if err == nil {
		err = c.SetDeadline(time.Time{})
	}
	s.untrack(c.Conn)
	s.guest(c)
	if err != nil || !s.loads.CalledBack(c, id) {
		log.WithError(err).Debug("call for a place in a queue that nobody has")
		s.refuseConn(c, func(e *edgeStats) { e.unwantedQueueCalls++ })
	}
}

// readQueueCall reads the one line of a call back.
func (p *peeked) readQueueCall() (id string, err error) {
	var line []byte
	for len(line) < transfer.MaxGIVLine {
		b, err := p.r.ReadByte()
		if err != nil {
			return "", err
		}
		if line = append(line, b); b == '\n' {
			return transfer.ParseQueueCall(line)
		}
	}
	return "", errLongLine
}

var errLongLine = errors.New("line too long")

// readLine reads up to and including the two newlines that end a GIV.
func (p *peeked) readLine(limit int) ([]byte, error) {
	var line []byte
	for len(line) < limit {
		b, err := p.r.ReadByte()
		if err != nil {
			return nil, err
		}
		line = append(line, b)
		if n := len(line); n >= 2 && b == '\n' && (line[n-2] == '\n' || n >= 3 && line[n-2] == '\r' && line[n-3] == '\n') {
			return line, nil
		}
	}
	return nil, errLongLine
}

// dialBack does what a Push asks: it connects to a who wants file index and
// offers to serve.
func (s *Servent) dialBack(ctx context.Context, a netip.AddrPort, index uint32) {
	push := protocol.Push{Servent: s.GUID(), Index: index, Addr: a}
	if err := s.uploads.DialBack(ctx, s.backDialer(s.from(a.Addr()), a), s.inbox, push); err != nil {
		s.log.WithFields(logrus.Fields{"component": "push", "addr": a}).WithError(err).Debug("no connection for a push")
		s.call(func(l *loop) { l.edge.dialBacksFailed++ })
	}
}

// callBack tells somebody in the queue for uploads that its turn has come. Who cannot be
// told asks again by itself.
func (s *Servent) callBack(ctx context.Context, c transfer.QueueCall) {
	self := s.reachedAt(c.From)
	if !self.IsValid() {
		self = netip.AddrPortFrom(c.From, s.addr.Port())
	}
	if err := s.uploads.CallBack(ctx, s.backDialer(c.From, c.To), s.inbox, c, self); err != nil {
		s.log.WithFields(logrus.Fields{"component": "upload", "addr": c.To}).WithError(err).Debug("no connection to who waits in the queue")
	}
}

// backDialer connects from one of our addresses, or any where it is not valid, to a who
// asked for it, and counts that among a's connections.
func (s *Servent) backDialer(from netip.Addr, a netip.AddrPort) dialFunc {
	return func(ctx context.Context, _, _ string) (net.Conn, error) {
		conn, err := s.dialFrom(ctx, from, a)
		if err != nil {
			return nil, err
		}
		c := &peeked{Conn: conn}
		if !s.holdHTTP(c, a) {
			conn.Close()
			return nil, errTooMany
		}
		return c, nil
	}
}

var errTooMany = errors.New("too many connections to that address")
