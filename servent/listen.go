package servent

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"syscall"
	"time"

	reuseport "github.com/libp2p/go-reuseport"
	"github.com/seed282dab8e/servent/servent/reach"
)

// port is the servent's one port: its TCP and its UDP side.
type port struct {
	tcp net.Listener
	udp reach.Conn // nil: none
	// taken is the port of earlier starts, where another program has it; else 0.
	taken int
}

// freeTries is how many ports are tried until one is free on both sides.
const freeTries = 16

// bind opens the servent's port, TCP and UDP under one number.
func bind(cfg *Config) (port, error) {
	if cfg.listener != nil {
		return port{tcp: cfg.listener, udp: cfg.packets}, nil
	}
	want, kept := cfg.Listen, 0
	if want == "" {
		if cfg.DataDir != "" {
			kept = keptPort(cfg.DataDir)
		}
		want = fmt.Sprintf(":%d", kept)
	}
	p, err := bindBoth(want)
	if err != nil && cfg.Listen == "" && kept != 0 && errors.Is(err, syscall.EADDRINUSE) {
		cfg.Log.WithField("port", kept).Warn("the port of earlier starts is taken; choosing another")
		p, err = bindBoth(":0")
		p.taken = kept
	}
	if err != nil {
		return port{}, fmt.Errorf("listen on %s: %w (choose another with --listen host:port)", want, err)
	}
	if cfg.Listen == "" && cfg.DataDir != "" {
		if err := keepPort(cfg.DataDir, p.tcp.Addr().(*net.TCPAddr).Port); err != nil {
			p.close()
			return port{}, fmt.Errorf("keep port: %w", err)
		}
	}
	return p, nil
}

func (p port) close() {
	p.tcp.Close()
	if p.udp != nil {
		_ = p.udp.Close() // nothing waits in it
	}
}

// bindBoth opens both sides. A port that the system chooses is free for TCP
// only as far as it has looked: where UDP finds it taken, it chooses again.
func bindBoth(addr string) (port, error) {
	_, number, _ := net.SplitHostPort(addr)
	for tries := 1; ; tries++ {
		tcp, err := bindTwice(addr)
		if err != nil {
			return port{}, err
		}
		udp, err := reach.Listen(tcp.Addr())
		if err == nil {
			return port{tcp: tcp, udp: udp}, nil
		}
		tcp.Close()
		if number != "0" || tries == freeTries || !errors.Is(err, syscall.EADDRINUSE) {
			return port{}, fmt.Errorf("the UDP side of the port: %w", err)
		}
	}
}

// bindTwice binds plainly first, since with SO_REUSEPORT two servents could
// share a port unseen; then with it, so that connections can later be made from
// the same port.
func bindTwice(addr string) (net.Listener, error) {
	plain, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, err
	}
	exact := plain.Addr().String()
	if err := plain.Close(); err != nil {
		return nil, err
	}
	l, err := reuseport.Listen("tcp", exact)
	if err != nil {
		return net.Listen("tcp", exact) // a system without port reuse
	}
	return l, nil
}

// listen takes connections until ctx ends, or until the listener breaks: then
// it ends the servent.
func (s *Servent) listen(ctx context.Context, cancel context.CancelFunc) error {
	log := s.log.WithField("component", "listen")
	for fails := 0; ; {
		c, err := s.listener.Accept()
		switch {
		case ctx.Err() != nil || errors.Is(err, net.ErrClosed):
			return nil
		case err != nil && !isTransient(err):
			cancel()
			return fmt.Errorf("accept: %w", err)
		case err != nil:
			if fails++; fails == 1 { // told once, however long it lasts
				log.WithError(err).Warn("accept")
			}
			select {
			case <-time.After(acceptRest):
			case <-ctx.Done():
			}
			continue
		}
		fails = 0
		s.take(c)
	}
}

// take starts to serve an accepted connection.
func (s *Servent) take(c net.Conn) {
	if s.blocking.refuse(remote(c)) || !s.begin(c) {
		c.Close()
		return
	}
	s.wg.Go(func() {
		defer s.settled(c)
		s.welcomeConn(c)
	})
}

// transient are the errors after which accepting may work again: out of
// descriptors or memory, or a connection that was gone before it was taken.
// The numbers are how Windows says so.
var transient = []syscall.Errno{
	syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM,
	syscall.ECONNABORTED, syscall.ECONNRESET, syscall.EPROTO, syscall.EPERM,
	syscall.EINTR, syscall.EAGAIN,
	10024, 10053, 10054, 10055, // WSAEMFILE, WSAECONNABORTED, WSAECONNRESET, WSAENOBUFS
}

func isTransient(err error) bool {
	var number syscall.Errno
	return errors.As(err, &number) && slices.Contains(transient, number)
}

// addrPort returns a's address and port; zero for what is no address of TCP or UDP.
func addrPort(a net.Addr) netip.AddrPort {
	if t, ok := a.(interface{ AddrPort() netip.AddrPort }); ok {
		ap := t.AddrPort()
		return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
	}
	return netip.AddrPort{}
}

// resolve turns what the user named into addresses.
func resolve(ctx context.Context, peers []string) ([]netip.AddrPort, error) {
	var out []netip.AddrPort
	for _, p := range peers {
		a, err := resolveOne(ctx, p)
		if err != nil {
			return nil, err
		}
		out = append(out, a)
	}
	return out, nil
}

func resolveOne(ctx context.Context, peer string) (netip.AddrPort, error) {
	host, port, err := net.SplitHostPort(peer)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("peer %q: want host:port", peer)
	}
	number, err := net.DefaultResolver.LookupPort(ctx, "tcp", port)
	if err != nil || number == 0 {
		return netip.AddrPort{}, fmt.Errorf("peer %q: port %q is not a number from 1 to 65535", peer, port)
	}
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil || len(addrs) == 0 {
		return netip.AddrPort{}, fmt.Errorf("peer %q: the host name cannot be resolved", peer)
	}
	best := addrs[0]
	for _, a := range addrs {
		if a.Unmap().Is4() { // Gnutella's fixed fields hold IPv4 only
			best = a
			break
		}
	}
	return netip.AddrPortFrom(best.Unmap(), uint16(number)), nil
}
