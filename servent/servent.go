package servent

import (
	"context"
	crand "crypto/rand"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/servent/leaves"
	"github.com/seed282dab8e/servent/servent/library"
	"github.com/seed282dab8e/servent/servent/overlay"
	"github.com/seed282dab8e/servent/servent/reach"
	"github.com/seed282dab8e/servent/servent/transfer"
	"github.com/seed282dab8e/servent/servent/transfer/mesh"
	"github.com/seed282dab8e/servent/servent/wordindex"
	"github.com/sirupsen/logrus"
	"golang.org/x/time/rate"
)

// Servent is one node. Make it with New, and Run it once. Its other methods
// may be called by anyone while Run runs.
type Servent struct {
	cfg      Config
	log      logrus.FieldLogger
	id       identity
	listener net.Listener
	udp      *reach.Socket // on the listener's port
	mapper   portMapper    // nil where no router is asked to forward the port
	port     *reach.Port   // the listener's, to connect from
	relays   *relay
	// portTaken is the port of earlier starts, where another program has it.
	portTaken int
	addr      netip.AddrPort
	blocking  blocking
	seeds     []netip.AddrPort // that the user named
	unlock    *os.File
	node      *overlay.Node // the loop's, once Run has begun
	lib       *library.Library
	index     *wordindex.Index // of lib
	leaves    *leaves.Index    // lists of leaves; nil where none are taken
	uploads   *transfer.Server
	sent      uploadLog
	inbox     *transfer.ConnListener // connections that speak HTTP
	loads     *transfer.Client
	mesh      mesh.Mesh // who has which file, as downloads and uploads tell
	gets      *downloads
	refusals  refusals // of push proxies
	dialer    net.Dialer
	web       *http.Client // for web caches
	started   time.Time
	clock     clock

	calls   chan func(*loop)
	batches chan batch
	reports chan written
	jobs    chan job
	oneCut  sync.Mutex      // held while a part of our list is made
	linked  chan struct{}   // after the first link
	done    <-chan struct{} // of life
	life    context.Context // ends with the loop
	end     context.CancelFunc
	wg      sync.WaitGroup

	fetched    chan string // files that were downloaded, to be shared
	brought    handover    // the same, until they are
	savingGets sync.Mutex  // held while downloads are written down

	telling sync.Mutex   // held while the node is told what is shared
	sharing atomic.Int32 // folders that are scanned for the first time

	pendingPerIP, linksPerIP, httpPerIP *perIP

	role        atomic.Uint32 // the node's at present
	mu          sync.Mutex
	conns       map[net.Conn]struct{} // open and not HTTP's; nil once the servent stops
	guests      map[*peeked]struct{}  // those of uploads and downloads
	pending     int
	pendingFull uint64 // connections past maxPending
	subs        map[chan Event]struct{}
}

