package servent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/servent/overlay"
	"github.com/sirupsen/logrus"
)

var errRefused = errors.New("refused")

// dialLink connects to a servent and makes a link of it, or tells the node
// that it could not.
func (s *Servent) dialLink(ctx context.Context, a netip.AddrPort) {
	failed, err := s.tryDial(ctx, a)
	if err == nil {
		return
	}
	s.log.WithFields(logrus.Fields{"component": "dial", "addr": a}).WithError(err).Debug("no link")
	failed.Addr = a
	s.call(func(l *loop) { l.refused(failed, err) })
}

// tryDial makes a link; an error comes with what the node is to be told of it.
func (s *Servent) tryDial(ctx context.Context, a netip.AddrPort) (failed overlay.DialFailed, err error) {
	dctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	conn, err := s.dial(dctx, a)
	if err != nil {
		return failed, err
	}
	if !s.track(conn) {
		return failed, context.Canceled
	}
	c := peek(conn)
	failed, err = s.initiate(c, a)
	if err != nil {
		s.untrack(conn)
		conn.Close()
	}
	return failed, err
}

// initiate drives the three header groups as the side that connected.
func (s *Servent) initiate(c *peeked, a netip.AddrPort) (failed overlay.DialFailed, err error) {
	if err := c.SetDeadline(time.Now().Add(handshakeTimeout)); err != nil {
		return failed, err
	}
	hello := protocol.Group{Connect: true, Version: "0.6", Headers: s.hello(c, a)}
	if _, err := c.Write(hello.Append(nil)); err != nil {
		return failed, err
	}
	answer, err := readGroup(c)
	if err != nil {
		return failed, err
	}
	peer := overlay.ParsePeer(answer.Headers)
	s.clock.hear(time.Now(), hostText(c.RemoteAddr()), answer.Headers.Get(dateHeader))
	if answer.Connect || answer.Code != 200 {
		failed.Code, failed.Try = answer.Code, overlay.ParseTry(answer.Headers)
		failed.Role = peer.Role
		return failed, fmt.Errorf("%w: %d %s", errRefused, answer.Code, quote(answer.Text))
	}
	peer.Addr, peer.Outbound, peer.Told = a, true, overlay.ParsePeer(hello.Headers).Role
	id, verdict := s.admit(peer)
	final := protocol.Group{Version: "0.6", Code: verdict.Code, Text: verdict.Text}
	final.Headers.Add("User-Agent", s.cfg.agent())
	if verdict.Guide == overlay.GuideLeaf {
		final.Headers.Add("X-Ultrapeer", "False")
		peer.Told = RoleLeaf
	}
	deflateOut := verdict.Code == 200 && s.deflates(peer, answer.Headers)
	if deflateOut {
		final.Headers.Add("Content-Encoding", "deflate")
	}
	_, err = c.Write(final.Append(nil))
	if verdict.Code != 200 {
		failed.Code, failed.Own = verdict.Code, true
		return failed, fmt.Errorf("not taken: %s", verdict.Text)
	}
	if err == nil {
		err = s.attach(c, id, peer, deflateOut, isDeflate(answer.Headers, "Content-Encoding"))
	}
	if err != nil {
		s.call(func(l *loop) { l.withdraw(id, peer) })
	}
	return failed, err
}

// accept drives the three header groups as the side that was connected to.
func (s *Servent) accept(c *peeked) error {
	a := addrPort(c.RemoteAddr())
	hello, err := readGroup(c)
	if err != nil {
		return err
	}
	if !hello.Connect || tooOld(hello.Version) {
		return fmt.Errorf("handshake version %s", quote(hello.Version))
	}
	if hello.Headers.Has("Crawler") {
		return s.answerCrawler(c, a)
	}
	peer := overlay.ParsePeer(hello.Headers)
	peer.Addr = a
	s.clock.hear(time.Now(), hostText(c.RemoteAddr()), hello.Headers.Get(dateHeader))
	id, verdict := s.admit(peer)
	if verdict.Code != 200 {
		return s.refuse(c, a, verdict)
	}
	if err := s.welcome(c, link{id, verdict.Guide}, peer, hello.Headers); err != nil {
		s.call(func(l *loop) { l.withdraw(id, peer) })
		return err
	}
	return nil
}

// tooOld says whether a version is before 0.6. What is higher than ours is
// taken: such a peer must speak 0.6 too (docs/protocol.md 2).
func tooOld(version string) bool {
	major, minor, _ := strings.Cut(version, ".")
	n, err := strconv.Atoi(minor)
	return err != nil || major == "0" && n < 6
}

// welcome answers an admitted peer with 200 and makes the link if it says 200 too.
func (s *Servent) welcome(c *peeked, to link, peer overlay.Peer, theirs protocol.Headers) error {
	answer := protocol.Group{Version: "0.6", Code: 200, Text: "OK", Headers: s.hello(c, peer.Addr)}
	peer.Told = overlay.ParsePeer(answer.Headers).Role
	if g := to.guide.Header(); g != "" {
		answer.Headers.Add(to.guide.HeaderName(), g)
	}
	deflateOut := s.deflates(peer, theirs)
	if deflateOut {
		answer.Headers.Add("Content-Encoding", "deflate")
	}
	if _, err := c.Write(answer.Append(nil)); err != nil {
		return err
	}
	final, err := readGroup(c)
	if err != nil {
		return err
	}
	if final.Connect || final.Code != 200 {
		return fmt.Errorf("%w: %d %s", errRefused, final.Code, quote(final.Text))
	}
	if peer.Role == RoleSupernode && strings.EqualFold(final.Headers.Get("X-Ultrapeer"), "false") {
		peer.Role = RoleLeaf
		if v := s.admitAgain(to.id, peer); v.Code != 200 {
			return fmt.Errorf("%w: %d %s", errRefused, v.Code, v.Text)
		}
	}
	return s.attach(c, to.id, peer, deflateOut, isDeflate(final.Headers, "Content-Encoding"))
}

