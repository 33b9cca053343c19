package reach

import (
	"crypto/ed25519"
	"errors"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// Bounds of a socket. What passes them is dropped and counted.
const (
	maxIn  = 256 // messages that wait for who reads Messages: 4 MiB at most
	maxOut = 256 // datagrams that wait for the system
	// errorRest is how long reading rests after an error, which some systems
	// report because a datagram of ours was refused somewhere.
	errorRest = 10 * time.Millisecond
)

// Message is one whole Gnutella message that came over UDP, and where it says
// that it is from. Its owner is who received it.
type Message struct {
	From netip.AddrPort
	Msg  []byte
}

type outgoing struct {
	to  netip.AddrPort
	msg []byte
}

// Stats counts datagrams.
type Stats struct {
	In         uint64 // messages handed on
	Out        uint64 // datagrams written
	Foreign    uint64 // were nothing that is spoken here, or QUIC of strangers
	Bad        uint64 // too large, or inflate to nothing or too much
	InDropped  uint64 // messages that found the queue full
	OutDropped uint64 // the same, on their way out
	OutFailed  uint64 // the system did not take them

	Answered  uint64 // binding requests (STUN) of others
	Denied    uint64 // that came too often, were wrong, or found no server here
	Strangers uint64 // answers of STUN servers that were not asked

	StrayChecks     uint64 // of meetings that are not under way, or forged
	MeetingsRefused uint64 // past the limit
	StreamsRefused  uint64 // the same, connections that peers opened
	NotAdmitted     uint64 // the same, addresses from which peers might have opened some
}

// Socket is the servent's UDP socket. Its methods may be called by anyone.
type Socket struct {
	conn  Conn // nil: hears and sends nothing
	in    chan Message
	out   chan outgoing
	ended chan struct{}
	end   func()

	stun     stunner
	meetings meetings
	// streams is nil where there are none.
	streams *streams

	stats struct{ in, out, foreign, bad, inDropped, outDropped, outFailed, strayChecks, meetingsRefused atomic.Uint64 }
}

// NewSocket makes a socket of c, which it closes at its end. Without c it hears
// and sends nothing. It carries Streams where c is a *net.UDPConn and there is a key,
// by which peers know this servent (see GUIDOf).
func NewSocket(c Conn, key ed25519.PrivateKey) *Socket {
	s := &Socket{conn: c, in: make(chan Message, maxIn), out: make(chan outgoing, maxOut), ended: make(chan struct{})}
	s.stun.heard = make(chan struct{}, 1)
	if u, ok := c.(*net.UDPConn); ok && key != nil {
		s.streams = newStreams(newFilter(u, s), u, key)
	}
	s.end = sync.OnceFunc(func() {
		close(s.ended)
		if c != nil {
			s.streams.close()
			_ = c.Close() // nothing waits in it
		}
	})
	return s
}

// Run reads and writes until Close. It is called once.
func (s *Socket) Run() {
	if s.conn == nil {
		<-s.ended
		return
	}
	var wg sync.WaitGroup
	wg.Go(s.write)
	if s.streams == nil || !s.streams.run(s.ended) {
		s.read()
	}
	wg.Wait()
}

// Close ends Run, and gives the port back also where Run was never called.
func (s *Socket) Close() { s.end() }

// Messages are those that came, for one reader.
func (s *Socket) Messages() <-chan Message { return s.in }

// Send queues a datagram, which must not change afterwards. It never waits:
// what finds the queue full is dropped.
func (s *Socket) Send(to netip.AddrPort, msg []byte) {
	if s.conn == nil {
		s.stats.outDropped.Add(1)
		return
	}
	select {
	case s.out <- outgoing{to, msg}:
	default:
		s.stats.outDropped.Add(1)
	}
}

// Stats counts since the start.
func (s *Socket) Stats() Stats {
	c := &s.stats
	answered, denied, strangers := s.stun.stats()
	refused, notAdmitted := s.streams.limited()
	return Stats{
		MeetingsRefused: c.meetingsRefused.Load(), StreamsRefused: refused, NotAdmitted: notAdmitted,
		Answered: answered, Denied: denied, Strangers: strangers,
		In: c.in.Load(), Out: c.out.Load(), Foreign: c.foreign.Load(), Bad: c.bad.Load(),
		StrayChecks: c.strayChecks.Load(), InDropped: c.inDropped.Load(), OutDropped: c.outDropped.Load(), OutFailed: c.outFailed.Load(),
	}
}

func (s *Socket) read() {
	buf := make([]byte, MaxMessage+1) // one more, to tell what was longer
	for {
		n, from, err := s.conn.ReadFromUDPAddrPort(buf)
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil && !s.rest():
			return
		case err == nil && !s.took(buf[:n], plain(from)):
			s.stats.foreign.Add(1)
		}
	}
}

// rest waits after an error; false: the socket has been closed.
func (s *Socket) rest() bool {
	select {
	case <-time.After(errorRest):
		return true
	case <-s.ended:
		return false
	}
}

// took hands one datagram on, and returns false for what is neither Gnutella nor
// STUN. A flood costs no more than the look at its headers: what would find no room
// is not even copied.
func (s *Socket) took(b []byte, from netip.AddrPort) bool {
	if len(b) > MaxMessage {
		s.stats.bad.Add(1)
		return true
	}
	switch classify(b) {
	case speechSTUN:
		if !s.met(b, from) {
			s.stunned(b, from)
		}
	case speechGnutella:
		s.gnutella(b, from)
	default:
		return false
	}
	return true
}

// leaves says whether a datagram is left to QUIC; others are handed on, or counted.
func (s *Socket) leaves(b []byte, from netip.AddrPort) bool {
	switch {
	case s.took(b, from):
		return false
	case !s.streams.expects(b, from):
		s.stats.foreign.Add(1)
		return false
	}
	return true
}

// gnutella hands one message on.
func (s *Socket) gnutella(b []byte, from netip.AddrPort) {
	if len(s.in) == cap(s.in) {
		s.stats.inDropped.Add(1)
		return
	}
	msg, err := message(b)
	if err != nil {
		s.stats.bad.Add(1)
		return
	}
	s.in <- Message{from, msg} // there is room, and nobody else puts in
	s.stats.in.Add(1)
}

func (s *Socket) write() {
	for {
		select {
		case m := <-s.out:
			if _, err := s.conn.WriteToUDPAddrPort(m.msg, m.to); err != nil {
				s.stats.outFailed.Add(1)
				continue
			}
			s.stats.out.Add(1)
		case <-s.ended:
			return
		}
	}
}
