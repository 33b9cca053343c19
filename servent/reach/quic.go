package reach

import (
	"context"
	"crypto/ed25519"
	crand "crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/big"
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/seed282dab8e/servent/protocol"
)

// Limits of QUIC on a Socket. One connection carries one stream, as one of TCP does.
const (
	// streamProtocol is what both ends must speak (ALPN).
	streamProtocol = "gnutella-http"
	// maxConns is how many connections peers may have open, or wait to be taken.
	maxConns = 64
	// quicIdle is when a connection is given up that nothing comes by, and
	// quicKeepAlive how often something is sent, so that routers do not forget it.
	quicIdle      = 30 * time.Second
	quicKeepAlive = 10 * time.Second
	quicHandshake = 5 * time.Second
	// quicLong is the bit of the first byte that packets of a handshake have, and of
	// those that come later none (RFC 9000, 17.2).
	quicLong = 0x80
	// quicLinger is how long one that is closed has to bring what was written.
	quicLinger = 5 * time.Second
	// admitted is how long a peer that has been admitted has to connect.
	admitted = 15 * time.Second
	// maxAdmit is how many addresses are admitted at once; others are not, so that who
	// has many cannot push out the rest.
	maxAdmit = 256
)

// GUIDOf is the GUID of the servent that has this key: the first 16 bytes of its
// SHA-256, with the bytes that Gnutella marks set.
func GUIDOf(key ed25519.PublicKey) protocol.GUID {
	sum := sha256.Sum256(key)
	return protocol.GUID(sum[:16]).Marked()
}

// streams is QUIC on a socket.
type streams struct {
	socket    *net.UDPConn
	transport *quic.Transport
	tls       *tls.Config
	accepted  chan *Stream

	mu    sync.Mutex
	admit map[netip.AddrPort]admission
	conns map[*quic.Conn]struct{}

	refused, notAdmitted uint64 // connections past maxConns, addresses past maxAdmit
}

// admission is for one peer at one address.
type admission struct {
	peer  protocol.GUID
	until time.Time
}

// Errors of streams.
var (
	ErrNoQUIC    = errors.New("this socket carries no QUIC")
	errStranger  = errors.New("not admitted")
	errOtherPeer = errors.New("somebody else answers there")
)

// newStreams carries QUIC over c, which is socket without what is not QUIC; nil where the
// key is of no use.
func newStreams(c net.PacketConn, socket *net.UDPConn, key ed25519.PrivateKey) *streams {
	cert, err := certificate(key)
	if err != nil {
		return nil
	}
	return &streams{
		socket: socket, transport: &quic.Transport{Conn: c}, accepted: make(chan *Stream),
		admit: map[netip.AddrPort]admission{}, conns: map[*quic.Conn]struct{}{},
		tls: &tls.Config{
			MinVersion: tls.VersionTLS13, NextProtos: []string{streamProtocol}, Certificates: []tls.Certificate{cert},
			ClientAuth: tls.RequireAnyClientCert,
			// Who a peer is is told by its key (isOf): there is nobody who signs for it.
			InsecureSkipVerify: true,
		},
	}
}

// run has QUIC read the socket, and returns once that is closed; false at once where
// this machine cannot.
func (q *streams) run(ended <-chan struct{}) bool {
	// quic-go would write to standard error that the system gives it smaller buffers
	// than it asks for.
	_ = os.Setenv("QUIC_GO_DISABLE_RECEIVE_BUFFER_WARNING", "true")
	ln, err := q.listen()
	if err != nil {
		return false
	}
	allowFragments(q.socket)
	q.accept(ln, ended)
	<-ended
	return true
}

// close ends all streams, and lets peers know.
func (q *streams) close() {
	if q != nil {
		_ = q.transport.Close()
	}
}

func (q *streams) listen() (*quic.Listener, error) {
	server := q.tls.Clone()
	server.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		a, ok := q.admits(plain(hello.Conn.RemoteAddr().(*net.UDPAddr).AddrPort()))
		if !ok {
			return nil, errStranger
		}
		return q.tlsFor(a.peer), nil
	}
	conf := quicConfig()
	conf.GetConfigForClient = func(info *quic.ClientInfo) (*quic.Config, error) {
		from, ok := info.RemoteAddr.(*net.UDPAddr)
		if !ok {
			return nil, errStranger
		}
		if _, ok := q.admits(plain(from.AddrPort())); !ok {
			return nil, errStranger
		}
		return quicConfig(), nil
	}
	return q.transport.Listen(server, conf)
}

func quicConfig() *quic.Config {
	return &quic.Config{
		MaxIdleTimeout: quicIdle, KeepAlivePeriod: quicKeepAlive, HandshakeIdleTimeout: quicHandshake,
		MaxIncomingStreams: 1, MaxIncomingUniStreams: -1,
	}
}

// tlsFor is a configuration that only one peer gets past.
func (q *streams) tlsFor(peer protocol.GUID) *tls.Config {
	conf := q.tls.Clone()
	conf.VerifyPeerCertificate = func(raw [][]byte, _ [][]*x509.Certificate) error { return isOf(raw, peer) }
	return conf
}

// isOf says whether the certificate that was shown is of a servent. That who shows
// it has its key is TLS's business.
func isOf(raw [][]byte, peer protocol.GUID) error {
	if len(raw) == 0 {
		return errOtherPeer
	}
	cert, err := x509.ParseCertificate(raw[0])
	if err != nil {
		return fmt.Errorf("certificate of a peer: %w", err)
	}
	if key, ok := cert.PublicKey.(ed25519.PublicKey); !ok || GUIDOf(key) != peer {
		return errOtherPeer
	}
	return nil
}