// link is what admit gave to a handshake.
type link struct {
	id    overlay.LinkID
	guide overlay.Guide
}

// admitAgain asks the node about a peer that lets itself be guided to be a leaf.
func (s *Servent) admitAgain(id overlay.LinkID, p overlay.Peer) (v overlay.Verdict) {
	s.call(func(l *loop) { v = l.node.Admit(id, p) })
	return v
}

func (s *Servent) refuse(c *peeked, a netip.AddrPort, v overlay.Verdict) error {
	answer := protocol.Group{Version: "0.6", Code: v.Code, Text: v.Text}
	answer.Headers.Add("User-Agent", s.cfg.agent())
	answer.Headers.Add(dateHeader, dateNow())
	answer.Headers.Add("X-Ultrapeer", s.hello(c, a).Get("X-Ultrapeer")) // who is alone asks for an ultrapeer
	if a.IsValid() {
		answer.Headers.Add("Remote-IP", a.Addr().String())
	}
	if len(v.Try) > 0 {
		answer.Headers.Add("X-Try-Ultrapeers", overlay.FormatTry(v.Try))
	}
	if _, err := c.Write(answer.Append(nil)); err != nil {
		return err
	}
	return fmt.Errorf("%w: %d %s", errRefused, v.Code, v.Text)
}

// answerCrawler tells a crawler whom this node is linked to, and closes
// (docs/protocol.md 2).
func (s *Servent) answerCrawler(c *peeked, a netip.AddrPort) error {
	var peers []netip.AddrPort
	s.call(func(l *loop) {
		for _, link := range l.node.Links() {
			if link.Peer.Listen.IsValid() && link.Peer.Role != RoleLeaf {
				peers = append(peers, link.Peer.Listen)
			}
		}
	})
	answer := protocol.Group{Version: "0.6", Code: 200, Text: "OK", Headers: s.hello(c, a)}
	answer.Headers.Add("Peers", overlay.FormatTry(peers))
	answer.Headers.Add("Leaves", "")
	if _, err := c.Write(answer.Append(nil)); err != nil {
		return err
	}
	_, err := readGroup(c) // its 200, or its end
	return errors.Join(errCrawler, err)
}

var errCrawler = errors.New("crawler")

// attach makes a link of the connection and hands it to the loop, or returns
// why there is none.
func (s *Servent) attach(c *peeked, id overlay.LinkID, peer overlay.Peer, deflateOut, inflateIn bool) error {
	if err := c.SetDeadline(time.Time{}); err != nil {
		return err
	}
	keepAlive(c.Conn)
	in := newInlet(c)
	w := &wire{id: id, conn: c.Conn, in: in, out: c.Conn, peer: peer}
	if inflateIn {
		w.in = newInflater(in)
	}
	if deflateOut {
		w.out = &deflater{w: c.Conn}
	}
	if !s.call(func(l *loop) { l.attach(w) }) {
		return context.Canceled
	}
	return nil
}

// hello is the node's own headers, with what concerns the stream.
func (s *Servent) hello(c net.Conn, remote netip.AddrPort) protocol.Headers {
	var h protocol.Headers
	local := addrPort(c.LocalAddr()).Addr()
	s.call(func(l *loop) { h = l.node.Hello(local, remote) })
	if !s.cfg.NoDeflate {
		h.Add("Accept-Encoding", "deflate")
	}
	h.Add(dateHeader, dateNow())
	return h
}

func (s *Servent) admit(p overlay.Peer) (id overlay.LinkID, v overlay.Verdict) {
	v = overlay.Verdict{Code: 503, Text: "Servent stops"}
	s.call(func(l *loop) { id, v = l.admit(p) })
	return id, v
}

// deflates says whether to compress what goes to a peer that accepts it. Our
// own kind on the same machine or network is spared: there processor time is
// dearer than bytes.
func (s *Servent) deflates(p overlay.Peer, theirs protocol.Headers) bool {
	a := p.Addr.Addr()
	near := a.IsLoopback() || a.IsPrivate() || a.IsLinkLocalUnicast()
	return !s.cfg.NoDeflate && isDeflate(theirs, "Accept-Encoding") && !(p.Servent && near)
}

func isDeflate(h protocol.Headers, name string) bool {
	for _, v := range h.Tokens(name) {
		if strings.EqualFold(v, "deflate") {
			return true
		}
	}
	return false
}

// readGroup reads one header group and nothing beyond it.
func readGroup(c *peeked) (protocol.Group, error) {
	var r protocol.GroupReader
	for {
		if _, err := c.r.Peek(1); err != nil {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return protocol.Group{}, err
		}
		b, err := c.r.Peek(c.r.Buffered())
		if err != nil {
			return protocol.Group{}, err
		}
		n, done, err := r.Feed(b)
		if _, derr := c.r.Discard(n); derr != nil {
			return protocol.Group{}, derr
		}
		if err != nil {
			return protocol.Group{}, err
		}
		if done {
			return r.Group(), nil
		}
	}
}

// asProtocolError says whether err is a fault of the peer's.
func asProtocolError(err error) (*protocol.Error, bool) {
	var perr *protocol.Error
	ok := errors.As(err, &perr)
	return perr, ok
}

// quote makes text from a peer fit for a log: printable, 64 bytes at most.
func quote(s string) string {
	if len(s) > 64 {
		s = s[:64]
	}
	return fmt.Sprintf("%q", s)
}
