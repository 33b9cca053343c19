package servent

import (
	"bufio"
	"bytes"
	"io"
	"net"

	"github.com/seed282dab8e/servent/nat/stun"
	"github.com/seed282dab8e/servent/servent/transfer"
)

// speech is what a connection turns out to speak.
type speech uint8

const (
	speechUnknown     speech = iota
	speechGnutella           // GNUTELLA CONNECT/…
	speechHTTP               // GET, HEAD
	speechGIV                // GIV: a servent that we sent a Push to
	speechQueue              // QUEUE: a server in whose queue a download of ours waits
	speechCall               // SRVT CALL: a peer sees for itself whether we are reachable
	speechMeet               // SRVT MEET: a peer that this servent meets half way
	speechRelay              // SRVT RELAY: one of two that this servent shall relay for
	speechSTUN               // a binding request
	speechConnectBack        // two bare newlines: somebody tests whether we are reachable
)

var openings = []struct {
	bytes  string
	speech speech
}{
	{"GNUTELLA", speechGnutella},
	{"GET ", speechHTTP},
	{"HEAD ", speechHTTP},
	{"GIV ", speechGIV},
	{transfer.QueueWord, speechQueue},
	{"SRVT CALL ", speechCall},
	{meetMark, speechMeet},
	{relayMark, speechRelay},
	{stun.Opening, speechSTUN},
	{"\n\n", speechConnectBack},
}

// sniff waits for as many first bytes as tell what c speaks, and takes none.
func sniff(c *peeked) (speech, error) {
	for size := 1; ; size++ {
		have, err := c.r.Peek(size)
		if err != nil {
			return speechUnknown, err
		}
		open := false
		for _, o := range openings {
			if len(have) >= len(o.bytes) {
				if bytes.HasPrefix(have, []byte(o.bytes)) {
					return o.speech, nil
				}
			} else if bytes.HasPrefix([]byte(o.bytes), have) {
				open = true
			}
		}
		if !open {
			return speechUnknown, nil
		}
	}
}

// peeked is a connection of which the first bytes may have been looked at.
type peeked struct {
	net.Conn
	r      *bufio.Reader // nil once that is used up
	closed func()        // called when it is; may be nil
}

func peek(c net.Conn) *peeked { return &peeked{Conn: c, r: bufio.NewReaderSize(c, 4<<10)} }

// Close closes the connection and tells who counts it.
func (p *peeked) Close() error {
	if p.closed != nil {
		p.closed()
	}
	return p.Conn.Close()
}

// Read gives what was looked at first. Once that is used up the buffer is let go.
func (p *peeked) Read(b []byte) (int, error) {
	if p.r == nil {
		return p.Conn.Read(b)
	}
	if p.r.Buffered() == 0 {
		p.r = nil
		return p.Conn.Read(b)
	}
	return p.r.Read(b)
}

// ReadFrom lets uploads go from file to socket without a copy where the
// connection below can.
func (p *peeked) ReadFrom(r io.Reader) (int64, error) { return io.Copy(p.Conn, r) }
