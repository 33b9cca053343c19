package servent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed282dab8e/servent/nat/stun"
	"github.com/seed282dab8e/servent/protocol"
	"golang.org/x/time/rate"
)

// Limits of a relay.
const (
	// MaxRelays is how many pairs a supernode relays for at once.
	MaxRelays = 8
	// maxRelayWaits is how many wait for their other side, those that have no link here
	// half as many.
	maxRelayWaits = 32
	// relayWait is how long one does.
	relayWait = 5 * time.Second
	// relayIdle is when a pair is given up that nothing passes between.
	relayIdle = time.Minute
	// relaySpare is when one may be, for another that would find no room: who has loaded a
	// file keeps the connection for a while.
	relaySpare = 3 * time.Second
	// relayBlock is what is passed on at once.
	relayBlock = 16 << 10
)

// relayMark opens a connection to a supernode that is asked to relay, with the stun.Name
// of the side that asks.
const (
	relayMark = "SRVT RELAY "
	relayLine = len(relayMark) + 2*len(stun.Name{}) + len("\n\n")
)

// errNoRelay: none of the supernodes that two name relays.
var errNoRelay = errors.New("nobody relays")

// relayAny has the first of some supernodes that does so carry a connection, like relayed;
// else it returns why the last did not, or errNoRelay.
func (s *Servent) relayAny(ctx context.Context, relays []netip.AddrPort, name stun.Name, peer protocol.GUID, take func(net.Conn)) error {
	last := errNoRelay
	for _, r := range relays {
		err := s.relayed(ctx, r, name, peer, take)
		if err == nil || ctx.Err() != nil {
			return nil
		}
		last = fmt.Errorf("relay %s: %w", r, err)
		s.logMeet(peer, last)
	}
	return last
}

// relayed has a supernode carry a connection to a peer, which asks for the same, and
// gives it to take, which closes it.
func (s *Servent) relayed(ctx context.Context, relay netip.AddrPort, name stun.Name, peer protocol.GUID, take func(net.Conn)) error {
	ctx, cancel := context.WithTimeout(ctx, relayWait)
	defer cancel()
	conn, err := s.dial(ctx, relay)
	if err != nil {
		return err
	}
	if !s.begin(conn) {
		_ = conn.Close() // nothing was said
		return errTooMany
	}
	defer s.settled(conn)
	c, err := s.joinRelay(ctx, conn, name, peer)
	s.untrack(conn)
	if err != nil {
		_ = conn.Close() // the error that counts is the one before
		return err
	}
	if s.track(c) {
		take(c)
	}
	return nil
}

func (s *Servent) joinRelay(ctx context.Context, conn net.Conn, name stun.Name, peer protocol.GUID) (net.Conn, error) {
	if _, err := fmt.Fprintf(conn, "%s%s\n\n", relayMark, name); err != nil {
		return nil, err
	}
	c, err := s.udp.Secure(ctx, conn, name.Side(), peer)
	if errors.Is(err, io.EOF) {
		err = errors.New("it does not relay, has no room, or the other side has not come")
	}
	return c, err
}

// relay carries bytes between pairs that nothing else brings together: few, and slowly.
type relay struct {
	limit *rate.Limiter // of all together; nil: nothing is relayed

	mu      sync.Mutex
	waiting map[stun.Name]*relaySide
	active  []*relayPair // in the order in which they began

	pairs, refused, lonely, bytes atomic.Uint64
}

// relaySide is one who waits for the other.
type relaySide struct {
	conn   *peeked
	linked bool // its address has a link here
	other  chan *peeked
	pair   *relayPair // that it is of, once the other is there
}

// relayPair is one that is relayed for.
type relayPair struct {
	used  time.Time     // when something has passed last; under relay.mu
	spare chan struct{} // closed to have it end
}

func newRelay(bytesPerSecond int64) *relay {
	r := &relay{waiting: map[stun.Name]*relaySide{}}
	if bytesPerSecond > 0 {
		r.limit = rate.NewLimiter(rate.Limit(bytesPerSecond), int(max(bytesPerSecond, relayBlock)))
	}
	return r
}

// takeRelay takes a connection of one side of a pair.
func (s *Servent) takeRelay(ctx context.Context, c *peeked) {
	defer s.untrack(c.Conn)
	line, err := c.readLine(relayLine)
	if err != nil || len(line) != relayLine {
		s.refuseConn(c.Conn, func(e *edgeStats) { e.unknownSpeech++ })
		return
	}
	name, err := stun.ParseName(strings.TrimSpace(string(line[len(relayMark):])))
	if err != nil || c.SetDeadline(time.Time{}) != nil {
		s.refuseConn(c.Conn, func(e *edgeStats) { e.unknownSpeech++ })
		return
	}
	side := &relaySide{conn: c, linked: s.linkedTo(remote(c)), other: make(chan *peeked, 1)}
	if other := s.relays.join(ctx, name, side); other != nil {
		s.wg.Go(func() { s.relays.relay(ctx, side, other) }) // c is settled
	}
}

