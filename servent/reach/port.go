package reach

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"time"

	reuseport "github.com/libp2p/go-reuseport"
	"github.com/seed282dab8e/servent/nat"
	"github.com/seed282dab8e/servent/nat/stun"
)

const (
	// askTimeout bounds one question of a STUN server over TCP.
	askTimeout = 3 * time.Second
	// askPace is between two connections from the port to different servers: routers that
	// run Linux give a port to two that begin within some milliseconds each on its own, and
	// look symmetric then.
	askPace = 50 * time.Millisecond
)

// Port is the servent's TCP port as one that connections are made from, beside those that
// it listens for: only so do they come from where routers let answers in to it. It works
// where the port was opened by go-reuseport. Its methods may be called by anyone.
type Port struct {
	number uint16
	from   func(netip.Addr) netip.Addr

	mu      sync.Mutex
	learned nat.Classifier
}

// NewPort makes a Port of that number. from returns the machine's own address that
// connections to another are made from; one that is not valid leaves it to the system.
func NewPort(number uint16, from func(netip.Addr) netip.Addr) *Port {
	return &Port{number: number, from: from}
}

// dial connects from the port. Each attempt has a socket of its own.
func (p *Port) dial(ctx context.Context, to netip.AddrPort, patience time.Duration) (net.Conn, error) {
	own := p.from(to.Addr())
	if !own.IsValid() {
		own = netip.IPv4Unspecified()
		if to.Addr().Is6() {
			own = netip.IPv6Unspecified()
		}
	}
	d := net.Dialer{Timeout: patience, Control: reuseport.Control, LocalAddr: net.TCPAddrFromAddrPort(netip.AddrPortFrom(own, p.number))}
	return d.DialContext(ctx, "tcp", to.String())
}

// Probe asks STUN servers over TCP how routers treat connections from this port. What it
// finds out is in Behaviour.
func (p *Port) Probe(ctx context.Context, servers []netip.AddrPort) {
	var wg sync.WaitGroup
	for i, s := range servers[:min(len(servers), stun.MaxServers)] {
		wg.Go(func() {
			select {
			case <-time.After(time.Duration(i) * askPace):
				p.ask(ctx, s)
			case <-ctx.Done():
			}
		})
	}
	wg.Wait()
}

// Refresh asks one server that has answered again, if that is longer ago than age:
// routers forget connections that have ended.
func (p *Port) Refresh(ctx context.Context, age time.Duration) {
	p.mu.Lock()
	server, at := p.learned.Latest()
	p.mu.Unlock()
	if server.IsValid() && time.Since(at) > age {
		p.ask(ctx, server)
	}
}

// ask asks one server. It is the server that closes first: who does so cannot connect
// again from the same port to the same one for a while.
func (p *Port) ask(ctx context.Context, server netip.AddrPort) {
	began := time.Now()
	c, err := p.dial(ctx, server, askTimeout)
	if err != nil {
		return // Behaviour does not say that TCP is blocked: links tell
	}
	defer c.Close()
	if err := c.SetDeadline(began.Add(askTimeout)); err != nil {
		return
	}
	r, err := stun.Ask(c, newID())
	if err != nil {
		return
	}
	local := plain(c.LocalAddr().(*net.TCPAddr).AddrPort())
	p.mu.Lock()
	p.learned.Seen(time.Now(), local, server, r.Outside)
	p.mu.Unlock()
	_, _ = c.Read(make([]byte, 1)) // waits for its end
}

// Behaviour is what probes of the last minutes have found out.
func (p *Port) Behaviour() nat.Behaviour {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.learned.Behaviour(time.Now())
}

// Forget forgets that, since the machine may be elsewhere.
func (p *Port) Forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.learned.Forget()
}

// Connect tries to open connections from the port to all addresses of a peer, which does
// the same at the same time, until ctx ends or nat.PunchLimit is over. Each that opens
// is given to take, which owns it; there may be several, some from strangers.
func (p *Port) Connect(ctx context.Context, addrs []netip.AddrPort, take func(net.Conn)) {
	var wg sync.WaitGroup
	for _, a := range addrs[:min(len(addrs), nat.MaxCandidates)] {
		wg.Go(func() {
			if c := p.open(ctx, a); c != nil {
				take(c)
			}
		})
	}
	wg.Wait()
}

// open tries one address until a connection stands; nil: none does.
func (p *Port) open(ctx context.Context, to netip.AddrPort) net.Conn {
	d := nat.NewDialer(time.Now(), rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64())))
	for ctx.Err() == nil {
		began := time.Now()
		patience, ok := d.Try(began)
		if !ok {
			return nil
		}
		c, err := p.dial(ctx, to, patience)
		switch {
		case err == nil:
			return c
		case errors.Is(err, syscall.EADDRNOTAVAIL), errors.Is(err, syscall.EADDRINUSE):
			return nil // another connection between the same two ports, or one that has just ended
		}
		select {
		case <-time.After(d.Pause(time.Since(began))):
		case <-ctx.Done():
		}
	}
	return nil
}
