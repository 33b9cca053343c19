package transfer

import (
	"errors"
	"log" //nolint:depguard // net/http takes no other logger; it is led into ours
	"net"
	"net/http"
	"net/netip"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sirupsen/logrus"
	"golang.org/x/time/rate"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/servent/library"
)

// Files is what a server needs of the library.
type Files interface {
	ByIndex(i uint32) (library.File, bool)
	BySHA1(h protocol.SHA1) (library.File, bool)
	// Open refuses a file that changed since it was hashed.
	Open(f library.File) (*os.File, error)
}

// DefaultMaxUploads is how many files a server sends at once where its
// configuration does not say.
const DefaultMaxUploads = 16

// ServerConfig configures a Server. A zero or negative duration or number means
// the default.
type ServerConfig struct {
	Files      Files // required
	Agent      string
	GUID       protocol.GUID      // our own, for GIV
	MaxUploads int                // bodies sent at once, one past it gets 503; default DefaultMaxUploads
	MaxConns   int                // open connections, one past it is closed; default 256
	Rate       *rate.Limiter      // bytes a second over all uploads; nil: no limit
	Log        logrus.FieldLogger // nil discards
	OnUpload   func(Upload)       // called after each body, from the goroutine that sent it; may be nil

	HeaderTimeout  time.Duration // to get the header of a request, or to connect and send a GIV; default 15 s
	IdleTimeout    time.Duration // between two requests on one connection; default 60 s
	WriteTimeout   time.Duration // for each 128 KiB that are sent; default 60 s
	RetryAfter     time.Duration // told to whom gets 503; default 30 s
	MaxHeaderBytes int           // of one request, some more are let pass; default 16 KiB
}

func (c ServerConfig) withDefaults() ServerConfig {
	if c.Agent == "" {
		c.Agent = defaultAgent
	}
	c.Log = orDiscard(c.Log).WithField("component", "upload")
	c.MaxUploads = orDefault(c.MaxUploads, DefaultMaxUploads)
	c.MaxConns = orDefault(c.MaxConns, 256)
	c.HeaderTimeout = orDefault(c.HeaderTimeout, 15*time.Second)
	c.IdleTimeout = orDefault(c.IdleTimeout, time.Minute)
	c.WriteTimeout = orDefault(c.WriteTimeout, time.Minute)
	c.RetryAfter = orDefault(c.RetryAfter, 30*time.Second)
	c.MaxHeaderBytes = orDefault(c.MaxHeaderBytes, 16<<10)
	return c
}

// Upload is one body that was sent, or as much of it as went out: a whole file
// or a range of it.
type Upload struct {
	File    library.File
	Addr    netip.AddrPort // who asked
	Agent   string         // what it calls itself; not to be trusted nor printed raw
	Offset  uint64         // of the first byte sent; 0 for several ranges at once
	Bytes   uint64
	Elapsed time.Duration
	Whole   bool // all that was promised went out
}

// ServerStats counts what a server did since it was made.
type ServerStats struct {
	Active  int64  // bodies on their way
	Conns   int64  // open connections
	Done    uint64 // bodies sent
	Failed  uint64 // bodies broken off
	Bytes   uint64 // of file content sent
	Missing uint64 // requests for files that we do not have
	Busy    uint64 // requests that found no free slot
	Refused uint64 // connections past MaxConns, and requests that make no sense
}

// Server serves shared files over HTTP. Its methods may be called from any
// goroutine.
type Server struct {
	cfg   ServerConfig
	http  *http.Server
	slots chan struct{} // one token for each body on its way
	open  sync.WaitGroup

	active, conns               atomic.Int64
	done, failed, bytesOut      atomic.Uint64
	missing, busySlots, refused atomic.Uint64
}

// NewServer returns a server. It starts nothing.
func NewServer(cfg ServerConfig) *Server {
	s := &Server{cfg: cfg.withDefaults()}
	s.slots = make(chan struct{}, s.cfg.MaxUploads)
	s.http = &http.Server{
		Handler:                      s.Handler(),
		ReadHeaderTimeout:            s.cfg.HeaderTimeout,
		IdleTimeout:                  s.cfg.IdleTimeout,
		MaxHeaderBytes:               s.cfg.MaxHeaderBytes,
		DisableGeneralOptionsHandler: true,
		ConnState:                    s.connState,
		ErrorLog:                     log.New(debugWriter{s.cfg.Log}, "", 0),
	}
	return s
}

// Serve answers requests on the connections of l until Close, then returns
// nil. It closes l.
func (s *Server) Serve(l net.Listener) error {
	if err := s.http.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// Close closes all listeners and connections and waits until nothing runs any
// more.
func (s *Server) Close() {
	_ = s.http.Close() // says only that a listener was closed before
	s.open.Wait()
}

// Stats returns the counters.
func (s *Server) Stats() ServerStats {
	return ServerStats{
		Active:  s.active.Load(),
		Conns:   s.conns.Load(),
		Done:    s.done.Load(),
		Failed:  s.failed.Load(),
		Bytes:   s.bytesOut.Load(),
		Missing: s.missing.Load(),
		Busy:    s.busySlots.Load(),
		Refused: s.refused.Load(),
	}
}

// connState counts connections and closes those past the limit.
func (s *Server) connState(conn net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		s.open.Add(1)
		if s.conns.Add(1) > int64(s.cfg.MaxConns) {
			s.refused.Add(1)
			_ = conn.Close() // the peer sees why soon enough
		}
	case http.StateClosed:
		s.conns.Add(-1)
		s.open.Done()
	}
}

// takeSlot reports whether an upload may begin; releaseSlot ends it.
func (s *Server) takeSlot() bool {
	select {
	case s.slots <- struct{}{}:
		s.active.Add(1)
		return true
	default:
		s.busySlots.Add(1)
		return false
	}
}

func (s *Server) releaseSlot() {
	s.active.Add(-1)
	<-s.slots
}

// wait tells a client when to come back.
func (s *Server) wait() string {
	return strconv.Itoa(int(max(s.cfg.RetryAfter, time.Second) / time.Second))
}

// debugWriter passes what net/http has to say to our log.
type debugWriter struct{ log logrus.FieldLogger }

func (w debugWriter) Write(b []byte) (int, error) {
	w.log.WithField("reason", quote(string(b))).Debug("http server")
	return len(b), nil
}
