package main

import (
	"fmt"
	"io"
	"net"
	"time"

	"github.com/seed282dab8e/servent/protocol"
)

// gnutella is the client's side of the servent's protocol.
type gnutella struct{ guid protocol.GUID }

// join makes a link to the servent at addr, as another flat servent.
func (g *gnutella) join(addr string) (net.Conn, error) {
	conn, err := net.DialTimeout("tcp", addr, patience)
	if err != nil {
		return nil, err
	}
	err = conn.SetDeadline(time.Now().Add(patience))
	if err == nil {
		err = g.shakeHands(conn)
	}
	if err == nil {
		err = g.sync(conn)
	}
	if err != nil {
		conn.Close()
		return nil, fmt.Errorf("join the servent: %w", err)
	}
	return conn, nil
}

func (g *gnutella) shakeHands(conn net.Conn) error {
	g.guid[15]++ // every link is another servent's
	hello := protocol.Group{Connect: true, Version: "0.6"}
	hello.Headers.Add("User-Agent", "bench")
	hello.Headers.Add("X-Ultrapeer", "True")
	hello.Headers.Add("GGEP", "0.5")
	hello.Headers.Add("GUID", g.guid.String())
	hello.Headers.Add("X-Servent", "0.1; role=flat")
	if _, err := conn.Write(hello.Append(nil)); err != nil {
		return err
	}
	answer, err := readGroup(conn)
	if err != nil {
		return err
	}
	if answer.Code != 200 {
		return fmt.Errorf("refused: %d %s", answer.Code, answer.Text)
	}
	final := protocol.Group{Version: "0.6", Code: 200, Text: "OK"}
	_, err = conn.Write(final.Append(nil))
	return err
}

// readGroup reads a header group byte by byte, and so nothing beyond it.
func readGroup(conn net.Conn) (protocol.Group, error) {
	var r protocol.GroupReader
	var b [1]byte
	for {
		if _, err := io.ReadFull(conn, b[:]); err != nil {
			return protocol.Group{}, err
		}
		_, done, err := r.Feed(b[:])
		if done || err != nil {
			return r.Group(), err
		}
	}
}

// sync returns when the servent has used all that was sent on conn.
func (g *gnutella) sync(conn net.Conn) error {
	hits, err := g.ping(conn)
	if err == nil && hits > 0 {
		err = fmt.Errorf("hits came unasked")
	}
	return err
}

// ping sends a ping for the servent alone and waits for the pong. It returns
// how many hits came before that.
func (g *gnutella) ping(conn net.Conn) (hits int, err error) {
	ping := protocol.Header{ID: protocol.GUID{0: 'p', 15: g.guid[15]}, Kind: protocol.KindPing, TTL: 1}
	if _, err := conn.Write(ping.Append(nil)); err != nil {
		return 0, err
	}
	for {
		h, err := readMessage(conn)
		switch {
		case err != nil:
			return hits, err
		case h.Kind == protocol.KindPong && h.ID == ping.ID:
			return hits, nil
		case h.Kind != protocol.KindQueryHit:
			return hits, fmt.Errorf("a %s came where a pong must", h.Kind)
		}
		hits++
	}
}

func readMessage(conn net.Conn) (protocol.Header, error) {
	var b [protocol.HeaderSize]byte
	if _, err := io.ReadFull(conn, b[:]); err != nil {
		return protocol.Header{}, err
	}
	h, err := protocol.ParseHeader(b[:])
	if err == nil {
		_, err = io.CopyN(io.Discard, conn, int64(h.Size))
	}
	return h, err
}

// find asks for a file of the servent's, over a link of its own, until there
// is a hit: from then on the servent looks up every query in its own table.
func (g *gnutella) find(addr, name string) error {
	conn, err := g.join(addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	query := protocol.Query{Flags: protocol.FlagMarker, Text: []byte(name)}
	h := protocol.Header{ID: protocol.GUID{0: 'q'}, Kind: protocol.KindQuery, TTL: 1}
	for hits := 0; hits == 0; {
		for i := 15; i > 0; i-- { // count in the id
			if h.ID[i]++; h.ID[i] != 0 {
				break
			}
		}
		if _, err := conn.Write(protocol.AppendMessage(nil, h, query)); err != nil {
			return err
		}
		if hits, err = g.ping(conn); err != nil {
			return fmt.Errorf("find %q: %w", name, err)
		}
	}
	return nil
}
