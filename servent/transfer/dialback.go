package transfer

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/seed282dab8e/servent/protocol"
)

// errBacklog says that too many connections wait to be served.
var errBacklog = errors.New("too many connections wait to be served")

// DialBack answers a push: it connects to the asker, says GIV and delivers the
// connection to to, on which Serve must be running. Whether a stranger's
// address may be dialled at all is for the caller to decide.
func (s *Server) DialBack(ctx context.Context, d Dialer, to *ConnListener, p protocol.Push) error {
	return s.goBack(ctx, d, to, p.Addr, func(conn net.Conn) error { return s.Offer(conn, p) })
}

// QueueCall is for somebody who waits in the queue: its turn has come.
type QueueCall struct {
	ID   string         // of its place
	To   netip.AddrPort // where it says that it listens, at the address that has asked
	From netip.Addr     // our address that it has asked, from which it takes the call; may not be valid
}

// CallBack connects to somebody who waits, tells it that its turn has come (section 22), and
// delivers the connection to to, on which Serve must be running. We listen at self.
func (s *Server) CallBack(ctx context.Context, d Dialer, to *ConnListener, c QueueCall, self netip.AddrPort) error {
	return s.goBack(ctx, d, to, c.To, func(conn net.Conn) error {
		return s.say(conn, fmt.Appendf(nil, "%s%s %s\r\n", QueueWord, c.ID, self))
	})
}

// goBack connects to who has asked for it, greets it and waits for requests there.
func (s *Server) goBack(ctx context.Context, d Dialer, to *ConnListener, a netip.AddrPort, greet func(net.Conn) error) error {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.HeaderTimeout)
	defer cancel()
	conn, err := d.DialContext(ctx, "tcp", a.String())
	if err != nil {
		return fmt.Errorf("dial back: %w", err)
	}
	err = greet(conn)
	if err == nil && !to.Deliver(conn) {
		err = errBacklog
	}
	if err != nil {
		_ = conn.Close() // the error that counts is the one before
	}
	return err
}

// Offer says GIV on a connection to who has pushed.
func (s *Server) Offer(conn net.Conn, p protocol.Push) error {
	g := GIV{Index: p.Index, Servent: s.cfg.GUID, Name: "file"}
	if f, ok := s.cfg.Files.ByIndex(p.Index); ok {
		g.Name = f.Name()
	}
	return s.say(conn, g.Append(nil))
}

// say writes what opens a connection on which requests are to come.
func (s *Server) say(conn net.Conn, greeting []byte) error {
	err := conn.SetWriteDeadline(time.Now().Add(s.cfg.HeaderTimeout))
	if err == nil {
		_, err = conn.Write(greeting)
	}
	if err == nil {
		err = conn.SetWriteDeadline(time.Time{})
	}
	if err != nil {
		return fmt.Errorf("greet: %w", err)
	}
	return nil
}
