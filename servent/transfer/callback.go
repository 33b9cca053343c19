package transfer

import (
	"bytes"
	"net"
	"slices"
	"time"

	"github.com/seed282dab8e/servent/protocol"
)

// QueueWord opens the line with which a server calls back whoever waits in its queue
// (section 22).
const QueueWord = "QUEUE "

// maxQueueID bounds the ID of a place.
const maxQueueID = 64

// ParseQueueCall reads the line "QUEUE <ID> <ip>:<port>" with or without its end, and
// returns the ID of the place. Where the server says that it listens does not matter.
func ParseQueueCall(line []byte) (id string, err error) {
	rest, ok := bytes.CutPrefix(bytes.TrimRight(line, "\r\n"), []byte(QueueWord))
	word, _, _ := bytes.Cut(bytes.TrimLeft(rest, " "), []byte(" "))
	switch {
	case !ok || len(word) == 0:
		return "", &protocol.Error{Kind: protocol.Malformed, Field: "queue call"}
	case len(word) > maxQueueID:
		return "", &protocol.Error{Kind: protocol.TooLarge, Field: "queue call"}
	}
	return string(word), nil
}

// CalledBack hands over a connection of a server in whose queue a download has the place id:
// the next request goes out there, at once. False means that nobody waits so: conn is still
// the caller's. Nothing behind the line must have been read from conn.
func (c *Client) CalledBack(conn net.Conn, id string) bool {
	return slices.ContainsFunc(c.running(), func(s *swarm) bool { return s.calledBack(conn, id) })
}

// calledBack is CalledBack of one download. The ID is no secret of who made it up: only the
// host that told it may call.
func (s *swarm) calledBack(conn net.Conn, id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	from := addrOfConn(conn.RemoteAddr()).Addr()
	for _, c := range s.all {
		if c.place.ID != id || c.running || c.out || !c.Push && c.Addr.Addr().Unmap() != from {
			continue
		}
		cfg := &s.client.cfg
		s.client.park.put(c.key, newLink(conn, cfg, hostOf(c.Source, conn)), parkTime)
		c.notBefore = time.Time{}
		s.rouse()
		return true
	}
	return false
}
