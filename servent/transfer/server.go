package transfer

import (
	"errors"
	"log" //nolint:depguard // net/http takes no other logger; it is led into ours
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sirupsen/logrus"
)

// ServerStats counts what a server did since it was made.
type ServerStats struct {
	Active  int64  // bodies on their way
	Conns   int64  // open connections
	Done    uint64 // bodies sent
	Failed  uint64 // bodies broken off
	Bytes   uint64 // of file content sent
	Missing uint64 // requests for what we do not have
	Busy    uint64 // requests that found no free slot
	Refused uint64 // connections past MaxConns, and requests that make no sense

	Parts       uint64 // bodies of files of which there were only parts
	Unavailable uint64 // requests for parts of a file that are not here yet
	AltsHeard   uint64 // sources that requests told of, for and against
	AltsRefused uint64 // of whom they may not tell: near them only, or no hosts

	Queued     int    // places that are taken now
	QueueFull  uint64 // requests that found no place
	PerAddr    uint64 // requests past MaxPerAddr
	PerSlot    uint64 // requests past MaxBodies
	Sharers    uint64 // slots given to who shares
	QueueEarly uint64 // requests that came before their time
	QueueBack  uint64 // places sent to the back for that
	QueueLost  uint64 // places of who did not come again in time
	QueueCalls uint64 // who waited and was told that the turn had come

	Browses     uint64 // pages and lists of what is shared
	Trees       uint64 // tiger trees
	TreesBusy   uint64 // requests for a tree while another was made
	Pushes      uint64 // pushes passed on for others
	PushesVain  uint64 // push requests for who is not connected here
	BrowsesBusy uint64 // requests while others were browsing
	TooOften    uint64 // requests past the rate of one address: browsing, trees, pushes
	CrossOrigin uint64 // requests that a page of another site made
}

// Server serves shared files over HTTP. Its methods may be called from any
// goroutine.
type Server struct {
	cfg      ServerConfig
	features string // for X-Features
	http     *http.Server
	page     *page
	open     sync.WaitGroup
	lists    gate // that are being sent
	pages    gate // that are being made
	trees    gate // that are sent or made
	small    limiter
	pushes   limiter

	mu     sync.Mutex
	queue  uploadQueue
	alarm  *time.Timer // for turns that come later; nil until somebody waits
	closed bool

	active, conns               atomic.Int64
	done, failed, bytesOut      atomic.Uint64
	missing, busySlots, refused atomic.Uint64
	browses, treesSent          atomic.Uint64
	pushesSent, pushesVain      atomic.Uint64
	crossOrigin, unavailable    atomic.Uint64
	altsHeard, altsRefused      atomic.Uint64
	parts                       atomic.Uint64
}

// NewServer returns a server. It starts nothing.
func NewServer(cfg ServerConfig) *Server {
	cfg = cfg.withDefaults()
	s := &Server{
		cfg: cfg, features: featuresOf(cfg), page: newPage(),
		lists: newGate(maxLists), pages: newGate(maxPages), trees: newGate(maxTrees),
		small:  limiter{rate: smallRate, burst: smallBurst},
		pushes: limiter{rate: pushRate, burst: pushBurst},
		queue: uploadQueue{
			slots: cfg.MaxUploads, perHost: cfg.MaxPerAddr, perSlot: cfg.MaxBodies, max: cfg.MaxQueue,
			pace: cfg.RetryAfter, hold: holdSlot, idle: cfg.IdleTimeout, newID: newQueueID,
		},
	}
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
	s.mu.Lock()
	s.closed = true
	if s.alarm != nil {
		s.alarm.Stop()
	}
	s.mu.Unlock()
	_ = s.http.Close() // says only that a listener was closed before
	s.open.Wait()
}

// Stats returns the counters.
func (s *Server) Stats() ServerStats {
	q := s.queueStats()
	return ServerStats{
		Active:  s.active.Load(),
		Conns:   s.conns.Load(),
		Done:    s.done.Load(),
		Failed:  s.failed.Load(),
		Bytes:   s.bytesOut.Load(),
		Missing: s.missing.Load(),
		Busy:    s.busySlots.Load(),
		Refused: s.refused.Load(),

		Queued: q.Waiting, QueueFull: q.Full, PerAddr: q.PerHost, PerSlot: q.PerSlot, Sharers: q.Sharers,
		QueueEarly: q.Early, QueueBack: q.Back, QueueLost: q.Lost, QueueCalls: q.Called,

		Browses: s.browses.Load(), Trees: s.treesSent.Load(), TreesBusy: s.trees.refused.Load(),
		Pushes: s.pushesSent.Load(), PushesVain: s.pushesVain.Load(),
		BrowsesBusy: s.lists.refused.Load() + s.pages.refused.Load(),
		TooOften:    s.small.refused() + s.pushes.refused(),
		CrossOrigin: s.crossOrigin.Load(), Unavailable: s.unavailable.Load(),
		Parts: s.parts.Load(), AltsHeard: s.altsHeard.Load(), AltsRefused: s.altsRefused.Load(),
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

// debugWriter passes what net/http has to say to our log.
type debugWriter struct{ log logrus.FieldLogger }

func (w debugWriter) Write(b []byte) (int, error) {
	w.log.WithField("reason", quote(string(b))).Debug("http server")
	return len(b), nil
}
