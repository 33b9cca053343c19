package servent

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"

	"github.com/seed282dab8e/servent/nat"
	"github.com/seed282dab8e/servent/nat/stun"
	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/servent/overlay"
	"github.com/seed282dab8e/servent/servent/reach"
	"github.com/sirupsen/logrus"
)

// hosting is a meeting that another has asked for, who wants a file of ours.
type hosting struct {
	s    *Servent
	m    *reach.Meeting
	peer protocol.GUID
	met  context.CancelFunc // ends the other attempts
}

// meetHalfWay meets who asked for that, and offers to serve.
func (s *Servent) meetHalfWay(ctx context.Context, asked *protocol.Meet) {
	m, err := s.udp.Meet(asked.Token, stun.Asked, asked.From)
	if err != nil {
		s.logMeet(asked.From, err)
		return
	}
	defer m.End()
	ctx, met := context.WithTimeout(ctx, meetTime)
	defer met()
	h := &hosting{s: s, m: m, peer: asked.From, met: met}
	name := stun.Token(asked.Token).Name(stun.Asking)
	s.call(func(l *loop) { l.hostings[name] = h })
	defer s.call(func(l *loop) { delete(l.hostings, name) })

	answer := &protocol.Meet{Token: asked.Token, From: s.GUID(), Answer: true}
	s.tellAddrs(ctx, answer, asked.Proxies)
	s.call(func(l *loop) {
		l.step(overlay.UserPush{Servent: asked.From, Proxies: asked.Proxies, Meet: answer})
	})
	s.wg.Go(func() { s.answerByHTTP(ctx, asked, answer) })
	s.logMeet(asked.From, h.comeThrough(ctx, answer, asked))
}

// answerByHTTP asks the push proxies of who wants to meet to pass on the answer, where UDP
// does not bring it there. It names no address to connect to, so that a proxy that knows
// nothing of meetings refuses it.
func (s *Servent) answerByHTTP(ctx context.Context, asked, answer *protocol.Meet) {
	ask := proxyAsk{PushProxyRequest: protocol.PushProxyRequest{Servent: asked.From}, meet: answer}
	if err := s.askProxies(ctx, ask, asked.Proxies); err != nil {
		s.log.WithFields(logrus.Fields{"component": "meet", "servent": asked.From}).WithError(err).Debug("answer not passed on")
	}
}

// comeThrough offers to serve on every way that opens, until the other asks for
// something on one of them.
func (h *hosting) comeThrough(ctx context.Context, own, other *protocol.Meet) error {
	var ways sync.WaitGroup
	defer ways.Wait()
	ways.Go(func() { h.open(ctx, own, other) })
	ways.Go(func() { h.s.port.Connect(ctx, h.s.rank(nat.TCP, own, other), h.offer) })
	if !h.s.relayAtOnce(own, other) {
		ways.Wait()
	}
	if ctx.Err() != nil {
		return nil
	}
	return h.s.relayAny(ctx, relaysOf(other, own), stun.Token(own.Token).Name(stun.Asked), other.From, h.offer)
}

// open offers to serve on a Stream.
func (h *hosting) open(ctx context.Context, own, other *protocol.Meet) {
	at, err := h.m.Open(ctx, h.s.rank(nat.UDP, own, other))
	if err == nil {
		var stream *reach.Stream
		if stream, err = h.s.udp.Dial(ctx, at, other.From); err == nil {
			h.offer(stream)
			return
		}
	}
	h.s.logMeet(other.From, err)
}

// offer says GIV on a connection, which is the upload server's from when the other asks
// for something. It closes others, which strangers may have taken.
func (h *hosting) offer(conn net.Conn) {
	s, c := h.s, peek(conn)
	if !s.track(conn) {
		return
	}
	defer s.untrack(conn)
	at := addrPort(conn.RemoteAddr())
	if !s.holdHTTP(c, at) {
		_ = conn.Close() // nothing was written
		return
	}
	err := s.uploads.Offer(c, protocol.Push{Servent: s.GUID(), Addr: at})
	if err == nil {
		err = h.heard(c)
	}
	if err != nil {
		s.log.WithFields(logrus.Fields{"component": "meet", "addr": at}).WithError(err).Debug("offered in vain")
		_ = c.Close() // the error that counts is the one before
		return
	}
	h.met()
	if !s.inbox.Deliver(c) {
		s.refuseConn(c, func(e *edgeStats) { e.inboxFull++ })
	}
}

// heard waits for a request. Before it may come what the other says who has connected to
// us at the same time.
func (h *hosting) heard(c *peeked) error {
	if err := c.SetReadDeadline(time.Now().Add(firstWord)); err != nil {
		return err
	}
	speaks, err := sniff(c)
	if err == nil && speaks == speechMeet {
		if _, err = c.readLine(meetLine); err == nil {
			speaks, err = sniff(c)
		}
	}
	switch {
	case err != nil:
		return err
	case speaks != speechHTTP:
		return errors.New("it asks for nothing")
	}
	return c.SetReadDeadline(time.Time{})
}

// meetLine is the length of what who wants a file says first.
const meetLine = len(meetMark) + 2*len(stun.Name{}) + len("\n\n")

// takeMeet takes a connection of one whom this servent meets.
func (s *Servent) takeMeet(c *peeked) {
	line, err := c.readLine(meetLine)
	var h *hosting
	if err == nil && len(line) == meetLine {
		var name stun.Name
		if name, err = stun.ParseName(string(line[len(meetMark) : meetLine-2])); err == nil {
			s.call(func(l *loop) { h = l.hostings[name] })
		}
	}
	if h == nil || c.SetDeadline(time.Time{}) != nil {
		s.refuseConn(c.Conn, func(e *edgeStats) { e.unwantedMeets++ })
		return
	}
	s.untrack(c.Conn)
	h.offer(c)
}
