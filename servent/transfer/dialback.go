package transfer

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/seed282dab8e/servent/protocol"
)

// errBacklog says that too many connections wait to be served.
var errBacklog = errors.New("too many connections wait to be served")

// DialBack answers a push: it connects to the asker, says GIV and delivers the
// connection to to, on which Serve must be running. Whether a stranger's
// address may be dialled at all is for the caller to decide.
func (s *Server) DialBack(ctx context.Context, d Dialer, to *ConnListener, p protocol.Push) error {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.HeaderTimeout)
	defer cancel()
	conn, err := d.DialContext(ctx, "tcp", p.Addr.String())
	if err != nil {
		return fmt.Errorf("dial back: %w", err)
	}
	err = s.Offer(conn, p)
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
	err := conn.SetWriteDeadline(time.Now().Add(s.cfg.HeaderTimeout))
	if err == nil {
		_, err = conn.Write(g.Append(nil))
	}
	if err == nil {
		err = conn.SetWriteDeadline(time.Time{})
	}
	if err != nil {
		return fmt.Errorf("send giv: %w", err)
	}
	return nil
}