// New checks cfg, locks and reads the data dir, and opens the port. It starts
// nothing; Close undoes it where Run is not called.
func New(cfg Config) (*Servent, error) {
	cfg.setDefaults()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	s := &Servent{
		cfg: cfg, log: cfg.Log,
		dialer: net.Dialer{Timeout: dialTimeout}, gets: newDownloads(), fetched: make(chan string, sharesWaiting),
		calls: make(chan func(*loop)), batches: make(chan batch), reports: make(chan written, 64),
		jobs: make(chan job, searchQueue), linked: make(chan struct{}, 1),
		conns: map[net.Conn]struct{}{}, guests: map[*peeked]struct{}{}, subs: map[chan Event]struct{}{},
	}
	s.web = s.newWebClient()
	s.life, s.end = context.WithCancel(context.Background())
	s.done = s.life.Done()
	if err := s.open(); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// open takes what New needs of the machine.
func (s *Servent) open() (err error) {
	if s.cfg.DataDir != "" {
		if s.unlock, err = lockDir(s.cfg.DataDir); err != nil {
			return err
		}
	}
	if s.id, err = loadIdentity(s.cfg.DataDir); err != nil {
		return err
	}
	if err = s.blocking.open(s.cfg.BlockList); err != nil {
		return err
	}
	if s.seeds, err = resolve(context.Background(), s.cfg.Connect); err != nil {
		return err
	}
	free := s.seeds
	if s.cfg.listener == nil {
		free = append(s.machine(), free...)
	}
	s.pendingPerIP = newPerIP(maxPendingPerIP, free)
	s.linksPerIP = newPerIP(maxLinksPerIP, free)
	s.httpPerIP = newPerIP(maxHTTPPerIP, free)
	p, err := bind(&s.cfg)
	if err != nil {
		return err
	}
	s.listener, s.udp, s.portTaken = p.tcp, reach.NewSocket(p.udp, s.id.key), p.taken
	s.addr = addrPort(s.listener.Addr())
	if s.mapper, err = s.newMapper(); err != nil {
		return err
	}
	s.port, s.relays = reach.NewPort(s.addr.Port(), s.from), newRelay(s.cfg.RelayRate)
	s.library()
	s.loadDownloads()
	return s.overlay()
}

func (s *Servent) overlay() (err error) {
	var seed [32]byte
	if _, err = crand.Read(seed[:]); err != nil {
		return fmt.Errorf("read randomness: %w", err)
	}
	c := s.cfg.Overlay
	c.ID, c.Rand, c.Role = s.id.guid(), rand.New(rand.NewChaCha8(seed)), s.cfg.Role
	c.HalfWay, c.Relay = s.cfg.listener == nil, s.cfg.RelayRate > 0
	c.Listen, c.Agent, c.UDP = s.addr, s.cfg.agent(), s.cfg.listener == nil || s.cfg.packets != nil
	c.Browsable, c.MaxLeaves, c.TableOnly = !s.cfg.NoBrowse, s.cfg.MaxLeaves, s.cfg.TableOnly
	c.Connect, c.ConnectOnly, c.Public = s.seeds, s.cfg.ConnectOnly, s.cfg.Network == Gnutella
	if s.discovers() {
		c.Discovery = lanSearch
	}
	if s.cfg.BlockList != "" {
		c.Blocked = s.blocking.has
	}
	s.started = time.Now()
	if s.node, err = overlay.New(s.started, c); err == nil {
		s.playing(s.node.Role())
	}
	return err
}

// library sets up what shares and transfers.
func (s *Servent) library() {
	s.index = wordindex.New(s.cfg.file(indexDir), s.cfg.IndexMaxBytes, s.log.WithField("component", "index"))
	cfg := library.Config{Log: s.log, Index: s.index, CachePath: s.cfg.file(hashesFile), OnProgress: func(p library.Progress) {
		info := ScanInfo(p)
		s.emit(Event{Event: "scan", Scan: &info})
	}}
	s.lib = library.New(cfg)
	s.index.Begin(s.lib)
	s.leaves = s.newLeaves()
	s.serveUploads()
	s.loads = transfer.NewClient(transfer.ClientConfig{
		Dial: dialFunc(s.dialDownload), Push: s.push, Agent: s.cfg.agent(),
		Rate: limiter(s.cfg.DownloadRate), Log: s.log,
		Date: func(from net.Addr, date string) { s.clock.hear(time.Now(), hostText(from), date) },
		Mesh: &s.mesh, Self: s.reachedAt, IsSelf: s.isSelf, Head: s.askHead,
	})
}

// limiter returns nil, no limit, for 0.
func limiter(bytesPerSecond int64) *rate.Limiter {
	if bytesPerSecond == 0 {
		return nil
	}
	return rate.NewLimiter(rate.Limit(bytesPerSecond), int(max(bytesPerSecond, 64<<10)))
}

// Close gives back what New took. Run does it too.
func (s *Servent) Close() {
	s.end()
	if s.listener != nil {
		s.listener.Close()
		s.udp.Close()
	}
	if s.lib != nil {
		if err := s.lib.Close(); err != nil {
			s.log.WithError(err).Warn("close the hash cache")
		}
		s.index.Close()
	}
	if s.leaves != nil {
		s.leaves.Close()
	}
	if s.unlock != nil {
		_ = s.unlock.Close() // gives the lock back, whatever it says
	}
}

// Addr is the address that the servent listens on.
func (s *Servent) Addr() netip.AddrPort { return s.addr }

// Version is the program's, as Config gave it.
func (s *Servent) Version() string { return s.cfg.Version }

// GUID is the servent's identity on the wire.
func (s *Servent) GUID() protocol.GUID { return s.id.guid() }

// Run serves until ctx ends. It returns nil then, after every link was closed
// with a Bye and everything that it started has ended.
func (s *Servent) Run(ctx context.Context) error {
	defer s.Close()
	ctx, cancel := context.WithCancel(ctx)
	l := newLoop(ctx, s, s.node)
	if s.cfg.DataDir != "" && !s.cfg.ConnectOnly {
		hosts := loadHosts(s.cfg.DataDir)
		l.boot.kept(len(hosts))
		l.step(overlay.Heard{Addrs: hosts})
	}
	var failed error
	s.wg.Go(func() { failed = s.listen(ctx, cancel) })
	s.wg.Go(s.udp.Run)
	for range searchWorkers {
		s.wg.Go(func() { s.answer(ctx) })
	}
	s.wg.Go(func() { s.announce(ctx) })
	if s.cfg.listener == nil {
		s.wg.Go(func() { _ = s.lib.Watch(ctx) }) // ends with ctx, and only then
		s.wg.Go(func() { s.watchOutside(ctx) })
		s.wg.Go(func() { s.serveElsewhere(ctx) })
	}
	if s.mapper != nil {
		s.wg.Go(func() { _ = s.mapper.Run(ctx) }) // ends with ctx, and only then
		s.wg.Go(func() { s.keepMapped(ctx) })
	}
	s.wg.Go(func() { s.keepHosts(ctx) })
	s.wg.Go(func() { s.runDownloads(ctx) })
	s.wg.Go(func() { s.shareFiles(ctx) })
	s.wg.Go(func() { s.tellResources(ctx) })
	s.wg.Go(func() { s.index.Run(ctx) })
	if s.leaves != nil {
		s.wg.Go(func() { s.leaves.Run(ctx) })
	}
	s.wg.Go(func() { s.serveHTTP() })
	s.wg.Go(func() { s.takeStreams(ctx) })
	if s.cfg.BlockList != "" {
		s.wg.Go(func() { s.watchBlockList(ctx) })
	}
	if s.discovers() {
		s.wg.Go(func() { s.discover(ctx) })
	}
	if s.cfg.Network == Gnutella && !s.cfg.ConnectOnly {
		s.wg.Go(func() { s.climb(ctx) })
	}
	l.run(ctx)
	hosts := s.node.Hosts() // while the links are known
	l.leave()
	cancel()
	s.stop()
	s.wg.Wait()
	s.saveHosts(hosts)
	if err := s.saveDownloads(); err != nil {
		s.log.WithField("component", "download").WithError(err).Warn("detached downloads are lost")
	}
	return failed
}

// stop ends what blocks on sockets.
func (s *Servent) stop() {
	s.end()
	s.listener.Close()
	s.udp.Close()
	s.uploads.Close()
	s.sent.close()
	_ = s.inbox.Close() // never fails
	s.loads.Close()
	s.mu.Lock()
	conns := s.conns
	s.conns = nil
	s.mu.Unlock()
	for c := range conns {
		c.Close()
	}
}

func (s *Servent) serveHTTP() {
	if err := s.uploads.Serve(s.inbox); err != nil && !errors.Is(err, net.ErrClosed) {
		s.log.WithField("component", "uploads").WithError(err).Error("uploads have ended")
	}
}

// call runs f on the loop's goroutine and waits for it. It returns false, and
// f does not run, when the servent stops.
func (s *Servent) call(f func(*loop)) bool {
	ran := make(chan struct{})
	select {
	case s.calls <- func(l *loop) { defer close(ran); f(l) }:
	case <-s.done:
		return false
	}
	<-ran
	return true
}

// begin counts an accepted connection, unless too many are unsettled.
func (s *Servent) begin(c net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.conns == nil:
		return false
	case s.pending >= maxPending:
		s.pendingFull++
		return false
	case !s.pendingPerIP.take(addrPort(c.RemoteAddr())):
		return false
	}
	s.pending++
	s.conns[c] = struct{}{}
	return true
}

