package servent

import (
	"context"
	"errors"
	"io"
	"net/netip"
	"slices"
	"time"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/servent/overlay"
	"github.com/sirupsen/logrus"
)

// Bounds of what is done for others beside a link.
const (
	// maxConnectBacks is how many connections that others asked for, to see
	// whether they can be reached, are made at once.
	maxConnectBacks = 8
	// connectBackText is all that is said on such a connection (docs/protocol.md 14).
	connectBackText = "\n\n"
)

// datagram sends what the node wants sent. The socket keeps the bytes, so they
// are copied.
func (l *loop) datagram(a *overlay.Action) {
	msg := slices.Clone(a.Msg)
	protocol.Patch(msg, a.TTL, a.Hops)
	l.s.udp.Send(a.Addr, msg)
}

// connectBack shows somebody that connections reach it.
func (l *loop) connectBack(a netip.AddrPort) { l.knockAt(a, connectBackText) }

// knockAt connects to a, says text and closes.
func (l *loop) knockAt(a netip.AddrPort, text string) {
	if l.callers == maxConnectBacks {
		l.edge.connectBacksDropped++
		return
	}
	l.callers++
	l.s.wg.Go(func() {
		if err := l.s.connectBack(l.ctx, a, text); err != nil {
			l.s.log.WithFields(logrus.Fields{"component": "connect back", "addr": a}).WithError(err).Debug("not reached")
		}
		l.s.call(func(l *loop) { l.callers-- })
	})
}

func (s *Servent) connectBack(ctx context.Context, a netip.AddrPort, text string) error {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	c, err := s.dial(ctx, a)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(dialTimeout)); err != nil {
		return err
	}
	_, err = io.WriteString(c, text)
	return err
}

// reached tells the node that a connection from outside has come.
func (s *Servent) reached(from netip.AddrPort) {
	s.call(func(l *loop) { l.step(overlay.ConnectedBack{From: from}) })
}

// head gives a HEAD ping (docs/protocol.md 18) to the workers: the library may
// be busy.
func (l *loop) head(a *overlay.Action) {
	l.queue(job{id: a.ID, urn: a.Text, asker: a.Addr, parts: protocol.HeadParts(a.Index)})
}

// lookUpHead says what of the file of a HEAD ping is here.
func (s *Servent) lookUpHead(j job) overlay.LocalHead {
	answer := overlay.LocalHead{ID: j.id}
	if u, err := protocol.ParseURN(j.urn); err == nil && u.HasSHA1 {
		answer.Pong = s.uploads.Head(j.asker, u.SHA1, j.parts)
	}
	return answer
}

// errNoHead says that a HEAD ping has not gone out.
var errNoHead = errors.New("no HEAD ping may go there now")

// askHead asks a servent over UDP whether it has a file, and waits for the answer until
// ctx ends.
func (s *Servent) askHead(ctx context.Context, a netip.AddrPort, u protocol.URN) (protocol.HeadPong, error) {
	id, err := newMUID()
	if err != nil {
		return protocol.HeadPong{}, err
	}
	answer := make(chan []byte, 1)
	if !s.call(func(l *loop) {
		l.heads[id] = answer
		l.step(overlay.UserHead{ID: id, Addr: a, URN: u})
	}) {
		return protocol.HeadPong{}, errStopped
	}
	defer s.call(func(l *loop) { delete(l.heads, id) })
	select {
	case data := <-answer:
		if data == nil {
			return protocol.HeadPong{}, errNoHead
		}
		return protocol.Vendor{Version: 1, Data: data}.HeadPong()
	case <-ctx.Done():
		return protocol.HeadPong{}, ctx.Err()
	}
}

// headPong hands an answer to askHead.
func (l *loop) headPong(a *overlay.Action) {
	if answer := l.heads[a.ID]; answer != nil {
		delete(l.heads, a.ID)
		answer <- slices.Clone(a.Msg)
	}
}