// certificate signs a key by itself. Its names and times say nothing.
func certificate(key ed25519.PrivateKey) (tls.Certificate, error) {
	form := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1<<33, 0)}
	der, err := x509.CreateCertificate(crand.Reader, form, form, key.Public(), key)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("make a certificate: %w", err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}

// admits returns who may connect from an address now.
func (q *streams) admits(from netip.AddrPort) (admission, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	a, ok := q.admit[from]
	return a, ok && time.Now().Before(a.until)
}

// expects says whether QUIC shall see a datagram. To one that begins a connection it would
// answer, be it to refuse it or to name its versions, so it sees only those of peers that
// were met. What belongs to no connection otherwise it passes over.
func (q *streams) expects(b []byte, from netip.AddrPort) bool {
	if len(b) > 0 && b[0]&quicLong == 0 {
		return true
	}
	_, ok := q.admits(from)
	return ok
}

// Admit lets a peer that was met open a Stream from an address, for some seconds.
// Nobody else can: what strangers send is answered by no byte. Past the limit the address
// is not admitted, and counted.
func (s *Socket) Admit(from netip.AddrPort, peer protocol.GUID) {
	q := s.streams
	if q == nil {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	now := time.Now()
	maps.DeleteFunc(q.admit, func(_ netip.AddrPort, a admission) bool { return !now.Before(a.until) })
	from = plain(from)
	if _, again := q.admit[from]; !again && len(q.admit) >= maxAdmit {
		q.notAdmitted++
		return
	}
	q.admit[from] = admission{peer, now.Add(admitted)}
}

// limited counts what was past the limits.
func (q *streams) limited() (refused, notAdmitted uint64) {
	if q == nil {
		return 0, 0
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.refused, q.notAdmitted
}

// Dial opens a Stream to a peer that admits us, and fails when somebody else
// answers there.
func (s *Socket) Dial(ctx context.Context, to netip.AddrPort, peer protocol.GUID) (*Stream, error) {
	q := s.streams
	if q == nil {
		return nil, ErrNoQUIC
	}
	s.Admit(to, peer) // what it answers is heard
	c, err := q.transport.Dial(ctx, net.UDPAddrFromAddrPort(to), q.tlsFor(peer), quicConfig())
	if err != nil {
		return nil, err
	}
	stream, err := c.OpenStreamSync(ctx)
	if err != nil {
		_ = c.CloseWithError(0, "")
		return nil, err
	}
	return &Stream{Stream: stream, conn: c}, nil
}

// Streams are those that peers opened, for one reader.
func (s *Socket) Streams() <-chan *Stream {
	if s.streams == nil {
		return nil
	}
	return s.streams.accepted
}

// accept hands on what peers open, until the transport is closed.
func (q *streams) accept(ln *quic.Listener, ended <-chan struct{}) {
	var wg sync.WaitGroup
	defer wg.Wait()
	for {
		c, err := ln.Accept(context.Background())
		if err != nil {
			return
		}
		if !q.hold(c) {
			_ = c.CloseWithError(0, "")
			continue
		}
		wg.Go(func() {
			q.take(c, ended)
			<-c.Context().Done()
			q.drop(c)
		})
	}
}

func (q *streams) take(c *quic.Conn, ended <-chan struct{}) {
	ctx, cancel := context.WithTimeout(c.Context(), quicHandshake)
	defer cancel()
	stream, err := c.AcceptStream(ctx)
	if err != nil {
		_ = c.CloseWithError(0, "")
		return
	}
	select {
	case q.accepted <- &Stream{Stream: stream, conn: c}:
	case <-ended:
		_ = c.CloseWithError(0, "")
	}
}

func (q *streams) hold(c *quic.Conn) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.conns) >= maxConns {
		q.refused++
		return false
	}
	q.conns[c] = struct{}{}
	return true
}

func (q *streams) drop(c *quic.Conn) {
	q.mu.Lock()
	defer q.mu.Unlock()
	delete(q.conns, c)
}

// Stream is a connection with a peer over QUIC, to be used as one over TCP.
type Stream struct {
	*quic.Stream
	conn *quic.Conn
	over atomic.Bool // the peer has written all
	once sync.Once
}

var _ net.Conn = (*Stream)(nil)

// LocalAddr is that of the socket.
func (c *Stream) LocalAddr() net.Addr { return c.conn.LocalAddr() }

// RemoteAddr is where the peer's datagrams come from.
func (c *Stream) RemoteAddr() net.Addr { return c.conn.RemoteAddr() }

// Read reads as from any connection.
func (c *Stream) Read(b []byte) (int, error) {
	n, err := c.Stream.Read(b)
	if errors.Is(err, io.EOF) {
		c.over.Store(true)
	}
	return n, err
}

// Close ends the connection. What was written arrives first: it is kept for a while, or
// until the peer, which reads to the end, has closed it too.
func (c *Stream) Close() error {
	err := c.Stream.Close()
	c.once.Do(func() {
		c.CancelRead(0)
		wait := quicLinger
		if c.over.Load() {
			wait = quicLinger / 10 // for our own end to arrive
		}
		last := time.AfterFunc(wait, func() { _ = c.conn.CloseWithError(0, "") })
		context.AfterFunc(c.conn.Context(), func() { last.Stop() })
	})
	return err
}

// plain is an address without IPv6 clothes.
func plain(a netip.AddrPort) netip.AddrPort { return netip.AddrPortFrom(a.Addr().Unmap(), a.Port()) }