func (s *Servent) settled(c net.Conn) {
	s.pendingPerIP.give(addrPort(c.RemoteAddr()))
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pending--
}

// track makes sure that c is closed when the servent stops; false: it stops now.
func (s *Servent) track(c net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conns == nil {
		c.Close()
		return false
	}
	s.conns[c] = struct{}{}
	return true
}

func (s *Servent) untrack(c net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c)
}

// dialFunc is a dialer for package transfer.
type dialFunc func(ctx context.Context, network, addr string) (net.Conn, error)

func (f dialFunc) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	return f(ctx, network, addr)
}

func (s *Servent) dialTCP(ctx context.Context, _, addr string) (net.Conn, error) {
	a, err := netip.ParseAddrPort(addr)
	if err != nil {
		return nil, err
	}
	return s.dialFrom(ctx, s.from(a.Addr()), a)
}

// dialFrom connects from an address of ours, or from any where it is not valid.
func (s *Servent) dialFrom(ctx context.Context, from netip.Addr, a netip.AddrPort) (net.Conn, error) {
	if s.blocking.refuse(a.Addr()) {
		return nil, errBlocked
	}
	if s.cfg.dial != nil {
		return s.cfg.dial(ctx, a)
	}
	d := s.dialer
	if from.IsValid() {
		d.LocalAddr = net.TCPAddrFromAddrPort(netip.AddrPortFrom(from, 0))
	}
	return d.DialContext(ctx, "tcp", a.String())
}

// from is the address that connections to a are made from: the one that the user
// chose to listen on, so that peers see the servent where it says it is. Invalid
// leaves the choice to the system.
func (s *Servent) from(a netip.Addr) netip.Addr {
	own := s.addr.Addr()
	if own.IsUnspecified() || own.IsLoopback() || a.IsLoopback() || own.Is4() != a.Unmap().Is4() {
		return netip.Addr{}
	}
	return own
}

func (s *Servent) dial(ctx context.Context, a netip.AddrPort) (net.Conn, error) {
	return s.dialTCP(ctx, "tcp", a.String())
}
