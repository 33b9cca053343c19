package reach

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/seed282dab8e/servent/nat"
	"github.com/seed282dab8e/servent/nat/stun"
	"github.com/seed282dab8e/servent/protocol"
)

// maxMeetings is how many are under way at once; more are refused. Those that others ask
// for leave keptMeetings for those that we do.
const (
	maxMeetings  = 32
	keptMeetings = 8
)

// Errors of meetings.
var (
	ErrMeetings  = errors.New("too many meetings are under way")
	ErrNoMeeting = errors.New("no datagram of the peer has come through: its router, or ours, lets none in")
)

// Meeting punches a hole for datagrams of one peer (nat.Punch), who does the same at the
// same time. Both know its token. Its methods may be called by anyone.
type Meeting struct {
	s    *Socket
	peer protocol.GUID
	side stun.Side
	key  stun.Token
	wake chan struct{}

	mu    sync.Mutex
	punch *nat.Punch
	asked map[stun.ID]netip.AddrPort // where each of our checks went
}

// Meet begins a meeting with a peer: from now on its checks are answered, from wherever
// they come, and it may open a Stream from there. It lasts until End, which must be
// called.
func (s *Socket) Meet(key stun.Token, side stun.Side, peer protocol.GUID) (*Meeting, error) {
	m := &Meeting{
		s: s, peer: peer, side: side, key: key, wake: make(chan struct{}, 1),
		punch: nat.NewPunch(time.Now(), nil), asked: map[stun.ID]netip.AddrPort{},
	}
	theirs := key.Name(side.Other())
	s.meetings.mu.Lock()
	defer s.meetings.mu.Unlock()
	if s.meetings.by == nil {
		s.meetings.by = map[stun.Name]*Meeting{}
	}
	most := maxMeetings
	if side == stun.Asked {
		most -= keptMeetings
	}
	if len(s.meetings.by) >= most || s.meetings.by[theirs] != nil {
		s.stats.meetingsRefused.Add(1)
		return nil, ErrMeetings
	}
	s.meetings.by[theirs] = m
	return m, nil
}

// End ends it: checks are not answered any more.
func (m *Meeting) End() {
	m.s.meetings.mu.Lock()
	defer m.s.meetings.mu.Unlock()
	delete(m.s.meetings.by, m.key.Name(m.side.Other()))
}

// Open sends checks to the peer's addresses, as nat.Rank orders them, and to those that
// its own come from, until one is answered. It returns that address; an error wraps
// ErrNoMeeting, or is that of ctx.
func (m *Meeting) Open(ctx context.Context, addrs []netip.AddrPort) (netip.AddrPort, error) {
	m.mu.Lock()
	m.punch.Begin(time.Now(), addrs)
	m.mu.Unlock()
	for {
		at, open, over := m.check()
		switch {
		case open.IsValid():
			return open, nil
		case over:
			return netip.AddrPort{}, ErrNoMeeting
		}
		select {
		case <-m.wake:
		case <-time.After(time.Until(at)):
		case <-ctx.Done():
			return netip.AddrPort{}, ctx.Err()
		case <-m.s.ended:
			return netip.AddrPort{}, net.ErrClosed
		}
	}
}

// check sends what is due, and returns when to come again, or the result.
func (m *Meeting) check() (next time.Time, open netip.AddrPort, over bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for {
		to, ok := m.punch.Next(time.Now())
		if !ok {
			break
		}
		id := newID()
		m.asked[id] = to
		m.s.Send(to, stun.NewCheck(id, m.key, m.side, false))
	}
	open, state := m.punch.Result(time.Now())
	return m.punch.Deadline(), open, state == nat.PunchFailed
}

// met takes a datagram of a meeting; false: it is none.
func (s *Socket) met(b []byte, from netip.AddrPort) bool {
	c, err := stun.ParseCheck(b)
	if err != nil {
		return false
	}
	s.meetings.mu.Lock()
	m := s.meetings.by[c.Name]
	s.meetings.mu.Unlock()
	if m == nil || !c.By(m.key) {
		s.stats.strayChecks.Add(1)
		return true
	}
	m.take(&c, from)
	return true
}

func (m *Meeting) take(c *stun.Check, from netip.AddrPort) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	switch {
	case !c.Answer:
		m.s.Send(from, stun.NewCheck(c.ID, m.key, m.side, true))
		if m.punch.Checked(now, from) {
			m.s.Admit(from, m.peer)
		}
	case m.asked[c.ID] == from:
		m.punch.Answered(now, from)
	default:
		return // nobody was asked there
	}
	select {
	case m.wake <- struct{}{}:
	default: // it comes anyway
	}
}

// meetings are those under way, by what the peer signs its checks with.
type meetings struct {
	mu sync.Mutex
	by map[stun.Name]*Meeting
}
