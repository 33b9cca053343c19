package reach

import (
	"context"
	crand "crypto/rand"
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/seed282dab8e/servent/nat"
	"github.com/seed282dab8e/servent/nat/stun"
)

// stunner is what speaks STUN on a socket: it answers others, and asks for us.
type stunner struct {
	mu      sync.Mutex
	server  stun.Server
	serves  bool
	client  *stun.Client // nil while nobody probes
	learned nat.Classifier
	heard   chan struct{} // something came for the client
	port    *net.UDPConn  // second sockets of the server; nil: none
	address *net.UDPConn

	answered, unserved, strangers uint64
}

func (u *stunner) stats() (answered, denied, strangers uint64) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.client != nil {
		strangers = u.client.Strangers
	}
	return u.answered, u.unserved + u.server.Malformed + u.server.Limited, u.strangers + strangers
}

// errProbing: one probe at a time, or they would disturb each other.
var errProbing = errors.New("a probe of this socket is under way")

// Serve says whether binding requests are answered, as supernodes do. Before it is
// called they are not.
func (s *Socket) Serve(yes bool) {
	s.stun.mu.Lock()
	defer s.stun.mu.Unlock()
	s.stun.serves = yes
}

// Probe asks STUN servers how routers treat this socket, which is at local for
// them, and waits for what comes of it: some seconds where nobody answers. What it
// finds out is in Behaviour. It ends early with ctx or the socket.
func (s *Socket) Probe(ctx context.Context, local netip.AddrPort, servers []netip.AddrPort) error {
	c, err := s.stun.begin(func() *stun.Client { return stun.NewClient(local, servers, newID, &s.stun.learned) })
	if err != nil {
		return err
	}
	return s.run(ctx, c)
}

// Refresh asks the server that was heard last again, if that is longer ago than age:
// routers forget where a socket is that sends nothing, and give it another address then.
// localTo returns the socket's address for others.
func (s *Socket) Refresh(ctx context.Context, age time.Duration, localTo func(netip.AddrPort) (netip.AddrPort, error)) error {
	s.stun.mu.Lock()
	server, at := s.stun.learned.Latest()
	s.stun.mu.Unlock()
	if !server.IsValid() || time.Since(at) <= age {
		return nil
	}
	local, err := localTo(server)
	if err != nil {
		return err
	}
	c, err := s.stun.begin(func() *stun.Client { return stun.NewReminder(local, server, newID, &s.stun.learned) })
	if err != nil {
		return err
	}
	return s.run(ctx, c)
}

// run does what a client wants until that is over.
func (s *Socket) run(ctx context.Context, c *stun.Client) error {
	defer s.stun.finish()
	for {
		at, more := s.ask(c)
		if !more {
			return nil
		}
		select {
		case <-s.stun.heard:
		case <-time.After(time.Until(at)):
		case <-ctx.Done():
			return ctx.Err()
		case <-s.ended:
			return net.ErrClosed
		}
	}
}

// Behaviour is what probes of the last minutes have found out.
func (s *Socket) Behaviour() nat.Behaviour {
	s.stun.mu.Lock()
	defer s.stun.mu.Unlock()
	return s.stun.learned.Behaviour(time.Now())
}

// Forget forgets that, since the machine may be elsewhere.
func (s *Socket) Forget() {
	s.stun.mu.Lock()
	defer s.stun.mu.Unlock()
	s.stun.learned.Forget()
}

// Observe notes where somebody who is no STUN server sees this socket.
func (s *Socket) Observe(local, by, outside netip.AddrPort) {
	s.stun.mu.Lock()
	defer s.stun.mu.Unlock()
	s.stun.learned.Seen(time.Now(), local, by, outside)
}

// ask sends what is due, and returns when to come again; false when all is over.
func (s *Socket) ask(c *stun.Client) (time.Time, bool) {
	s.stun.mu.Lock()
	defer s.stun.mu.Unlock()
	for {
		to, msg, ok := c.Next(time.Now())
		if !ok {
			return c.Deadline()
		}
		s.Send(to, msg)
	}
}

func (u *stunner) begin(client func() *stun.Client) (*stun.Client, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.client != nil {
		return nil, errProbing
	}
	u.client = client()
	return u.client, nil
}

func (u *stunner) finish() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.strangers += u.client.Strangers
	u.client = nil
}

func newID() (id stun.ID) {
	_, _ = crand.Read(id[:]) // never fails
	return id
}

// Answer answers a binding request that came over TCP; nil: it gets no answer.
func (s *Socket) Answer(from netip.AddrPort, b []byte) []byte {
	u := &s.stun
	u.mu.Lock()
	defer u.mu.Unlock()
	a, ok := u.answer(from, b)
	if !ok || a.FromPort || a.FromAddress { // a stream cannot be answered from elsewhere
		return nil
	}
	return a.Msg
}

// answer answers one who asks, if that is served here.
func (u *stunner) answer(from netip.AddrPort, b []byte) (stun.Answer, bool) {
	if !u.serves {
		u.unserved++
		return stun.Answer{}, false
	}
	a, ok := u.server.Answer(time.Now(), from, b)
	if ok {
		u.answered++
	}
	return a, ok
}

// stunned takes a STUN message.
func (s *Socket) stunned(b []byte, from netip.AddrPort) {
	now := time.Now()
	u := &s.stun
	u.mu.Lock()
	defer u.mu.Unlock()
	switch {
	case u.client != nil && u.client.Receive(now, from, b):
		select {
		case u.heard <- struct{}{}:
		default: // it comes anyway
		}
	default:
		if a, ok := u.answer(from, b); ok {
			s.reply(from, a)
		}
	}
}