// linkedTo says whether there is a link to an address.
func (s *Servent) linkedTo(a netip.Addr) (yes bool) {
	s.call(func(l *loop) {
		for _, link := range l.node.Links() {
			yes = yes || link.Peer.Addr.Addr().Unmap() == a
		}
	})
	return yes
}

// info tells what has been carried.
func (r *relay) info() RelayInfo {
	r.mu.Lock()
	defer r.mu.Unlock()
	info := RelayInfo{
		Active: len(r.active), Pairs: r.pairs.Load(), Bytes: r.bytes.Load(), Refused: r.refused.Load(), Lonely: r.lonely.Load(),
	}
	if r.limit != nil {
		info.Rate = int64(r.limit.Limit())
	}
	return info
}

// join brings a side together with the other, or has it wait. It returns the other, whom
// the caller is to relay with; nil: the connection has ended, or is in the hands of the
// other side's call.
func (r *relay) join(ctx context.Context, name stun.Name, side *relaySide) *peeked {
	other, ok := r.enter(name, side)
	switch {
	case !ok:
		r.refused.Add(1)
		_ = side.conn.Close() // nothing was written
	case other != nil:
		other.other <- side.conn // which closes it
	default:
		return r.await(ctx, name, side)
	}
	return nil
}

// enter finds the other side, or room to wait for it; false: there is none, or neither
// of the two is known here.
func (r *relay) enter(name stun.Name, side *relaySide) (*relaySide, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.limit == nil || r.waiting[name] != nil {
		return nil, false
	}
	if other := r.waiting[name.Other()]; other != nil {
		if !other.linked && !side.linked || !r.makeRoom() {
			return nil, false
		}
		other.pair = &relayPair{used: time.Now(), spare: make(chan struct{})}
		r.active = append(r.active, other.pair)
		delete(r.waiting, name.Other())
		return other, true
	}
	most := maxRelayWaits
	if !side.linked {
		most /= 2
	}
	if len(r.waiting) >= most {
		return nil, false
	}
	r.waiting[name] = side
	return nil, true
}

// makeRoom says whether there is room for one more pair, once that between which nothing
// has passed for the longest time is given up, if need be; r.mu is held.
func (r *relay) makeRoom() bool {
	if len(r.active) < MaxRelays {
		return true
	}
	oldest := slices.MinFunc(r.active, func(x, y *relayPair) int { return x.used.Compare(y.used) })
	if time.Since(oldest.used) < relaySpare {
		return false
	}
	close(oldest.spare)
	r.leave(oldest)
	return true
}

// leave forgets a pair; r.mu is held.
func (r *relay) leave(p *relayPair) {
	r.active = slices.DeleteFunc(r.active, func(o *relayPair) bool { return o == p })
}

// await waits for the other side; nil: it has not come, and the connection is closed.
func (r *relay) await(ctx context.Context, name stun.Name, side *relaySide) *peeked {
	late := time.NewTimer(relayWait)
	defer late.Stop()
	select {
	case other := <-side.other:
		return other
	case <-late.C:
	case <-ctx.Done():
	}
	r.mu.Lock()
	if r.waiting[name] == side {
		delete(r.waiting, name)
		r.mu.Unlock()
		r.lonely.Add(1)
		_ = side.conn.Close() // nothing was written
		return nil
	}
	r.mu.Unlock()
	return <-side.other // it came at the same time
}

// relay relays for a pair until that has ended.
func (r *relay) relay(ctx context.Context, side *relaySide, other *peeked) {
	defer side.conn.Close()
	defer other.Close()
	r.pairs.Add(1)
	r.carry(ctx, side.pair, side.conn, other)
	r.mu.Lock()
	r.leave(side.pair)
	r.mu.Unlock()
}

// carry passes bytes both ways until both have ended, one fails, or the pair is given up.
func (r *relay) carry(ctx context.Context, p *relayPair, a, b *peeked) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(ctx, func() { _, _ = a.Close(), b.Close() })()
	var ways sync.WaitGroup
	for _, way := range [][2]*peeked{{a, b}, {b, a}} {
		ways.Go(func() {
			if r.pass(ctx, p, way[0], way[1]) != nil {
				cancel()
			}
		})
	}
	ended := make(chan struct{})
	go func() {
		ways.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-p.spare:
		cancel()
		<-ended
	}
}

// pass passes bytes one way until the end, which it passes on.
func (r *relay) pass(ctx context.Context, p *relayPair, from, to *peeked) error {
	buf := make([]byte, relayBlock)
	for {
		if err := from.SetReadDeadline(time.Now().Add(relayIdle)); err != nil {
			return err
		}
		n, err := from.Read(buf)
		if errors.Is(err, io.EOF) {
			return closeWrite(to)
		}
		if err == nil {
			err = r.limit.WaitN(ctx, n)
		}
		if err == nil {
			err = to.SetWriteDeadline(time.Now().Add(relayIdle))
		}
		if err == nil {
			_, err = to.Write(buf[:n])
		}
		if err != nil {
			return err
		}
		r.bytes.Add(uint64(n))
		r.mu.Lock()
		p.used = time.Now()
		r.mu.Unlock()
	}
}

func closeWrite(c *peeked) error {
	if t, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return t.CloseWrite()
	}
	return c.Close()
}
